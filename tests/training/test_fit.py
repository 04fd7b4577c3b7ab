"""The method from beginning to end on features, by gradient steps: who scores whom, and that no step of it is left out.

What preset default does instead is tried in test_learned.py.
"""

import numpy as np
import pytest
import scipy.sparse as sp

from tagrefine_core.errors import Cancelled, ConfigError
from tagrefine_core.model.calibration import Calibration
from tagrefine_core.model.implied import certain, with_implied
from tagrefine_core.model.visualness import Visualness
from tagrefine_core.presets import PRESETS
from tagrefine_core.settings import train_config
from tagrefine_core.training.fit import fit, held_out_parts, without_pictures
from tagrefine_core.training.forward import seen
from tagrefine_core.training.scoring import answers, smooth, smooth_all
from tests.training.data import (
    BOY,
    DOG,
    PEOPLE,
    PUPPY,
    WORDS,
    answered_for_by_who_has_not_seen,
    in_steps,
    inputs_of,
    logits_of,
    photos,
)


def fitted_on(features, tags, config=None, **options):
    config = config or in_steps()
    return fit(inputs_of(features), tags, config, vocabulary=WORDS, **options)


@pytest.fixture(scope="module")
def data():
    return photos()


@pytest.fixture(scope="module")
def whole(data):
    return fitted_on(*data)


@pytest.fixture(scope="module")
def quick(data):
    config = in_steps(**{"scoring.crossfit": 1, "phi0.epochs": 2, "constraints.lr": 0.02})
    return fitted_on(*data, config)


# Who scores whom


def test_every_photo_is_held_out_once():
    config = train_config("small", **{"scoring.crossfit": 4})
    parts = held_out_parts(10, config)
    assert len(parts) == 4 and sorted(np.concatenate(parts)) == list(range(10))
    assert all((np.diff(part) > 0).all() for part in parts)
    assert [part.tolist() for part in parts] == [part.tolist() for part in held_out_parts(10, config)]
    other = held_out_parts(10, config.replaced({"seed": 1}))
    assert [part.tolist() for part in parts] != [part.tolist() for part in other]
    assert [len(part) for part in held_out_parts(10, train_config("small"))] == [0]
    with pytest.raises(ConfigError, match=r"3 photos cannot be divided into scoring\.crossfit=4"):
        held_out_parts(3, config)


def test_every_photo_is_scored_by_the_network_that_has_not_seen_it(data, whole):
    features, _ = data
    parts = held_out_parts(len(features), whole.config)
    assert len(whole.networks) == len(parts) == 5
    answered_for_by_who_has_not_seen(whole, features)


def test_a_photos_own_tags_do_not_move_its_logits(data, whole):
    features, tags = data
    changed = tags.toarray()
    changed[7] = 1 - changed[7]
    again = fitted_on(features, sp.csr_matrix(changed))
    (own,) = (part for part in held_out_parts(len(features), whole.config) if 7 in part)
    np.testing.assert_array_equal(again.logits[own], whole.logits[own])
    others = np.setdiff1d(np.arange(len(features)), own)
    assert (again.logits[others] != whole.logits[others]).any(axis=1).all()


def test_without_cross_fitting_they_do(data):
    """Else the test above would say nothing."""
    features, tags = data
    changed = tags.toarray()
    changed[7] = 1 - changed[7]
    config = in_steps(**{"scoring.crossfit": 1, "phi0.epochs": 1})
    one, other = (fitted_on(features, sp.csr_matrix(given), config) for given in (tags, changed))
    assert (one.logits[7] != other.logits[7]).any()


def test_photos_not_learned_from_get_the_mean_of_all_networks(data):
    features, tags = data
    rows = np.flatnonzero(np.arange(len(features)) % 3 > 0)
    config = in_steps(**{"scoring.crossfit": 3, "phi0.epochs": 2})
    found = fitted_on(features, tags, config, rows=rows)
    outside = np.setdiff1d(np.arange(len(features)), rows)
    every = [logits_of(network, features[outside], config) for network in found.networks]
    np.testing.assert_allclose(found.logits[outside], np.mean(every, axis=0), atol=1e-5)
    assert np.abs(every[0] - found.logits[outside]).max() > 1e-3
    # Their tags are not even read.
    silent = tags.toarray()
    silent[outside] = 0
    again = fitted_on(features, sp.csr_matrix(silent), config, rows=rows)
    np.testing.assert_array_equal(again.logits, found.logits)
    np.testing.assert_array_equal(again.calibration.curve, found.calibration.curve)
    np.testing.assert_array_equal(again.visualness.value, found.visualness.value)


def test_answers_by_hand(data, whole):
    features, _ = data
    owner = np.array([-1, 0, 3, -1, 4, 1])
    found, learned = answers(whole.networks, inputs_of(features).read(np.arange(6)), whole.config, owner)
    every = np.stack([logits_of(network, features[:6], whole.config) for network in whole.networks])
    for row, number in enumerate(owner):
        expected = every[:, row].mean(axis=0) if number < 0 else every[number, row]
        np.testing.assert_allclose(found[row], expected, atol=1e-5)
    first = seen(whole.networks[0], inputs_of(features).read(np.arange(6)), whole.config)[1]
    np.testing.assert_allclose(learned, first, atol=1e-5)


