"""Backbones, pictures as tensors, and stored features."""

from tagrefine_core.features.backbones import BACKBONES, Trunk, build_trunk
from tagrefine_core.features.weights import load_weights, weights_hash

__all__ = ["BACKBONES", "Trunk", "build_trunk", "load_weights", "weights_hash"]
