import sys
import time

import numpy as np
import pytest

from tagrefine_core.errors import Cancelled, DataError
from tagrefine_core.evaluation import evaluate
from tagrefine_core.experiments.measure import PeakMemory, make, measure
from tagrefine_core.experiments.protocol import repeat_split
from tagrefine_core.methods import Method, create, method_class
from tagrefine_core.settings import train_config
from tests.experiments.conftest import numbers

CONFIG = train_config("default")


class Failing(Method):
    name, title = "failing", "Failing"

    def __init__(self, *, error=None):
        self.error = error

    def _fit(self, features, tags, users):
        self.progress("fitting", 0, 1)
        raise self.error

    def _score(self, features, tags, *, own):
        return np.zeros((len(features), self.tags_.shape[1]))


class Told(Failing):
    def __init__(self, *, seed=0, vocabulary=None, label_columns=None, positions=None, config=None):
        self.seed, self.vocabulary, self.label_columns = seed, vocabulary, label_columns
        self.positions, self.config = positions, config


def test_annotation_is_measured_on_the_photos_not_trained_on():
    material = numbers()
    split = repeat_split(60, CONFIG, "annotation", 1)
    outcome = measure(method_class("knn"), {"k": 4}, material, split, "annotation", config=CONFIG)
    own = create("knn", k=4).fit(material.features[split.train], material.tags[split.train])
    scores = own.annotate(material.features[split.test])[:, material.label_columns]
    np.testing.assert_array_equal(outcome.scores, scores)
    assert outcome.status == "done"
    assert outcome.metrics.map == evaluate(scores, material.truth[split.test]).map
    assert outcome.fit_seconds >= 0 and outcome.score_seconds > 0 and outcome.peak_mb >= 0


def test_no_photo_is_its_own_neighbor_in_refinement():
    material = numbers()
    split = repeat_split(60, CONFIG, "refinement", 0)
    outcome = measure(method_class("knn"), {"k": 1}, material, split, "refinement", config=CONFIG)
    distances = 1 - (unit := material.features / np.linalg.norm(material.features, axis=1)[:, None]) @ unit.T
    np.fill_diagonal(distances, np.inf)
    nearest = material.tags[distances.argmin(axis=1)][:, material.label_columns].toarray()
    np.testing.assert_array_equal(outcome.scores, nearest)


def test_a_method_that_needs_more_memory_is_not_started():
    split = repeat_split(60, CONFIG, "refinement", 0)
    outcome = measure(
        method_class("knn"), {"k": 5}, numbers(), split, "refinement", config=CONFIG, memory=2**20
    )
    assert outcome.status == "too large" and outcome.metrics is None
    assert "about 0.3 GB of memory; 0.0 GB are free" in outcome.message


@pytest.mark.parametrize(
    ("error", "message"),
    [(DataError("no words"), "no words"), (ZeroDivisionError("1/0"), "ZeroDivisionError: 1/0")],
)
def test_a_failure_is_an_outcome(error, message):
    split = repeat_split(60, CONFIG, "refinement", 0)
    outcome = measure(Failing, {"error": error}, numbers(), split, "refinement", config=CONFIG)
    assert (outcome.status, outcome.message) == ("failed", message)


def test_cancelling_is_none():
    def stop(stage, done, total):
        raise Cancelled

    split = repeat_split(60, CONFIG, "refinement", 0)
    with pytest.raises(Cancelled):
        measure(Failing, {"error": None}, numbers(), split, "refinement", config=CONFIG, progress=stop)


def test_a_method_is_told_what_it_asks_for():
    material = numbers()
    told = make(Told, {}, material, "refinement", seed=5, config=CONFIG)
    assert (told.seed, told.vocabulary) == (5, material.vocabulary)
    assert told.config is None, "settings are of our own method"
    assert told.label_columns is material.label_columns
    assert make(Told, {"seed": 9}, material, "annotation", seed=5, config=CONFIG).seed == 9
    config = train_config("small")
    ours = make(method_class("tagrefine"), {}, material, "annotation", seed=1, config=config)
    assert ours._settings() == config.replaced({"seed": 1})


def test_peak_memory_sees_what_was_given_back():
    with PeakMemory() as peak:
        block = np.ones(2**23)
        patience = time.monotonic() + 10  # a busy machine may let the watch wait
        while peak.megabytes < 60 and time.monotonic() < patience:
            time.sleep(0.01)
        del block
    assert 60 < peak.megabytes < 200


@pytest.mark.skipif(sys.platform != "linux", reason="other systems do not say what they keep")
def test_peak_memory_counts_what_is_taken_once_more():
    kept = []
    for _ in range(3):  # small pieces between others, which a heap keeps when they are freed
        pieces = [(bytes(20_000), kept.append(bytes(50))) for _ in range(5_000)]
        del pieces
        with PeakMemory() as peak:
            pieces = [bytes(20_000) for _ in range(5_000)]
            patience = time.monotonic() + 10
            while peak.megabytes < 60 and time.monotonic() < patience:
                time.sleep(0.01)
            assert len(pieces) == 5_000
        assert 60 < peak.megabytes < 200
