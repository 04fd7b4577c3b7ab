"""One tag on the bench, against plain counts over all photos."""

import numpy as np
import pytest

from tagrefine_core import workflow
from tagrefine_core.collections import Collection
from tagrefine_core.errors import ConfigError
from tagrefine_core.refinement.estimate import estimate_of_tag
from tagrefine_core.runs.levels import levels_of
from tagrefine_core.runs.refined import changes_of, expected_of, limits_of
from tagrefine_core.runs.run import Run
from tagrefine_core.runs.tag_bench import bench_of
from tagrefine_core.store import Store
from tests.app.conftest import VOCABULARY, small_home, small_home_files  # noqa: F401

SKY = VOCABULARY.index("sky")


@pytest.fixture
def opened(small_home: Store) -> tuple[Run, Collection]:  # noqa: F811
    return Run.open(small_home, "run-new"), Collection.open(small_home, "demo")


def say(collection: Collection, row: int, verdict: str) -> None:
    workflow.verdict(collection.store, "demo", collection.files[row], "sky", verdict)


def test_levels_are_the_scores_rounded_down(opened) -> None:
    run, collection = opened
    levels = levels_of(run)
    assert levels.shape == (len(VOCABULARY), collection.n) and levels.dtype == np.uint8
    for column in range(len(VOCABULARY)):
        for row in range(collection.n):
            assert levels[column, row] == min(255, int(float(run.scores[row, column]) * 256))
    assert np.shares_memory(levels_of(run)[0], levels_of(run)[0]) or isinstance(levels_of(run), np.memmap)


def test_gains_are_those_that_the_limit_makes_with_verdicts_in_force(opened) -> None:
    run, collection = opened
    given = collection.tags[:, [SKY]].toarray()[:, 0] > 0
    free = np.flatnonzero(~given)
    for row, verdict in zip(free[:6], ("accept", "reject", "unsure") * 2, strict=True):
        say(collection, int(row), verdict)
    bench = bench_of(run, collection, SKY)
    for limit in (16, 40, 100, 128, 200, 255):
        workflow.set_tag_limit(collection.store, "demo", "sky", limit / 256)
        added = changes_of(run, collection).added[:, [SKY]].nnz
        assert bench.gains[limit] == added, limit


def test_what_is_expected_is_what_the_table_says_at_every_limit(opened) -> None:
    run, collection = opened
    bench = bench_of(run, collection, SKY)
    for limit in (16, 60, 150, 230):
        workflow.set_tag_limit(collection.store, "demo", "sky", limit / 256)
        expected = expected_of(run, collection, limits_of(run, collection)).added
        assert bench.expected.precision[limit] == pytest.approx(expected.by_tag[SKY])
        assert (bench.expected.low[limit], bench.expected.high[limit]) == pytest.approx(
            expected.interval_of(SKY)
        )


def test_labels_are_counted_plainly(opened) -> None:
    run, collection = opened
    bench = bench_of(run, collection, SKY)
    truth, given = collection.truth[:, list(collection.labels).index("sky")], bench.given
    for limit in (16, 90, 170):
        gains = [row for row in range(collection.n) if not given[row] and run.scores[row, SKY] >= limit / 256]
        right = sum(truth[row] == 1 for row in gains)
        assert bench.by_labels.precision[limit] == pytest.approx(right / len(gains))
        lacking = [
            row for row in range(collection.n)
            if not given[row] and truth[row] == 1 and run.scores[row, SKY] >= 0
        ]  # fmt: skip
        assert bench.by_labels.recall[limit] == pytest.approx(right / len(lacking))
    assert bench_of(run, collection, VOCABULARY.index("dog")).by_labels is None, "it has no labels"


def test_verdicts_speak_for_all_photos_of_the_tag(opened) -> None:
    run, collection = opened
    assert bench_of(run, collection, SKY).by_verdicts is None
    free = np.flatnonzero(collection.tags[:, [SKY]].toarray()[:, 0] == 0)
    for place, row in enumerate(free[:12]):
        say(collection, int(row), "accept" if place % 3 else "reject")
    say(collection, int(free[12]), "unsure")
    bench = bench_of(run, collection, SKY)
    assert bench.by_verdicts.known == 12
    probabilities = np.asarray(run.scores[free, SKY], dtype=np.float64)
    said = np.array([{1: 1, -1: -1}.get(int(bench.said[row]), 0) for row in free])
    one = estimate_of_tag(probabilities, said)
    assert bench.by_verdicts.precision[0] == pytest.approx(one.right, abs=0.01)
    assert bench.by_verdicts.low[0] == pytest.approx(one.low, abs=0.01)


def test_photos_beside_a_limit_are_the_nearest_first(opened) -> None:
    run, collection = opened
    bench = bench_of(run, collection, SKY)
    score = {row: int(float(run.scores[row, SKY]) * 256) for row in range(collection.n)}
    free = [row for row in score if not bench.given[row]]
    above = sorted((row for row in free if score[row] >= 120), key=lambda row: (score[row], row))
    below = sorted((row for row in free if score[row] < 120), key=lambda row: (-score[row], row))
    assert above and below
    assert bench.beside(120, "above").tolist() == above and bench.beside(120, "below").tolist() == below
    written = sorted((row for row in score if bench.given[row]), key=lambda row: (score[row], row))
    assert bench.beside(120, "written").tolist() == written
    assert sorted(bench.open_above(120).tolist()) == sorted(above)
    say(collection, above[0], "unsure")
    assert above[0] not in bench_of(run, collection, SKY).open_above(120)
    assert above[0] in bench_of(run, collection, SKY).beside(120, "above"), "it is shown with what was said"
    with pytest.raises(ConfigError, match="above, below, written"):
        bench.beside(120, "left")
