"""Our method and phi0 as methods on features: the settings that are fitted with, and that nothing leaks."""

import json

import numpy as np
import pytest
import torch
from scipy.sparse import csr_matrix

from tagrefine_core.config import TrainConfig
from tagrefine_core.errors import TagRefineWarning
from tagrefine_core.methods import create, method_class
from tagrefine_core.methods.networks import OUR_PHI0
from tagrefine_core.presets import PRESETS
from tagrefine_core.settings import settings_without_effect, train_config
from tagrefine_core.training.fit import held_out_parts
from tests.training.data import WORDS, everything_on, inputs_of, photos

# What features alone can do nothing with.
PICTURES = {
    "network.backbone",
    "network.finetune",
    "run.device",
    "run.validation",
    "run.trace",
    "run.checkpoint_seconds",
}


def differences(one, other):
    return {name for name, value in one.flat().items() if other.flat()[name] != value}


@pytest.mark.parametrize("preset", PRESETS)
def test_it_is_fitted_with_the_configuration_it_is_given(preset):
    features, tags = photos(n=40)
    config = train_config(preset).replaced({"phi0.epochs": 1, "constraints.epochs": 1, "run.device": "cpu"})
    method = create("tagrefine", vocabulary=WORDS, config=config).fit(features, tags)
    assert differences(method.config_, config) <= PICTURES
    assert method.config_.network.finetune == "head"
    assert method.fitted_.config == method.config_
    # One for each part left out; where last layers are solved for, one more of all photos, which answers for new ones.
    solved = preset in ("default", "fast")
    assert len(method.fitted_.networks) == config.scoring.crossfit + solved
    assert not any(differences(method.config_, config) & {name} for name in ("preset", "seed", "task"))


@pytest.mark.parametrize("preset", PRESETS)
def test_a_preset_is_a_configuration(preset):
    method = create("tagrefine", preset=preset, seed=4)
    assert method._settings() == train_config(preset, seed=4)
    assert create(f"tagrefine:preset={preset}", seed=4)._settings() == train_config(preset, seed=4)
    assert method_class("tagrefine").grid(1000) == {}, "nothing of it is tuned"


def test_by_default_it_is_preset_default():
    features, tags = photos(n=40)
    method = create("tagrefine", vocabulary=WORDS)
    assert method._settings() == train_config("default")
    method.fit(features, tags)
    assert differences(method.config_, train_config("default")) <= PICTURES


def test_a_configuration_goes_before_preset_and_seed():
    config = everything_on(seed=6)
    assert create("tagrefine", config=config, preset="paper", seed=1)._settings() == config


def test_multi_cnn_is_phi0_and_nothing_else():
    given = {"epochs": 3, "lr": 0.02, "weight_decay": 0.3, "dropout": 0.4, "average": 0.5, "seed": 2}
    features, tags = photos(n=40)
    method = create("multi_cnn", **given, schedule="step").fit(features, tags)
    expected = TrainConfig().replaced(
        {
            "seed": 2,
            "network.finetune": "head",
            "network.adapter": 0,
            "network.dropout": 0.4,
            "optimizer.schedule": "step",
            "optimizer.weight_decay": 0.3,
            "optimizer.average": 0.5,
            "phi0.epochs": 3,
            "phi0.lr": 0.02,
            "constraints.epochs": 0,
        }
    )
    assert differences(method.config_, expected) <= PICTURES
    # Its scores are P: no evidence, no smoothing.
    probabilities = 1 / (1 + np.exp(-method.logits_.astype(np.float64)))
    np.testing.assert_allclose(method.refine(features, tags), probabilities, atol=1e-5)


def test_phi0_is_a_multi_cnn_with_the_settings_of_our_first_stage():
    features, tags = photos(n=40)
    first = create("phi0", seed=3).fit(features, tags)
    second = create("multi_cnn", seed=3, **OUR_PHI0).fit(features, tags)
    np.testing.assert_array_equal(first.refine(features, tags), second.refine(features, tags))
    # As preset default of 0.1.0 had it, and nothing after it.
    as_it_was = {
        "network.center": True,
        "network.dropout": 0.5,
        "optimizer.weight_decay": 0.1,
        "optimizer.average": 0.99,
        "optimizer.schedule": "onecycle",
        "phi0.epochs": 20,
        "phi0.lr": 0.001,
        "constraints.epochs": 0,
        "scoring.crossfit": 1,
    }
    found = first.config_.flat()
    assert {name: found[name] for name in as_it_was} == as_it_was
    assert isinstance(first.fitted_.networks[0].adapter[0], torch.nn.Linear), "with a learned layer"
    assert method_class("phi0").grid(1000) == {}, "nothing of it is tuned"


@pytest.mark.parametrize("preset", ["paper", "paper+bce"])
def test_the_papers_rows_are_its_presets_and_no_setting_is_changed_unsaid(preset):
    features, tags = photos(n=40)
    method = create(preset, vocabulary=WORDS, seed=2).fit(features, tags)
    wanted = train_config(preset, seed=2)
    assert differences(method.config_, wanted) <= PICTURES and method.config_.preset == preset
    found = method.config_.flat()
    assert (found["constraints.reduction"], found["optimizer.schedule"]) == ("literal", "step")
    assert (found["network.normalize"], found["neighbors.refresh"]) == (False, "exact")
    assert "frozen trunk" in method.title and method_class(preset).grid(1000) == {}
    assert "config" not in method.get_params(), "settings of a comparison do not reach it"


