"""Frozen, partly and wholly trained backbones side by side: does training the backbone on one's own noisy tags help?

    python -m benchmarks.finetune HOME COLLECTION [--modes head,blocks:2,all] [--task annotation] [--epochs 5]
        [--weights FILE] [--backbone NAME] [--set NAME=VALUE ...]

The first row is preset ``default`` as it is. In all others the photos pass as often (``--epochs`` a stage that learns), in batches
of one size, under the preset's L_nbr, last layer in closed form and scoring; five networks in turn leave out a fifth of the photos, as long as the
backbone learns (a frozen one needs a single network). A backbone that learns also hears the users' tags (eta), at a tenth of the rate of
the layers above it; its pictures are cropped and flipped, and its statistics of normalization stay. ``--set`` lays settings over all rows
but the first.

Printed for each: neighbor precision in the frozen features -> at the end, of the photos learned from (whose own tags taught their
features) and, in annotation, of new photos among those; the ranking, in annotation of new photos; seconds, with photos decoded and
frozen features at hand. Meant for a GPU: on an H200 a row of annotation on 7,696 photos takes about a minute (docs/log/2026-11-26-finetune.md).
"""

import argparse
import time
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from tagrefine_core import workflow
from tagrefine_core.collections import Collection
from tagrefine_core.config import TrainConfig
from tagrefine_core.neighbors.search import nearest
from tagrefine_core.progress import silent
from tagrefine_core.runs.judging import judge_of
from tagrefine_core.runs.material import material
from tagrefine_core.runs.run import NeighborTrace, Run
from tagrefine_core.runs.trace import precision
from tagrefine_core.settings import read_settings, train_config
from tagrefine_core.store import Store
from tagrefine_core.training.distributed import pick_device

_SHARED: dict[str, Any] = {"neighbors.s": 128, "scoring.crossfit": 5}
_TRAINED: dict[str, Any] = {"constraints.eta": 1.0, "optimizer.lr_backbone": 0.1}


def main() -> None:
    """Train and print a line for each mode."""
    given = _words()
    store = Store(given.home)
    collection = Collection.open(store, given.collection)
    device = pick_device("auto")
    name = torch.cuda.get_device_name() if device.type == "cuda" else f"{torch.get_num_threads()} threads"
    print(
        f"{given.task} of {collection.n} photos, {given.backbone}, {given.epochs} epochs, {name}", flush=True
    )
    print(
        f"{'mode':<10} {'learned from':<16} {'new photos':<16} {'MiAP':>6} {'mAP':>6} {'Micro':>6} {'Macro':>6} {'seconds':>8}"
    )
    for mode in (*given.first, *given.modes.split(",")):
        config = _settings(given, mode)
        used = material(
            store.home, collection, config, device, silent
        )  # decoded and extracted before the clock runs
        began = time.monotonic()
        run = workflow.train_collection(store, given.collection, config)
        seconds = time.monotonic() - began
        del used
        near = workflow.neighborhoods(store, run.id, by="labels").precision.value
        told = workflow.evaluate_run(store, run.id)
        new = _of_new_photos(store, collection, run, device) if given.task == "annotation" else None
        print(
            f"{mode:<10} {_change(near):<16} {_change(new):<16} {told.miap_labelled:6.4f} {told.map:6.4f} "
            f"{told.micro_auc:6.4f} {told.macro_auc:6.4f} {seconds:8.1f}",
            flush=True,
        )


def _words() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("home", type=Path)
    parser.add_argument("collection")
    parser.add_argument("--modes", default="head,blocks:2,all")
    parser.add_argument("--task", choices=("annotation", "refinement"), default="annotation")
    parser.add_argument("--epochs", type=int, default=5)
    parser.add_argument("--backbone", default="efficientnet_lite")
    parser.add_argument("--weights", default="imagenet")
    parser.add_argument("--set", action="append", default=[], dest="settings", metavar="NAME=VALUE")
    parser.add_argument(
        "--only", action="store_const", const=(), default=("default",), dest="first", help="no first row"
    )
    return parser.parse_args()


def _settings(given: argparse.Namespace, mode: str) -> TrainConfig:
    """Return the preset as it is ("default"), or what all other modes share with what is laid over it."""
    settings: dict[str, Any] = {
        "task": given.task,
        "network.backbone": given.backbone,
        "network.weights": given.weights,
    }
    if mode != "default":
        settings |= {**_SHARED, "network.finetune": mode, "constraints.epochs": given.epochs}
        settings |= _TRAINED if mode != "head" else {}
        settings |= read_settings(given.settings)
    return train_config("default", **settings)


def _of_new_photos(
    store: Store, collection: Collection, run: Run, device: torch.device
) -> NDArray[np.float64]:
    """Return the precision of new photos' neighbors among those learned from, in frozen features and in those of the run."""
    frozen = run.config.replaced({"network.finetune": "head"})
    features = material(store.home, collection, frozen, device, silent).inputs.read(np.arange(collection.n))
    new = np.setdiff1d(np.arange(collection.n), run.rows)
    of_both = (
        torch.nn.functional.normalize(features, dim=1).cpu().numpy(),
        np.asarray(run.features, dtype=np.float32),
    )
    near = [run.rows[nearest(of[new], of[run.rows], run.config.neighbors.m - 1)[0]] for of in of_both]
    trace = NeighborTrace(new, ("frozen", "constraints"), np.array([0, 0]), np.stack(near).astype(np.int32))
    return precision(trace, judge_of(run, collection, "labels"), among=run.rows).value


def _change(values: NDArray[np.float64] | None) -> str:
    return "-" if values is None else f"{values[0]:.3f} -> {values[-1]:.3f}"


if __name__ == "__main__":
    main()
