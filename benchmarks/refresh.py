"""Cost of one training step in each neighbor refresh mode, and how often its neighbors are those of `exact`.

    python -m benchmarks.refresh [--images 600] [--steps 40] [--home DIR --collection NAME] [--set KEY=VALUE ...]

All modes are measured in one run, on one network, at the same moments of its training, beside a plain supervised step of
the same batch. Without --home a demo collection is made in a temporary folder.
"""

import argparse
import shutil
import statistics
import tempfile
import time
from pathlib import Path

import numpy as np
import torch

from tagrefine_core import workflow
from tagrefine_core.collections import Collection
from tagrefine_core.config import train_config
from tagrefine_core.model.batches import anchors_of_step
from tagrefine_core.model.losses import logistic
from tagrefine_core.progress import silent
from tagrefine_core.store import Store
from tagrefine_core.training.distributed import World
from tagrefine_core.training.setup import prepare
from tagrefine_core.training.trainer import Trainer

MODES = ("exact", "shortlist", "bank", "static")


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--images", type=int, default=600)
    parser.add_argument(
        "--steps", type=int, default=40, help="training steps between the first and the last look"
    )
    parser.add_argument("--looks", type=int, default=5)
    parser.add_argument("--home", type=Path)
    parser.add_argument("--collection", default="demo")
    parser.add_argument("--set", action="append", default=[], metavar="KEY=VALUE")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as temporary:
        store = Store(options.home or Path(temporary))
        if options.home is None:
            workflow.make_demo(store, images=options.images)
        settings = dict(pair.split("=", 1) for pair in options.set)
        measure(store, options.collection, options.steps, options.looks, settings)


def measure(store: Store, name: str, steps: int, looks: int, settings: dict[str, str]) -> None:
    config = train_config(
        "demo", **{"epochs_phi0": 2, "epochs": 1, "trace_queries": 0, "lambda1": 0, **settings}
    )
    collection = Collection.open(store, name)
    world = World.join(config.device)
    setup, _ = prepare(store.home, collection, config, world.device, silent)
    record = collection.record
    store.create_run("bench", record.id, config={}, seed=0, data_hash=record.data_hash, versions={})
    trainer = Trainer(store, "bench", collection, config, setup, world, silent)
    trainer.folder.mkdir(parents=True)
    trainer._phi0()
    trainer.stage, trainer.step = "constraints", 0
    trainer._start_neighbors(steps)
    seconds: dict[str, list[float]] = {mode: [] for mode in ("supervised", *MODES)}
    forwarded: dict[str, list[int]] = {mode: [] for mode in MODES}
    agreement: dict[str, list[float]] = {mode: [] for mode in MODES}
    weights = {"vis": 1.0, "sem": 0.0, "err": config.lambda2, "logistic": config.eta}
    groups = config.s // config.m
    for step in range(steps + 1):
        anchors = anchors_of_step(step, anchors=groups, images=trainer.n, seed=config.seed)
        looked = step % max(1, steps // (looks - 1)) == 0
        if looked:
            exact = trainer._select(anchors, "exact").rows
            for mode in MODES:
                start = time.perf_counter()
                batch = trainer._select(anchors, mode)
                selected = time.perf_counter() - start
                # Every mode pays for the same update, so that is measured once, below.
                seconds[mode].append(selected)
                forwarded[mode].append(batch.forwarded)
                shared = [len(set(a[1:]) & set(b[1:])) for a, b in zip(exact, batch.rows, strict=True)]
                agreement[mode].append(float(np.mean(shared)) / (config.m - 1))
        batch = trainer._select(anchors, "bank")
        rows = batch.rows.reshape(-1)
        start = time.perf_counter()
        logits, features = trainer._forward_training(rows, config.s)
        trainer._update({"logistic": logistic(logits, trainer._tags(rows))}, {"logistic": 1.0})
        seconds["supervised"].append(time.perf_counter() - start)
        start = time.perf_counter()
        trainer._losses(logits.detach(), batch, weights)
        trainer._overwrite_bank(rows, features.detach())
        if looked:  # these two also keep the bank; once for each selection that was timed
            upkeep = time.perf_counter() - start
            seconds["shortlist"][-1] += upkeep
            seconds["bank"][-1] += upkeep
        trainer.step += 1
    store.delete_run("bench")
    shutil.rmtree(trainer.folder)
    plain = statistics.median(seconds["supervised"])
    print(
        f"{collection.n} photos, {config.backbone} ({config.finetune}), s={config.s} m={config.m} "
        f"M={trainer.candidates.shape[1]}, {torch.get_num_threads()} threads, {world.device}"
    )
    print(f"plain supervised step: {plain * 1e3:.0f} ms (median of {len(seconds['supervised'])})")
    print(f"{'mode':<10}{'step / plain':>14}{'forwarded':>12}{'same neighbors as exact':>26}")
    for mode in MODES:
        ratio = (plain + statistics.median(seconds[mode])) / plain
        print(
            f"{mode:<10}{ratio:>13.2f}x{statistics.mean(forwarded[mode]):>12.0f}"
            f"{statistics.mean(agreement[mode]):>25.1%}"
        )
    print("(bank and shortlist also forward all photos once an epoch, which is not in the ratio)")


if __name__ == "__main__":
    main()