# From logits to scores


def naive_smoothed(logits, features, rows, config):
    """Loops over photos: the twenty nearest of ``rows`` but itself, weighted by gamma of their median distance."""
    found = np.empty_like(logits)
    wide = features.astype(np.float64)
    for photo in range(len(logits)):
        others = rows[rows != photo]
        squared = ((wide[others] - wide[photo]) ** 2).sum(axis=1)
        nearest = np.argsort(squared, kind="stable")[:20]
        gamma = np.exp(-squared[nearest] / np.median(squared[nearest]))
        around = (gamma[:, None] * logits[others[nearest]]).sum(axis=0) / gamma.sum()
        share = config.scoring.smooth
        found[photo] = (1 - share) * logits[photo] + share * around
    return found


@pytest.mark.parametrize("every", [True, False])
def test_a_photo_is_not_its_own_neighbor(every):
    generator = np.random.default_rng(0)
    features = generator.normal(size=(60, 5)).astype(np.float16)
    logits = generator.normal(size=(60, 3)).astype(np.float32)
    rows = np.arange(60) if every else np.flatnonzero(np.arange(60) % 5 < 3)
    config = in_steps()
    out = np.empty_like(logits)
    asked = smooth_all(logits, features, rows, config, out=out, progress=lambda *_: None)
    np.testing.assert_allclose(out, naive_smoothed(logits, features, rows, config), atol=1e-5)
    assert asked.rows.shape == asked.squared.shape == (60, 20) and np.isin(asked.rows, rows).all()
    assert not (asked.rows == np.arange(60)[:, None]).any() and (np.diff(asked.squared) >= 0).all()
    # A new photo that looks like a known one has it among its neighbors.
    new = smooth(logits[:1], features[:1], config, known=logits, around=features[rows], rows=rows)
    assert not np.allclose(new, out[:1], atol=1e-3)


def test_the_fitted_logits_are_smoothed_once(data, whole):
    expected = naive_smoothed(whole.logits, whole.features, whole.rows, whole.config)
    np.testing.assert_allclose(whole.smoothed, expected, atol=1e-4)


def test_calibration_is_learned_from_what_look_alikes_say_and_what_was_surely_written(data, whole):
    tags = data[1]
    links = certain(whole.implied)
    assert links[PUPPY, DOG] > 0 and not links[DOG, PUPPY]
    blocks = [(whole.smoothed, with_implied(tags, links))]
    expected = Calibration.measure(blocks, len(WORDS), tags.shape[0], unseen=whole.visualness.unseen)
    np.testing.assert_allclose(whole.calibration.curve, expected.curve, rtol=1e-4, atol=1e-4)
    alone = Calibration.measure([(whole.smoothed, tags.astype(float))], len(WORDS), tags.shape[0])
    assert not np.allclose(alone.given[DOG], expected.given[DOG])


def test_what_a_picture_can_tell_is_measured_without_what_look_alikes_say(data):
    """Neighbors' logits are of networks that saw the photo's own tags."""
    blurred = data[0] + np.random.default_rng(3).normal(scale=0.5, size=data[0].shape).astype(np.float32)
    whole = fitted_on(blurred, data[1])
    expected = Visualness.measure([(whole.logits, data[1])], len(WORDS))
    np.testing.assert_array_equal(whole.visualness.as_array(), expected.as_array())
    told = Visualness.measure([(whole.smoothed, data[1])], len(WORDS))
    assert (told.as_array() != expected.as_array()).any()


def test_what_was_written_speaks_for_it_and_what_was_not_against_it(data, whole):
    tags = data[1]
    alone, told = whole.scores(), whole.scores(tags)
    written = with_implied(tags, certain(whole.implied)).toarray()
    given, silent = tags.toarray() > 0, written == 0
    assert (told[given] > alone[given]).mean() > 0.9
    assert (told[silent] <= alone[silent]).all() and (told[silent] < alone[silent]).mean() > 0.9
    implied = (written > 0) & ~given
    assert (
        implied.any()
        and (told[implied] > whole.scores(sp.csr_matrix(tags.shape, dtype=np.uint8))[implied]).all()
    )


@pytest.mark.parametrize(
    "settings",
    [
        {"network.center": False},
        {"network.adapter": 0},
        {"constraints.implied": 0.0},
        {"constraints.lambda1": 0.0},
        {"constraints.lambda2": 5.0},
        {"constraints.lambda_vis": 0.0},
        {"constraints.epochs": 0},
        {"constraints.alpha": 0.0},
        {"scoring.closed_form": 0.0},
        {"scoring.smooth": 0.0},
        {"scoring.calibrated": False},
        {"optimizer.average": 0.0},
        {"optimizer.schedule": "constant"},
        {"neighbors.refresh": "static"},
        {"seed": 1},
    ],
    ids=lambda settings: "".join(settings),
)
def test_every_step_that_is_on_makes_a_difference(data, quick, settings):
    features, tags = data
    other = fitted_on(features, tags, quick.config.replaced(settings))
    # Twice the same is the same to the bit, so that any difference is one.
    assert (quick.scores(tags) != other.scores(tags)).any()


