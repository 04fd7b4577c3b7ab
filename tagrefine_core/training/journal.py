"""Where training writes down how it goes."""

from typing import Protocol

from tagrefine_core.store import EpochRecord

__all__ = ["Journal", "Silence", "WarningsOnly"]


class Journal(Protocol):
    """What the trainer reports to, by epoch."""

    def write_epoch(self, record: EpochRecord) -> None:
        """Keep losses and monitors of an epoch."""
        ...

    def warn(self, text: str | None) -> None:
        """Show a warning beside the run, or take the last one away."""
        ...


class WarningsOnly:
    """For the other networks of a run, whose epochs look like the first one's."""

    def __init__(self, journal: Journal) -> None:
        self.journal = journal

    def write_epoch(self, record: EpochRecord) -> None:
        """Keep nothing."""

    def warn(self, text: str | None) -> None:
        """Pass a warning on."""
        if text:
            self.journal.warn(text)


class Silence:
    """For training that nobody looks back at."""

    def write_epoch(self, record: EpochRecord) -> None:
        """Keep nothing."""

    def warn(self, text: str | None) -> None:
        """Show nothing."""
