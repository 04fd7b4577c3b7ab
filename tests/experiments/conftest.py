"""A small collection of drawn pictures, and material made of numbers."""

import numpy as np
import pytest
from scipy.sparse import csr_matrix

from tagrefine_core import workflow
from tagrefine_core.collections import Collection
from tagrefine_core.config import TrainConfig
from tagrefine_core.experiments.protocol import Material
from tagrefine_core.settings import train_config
from tagrefine_core.store import Store
from tests.training.conftest import draw


@pytest.fixture(scope="session")
def drawn(tmp_path_factory):
    """The folder of 80 drawn pictures with noisy tags and ground truth."""
    folder = tmp_path_factory.mktemp("drawn")
    draw(folder, count=80)
    return folder


@pytest.fixture
def shapes(drawn, store) -> Store:
    """A home of its own with the collection "shapes"."""
    workflow.import_collection(store, "table", drawn, "shapes")
    return store


@pytest.fixture
def collection(shapes):
    return Collection.open(shapes, "shapes")


def paper(**settings):
    """Preset paper, literally, but for a small backbone and as few epochs as there can be."""
    small = {
        "network.backbone": "small_cnn",
        "network.weights": "none",
        "network.image_size": 32,
        "neighbors.s": 16,
        "neighbors.m": 4,
        "neighbors.M": 20,
        "phi0.epochs": 1,
        "constraints.epochs": 1,
        "run.device": "cpu",
    }
    return train_config("paper").replaced({**small, **settings})


def flat(settings):
    """Settings in groups, as results keep them, by their names with a dot."""
    return TrainConfig(**settings).flat()


LITERAL = {
    "preset": "paper",
    "constraints.reduction": "literal",
    "constraints.eta": 0.0,
    "constraints.lambda2": 0.001,
    "optimizer.schedule": "step",
    "optimizer.average": 0.0,
    "network.normalize": False,
    "network.views": 1,
    "network.center": False,
    "neighbors.refresh": "exact",
    "scoring.crossfit": 1,
    "scoring.closed_form": 0.0,
    "scoring.smooth": 0.0,
    "scoring.evidence": 0.0,
    "scoring.calibrated": False,
}
"""What makes a training the paper's."""


def assert_literal(settings):
    """What was measured is the paper's, not a default of anybody."""
    found = flat(settings)
    assert {name: found[name] for name in LITERAL} == LITERAL


def numbers(n=60, seed=0, labels=3):
    """Photos whose features tell their labels, with tags that are missing or wrong now and then."""
    rng = np.random.default_rng(seed)
    truth = (rng.random((n, labels)) < 0.4).astype(np.int8)
    features = (truth + rng.normal(0, 0.3, truth.shape)).astype(np.float32)
    tags = np.where(rng.random(truth.shape) < 0.8, truth, 1 - truth)
    extra = (rng.random((n, 2)) < 0.3).astype(np.int8)
    return Material(
        features=features,
        tags=csr_matrix(np.hstack([extra, tags]).astype(np.uint8)),
        truth=truth,
        label_columns=np.arange(2, 2 + labels),
        vocabulary=["x", "y", "sea", "sky", "dog"][: 2 + labels],
        key=f"numbers-{n}-{seed}",
    )
