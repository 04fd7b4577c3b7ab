import numpy as np
import pytest
from scipy.sparse import csr_matrix

from tagrefine_core import experiments
from tagrefine_core.errors import ConfigError
from tagrefine_core.evaluation import evaluate
from tagrefine_core.experiments.noise import NOISE, inject
from tagrefine_core.experiments.protocol import feature_material
from tagrefine_core.methods import create
from tagrefine_core.settings import train_config
from tests.experiments.conftest import assert_literal, paper

CLEAN = csr_matrix((np.random.default_rng(0).random((400, 9)) < 0.3).astype(np.uint8))


def counts(kind, rate):
    """How many clean tags are gone, and how many others are there."""
    spoiled = inject(CLEAN, kind, rate, 5)
    assert spoiled.dtype == np.uint8 and set(spoiled.data) <= {1}
    clean, found = CLEAN.toarray() > 0, spoiled.toarray() > 0
    return (clean & ~found).sum(), (found & ~clean).sum()


@pytest.mark.parametrize("kind", NOISE)
def test_no_noise_changes_nothing(kind):
    assert counts(kind, 0.0) == (0, 0)


def test_each_kind_does_what_it_says():
    total, rate = CLEAN.nnz, 0.3
    spread = 4 * np.sqrt(total * rate * (1 - rate))
    gone, added = counts("missing", rate)
    assert abs(gone - rate * total) < spread and added == 0
    gone, added = counts("wrong", rate)
    # two tags of a photo may be given the same wrong one
    assert gone == 0 and 0.8 * rate * total < added < rate * total + spread
    gone, added = counts("swapped", rate)
    assert abs(gone - rate * total) < spread and 0.8 * gone < added <= gone
    assert counts("missing", 1.0) == (total, 0)


@pytest.mark.parametrize("kind", NOISE)
def test_more_noise_spoils_the_same_and_more(kind):
    low, high = (inject(CLEAN, kind, rate, 1).toarray() != CLEAN.toarray() for rate in (0.2, 0.6))
    assert not (low & ~high).any() and high.sum() > low.sum()


def test_the_seed_draws_the_noise():
    one, same, other = (inject(CLEAN, "swapped", 0.5, seed) for seed in (1, 1, 2))
    assert (one != same).nnz == 0 and (one != other).nnz > 0


def test_a_photo_with_every_tag_is_given_no_other():
    full = csr_matrix(np.ones((3, 2), np.uint8))
    assert (inject(full, "wrong", 1.0, 0) != full).nnz == 0
    assert inject(full, "swapped", 1.0, 0).nnz == 0


@pytest.mark.parametrize(("kind", "rate"), [("odd", 0.1), ("wrong", 1.1), ("wrong", -0.1)])
def test_unknown_noise(kind, rate):
    with pytest.raises(ConfigError):
        inject(CLEAN, kind, rate, 0)


def test_spoiled_tags_lose_and_methods_are_measured(shapes):
    config = train_config("small")
    options = {"methods": ["user_tags", "knn"], "kinds": ["swapped"], "budget": 2}
    found = experiments.recover(shapes, "shapes", config, rates=[0.0, 0.4, 0.8], **options)
    spoiled = [point["map"] for point in found["curves"]["user_tags"]]
    assert spoiled[0] == 1 and spoiled[0] > spoiled[1] > spoiled[2]
    assert [point["status"] for point in found["curves"]["knn"]] == ["done"] * 3
    assert found["curves"]["knn"][0]["map"] > found["curves"]["knn"][2]["map"]
    again = experiments.recover(shapes, "shapes", config, rates=[0.0, 0.4, 0.8], **options)
    assert again["curves"] == found["curves"]
    assert [answer["state"] for answer in experiments.recoveries(shapes, "shapes")] == ["finished"]
    with_tags = experiments.recover(shapes, "shapes", config, rates=[0.0], clean="tags", **options)
    assert with_tags["curves"]["user_tags"][0]["map"] == 1
    with pytest.raises(ConfigError):
        experiments.recover(shapes, "shapes", config, rates=[])


def test_preset_paper_refines_as_it_is(shapes, collection):
    config = paper(seed=3)
    options = {"methods": ["tagrefine"], "kinds": ["missing"], "rates": [0.3]}
    found = experiments.recover(shapes, "shapes", config, **options)
    assert found["preset"] == "paper" and found["differs"]["network.backbone"] == "small_cnn"
    assert any("The backbone is frozen" in note for note in found["notes"])
    (point,) = found["curves"]["tagrefine"]
    # The method by hand, on the labels spoiled by hand.
    clean = csr_matrix(collection.truth == 1, dtype=np.uint8)
    spoiled = inject(clean, "missing", 0.3, 3)
    features = feature_material(shapes, collection, config).features
    method = create("tagrefine", config=config, vocabulary=collection.labels)
    scores = method.fit(features, spoiled).refine(features, spoiled)
    assert_literal(method.config_.model_dump())
    assert point["map"] == pytest.approx(evaluate(scores, collection.truth).map, abs=1e-6)
    other = experiments.recover(shapes, "shapes", paper(seed=3, **{"constraints.epochs": 0}), **options)
    assert other["differs"] != found["differs"]
    assert len(experiments.recoveries(shapes, "shapes")) == 2
