"""Neighbors while the network learns: the bank against features forwarded anew, and Algorithm 1 by the trainer."""

import numpy as np
import pytest
import torch

from tagrefine_core.training.distributed import World
from tagrefine_core.training.forward import Forward
from tagrefine_core.training.journal import Journal
from tagrefine_core.training.layers import build_network, initialize
from tagrefine_core.training.neighborhood import Neighborhood
from tagrefine_core.training.trainer import Trainer
from tagrefine_core.training.training_set import TrainingSet
from tests.training.data import in_steps, inputs_of, photos

ALONE = World.alone("cpu")
MODES = ("exact", "shortlist", "bank", "static")


def parts(**settings):
    """A configuration, a network whose features can move, and what it is taught."""
    features, tags = photos(n=64)
    config = in_steps(**{"constraints.lambda1": 0.0, "phi0.epochs": 1, "constraints.lr": 0.05, **settings})
    network = build_network(config, dimensions=features.shape[1], tags=tags.shape[1])
    initialize(network, tags, seed=0)
    rows = np.arange(len(features))
    return config, network, TrainingSet(rows, tags, tags.astype(np.float32), inputs_of(features))


def move(network):
    with torch.no_grad():
        network.adapter[2].weight.normal_(0, 0.5, generator=torch.Generator().manual_seed(1))


def features_of(forward):
    return forward.of_all(forward.features)


def found(mode, tmp_path):
    config, network, training_set = parts(**{"neighbors.refresh": mode})
    forward = Forward(network, training_set, config, ALONE)
    neighborhood = Neighborhood(config, forward, ALONE, images=64, path=tmp_path / "candidates.npy")
    neighborhood.find(lambda *_: None)
    return network, forward, neighborhood


@pytest.mark.parametrize("mode", ["bank", "shortlist"])
def test_the_bank_is_filled_anew_at_the_end_of_each_epoch(mode, tmp_path):
    network, forward, neighborhood = found(mode, tmp_path)
    before = neighborhood.bank.features.clone()
    move(network)
    now = features_of(forward)
    assert not torch.allclose(now, before, atol=0.1)
    for step in (0, 1, 4, 6):
        neighborhood.refresh(step, 5)
        assert torch.equal(neighborhood.bank.features, before), "not in between"
    neighborhood.refresh(10, 5)
    assert torch.equal(neighborhood.bank.features, now)


def test_static_keeps_what_phi0_saw_and_exact_stores_nothing(tmp_path):
    network, _, neighborhood = found("static", tmp_path)
    before = neighborhood.bank.features.clone()
    move(network)
    neighborhood.refresh(5, 5)
    neighborhood.overwrite(np.arange(3), torch.zeros(3, 12))
    assert torch.equal(neighborhood.bank.features, before)
    assert found("exact", tmp_path)[2].bank is None


def test_random_neighbors_are_any_other_photos_and_the_same_when_asked_again(tmp_path):
    _, _, neighborhood = found("random", tmp_path)
    m, seen = neighborhood.config.neighbors.m, []
    for start in range(0, 64, 8):
        anchors = np.arange(start, start + 8)
        batch = neighborhood.select(anchors)
        np.testing.assert_array_equal(batch.rows, neighborhood.select(anchors).rows)
        np.testing.assert_array_equal(batch.rows[:, 0], anchors)
        for group in batch.rows:
            assert len(set(group)) == m, "neither the anchor nor any photo twice"
        stored = neighborhood.bank.features
        wanted = (stored[batch.rows[:, 1:]] - stored[anchors][:, None]).square().sum(dim=2)
        assert torch.allclose(batch.squared_distances, wanted)
        seen += batch.rows[:, 1:].reshape(-1).tolist()
    assert len(set(seen)) > 50, "not the candidates, which are of one kind"
    kinds = np.array(seen).reshape(64, m - 1) % 4
    assert 0.1 < (kinds == (np.arange(64) % 4)[:, None]).mean() < 0.4, "a quarter by chance"
    assert neighborhood.sigma < 1e9


def test_what_passed_is_stored_and_only_that(tmp_path):
    _, _, neighborhood = found("bank", tmp_path)
    before = neighborhood.bank.features.clone()
    rows = np.array([5, 0, 63])
    neighborhood.overwrite(rows, torch.ones(3, 12))
    assert (neighborhood.bank.features[rows] == 1).all()
    rest = np.setdiff1d(np.arange(64), rows)
    assert torch.equal(neighborhood.bank.features[rest], before[rest])


def test_sigma_is_the_median_squared_distance_to_the_neighbors(tmp_path):
    _, forward, neighborhood = found("bank", tmp_path)
    features = features_of(forward).double()
    squared = (features[:, None] - features[None]).square().sum(dim=2)
    squared.fill_diagonal_(torch.inf)
    nearest = squared.sort(dim=1).values[:, : neighborhood.config.neighbors.m - 1]
    assert neighborhood.sigma == pytest.approx(float(nearest.float().median()), rel=1e-3)


class Watcher:
    """Sees the trainer after every step of stage 2."""

    def __init__(self):
        self.trainer = None
        self.seen = []

    def __call__(self, stage, done, total):
        if stage == "Training with neighbors":
            bank = self.trainer.neighborhood.bank
            self.seen.append((bank.features.clone(), features_of(self.trainer.forward)))


def test_the_trainer_begins_every_epoch_with_a_fresh_bank(tmp_path):
    config, network, training_set = parts(**{"neighbors.refresh": "bank", "constraints.epochs": 3})
    watch = Watcher()
    watch.trainer = Trainer(
        config, network, training_set, ALONE, folder=tmp_path, trace=None, journal=Journal(), progress=watch
    )
    watch.trainer.train()
    steps = watch.trainer.steps_per_epoch
    assert steps == 2 and len(watch.seen) == 6
    for epoch in (1, 2):
        stored, _ = watch.seen[epoch * steps]  # after the first step of an epoch
        before, weights_then = watch.seen[epoch * steps - 1]
        # Refilled with the weights at its beginning; what passed since passed with the same ones.
        torch.testing.assert_close(stored, weights_then, atol=1e-5, rtol=1e-5)
        assert not torch.allclose(before, weights_then, atol=1e-4), "else nothing would have to be refilled"


def test_while_nothing_learns_all_modes_train_alike(tmp_path):
    """With the features as they are stored, the bank's neighbors are those of features forwarded now."""
    weights = []
    for mode in MODES:
        settings = {"neighbors.refresh": mode, "constraints.lr": 1e-12, "network.adapter": 0}
        config, network, training_set = parts(**settings)
        folder = tmp_path / mode
        trainer = Trainer(
            config,
            network,
            training_set,
            ALONE,
            folder=folder,
            trace=None,
            journal=Journal(),
            progress=lambda *_: None,
        )
        trainer.train()
        weights.append(network.classifier.weight.detach().clone())
    for other in weights[1:]:
        torch.testing.assert_close(other, weights[0], atol=1e-6, rtol=1e-5)
