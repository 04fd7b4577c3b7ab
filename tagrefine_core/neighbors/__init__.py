"""Neighbors of images in feature space."""

from tagrefine_core.neighbors.index import Index
from tagrefine_core.neighbors.search import candidate_sets, nearest

__all__ = ["Index", "candidate_sets", "nearest"]
