"""The database of a home folder: collections, runs, metrics, jobs (SQLite, write-ahead log)."""

from tagrefine_core.store.curation import CurationLog, Decided, Entry, Step, stands_for
from tagrefine_core.store.records import (
    CollectionRecord,
    EpochRecord,
    ImportIssue,
    JobRecord,
    RunOrigin,
    RunRecord,
    TagRecord,
)
from tagrefine_core.store.rescue import Rescued, keep_copy, rescue
from tagrefine_core.store.store import Store

__all__ = [
    "CollectionRecord",
    "CurationLog",
    "Decided",
    "Entry",
    "EpochRecord",
    "ImportIssue",
    "JobRecord",
    "Rescued",
    "RunOrigin",
    "RunRecord",
    "Step",
    "Store",
    "TagRecord",
    "keep_copy",
    "rescue",
    "stands_for",
]
