"""Where training writes down how it goes."""

from tagrefine_core.store import EpochRecord

__all__ = ["Journal", "WarningsOnly"]


class Journal:
    """What the trainer reports to, by epoch; this one is for training that nobody looks back at."""

    def write_epoch(self, record: EpochRecord) -> None:
        """Keep losses and monitors of an epoch."""

    def warn(self, text: str | None) -> None:
        """Show a warning beside the run, or take the last one away."""


class WarningsOnly(Journal):
    """For the other networks of a run, whose epochs look like the first one's."""

    def __init__(self, journal: Journal) -> None:
        self.journal = journal

    def warn(self, text: str | None) -> None:
        """Pass a warning on."""
        if text:
            self.journal.warn(text)
