"""Preset default: one network whose projection learns where like tags are near, and a last layer for each part left out."""

import numpy as np
import pytest
import scipy.sparse as sp
import torch
from safetensors.torch import load_file

from tagrefine_core.errors import Cancelled, ConfigError, TagRefineWarning
from tagrefine_core.model.design import Design
from tagrefine_core.model.least_squares import least_squares
from tagrefine_core.neighbors.search import nearest
from tagrefine_core.settings import settings_without_effect, train_config
from tagrefine_core.training import teaching
from tagrefine_core.training.fit import fit, held_out_parts
from tagrefine_core.training.fitted import Fitted
from tagrefine_core.training.forward import seen
from tagrefine_core.training.scoring import answers
from tests.training.data import (
    WORDS,
    answered_for_by_who_has_not_seen,
    everything_on,
    inputs_of,
    logits_of,
    photos,
)


def fitted_on(features, tags, config=None, **options):
    config = config or everything_on()
    return fit(inputs_of(features), tags, config, vocabulary=WORDS, **options)


@pytest.fixture(scope="module")
def data():
    """Photos that look more like others than their kind: what tags say of them is worth learning."""
    features, tags = photos(n=120, d=24)
    noise = np.random.default_rng(9).normal(size=features.shape) * np.where(np.arange(24) < 4, 0.1, 0.4)
    return (features + noise).astype(np.float32), tags


@pytest.fixture(scope="module")
def whole(data):
    return fitted_on(*data)


def represented(found, features):
    with torch.no_grad():
        return found.networks[0].represent(torch.from_numpy(features))


# One network, a last layer for each part


def test_one_network_is_trained_and_answers_with_a_layer_for_each_part(data, whole):
    stages = set()
    fitted_on(*data, progress=lambda stage, *_: stages.add(stage))
    assert "Training with neighbors" in stages and not any(", network" in stage for stage in stages)
    assert len(whole.networks) == whole.config.networks == whole.config.scoring.crossfit + 1
    first = whole.networks[0].state_dict()
    for network in whole.networks[1:]:
        assert network.projection.weight is whole.networks[0].projection.weight, "kept in memory once"
        assert network.center is whole.networks[0].center
        different = [
            name for name, weight in network.state_dict().items() if not torch.equal(weight, first[name])
        ]
        assert different == ["classifier.weight", "classifier.bias"]


def test_they_are_the_closed_form_without_each_part_and_of_all_photos(data, whole):
    features, tags = data
    config = everything_on(**{"constraints.implied": 0.0})  # so that targets are the tags
    found = fitted_on(features, tags, config)
    layers = least_squares(
        Design(represented(found, features), config.seed),
        tags.astype(np.float32),
        parts=held_out_parts(len(features), config),
        prototype=config.scoring.prototype,
    )
    for network, layer in zip(found.networks, layers, strict=True):
        torch.testing.assert_close(network.classifier.weight.detach(), layer.weight)
        torch.testing.assert_close(network.classifier.bias.detach(), layer.bias)


def test_looks_of_a_sample_alone_do_not_stand_for_all_photos(data, monkeypatch):
    config = everything_on(**{"constraints.implied": 0.0})  # so that a sample cannot change what is taught
    whole = fitted_on(*data, config)
    monkeypatch.setattr(teaching, "_SAMPLE", 50)
    np.testing.assert_array_equal(fitted_on(*data, config).logits, whole.logits)


def test_every_photo_is_answered_for_by_the_layer_that_has_not_seen_it(data, whole):
    features, _ = data
    parts = held_out_parts(len(features), whole.config)
    assert len(whole.networks) == len(parts) + 1
    answered_for_by_who_has_not_seen(whole, features)