def test_tuned_settings_are_laid_over_the_preset():
    config = everything_on(seed=6)
    assert create("tagrefine_tuned", config=config)._settings() == config
    over = {"scoring.smooth": 0.1}
    assert create("tagrefine_tuned", config=config, over=over)._settings() == config.replaced(over)


def test_the_preset_is_tried_first_and_the_grid_lies_around_it():
    kind, preset = method_class("tagrefine_tuned"), train_config("default")
    assert kind.first() == [{}]
    tried = kind.grid(1000)["over"]
    built = [preset.replaced(over) for over in tried]  # or it would fail hours later
    assert len({json.dumps(config.flat()) for config in built}) == len(tried) > 1
    assert preset not in built, "it would be tried twice"
    for name in tried[0]:  # but every other point around it
        assert preset.flat()[name] in {over[name] for over in tried}
    assert len(tried) == np.prod([len({over[name] for over in tried}) for name in tried[0]]) - 1
    for config, over in zip(built, tried, strict=True):
        assert settings_without_effect(config, over) == [], "a trial that cannot differ is wasted"
        assert all(over.values()), "of a setting at 0 the line above says nothing"


@pytest.fixture(scope="module")
def fitted():
    features, tags = photos()
    return create("tagrefine", vocabulary=WORDS, config=everything_on()).fit(features, tags)


def with_and_without_the_tags_of(photo, config):
    """The logits by the tags as they are and with those of one photo turned over, and the photos left out together with it."""
    features, tags = photos(n=240)
    changed = tags.toarray()
    changed[photo] = 1 - changed[photo]
    found = []
    for given in (tags, csr_matrix(changed)):
        method = create("tagrefine", vocabulary=WORDS, config=config).fit(features, given)
        found.append(method.logits_.astype(np.float64))
    (own,) = (part for part in held_out_parts(len(features), config) if photo in part)
    return *found, own, np.setdiff1d(np.arange(len(features)), own)


def test_a_photos_own_tags_do_not_move_its_logits():
    config = everything_on(**{"network.adapter": 8, "scoring.crossfit": 4})  # networks of their own
    before, after, own, others = with_and_without_the_tags_of(11, config)
    np.testing.assert_array_equal(after[own], before[own])
    assert (after[others] != before[others]).any(axis=1).all()


def test_solved_for_they_move_no_more_than_the_scale_of_a_tag():
    """Of least squares alone: with a share of the mean feature two scales are mixed."""
    config = everything_on(**{"scoring.prototype": 0.0, "constraints.implied": 0.0, "scoring.crossfit": 4})
    before, after, own, others = with_and_without_the_tags_of(11, config)

    def left_by_a_line(rows, tag):
        line = np.polyfit(before[rows, tag], after[rows, tag], 1)
        return np.abs(np.polyval(line, before[rows, tag]) - after[rows, tag]).max()

    for tag in range(len(WORDS)):
        assert left_by_a_line(own, tag) < 1e-4 < 1e-2 < left_by_a_line(others, tag)


def test_without_words_the_use_of_tags_is_all_there_is():
    features, tags = photos()
    with pytest.warns(TagRefineWarning, match="No vocabulary was given"):
        method = create("tagrefine", config=everything_on()).fit(features, tags)
    assert differences(method.config_, everything_on()) <= PICTURES
    of_use = everything_on(**{"constraints.alpha": 0.0, "constraints.implied": 0.0})
    other = create("tagrefine", vocabulary=WORDS, config=of_use).fit(features, tags)
    np.testing.assert_array_equal(method.logits_, other.logits_)
    np.testing.assert_array_equal(method.refine(features, tags), other.refine(features, tags))


def test_refining_its_own_photos_and_annotating_new_ones_are_the_fitted_models(fitted):
    features, tags = photos()
    np.testing.assert_array_equal(fitted.refine(features, tags), fitted.fitted_.scores(tags))
    new, given = photos(n=30, seed=3)
    x = inputs_of(new).read(np.arange(30))
    np.testing.assert_array_equal(fitted.annotate(new), fitted.fitted_.scores_of_new(x))
    np.testing.assert_array_equal(fitted.refine(new, given), fitted.fitted_.scores_of_new(x, given))


@pytest.mark.parametrize(("images", "alone"), [(7, True), (8, False)])
def test_too_few_photos_for_neighbors_are_learned_from_alone(images, alone):
    features, tags = photos(n=images)
    config = everything_on(**{"phi0.epochs": 1, "scoring.crossfit": 2})  # groups of 4
    method = create("tagrefine", vocabulary=WORDS, config=config)
    if alone:
        with pytest.warns(TagRefineWarning, match="7 photos are too few for groups of m=4"):
            method.fit(features, tags)
        left_out = {
            "constraints.epochs",
            "scoring.crossfit",
            "constraints.implied",
        }
        assert differences(method.config_, config) - PICTURES == left_out
    else:
        method.fit(features, tags)
        assert differences(method.config_, config) <= PICTURES
