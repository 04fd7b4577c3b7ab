import numpy as np
import pytest

from tagrefine_core.config import train_config
from tagrefine_core.errors import ConfigError
from tagrefine_core.experiments.choosing import best_trial, choose, settings_of
from tagrefine_core.experiments.protocol import validation_split
from tagrefine_core.files import read_json
from tagrefine_core.methods import Method
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


def tuned(path, blurs, done=lambda: None):
    material = numbers(n=400)
    settings = [{"blur": blur} for blur in blurs]
    split = validation_split(400, CONFIG, "annotation")
    return choose(Blurred, settings, material, split, "annotation", path, config=CONFIG, done=done)


def test_a_small_grid_is_tried_whole_and_a_large_one_drawn_without_repetition():
    assert settings_of({}, 12, 0) == [{}]
    assert len(settings_of(GRID, 12, 0)) == 12
    drawn = settings_of(GRID, 5, 0)
    assert len({tuple(sorted(setting.items())) for setting in drawn}) == 5
    assert drawn == settings_of(GRID, 5, 0) and drawn != settings_of(GRID, 5, 1)


def test_the_highest_is_chosen_and_the_first_among_equals():
    assert best_trial([0.1, 0.5, 0.5, None]) == 1
    assert best_trial([None, float("nan"), 0.2]) == 2
    assert best_trial([None, None]) == 0


def test_the_best_setting_wins_and_a_failing_one_does_not_stop_it(tmp_path):
    found = tuned(tmp_path / "trials.json", [0, 9, 2])
    assert found.parameters == {"blur": 2}
    assert [trial["map"] is None for trial in found.trials] == [False, True, False]
    assert found.trials[1]["message"] == "blur is out of range."


def test_a_stopped_choice_goes_on(tmp_path):
    def stop():
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
