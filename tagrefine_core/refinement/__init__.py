"""From refined scores to what a curator sees: the tags kept, added, removed and left alone on each photo."""

from tagrefine_core.refinement.changes import Changes, TagCounts, changes
from tagrefine_core.refinement.decision import (
    BINS,
    LEAST_BIN,
    PRECISION,
    Expectation,
    Limits,
    Prospects,
    centers,
)
from tagrefine_core.refinement.suspicious import Suspects, suspicious

__all__ = [
    "BINS",
    "LEAST_BIN",
    "PRECISION",
    "Changes",
    "Expectation",
    "Limits",
    "Prospects",
    "Suspects",
    "TagCounts",
    "centers",
    "changes",
    "suspicious",
]
