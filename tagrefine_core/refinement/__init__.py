"""From refined scores to what a curator sees: the tags kept, added and removed on each photo."""

from tagrefine_core.refinement.changes import Changes, TagCounts, changes
from tagrefine_core.refinement.thresholds import Thresholds, thresholds

__all__ = ["Changes", "TagCounts", "Thresholds", "changes", "thresholds"]
