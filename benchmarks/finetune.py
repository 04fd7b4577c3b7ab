"""Frozen, partly and wholly trained backbones side by side, with an equal number of passes over the photos.

Run with ``python -m benchmarks.finetune HOME COLLECTION [--modes head,blocks:2,all] [--epochs 1] [--weights FILE] [--backbone NAME]``. Each mode
trains on a fifth of the photos (annotation, part 0) and is measured on the others: neighbor precision before and after, of the photos
trained on, and the ranking of new photos. All modes have one network, the anchor on the users' tags in both stages, L_nbr in
stage 2, and the closed form at the end; where the backbone learns its rate is a tenth of the layers above it, pictures are cropped and
flipped, and statistics of normalization stay. Sized for 15 minutes of a GPU at 3 epochs of 1,539 photos; on 2 cores choose 1 epoch.
"""

import argparse
import time
from pathlib import Path
from typing import Any

import torch

from tagrefine_core import workflow
from tagrefine_core.config import train_config
from tagrefine_core.store import Store

_SHARED: dict[str, Any] = {
    "task": "annotation",
    "neighbors.s": 64,
    "optimizer.algorithm": "sgd",
    "optimizer.weight_decay": 5e-4,
    "network.dropout": 0.5,
    "phi0.lr": 0.005,
    "constraints.lr": 0.005,
    "constraints.eta": 1.0,
    "scoring.crossfit": 1,
    "scoring.closed_form": 0.75,
}


def main() -> None:
    """Train and print a line for each mode."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("home", type=Path)
    parser.add_argument("collection")
    parser.add_argument("--modes", default="head,blocks:2,all")
    parser.add_argument("--epochs", type=int, default=3)
    parser.add_argument("--backbone", default="efficientnet_lite")
    parser.add_argument("--weights", default="imagenet")
    given = parser.parse_args()
    store = Store(given.home)
    print(
        f"{'cuda' if torch.cuda.is_available() else f'{torch.get_num_threads()} threads'}, {given.epochs} epochs a stage"
    )
    print(f"{'mode':<10} {'precision':<16} {'MiAP':>6} {'mAP':>6} {'Micro':>6} {'Macro':>6} {'seconds':>8}")
    for mode in given.modes.split(","):
        config = train_config(
            "default",
            **_SHARED,
            **{
                "network.backbone": given.backbone,
                "network.weights": given.weights,
                "network.finetune": mode,
                "phi0.epochs": given.epochs,
                "constraints.epochs": given.epochs,
            },
        )
        began = time.monotonic()
        run = workflow.train_collection(store, given.collection, config)
        seconds = time.monotonic() - began
        near = workflow.neighborhoods(store, run.id, by="labels").precision.value
        told = workflow.evaluate_run(store, run.id)
        print(
            f"{mode:<10} {near[0]:.3f} -> {near[-1]:.3f}   {told.miap_labelled:6.3f} {told.map:6.3f} "
            f"{told.micro_auc:6.3f} {told.macro_auc:6.3f} {seconds:8.0f}",
            flush=True,
        )


if __name__ == "__main__":
    main()