def test_new_photos_are_answered_for_by_the_last(data, whole):
    features, tags = data
    config = whole.config
    rows = np.flatnonzero(np.arange(len(features)) % 4 > 0)
    outside = np.setdiff1d(np.arange(len(features)), rows)
    found = fitted_on(features, tags, config, rows=rows)
    last = logits_of(found.networks[-1], features[outside], config)
    np.testing.assert_allclose(found.logits[outside], last, atol=1e-4)
    new = torch.from_numpy(features[:5])
    np.testing.assert_allclose(
        answers(whole.networks, new, config)[0],
        logits_of(whole.networks[-1], features[:5], config),
        atol=1e-5,
    )
    told = answers(whole.networks, new, config, np.array([-1, 0, 10, 3, -1]))[0]
    for row, number in enumerate((-1, 0, 10, 3, -1)):
        expected = logits_of(whole.networks[number], features[[row]], config)[0]
        np.testing.assert_allclose(told[row], expected, atol=1e-5)


@pytest.mark.parametrize("share", [0.0, 1.0])
def test_own_tags_reach_a_photos_logits_through_numbers_of_all_photos_alone(data, share):
    """Scale and shift of each tag; how its photos are ordered within the part is the others' business."""
    features, tags = data
    # Whether one tag implies another is measured over all photos as well.
    config = everything_on(
        **{"scoring.prototype": share, "constraints.implied": 0.0, "constraints.epochs": 1}
    )
    parts = held_out_parts(len(features), config)
    changed = tags.toarray()
    changed[parts[0][0]] = 1 - changed[parts[0][0]]
    before, after = (fitted_on(features, given, config) for given in (tags, sp.csr_matrix(changed)))
    alike = np.array(
        [
            [
                np.corrcoef(before.logits[part, tag], after.logits[part, tag])[0, 1]
                for tag in range(len(WORDS))
            ]
            for part in parts
        ]
    )
    # Another ridge may be chosen for a tag, by all photos; for these it was not.
    own, others = alike[0], alike[1:]
    assert (own > 1 - 1e-6).sum() >= (len(WORDS) if share else 3)
    assert (others < 1 - 1e-4).all()
    assert (before.logits[parts[0]] != after.logits[parts[0]]).any()


def test_no_network_sees_tags_of_photos_that_are_not_learned_from(data):
    features, tags = data
    rows = np.flatnonzero(np.arange(len(features)) % 3 > 0)
    silent = tags.toarray()
    silent[np.setdiff1d(np.arange(len(features)), rows)] = 0
    one, other = (fitted_on(features, given, rows=rows) for given in (tags, sp.csr_matrix(silent)))
    np.testing.assert_array_equal(one.logits, other.logits)
    np.testing.assert_array_equal(one.features, other.features)


# Features that learn


def neighbors_of(features, k=7):
    found, _ = nearest(features, features, k + 1)
    return [set(row.tolist()) - {photo} for photo, row in enumerate(found)]


def precision(neighbors, n):
    kind = np.arange(n) % 4
    return np.mean([np.mean(kind[list(own)] == kind[photo]) for photo, own in enumerate(neighbors)])


def test_features_move_and_photos_of_a_kind_come_near(data, whole):
    features, tags = data
    n, k = len(features), whole.config.network.projection
    assert whole.features.shape == (n, k) == (n, 256)
    np.testing.assert_allclose(np.linalg.norm(whole.features.astype(float), axis=1), 1, atol=2e-3)
    v = torch.nn.functional.normalize(represented(whole, features), dim=1).numpy()
    before, after = neighbors_of(v), neighbors_of(whole.features.astype(np.float32))
    moved = np.mean([len(one - other) for one, other in zip(before, after, strict=True)])
    assert moved > 1
    # Sixty steps at the rate that thousands of photos are learned with are few.
    faster = fitted_on(features, tags, everything_on(**{"constraints.lr": 0.01}))
    after_more = neighbors_of(faster.features.astype(np.float32))
    assert precision(before, n) < precision(after, n) < precision(after_more, n) - 0.1


