"""Neighbors of images in feature space: here the nearest to one image; `index` and `search`, for many, load PyTorch, which takes seconds."""

from tagrefine_core.neighbors.one import distances_to, nearest_to

__all__ = ["distances_to", "nearest_to"]
