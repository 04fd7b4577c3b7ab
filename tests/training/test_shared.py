"""Several processes that share each batch, for real (gloo): together they do what one does."""

from pathlib import Path

import numpy as np
import pytest
import torch
import torch.distributed as dist
from torch import Tensor, multiprocessing

from tagrefine_core.config import TrainConfig
from tagrefine_core.model.agreement import weighted_tags
from tagrefine_core.training.distributed import World
from tagrefine_core.training.fit import fit
from tagrefine_core.training.journal import Journal
from tagrefine_core.training.layers import build_network, initialize
from tagrefine_core.training.trainer import Trainer
from tagrefine_core.training.training_set import TrainingSet
from tests.training.data import WORDS, everything_on, inputs_of, photos

SIZE = 2
CPU = torch.device("cpu")


def learned(config: TrainConfig, world: World, folder: Path) -> dict[str, Tensor]:
    """Return the weights of the first network of a whole fit."""
    features, tags = photos()
    found = fit(inputs_of(features), tags, config, vocabulary=WORDS, world=world, folder=folder)
    return {**found.networks[0].state_dict(), "logits": torch.from_numpy(np.array(found.logits))}


def gradient(config: TrainConfig, world: World, folder: Path) -> dict[str, Tensor]:
    """Return L_nbr of the first batch and this process's own gradient of it, not yet shared with others."""
    features, tags = photos()
    network = build_network(config, dimensions=features.shape[1], tags=tags.shape[1])
    initialize(network, tags, seed=0)
    rows = np.arange(len(features))
    agreement = weighted_tags(tags.astype(np.float32), np.linspace(0.2, 1, tags.shape[1]))
    training_set = TrainingSet(rows, tags, tags.astype(np.float32), inputs_of(features), agreement)
    trainer = Trainer(
        config, network, training_set, world, folder=folder, trace=None, journal=Journal(), progress=lambda *_: None
    )  # fmt: skip
    trainer.start_constraints()
    batch = trainer.neighborhood.select(trainer.neighborhood.anchors(3))
    logits, seen = trainer.forward_step(batch.rows.reshape(-1), batch.rows.size * world.size)
    (loss,) = trainer.objective.losses(logits, seen, batch, trainer.neighborhood.sigma).values()
    loss.backward()
    assert network.classifier.weight.grad is None
    return {"loss": loss.detach(), "gradient": network.projection.weight.grad}


def process(rank: int, what: str, config: TrainConfig, folder: Path) -> None:
    torch.set_num_threads(1)
    dist.init_process_group("gloo", f"file://{folder}/meeting", rank=rank, world_size=SIZE)
    found = globals()[what](config, World(rank, SIZE, CPU), folder)
    torch.save(found, folder / f"{rank}.pt")
    dist.barrier()
    dist.destroy_process_group()


def by_each(what: str, config: TrainConfig, folder: Path) -> list[dict[str, Tensor]]:
    folder.mkdir()
    multiprocessing.spawn(process, (what, config, folder), nprocs=SIZE)
    return [torch.load(folder / f"{rank}.pt", weights_only=True) for rank in range(SIZE)]


def test_the_gradients_of_all_processes_add_up_to_that_of_one(tmp_path):
    config = everything_on()
    (tmp_path / "alone").mkdir()
    one = gradient(config, World.alone("cpu"), tmp_path / "alone")
    each = by_each("gradient", config, tmp_path / "shared")
    for own in each:
        assert own["loss"].item() == pytest.approx(one["loss"].item(), rel=1e-5)
    # They are averaged, of a loss whose gradient each process multiplies by their number.
    together = torch.stack([own["gradient"] for own in each]).mean(dim=0)
    torch.testing.assert_close(together, one["gradient"], atol=1e-6, rtol=1e-4)
    assert not torch.allclose(each[0]["gradient"], each[1]["gradient"], rtol=0.1)
    assert one["gradient"].abs().max() > 1e-4


@pytest.mark.slow
def test_processes_learn_what_one_would(tmp_path):
    # Few steps: later on, a neighbor that rounding has swapped makes the two drift apart.
    config = everything_on(**{"constraints.epochs": 2, "scoring.crossfit": 2})
    one = learned(config, World.alone("cpu"), tmp_path / "alone")
    for own in by_each("learned", config, tmp_path / "shared"):
        assert own.keys() == one.keys()
        for name, weight in one.items():
            torch.testing.assert_close(
                own[name], weight, atol=1e-3, rtol=1e-2, msg=lambda text, name=name: f"{name}: {text}"
            )