def test_the_projection_is_as_long_as_asked_for_and_learns_beside_the_classifier(data, whole):
    features, tags = data
    short = fitted_on(features, tags, everything_on(**{"network.projection": 5}))
    assert short.features.shape == (len(features), 5)
    np.testing.assert_allclose(short.logits, whole.logits, atol=1e-5)
    assert (short.smoothed != whole.smoothed).any(), "neighbors speak for photos"


def test_without_the_neighborhood_term_neighbors_are_measured_in_what_the_classifier_reads(data):
    features, tags = data
    config = everything_on(
        **{"constraints.lambda_nbr": 0.0, "constraints.eta": 1.0, "scoring.closed_form": 0.5}
    )
    found = fitted_on(features, tags, config)
    assert found.features.shape == features.shape and found.networks[0].projection is None


@pytest.mark.parametrize(
    "settings",
    [
        {"network.power": 1.0},
        {"network.center": False},
        {"network.projection": 128},
        {"network.dropout": 0.1},
        {"network.adapter": 16},
        {"optimizer.algorithm": "sgd"},
        {"optimizer.weight_decay": 0.5},
        {"optimizer.schedule": "constant"},
        {"neighbors.refresh": "static"},
        {"neighbors.refresh": "random"},
        {"constraints.epochs": 0},
        {"constraints.lr": 0.01},
        {"constraints.implied": 0.0},
        {"scoring.crossfit": 2},
        {"scoring.closed_form": 0.5},
        {"scoring.prototype": 0.0},
        {"scoring.smooth": 0.0},
        {"scoring.calibrated": False},
        {"seed": 1},
    ],
    ids=lambda settings: "".join(f"{name}={value}" for name, value in settings.items()),
)
def test_every_step_that_is_on_makes_a_difference(data, whole, settings):
    features, tags = data
    other = fitted_on(features, tags, whole.config.replaced(settings))
    assert (whole.scores(tags) != other.scores(tags)).any()


def test_twice_the_same_is_the_same(data, whole):
    again = fitted_on(*data)
    np.testing.assert_array_equal(again.logits, whole.logits)
    np.testing.assert_array_equal(again.features, whole.features)


# What is kept, and going on


def test_what_is_saved_comes_back_with_the_same_scores(data, whole, tmp_path):
    features, tags = data
    expected = whole.scores(tags), whole.scores()
    new = torch.from_numpy(photos(n=9, d=24, seed=5)[0])
    whole.save(tmp_path)
    names = load_file(tmp_path / "fitted.safetensors").keys()
    assert {name for name in names if "classifier" not in name} == {
        "network0.projection.weight",
        "network0.center",
    }
    back = Fitted.load(tmp_path)
    assert len(back.networks) == 11
    assert len({network.projection.weight.data_ptr() for network in back.networks}) == 1
    np.testing.assert_array_equal(back.scores(tags), expected[0])
    np.testing.assert_array_equal(back.scores(), expected[1])
    np.testing.assert_array_equal(back.scores_of_new(new), whole.scores_of_new(new))
    own = seen(back.networks[0], torch.from_numpy(features), back.config)[1].numpy().astype(np.float16)
    np.testing.assert_array_equal(own, whole.features)


def test_stopped_in_stage_2_or_while_solving_it_goes_on_and_ends_bit_identical(data, whole, tmp_path):
    features, tags = data
    stops = [
        ("Looking what pictures show", 64),
        ("Solving for the last layer", 0),
        ("Training with neighbors", 5),
        ("Training with neighbors", 41),
        ("Scoring", 120),
    ]

    def progress(stage, done, total):
        if stops and stops[0] == (stage, done):
            stops.pop(0)
            raise Cancelled

    attempts, found = 0, None
    while found is None:
        attempts += 1
        try:
            found = fitted_on(features, tags, folder=tmp_path, progress=progress)
        except Cancelled:
            assert attempts < 9
    assert attempts == 6 and not stops
    np.testing.assert_array_equal(found.logits, whole.logits)
    np.testing.assert_array_equal(found.features, whole.features)
    np.testing.assert_array_equal(found.scores(tags), whole.scores(tags))


