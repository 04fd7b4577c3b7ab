"""A fitted model: scores of the photos it learned from, scores of new ones, and what of it is kept on disk."""

import json
from collections.abc import Callable, Sequence
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from safetensors import SafetensorError, safe_open
from safetensors.torch import save as to_safetensors
from scipy import sparse
from torch import Tensor

from tagrefine_core.config import TrainConfig
from tagrefine_core.errors import RunError
from tagrefine_core.features.backbones import Trunk, look
from tagrefine_core.files import read_array, read_sparse, write_array, write_file, write_sparse
from tagrefine_core.model.calibration import Calibration
from tagrefine_core.model.implied import certain
from tagrefine_core.model.network import Network
from tagrefine_core.model.posterior import LookAlikes
from tagrefine_core.model.visualness import Visualness
from tagrefine_core.progress import Progress, silent
from tagrefine_core.training.forward import FORWARD_ROWS
from tagrefine_core.training.layers import build_network
from tagrefine_core.training.schedule import trainable
from tagrefine_core.training.scoring import answers, finish, smooth, smooth_all

__all__ = ["Fitted"]

_FILE = "fitted.safetensors"
_LAST = ("classifier.weight", "classifier.bias")


class Fitted:
    """What `tagrefine_core.training.fit.fit` returns.

    Parameters
    ----------
    config : TrainConfig
    networks : sequence of Network
        More than one where photos were held out in turn; new photos get the mean of all, or the last one's answer where that
        has learned from all photos. Where they are solved for (`TrainConfig.exact`) they differ in the last layer, and share the rest.
    rows : int64 (n,)
        The photos learned from, ascending.
    logits : float32 (N, C)
        Of the users giving a tag; of photos learned from, by the network that has not seen them. May be memory-mapped.
    features : float16 (N, d)
        In which look-alikes are near; may be memory-mapped.
    calibration : Calibration or None
        From logits to probabilities; None where ``scoring.calibrated`` is off.
    visualness : Visualness
    implied : csr float32 (C, C)
        How far each tag counted for others, ``[given, implied]``.
    trunk : Trunk, optional
        Frozen, shared by all networks: turns pictures into what they read. None: they read what is given.
    smoothed : float32 (N, C), optional
        Logits averaged with those of look-alikes; computed when asked for.
    look_alikes : LookAlikes, optional
        Those that they were averaged with, to be kept.
    """

    def __init__(
        self,
        config: TrainConfig,
        networks: Sequence[Network],
        *,
        rows: NDArray[np.int64],
        logits: NDArray[np.float32],
        features: NDArray[np.float16],
        calibration: Calibration | None,
        visualness: Visualness,
        implied: sparse.csr_matrix,
        trunk: Trunk | None = None,
        smoothed: NDArray[np.float32] | None = None,
        look_alikes: LookAlikes | None = None,
    ) -> None:
        self.config, self.networks = config, list(networks)
        self.rows, self.logits, self.features = rows, logits, features
        self.calibration, self.visualness, self.implied = calibration, visualness, implied
        self.trunk = trunk if config.network.finetune == "head" else None
        self.smoothed, self.look_alikes = smoothed, look_alikes

    def scores(
        self,
        user_tags: sparse.csr_matrix | None = None,
        *,
        out: NDArray[np.float32] | None = None,
        progress: Progress = silent,
    ) -> NDArray[np.float32]:
        """Return scores of the N photos: how likely each tag fits.

        Parameters
        ----------
        user_tags : csr (N, C), optional
            The users' tags, where they count as evidence.
        out : float32 (N, C), optional
            Where to, such as a memory-mapped file; `smoothed` itself may be given up for them.

        Returns
        -------
        float32 (N, C)
            In [0, 1].
        """
        if self.smoothed is None:
            self.smooth(np.empty(self.logits.shape, dtype=np.float32), progress)
        assert self.smoothed is not None
        logits, out = self.smoothed, np.empty_like(self.smoothed) if out is None else out
        if out is logits:
            self.smoothed = None
        finish(
            logits,
            self.calibration,
            user_tags,
            certain(self.implied),
            self.config,
            out=out,
            progress=progress,
        )
        return out

    def smooth(self, out: NDArray[np.float32], progress: Progress = silent) -> None:
        """Average logits with those of look-alikes into ``out`` (N, C), such as a memory-mapped file."""
        self.look_alikes = smooth_all(
            self.logits,
            self.features,
            self.rows,
            self.config,
            around=self.look_alikes,
            out=out,
            progress=progress,
        )
        self.smoothed = out

    def scores_of_new(self, x: Tensor, user_tags: sparse.csr_matrix | None = None) -> NDArray[np.float32]:
        """Return scores (B, C) in [0, 1] of photos that were not learned from.

        Parameters
        ----------
        x : Tensor (B, ...)
            Pictures (B, 3, H, W), which pass a shared trunk once for all networks; features (B, d) of it where there is none
            here.
        user_tags : csr (B, C), optional
            Their users' tags, where they count as evidence.
        """
        logits, own = self._answers_of_new(x)
        found = smooth(logits, own, self.config, known=self.logits, around=self._around, rows=self.rows)
        finish(
            found, self.calibration, user_tags, certain(self.implied), self.config, out=found, progress=silent
        )
        return found

    def features_of_new(self, x: Tensor) -> NDArray[np.float16]:
        """Return the features (B, d) of photos that were not learned from, as `features` are; ``x`` as in `scores_of_new`."""
        return self._answers_of_new(x)[1]

    def _answers_of_new(self, x: Tensor) -> tuple[NDArray[np.float32], NDArray[np.float16]]:
        if self.trunk is not None:
            with torch.inference_mode():
                x = look(self.trunk, x, views=self.config.network.views)
        # In blocks of the size that the collection was scored in, so that both round alike.
        blocks = [answers(self.networks, block, self.config) for block in torch.split(x, FORWARD_ROWS)]
        logits, features = (torch.cat(found).cpu().numpy() for found in zip(*blocks, strict=True))
        return logits, features.astype(np.float16)

    @cached_property
    def _around(self) -> NDArray[np.float16]:
        """Features of the photos learned from: read once, however often new photos come."""
        return self.features if len(self.rows) == len(self.features) else self.features[self.rows]

    def save(self, folder: Path) -> None:
        """Write ``{fitted,calibration}.safetensors``, ``{rows,logits,features,visualness}.npy`` and ``implied.npz``, but no frozen trunk.

        ``neighbors.npy`` and ``neighbors_squared.npy`` are the `look_alikes`, where there are any.

        Arrays that are files already are moved.
        """
        tensors: dict[str, Tensor] = {}
        for number, network in enumerate(self.networks):
            tensors |= {
                f"network{number}.{name}": weight.detach().cpu()
                for name, weight in _learned(network, only_last=self.config.exact and number > 0).items()
            }
        content = to_safetensors(
            {name: tensor.contiguous() for name, tensor in tensors.items()},
            {"config": json.dumps(self.config.model_dump())},
        )
        _keep(self.logits, folder / "logits.npy")
        _keep(self.features, folder / "features.npy")
        write_array(folder / "rows.npy", self.rows)
        if self.look_alikes is not None:
            write_array(folder / "neighbors.npy", self.look_alikes.rows)
            write_array(folder / "neighbors_squared.npy", self.look_alikes.squared)
        write_sparse(folder / "implied.npz", self.implied)
        write_array(folder / "visualness.npy", self.visualness.as_array())
        if self.calibration is not None:
            self.calibration.save(folder / "calibration.safetensors")
        write_file(folder / _FILE, lambda file: file.write(content))

    @classmethod
    def load(
        cls, folder: Path, *, trunk: Trunk | None = None, device: torch.device | None = None
    ) -> "Fitted":
        """Read what `save` wrote.

        Parameters
        ----------
        folder : Path
        trunk : Trunk, optional
            As it was before training; without it a model on a frozen trunk scores features.
        device : torch.device, optional
            Where to compute; the CPU by default.

        Raises
        ------
        RunError
            When a file is missing or damaged, or the trunk that was trained is not given.
        """
        device = device or torch.device("cpu")
        tensors, config = _read(folder / _FILE)
        frozen = config.network.finetune == "head"
        if trunk is None and not frozen:
            raise RunError(f"{folder} holds a model whose backbone was trained; give the one it began with.")
        networks: list[Network] = []
        for number in range(config.networks):
            prefix = f"network{number}."
            learned = {
                name.removeprefix(prefix): tensor
                for name, tensor in tensors.items()
                if name.startswith(prefix)
            }
            if not learned.keys() >= set(_LAST):
                raise RunError(f"{folder / _FILE} lacks network {number}. Train again.")
            if config.exact and networks:
                networks.append(networks[0].with_last(*(learned[name] for name in _LAST)))
                continue
            tags, dimensions = learned["classifier.weight"].shape
            if trunk is not None and dimensions != trunk.dimensions:
                raise RunError(
                    f"{folder} reads features of {dimensions} numbers, and its backbone gives {trunk.dimensions} "
                    "in this version. Train again."
                )
            network = build_network(config, dimensions=dimensions, tags=tags, trunk=None if frozen else trunk)
            if learned.keys() != _learned(network).keys():
                raise RunError(f"{folder / _FILE} does not hold all of network {number}. Train again.")
            network.load_state_dict(learned, strict=False)  # what is frozen came with the trunk
            networks.append(network.to(device).eval())
        return cls(
            config,
            networks,
            rows=_kept(read_array, folder / "rows.npy"),
            logits=_kept(read_array, folder / "logits.npy"),
            features=_kept(read_array, folder / "features.npy"),
            calibration=Calibration.load(folder / "calibration.safetensors")
            if config.scoring.calibrated
            else None,
            visualness=Visualness.of_array(_kept(read_array, folder / "visualness.npy")),
            implied=_kept(read_sparse, folder / "implied.npz"),
            trunk=None if trunk is None else trunk.to(device).eval(),
            look_alikes=_kept_look_alikes(folder),
        )


