"""Cost of one training step in each neighbor refresh mode, and how often its neighbors are those of `exact`.

    python -m benchmarks.refresh [--images 600] [--steps 40] [--home DIR --collection NAME] [--set NAME=VALUE ...]

All modes are measured in one run, on one network, at the same moments of its training, beside a plain supervised step of
the same batch. Without --home a demo collection is made in a temporary folder.
"""

import argparse
import statistics
import tempfile
import time
from pathlib import Path

import numpy as np
import torch

from tagrefine_core import workflow
from tagrefine_core.collections import Collection
from tagrefine_core.features.backbones import BACKBONES
from tagrefine_core.model.losses import logistic
from tagrefine_core.progress import silent
from tagrefine_core.runs.material import material
from tagrefine_core.settings import read_settings, train_config
from tagrefine_core.store import Store
from tagrefine_core.training.distributed import World
from tagrefine_core.training.journal import Journal
from tagrefine_core.training.layers import build_network, initialize
from tagrefine_core.training.trainer import Trainer
from tagrefine_core.training.training_set import TrainingSet

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
    parser.add_argument("--set", action="append", default=[], metavar="NAME=VALUE")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as temporary:
        store = Store(options.home or Path(temporary))
        if options.home is None:
            workflow.make_demo(store, images=options.images)
        settings = read_settings(options.set)
        measure(store, options.collection, options.steps, options.looks, settings, Path(temporary))


def measure(
    store: Store, name: str, steps: int, looks: int, settings: dict[str, str | None], folder: Path
) -> None:
    config = train_config("small").replaced(
        {
            "phi0.epochs": 2,
            "constraints.epochs": 1,
            "run.trace": False,
            "constraints.lambda1": 0,
            **settings,
        }
    )
    collection = Collection.open(store, name)
    world = World.alone(config.run.device)
    given = material(store.home, collection, config, world.device, silent)
    tags = collection.tags[given.rows]
    frozen = config.network.finetune == "head"
    dimensions = given.inputs.read(given.rows[:1]).shape[1] if frozen else None
    network = build_network(
        config,
        dimensions=dimensions or BACKBONES[config.network.backbone].dimensions,
        tags=tags.shape[1],
        trunk=None if frozen else given.trunk,
    )
    initialize(network, tags, config.seed)
    training_set = TrainingSet(given.rows, tags, tags.astype(np.float32), given.inputs)
    trainer = Trainer(
        config,
        network.to(world.device),
        training_set,
        world,
        folder=folder,
        trace=None,
        journal=Journal(),
        progress=silent,
    )
    trainer.learn_phi0()
    trainer.step = 0
    trainer.start_constraints()
    neighborhood = trainer.neighborhood
    seconds: dict[str, list[float]] = {mode: [] for mode in ("supervised", *MODES)}
    forwarded: dict[str, list[int]] = {mode: [] for mode in MODES}
    agreement: dict[str, list[float]] = {mode: [] for mode in MODES}
    for step in range(steps + 1):
        anchors = neighborhood.anchors(step)
        looked = step % max(1, steps // (looks - 1)) == 0
        if looked:
            exact = neighborhood.select(anchors, "exact").rows
            for mode in MODES:
                start = time.perf_counter()
                batch = neighborhood.select(anchors, mode)
                selected = time.perf_counter() - start
                # Every mode pays for the same update, so that is measured once, below.
                seconds[mode].append(selected)
                forwarded[mode].append(batch.forwarded)
                shared = [len(set(a[1:]) & set(b[1:])) for a, b in zip(exact, batch.rows, strict=True)]
                agreement[mode].append(float(np.mean(shared)) / (config.neighbors.m - 1))
        batch = neighborhood.select(anchors, "bank")
        rows = batch.rows.reshape(-1)
        start = time.perf_counter()
        logits, features = trainer.forward_step(rows, config.neighbors.s)
        trainer.update({"logistic": logistic(logits, trainer.forward.user_tags(rows))}, {"logistic": 1.0})
        seconds["supervised"].append(time.perf_counter() - start)
        start = time.perf_counter()
        trainer.objective.losses(logits.detach(), features.detach(), batch, neighborhood.sigma)
        neighborhood.overwrite(rows, features.detach())
        if looked:  # these two also keep the bank; once for each selection that was timed
            upkeep = time.perf_counter() - start
            seconds["shortlist"][-1] += upkeep
            seconds["bank"][-1] += upkeep
        trainer.step += 1
    plain = statistics.median(seconds["supervised"])
    print(
        f"{collection.n} photos, {config.network.backbone} ({config.network.finetune}), "
        f"s={config.neighbors.s} m={config.neighbors.m} "
        f"M={neighborhood.candidates.shape[1]}, {torch.get_num_threads()} threads, {world.device}"
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