def test_what_a_tag_implies_is_found_and_kept(whole):
    links = whole.implied.toarray()
    assert links[BOY, PEOPLE] > 0.3 and links[PEOPLE, BOY] == 0


def test_twice_the_same_is_the_same(data, quick):
    again = fitted_on(*data, quick.config)
    np.testing.assert_array_equal(again.logits, quick.logits)
    np.testing.assert_array_equal(again.features, quick.features)


# Going on, and what is told


def test_stopped_in_any_network_it_goes_on_and_ends_bit_identical(data, whole, tmp_path):
    features, tags = data
    stops = {("network 1 of 5", 4), ("network 3 of 5", 1), ("network 3 of 5", 6), ("Scoring", 72)}

    def progress(stage, done, total):
        for stop in list(stops):
            if stop[0] in stage and done == stop[1]:
                stops.remove(stop)
                raise Cancelled

    attempts = 0
    while True:
        attempts += 1
        try:
            found = fitted_on(features, tags, folder=tmp_path, progress=progress)
            break
        except Cancelled:
            pass
    assert attempts == 5 and not stops
    assert all((tmp_path / str(number) / "checkpoint.pt").exists() for number in range(5))
    np.testing.assert_array_equal(found.logits, whole.logits)
    np.testing.assert_array_equal(found.scores(tags), whole.scores(tags))


class Notes:
    """A journal in memory."""

    def __init__(self):
        self.records, self.warnings = [], []

    @property
    def epochs(self):
        return [(record.stage, record.epoch) for record in self.records]

    def write_epoch(self, record):
        self.records.append(record)

    def warn(self, text):
        self.warnings.append(text)


def test_epochs_are_those_of_the_first_network_and_warnings_of_all(data):
    features, tags = data
    notes = Notes()
    settings = {
        "scoring.crossfit": 2,
        "phi0.epochs": 2,
        "constraints.epochs": 1,
        "constraints.eta": 0.0,
        "phi0.lr": 1e-5,  # too little to learn the tags by: that is warned of
    }
    fitted_on(features, tags, in_steps(**settings), journal=notes)
    assert notes.epochs == [("phi0", 1), ("phi0", 2), ("constraints", 1)]
    assert len([text for text in notes.warnings if text and "phi0 gives only" in text]) >= 2


def test_points_within_an_epoch_add_up_to_it_and_outlive_an_interruption(data, tmp_path):
    settings = {
        "scoring.crossfit": 1,
        "neighbors.s": 8,
        "neighbors.m": 4,
        "phi0.epochs": 2,
        "constraints.epochs": 1,
    }
    config, notes = in_steps(**settings), Notes()
    steps = config.steps_per_epoch(len(data[0]))
    assert steps % 4, "so that points are not equally far apart"
    fitted_on(*data, config, journal=notes, folder=tmp_path / "whole")
    for record in notes.records:
        first = record.step - steps
        places = [step - first for step, _ in record.points]
        assert len(places) == 4 and places == sorted(set(places)) and places[-1] == steps
        widths = np.diff([0, *places])
        for name in record.points[0][1]:
            sums = sum(width * at[name] for width, (_, at) in zip(widths, record.points, strict=True))
            assert sums / steps == pytest.approx(record.values[name])
        assert len({at["loss"] for _, at in record.points}) > 1

    def progress(stage, done, total):
        if stage.startswith("Learning") and done == steps + 3:
            done_before.append(done)
            if len(done_before) == 1:
                raise Cancelled

    done_before, again = [], Notes()
    with pytest.raises(Cancelled):
        fitted_on(*data, config, journal=again, folder=tmp_path / "halves", progress=progress)
    fitted_on(*data, config, journal=again, folder=tmp_path / "halves", progress=progress)
    assert [record.points for record in again.records] == [record.points for record in notes.records]


@pytest.mark.parametrize("preset", PRESETS)
def test_without_pictures_nothing_else_is_dropped(preset):
    """Whatever is set, so that a setting of tomorrow is not forgotten either."""
    other = {
        "network.dropout": 0.33,
        "optimizer.weight_decay": 0.07,
        "phi0.epochs": 3,
        "neighbors.M": 77,
        "constraints.alpha": 0.77,
        "scoring.evidence": 0.33,
        "run.train_fraction": 0.44,
        "seed": 12,
        "task": "annotation",
    }
    config = train_config(preset).replaced(other)
    found = without_pictures(config).flat()
    changed = {name for name, value in config.flat().items() if found[name] != value}
    pictures = {"network.finetune", "run.validation", "run.trace", "run.checkpoint_seconds"}
    assert changed <= pictures and found["network.finetune"] == "head"
