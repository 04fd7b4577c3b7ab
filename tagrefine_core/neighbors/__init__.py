"""Neighbors of images in feature space."""

from tagrefine_core.neighbors.search import candidate_sets, nearest

__all__ = ["candidate_sets", "nearest"]
