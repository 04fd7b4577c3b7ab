import numpy as np
import pytest
from sklearn.model_selection import ParameterGrid

from tagrefine_core.errors import ConfigError
from tagrefine_core.experiments.choosing import best_trial, choose, settings_of
from tagrefine_core.experiments.protocol import validation_split
from tagrefine_core.files import read_json
from tagrefine_core.methods import Method, method_class
from tagrefine_core.methods.networks import OUR_PHI0
from tagrefine_core.settings import train_config
from tests.experiments.conftest import numbers

CONFIG = train_config("default")
GRID = {"k": [1, 2, 3, 4], "metric": ["a", "b", "c"]}


class Blurred(Method):
    """The first features as scores, spoiled more the farther ``blur`` is from 2; 9 is out of range."""

    name, title = "blurred", "Blurred"
    fits = 0

    def __init__(self, *, blur=0):
        self.blur = blur

    def _fit(self, features, tags, users):
        type(self).fits += 1
        if self.blur == 9:
            raise ConfigError("blur is out of range.")

    def _score(self, features, tags, *, own):
        noise = np.random.default_rng(0).normal(0, 5, features.shape)
        scores = np.zeros((len(features), self.tags_.shape[1]))
        scores[:, 2:] = features + noise * min(abs(self.blur - 2), 1)
        return scores


def tuned(path, blurs, **options):
    material = numbers(n=400)
    settings = [{"blur": blur} for blur in blurs]
    split = validation_split(400, CONFIG, "annotation")
    return choose(Blurred, settings, material, split, "annotation", path, config=CONFIG, **options)


class Two(Blurred):
    """Two parameters, and a setting that is to be tried whatever is drawn."""

    def __init__(self, *, k=9, metric="a", other=5):
        self.k, self.metric, self.other = k, metric, other

    @classmethod
    def grid(cls, images):
        return GRID

    @classmethod
    def first(cls):
        return [{}, {"k": 1, "metric": "c"}, {"other": 5, "k": 9}]


def test_what_is_named_first_is_tried_first_and_the_rest_is_drawn_without_repetition():
    first = [{"k": 9, "metric": "a"}, {"k": 1, "metric": "c"}, {"k": 9, "metric": "a", "other": 5}]
    drawn = settings_of(Two, 100, 7, 0)
    assert drawn[:3] == first and len(drawn) == 7
    assert len({tuple(sorted(setting.items())) for setting in drawn}) == 7
    assert drawn == settings_of(Two, 100, 7, 0) and drawn != settings_of(Two, 100, 7, 1)
    assert settings_of(Two, 100, 2, 0) == first[:2]
    every = settings_of(Two, 100, 20, 0)  # 12 of the grid, of which one is among the first
    assert every[:3] == first and len(every) == 14
    assert every[3:] == [point for point in ParameterGrid(GRID) if point not in first]
    assert settings_of(Blurred, 100, 12, 0) == [{}], "without a grid there is nothing to choose"


def test_our_phi0_is_always_among_what_multi_cnn_tries():
    for seed in range(3):
        tried = settings_of(method_class("multi_cnn"), 1500, 12, seed)
        assert dict(OUR_PHI0) in tried and len(tried) == 12
        assert settings_of(method_class("multi_cnn+"), 1500, 12, seed) == tried
    assert method_class("tagrefine").grid(1500) == {}, "ours is its preset as it is"
    assert settings_of(method_class("tagrefine_tuned"), 1500, 12, 0)[0] == {"over": None}, "the preset first"


def test_the_highest_is_chosen_and_the_first_among_equals():
    assert best_trial([0.1, 0.5, 0.5, None]) == 1
    assert best_trial([None, float("nan"), 0.2]) == 2
    assert best_trial([None, None]) == 0


def test_the_best_setting_wins_and_a_failing_one_does_not_stop_it(tmp_path):
    found = tuned(tmp_path / "trials.json", [0, 9, 2])
    assert found.parameters == {"blur": 2}
    assert [trial["map"] is None for trial in found.trials] == [False, True, False]
    assert found.trials[1]["message"] == "blur is out of range."


def test_no_setting_is_begun_when_time_is_up(tmp_path):
    counted = []
    found = tuned(tmp_path / "trials.json", [0, 2, 5], seconds=1e-9, done=counted.append)
    assert found.parameters == {"blur": 0} and len(found.trials) == 1 and found.untried == 2
    assert counted == [1, 2], "what there was no time for is counted, too"
    again = tuned(tmp_path / "trials.json", [0, 2, 5], seconds=1e-9)
    assert again.trials == found.trials
    assert tuned(tmp_path / "trials.json", [0, 2, 5]).parameters == {"blur": 2}


def test_a_stopped_choice_goes_on(tmp_path):
    def stop(count):
        raise KeyboardInterrupt

    path, before = tmp_path / "trials.json", Blurred.fits
    with pytest.raises(KeyboardInterrupt):
        tuned(path, [0, 2, 5], done=stop)
    assert [trial is not None for trial in read_json(path)] == [True, False, False]
    assert tuned(path, [0, 2, 5]).parameters == {"blur": 2}
    assert Blurred.fits - before == 3
    tuned(path, [0, 2, 5])
    assert Blurred.fits - before == 3


def test_a_single_setting_needs_no_trial(tmp_path):
    before = Blurred.fits
    assert tuned(tmp_path / "trials.json", [7]).parameters == {"blur": 7}
    assert Blurred.fits == before
