"""Neighbors of images in feature space."""

from tagrefine_core.neighbors.index import EXACT, Index
from tagrefine_core.neighbors.one import distances_to, nearest_to
from tagrefine_core.neighbors.search import candidate_sets, nearest

__all__ = ["EXACT", "Index", "candidate_sets", "distances_to", "nearest", "nearest_to"]
