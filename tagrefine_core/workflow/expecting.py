"""What to expect of a training before it begins: how long it takes, and whether there is enough to learn from."""

import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from tagrefine_core.collections import Collection
from tagrefine_core.config import TrainConfig
from tagrefine_core.files import read_json
from tagrefine_core.runs.run import LOOKS, STEPS, Run
from tagrefine_core.store import RunRecord, Store

__all__ = ["ExpectedTime", "expected_time", "too_little"]

# Photos a second through a backbone, in one view, on two cores (docs/results.md, "Time"); of those without a note, told from their
# number of operations, which is good to a factor of two.
_RATES = {
    "efficientnet_lite": 120.0,  # measured
    "mobilenet_v2": 156.0,  # measured
    "small_cnn": 1500.0,  # measured, pictures of 64 pixels
    "mobilenet_v3_small": 300.0,
    "resnet50": 18.0,
    "convnext_tiny": 14.0,
    "vit_b_16": 6.0,
    "vgg16": 6.0,
}
_LEARNING = 3.0  # a step forth and back costs as much as so many forth
_CORES = 2
_STEP = 0.14  # seconds of a step of 1,024 photos over kept features (7,696 photos, 826 tags)
_REST = 6.0  # seconds for neighbors and scores of so many photos
_REST_OF = 7696
_GROWS = 1.5  # of the search for neighbors with photos
_START = 5.0  # seconds to load everything
_SPREAD = {True: (0.7, 1.5), False: (0.5, 2.5)}  # by whether everything was measured on this machine

_FEW_PHOTOS = 500
_FEW_CARRIERS = 20


@dataclass(frozen=True)
class ExpectedTime:
    """How long a training is expected to take.

    Attributes
    ----------
    low, high : float
        Seconds.
    own : bool
        Whether it is told from runs of this machine; else from measurements of another.
    looks : int
        Photos that a ready-made network has to look at first; 0 where their features are kept.
    """

    low: float
    high: float
    own: bool
    looks: int


def expected_time(store: Store, collection: Collection, config: TrainConfig) -> ExpectedTime:
    """Tell how long a training takes, from what earlier runs on this machine took, else from a table of another machine."""
    past = _past(store)
    n, network = _trained(collection, config), config.network
    rate = _rate(past, config)
    cores = max(1.0, (os.cpu_count() or 1) / _CORES) ** 0.7
    known, seconds, looks = [], _START, 0
    if network.finetune == "head":
        looks = 0 if _kept(store, collection, config) else collection.n
        if looks:
            known.append(rate is not None)
            seconds += looks * network.views / (rate or _RATES[network.backbone] * cores)
    per_epoch = config.steps_per_epoch(n)
    steps = per_epoch * (config.epochs("phi0", per_epoch) + config.epochs("constraints", per_epoch))
    steps *= 1 if config.exact else config.networks
    if steps:
        step = _step(past, config)
        known.append(step is not None)
        if step is None:
            photos = min(config.neighbors.s, n)
            looked = photos * _LEARNING / _RATES[network.backbone]
            step = (_STEP * photos / 1024 if network.finetune == "head" else looked) / cores
        seconds += steps * step
    rest = _rest(past, config, collection.n)
    known.append(rest is not None)
    seconds += rest if rest is not None else _REST * (collection.n / _REST_OF) ** _GROWS / cores
    own = all(known)
    low, high = (seconds * factor for factor in _SPREAD[own])
    return ExpectedTime(low, high, own, looks)


def too_little(collection: Collection) -> str | None:
    """Say so when there are too few photos, or too few of each tag, to learn anything from; None when there are enough."""
    carriers = np.bincount(collection.tags.indices, minlength=len(collection.vocabulary))
    enough = int((carriers >= _FEW_CARRIERS).sum())
    if collection.n >= _FEW_PHOTOS and enough:
        return None
    photos = "1 photo" if collection.n == 1 else f"{collection.n:,} photos"
    tags = {0: "no tag stands", 1: "1 tag stands"}.get(enough, f"{enough:,} tags stand")
    return (
        f"These are {photos}, and {tags} on {_FEW_CARRIERS} of them or more. That is little to learn from: expect few changes or none. "
        f"From some {_FEW_PHOTOS} photos on, with {_FEW_CARRIERS} photos a tag, it begins to pay."
    )


def _trained(collection: Collection, config: TrainConfig) -> int:
    part = config.run.train_fraction if config.task == "annotation" else 1.0
    return max(1, int(collection.n * part))


@dataclass(frozen=True)
class _Past:
    """A finished run and the seconds that it recorded: by stage (seconds, what was done)."""

    record: RunRecord
    config: TrainConfig
    photos: int
    stages: dict[str, tuple[float, int]]


def _past(store: Store) -> list[_Past]:
    """Return the runs that recorded their time, the newest first."""
    found = []
    for record in store.runs():
        path = Run(store, record).folder / "seconds.json"
        if record.state == "finished" and path.exists() and (told := read_json(path))["stages"]:
            stages = {name: (float(seconds), int(done)) for name, (seconds, done) in told["stages"].items()}
            found.append(_Past(record, TrainConfig(**record.config), int(told["photos"]), stages))
    return found


def _rate(past: list[_Past], config: TrainConfig) -> float | None:
    """Return photos a second in one view."""
    mine = (config.network.backbone, config.network.image_size)
    for run in past:
        seconds, done = run.stages.get(LOOKS, (0.0, 0))
        if (
            (run.config.network.backbone, run.config.network.image_size) == mine
            and done >= 100
            and seconds > 0
        ):
            return run.config.network.views * done / seconds
    return None


def _step(past: list[_Past], config: TrainConfig) -> float | None:
    """Return the seconds of a step of runs that learn in the same way."""
    for run in past:
        parts = [took for name, took in run.stages.items() if name.startswith(STEPS)]
        seconds, steps = (sum(values) for values in zip(*parts, strict=True)) if parts else (0.0, 0)
        if _learns(run.config) == _learns(config) and steps:
            return float(seconds / steps)
    return None


def _learns(config: TrainConfig) -> tuple[Any, ...]:
    network = config.network
    seen = () if network.finetune == "head" else (network.backbone, network.image_size, network.finetune)
    return (*seen, config.exact, config.neighbors.s, config.projection)


def _rest(past: list[_Past], config: TrainConfig, n: int) -> float | None:
    """Return the seconds for all but looking and learning, of the run nearest in size."""
    alike = [
        run for run in past if run.config.exact == config.exact and run.config.networks == config.networks
    ]
    if not alike:
        return None
    run = min(alike, key=lambda run: abs(np.log(run.photos / n)))
    took = sum(seconds for name, (seconds, _) in run.stages.items() if not name.startswith((LOOKS, *STEPS)))
    return float(took * max(n / run.photos, (n / run.photos) ** _GROWS))


def _kept(store: Store, collection: Collection, config: TrainConfig) -> bool:
    """Tell whether the features of all photos are kept since an earlier run; nothing of it is looked at that could be slow."""
    mine = config.network
    known = any(
        record.state == "finished"
        and record.data_hash == collection.data_hash
        and (of := TrainConfig(**record.config).network).finetune == "head"
        and (of.backbone, of.weights, of.image_size, of.views)
        == (mine.backbone, mine.weights, mine.image_size, mine.views)
        for record in store.runs(collection.name)
    )
    return known and any(
        _rows(path) == collection.n for path in (store.home / "cache" / "features").glob("*/done.json")
    )


def _rows(path: Path) -> int:
    rows: int = read_json(path)["rows"]
    return rows