def test_preset_fast_trains_in_no_gradient_step(data, whole):
    features, tags = data
    stages = set()
    quick = {name: value for name, value in everything_on().flat().items() if name.startswith("neighbors.")}
    config = train_config("fast").replaced({**quick, "run.device": "cpu"})
    fast = fitted_on(features, tags, config, progress=lambda stage, *_: stages.add(stage))
    assert "Solving for the last layer" in stages and not any("Training" in stage for stage in stages)
    # The same closed form as with learned neighborhoods; these are those of what the classifier reads.
    np.testing.assert_array_equal(fast.logits, whole.logits)
    assert fast.features.shape == features.shape and len(fast.networks) == len(whole.networks)


def test_few_photos_are_enough_where_all_of_them_teach_one_network(data):
    features, tags = data
    config = everything_on(**{"scoring.crossfit": 2, "neighbors.m": 8, "neighbors.s": 8})
    found = fitted_on(features[:10], tags[:10], config)
    assert np.isfinite(found.scores()).all()
    with pytest.raises(ConfigError, match="need at least 8 photos to train on; there are 7"):
        fitted_on(features[:7], tags[:7], config)


# Settings


def test_a_neighborhood_term_with_nothing_that_learns_is_refused():
    nothing = {"constraints.lambda_nbr": 1.0, "network.projection": 0, "network.adapter": 0}
    with pytest.raises(
        ConfigError, match=r"lambda_nbr shapes features.*network\.projection or network\.adapter"
    ):
        train_config("default", **nothing)
    for learns in ({"network.projection": 4}, {"network.adapter": 4}, {"network.finetune": "blocks:1"}):
        assert train_config("default", **{**nothing, **learns}).learns_features
    assert not train_config("default").replaced({**nothing, "constraints.epochs": 0}).learns_features


def test_stage_2_without_a_term_is_refused():
    with pytest.raises(ConfigError, match=r"no term of stage 2 has a weight.*constraints\.epochs=0"):
        train_config("default", **{"constraints.lambda_nbr": 0.0})
    terms = ("lambda_vis", "lambda_nbr", "lambda1", "lambda2", "eta")
    for term in terms:
        weights = {f"constraints.{name}": float(name == term) for name in terms}
        assert train_config("default").replaced({**weights, "scoring.closed_form": 0.5}).constraints.epochs
        if term != "lambda_nbr":  # a last layer that is solved for learns from no other
            with pytest.raises(ConfigError, match=r"no term of stage 2.*solved for"):
                train_config("default").replaced(weights)
    assert not train_config("fast").replaced({"constraints.lambda_nbr": 0.0}).constraints.epochs


def test_a_projection_that_nothing_teaches_is_said_to_do_nothing():
    with pytest.warns(
        TagRefineWarning, match=r"network\.projection=64 has no effect with constraints\.lambda_nbr=0"
    ):
        config = train_config(
            "default",
            **{
                "network.projection": 64,
                "constraints.lambda_nbr": 0,
                "constraints.eta": 1,
                "scoring.closed_form": 0.5,
            },
        )
    assert config.projection == 0
    (line,) = settings_without_effect(train_config("fast"), ["network.projection"])
    assert line.endswith("no effect with constraints.epochs=0.")
    assert not settings_without_effect(train_config("default"), ["network.projection"])


def test_how_many_networks_a_model_holds():
    for settings, expected in (
        ({}, 11),
        ({"scoring.crossfit": 3}, 4),
        ({"scoring.crossfit": 1}, 1),
        ({"scoring.closed_form": 0.5}, 10),
        ({"network.adapter": 8}, 10),
        ({"network.finetune": "all"}, 10),
        ({"constraints.epochs": 0}, 11),
    ):
        config = train_config("default").replaced(settings)
        assert config.networks == expected
        assert config.exact == (expected in (11, 4, 1))
