"""From refined scores to what a curator sees: the tags kept, added and removed on each photo."""

from tagrefine_core.refinement.changes import MAX_ADDED, Changes, TagCounts, changes
from tagrefine_core.refinement.thresholds import Thresholds, thresholds

__all__ = ["MAX_ADDED", "Changes", "TagCounts", "Thresholds", "changes", "thresholds"]
