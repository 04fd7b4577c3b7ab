"""The database's record of how a run goes."""

from tagrefine_core.store import EpochRecord, Store
from tagrefine_core.training.journal import Journal

__all__ = ["StoreJournal"]


class StoreJournal(Journal):
    """The database's record of a run."""

    def __init__(self, store: Store, run_id: str) -> None:
        self.store, self.run_id = store, run_id

    def write_epoch(self, record: EpochRecord) -> None:
        """Keep losses and monitors of an epoch."""
        self.store.write_epoch(self.run_id, record)

    def warn(self, text: str | None) -> None:
        """Show a warning beside the run, or take the last one away."""
        self.store.set_run_state(self.run_id, "running", text or "")