def _learned(network: Network, *, only_last: bool = False) -> dict[str, Tensor]:
    """Return what of a network is kept, by name; of one that shares the rest with another its last layer alone."""
    learned = {**trainable(network), "center": network.center}
    return {name: learned[name] for name in _LAST} if only_last else learned


def _read(path: Path) -> tuple[dict[str, Tensor], TrainConfig]:
    if not path.exists():
        raise RunError(f"{path} is gone. Train again.")
    try:
        with safe_open(path, framework="pt") as file:
            tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
            return tensors, TrainConfig(**json.loads(file.metadata()["config"]))
    except (SafetensorError, ValueError, KeyError) as error:
        raise RunError(f"{path} is damaged ({type(error).__name__}). Train again.") from error


def _kept(read: Callable[[Path], Any], path: Path) -> Any:
    try:
        return read(path)
    except (OSError, ValueError, EOFError) as error:
        raise RunError(f"{path} is gone or damaged. Train again.") from error


def _kept_look_alikes(folder: Path) -> LookAlikes | None:
    """Return the look-alikes; None where photos have none, or the run did not keep them."""
    if not (folder / "neighbors.npy").exists():
        return None
    return LookAlikes(
        *(_kept(read_array, folder / name) for name in ("neighbors.npy", "neighbors_squared.npy"))
    )


def _keep(array: NDArray[np.generic], path: Path) -> None:
    if isinstance(array, np.memmap) and array.filename is not None:
        array.flush()
        Path(array.filename).replace(path)
    else:
        write_array(path, array)
