"""Precision, recall and F1 of additions, removals and the tags handed out."""

import numpy as np
import pytest

from tagrefine_core.errors import ConfigError, DataError
from tagrefine_core.evaluation.decisions import Agreement, amounts, evaluate_decisions
from tagrefine_core.evaluation.resampling import copies, interval, means

CHOICES = ("added", "removed", "final", "user")
MEASURES = ("precision", "recall", "f1")

# Four photos, two labels. The first photo keeps a right tag and gets a wrong one, the second loses a wrong one and gets a right
# one, the third loses a right one, and of the fourth only the second label was judged: it keeps a wrong one.
GIVEN = np.array([[1, 0], [1, 0], [0, 1], [1, 1]], dtype=bool)
FINAL = np.array([[1, 1], [0, 1], [0, 0], [0, 1]], dtype=bool)
TRUTH = np.array([[1, 0], [0, 1], [1, 1], [-1, 0]], dtype=np.int8)


def case(seed, photos=50, labels=6):
    rng = np.random.default_rng(seed)
    given, final = rng.random((2, photos, labels)) < 0.4
    truth = rng.choice([-1, 0, 1], size=(photos, labels), p=[0.2, 0.5, 0.3]).astype(np.int8)
    given[:, 0] = final[:, 0] = False  # never given, never handed out
    truth[:, 1] = np.where(truth[:, 1] == 1, 0, truth[:, 1])  # never relevant
    truth[:, 2] = -1  # never judged
    return given, final, truth


def naive(given, final, truth):
    """Count pair by pair; return by choice and measure the micro value, the macro value and the values by label."""
    photos, labels = truth.shape
    found = {}
    for choice in CHOICES:
        counts = np.zeros((labels, 3))  # right, chosen, wanted
        for i in range(photos):
            for k in range(labels):
                if truth[i, k] == -1:
                    continue
                g, f, r = bool(given[i, k]), bool(final[i, k]), truth[i, k] == 1
                chosen = {"added": f and not g, "removed": g and not f, "final": f, "user": g}[choice]
                wanted = {"added": r and not g, "removed": g and not r, "final": r, "user": r}[choice]
                counts[k] += chosen and wanted, chosen, wanted

        def shares(hits, chosen, wanted):
            return {
                "precision": hits / chosen if chosen else np.nan,
                "recall": hits / wanted if wanted else np.nan,
                "f1": 2 * hits / (chosen + wanted) if chosen + wanted else np.nan,
            }

        by_label = [shares(*row) for row in counts]
        for measure, micro in shares(*counts.sum(axis=0)).items():
            values = np.array([row[measure] for row in by_label])
            defined = [value for value in values if not np.isnan(value)]
            found[choice, measure] = micro, (np.mean(defined) if defined else np.nan), values
    return found


def test_worked_example():
    found = evaluate_decisions(GIVEN, FINAL, TRUTH, labels=["sea", "sky"])
    # Additions: (0, sky) wrong, (1, sky) right; (2, sea) fits, was not given and is not added.
    assert (found.added.precision, found.added.recall) == (1 / 2, 1 / 2)
    # Removals: (1, sea) right, (2, sky) wrong; of the wrong ones given, (3, sky) stays. (3, sea) was not judged.
    assert (found.removed.precision, found.removed.recall) == (1 / 2, 1 / 2)
    # Handed out and judged: (0, sea) and (1, sky) right, (0, sky) and (3, sky) wrong; four fit.
    assert (found.final.precision, found.final.recall, found.final.f1) == (1 / 2, 1 / 2, 1 / 2)
    # Given and judged: (0, sea) and (2, sky) right, (1, sea) and (3, sky) wrong.
    assert (found.user.precision, found.user.recall) == (1 / 2, 1 / 2)
    assert np.isnan(found.added.by_tag("precision")[0]) and found.added.by_tag("recall")[0] == 0
    assert found.added.macro_precision == 1 / 2, "the label without additions is left out"
    assert found.added.macro_recall == 1 / 2, "0 of sea, 1 of sky"
    assert found.added.chosen.tolist() == [0, 2] and found.removed.wanted.tolist() == [1, 1]
    assert found.labels == ("sea", "sky")


@pytest.mark.parametrize("seed", range(4))
def test_equals_a_naive_implementation(seed):
    given, final, truth = case(seed)
    found = evaluate_decisions(given, final, truth, draws=0)
    for (choice, measure), (micro, macro, by_label) in naive(given, final, truth).items():
        of = getattr(found, choice)
        assert getattr(of, measure) == pytest.approx(micro, nan_ok=True), (choice, measure)
        assert getattr(of, f"macro_{measure}") == pytest.approx(macro, nan_ok=True), (choice, measure)
        np.testing.assert_allclose(of.by_tag(measure), by_label, err_msg=f"{choice} {measure}")
        assert of.intervals[measure] is None and of.intervals[f"macro_{measure}"] is None


def test_intervals_are_those_of_resamples_measured_one_by_one():
    given, final, truth = case(9)
    found = evaluate_decisions(given, final, truth, draws=70, level=0.9, seed=4)
    counts = copies(len(truth), 70, 4)
    values = {}
    for draw in range(70):
        rows = np.repeat(np.arange(len(truth)), counts[:, draw])
        for key, (micro, macro, _) in naive(given[rows], final[rows], truth[rows]).items():
            values.setdefault(key, []).append((micro, macro))
    for (choice, measure), pairs in values.items():
        intervals = getattr(found, choice).intervals
        for name, number in ((measure, 0), (f"macro_{measure}", 1)):
            expected = interval(np.array([pair[number] for pair in pairs]), level=0.9)
            np.testing.assert_allclose(intervals[name], expected, atol=1e-7, err_msg=f"{choice} {name}")


def test_intervals_hold_the_value_and_shrink_with_more_photos():
    given, final, truth = case(1)
    few = evaluate_decisions(given, final, truth).final
    many = evaluate_decisions(*(np.tile(part, (40, 1)) for part in (given, final, truth))).final
    width = {
        name: of.intervals["f1"][1] - of.intervals["f1"][0] for name, of in {"few": few, "many": many}.items()
    }
    assert few.intervals["f1"][0] < few.f1 < few.intervals["f1"][1]
    assert few.f1 == pytest.approx(many.f1)
    assert 4 < width["few"] / width["many"] < 10, "the root of 40 is 6.3"


def test_nothing_changed_and_all_right():
    truth = np.array([[1, 0, 1], [0, 1, 0]])
    kept = evaluate_decisions(truth, truth, truth)
    assert (kept.final.f1, kept.user.f1) == (1, 1)
    assert np.isnan([kept.added.precision, kept.added.recall, kept.added.f1, kept.removed.precision]).all()
    assert kept.added.intervals["precision"] is None
    turned = evaluate_decisions(1 - truth, truth, truth)
    assert (turned.user.f1, turned.final.f1) == (0, 1)
    assert (turned.added.precision, turned.added.recall, turned.removed.precision, turned.removed.recall) == (
        1,
    ) * 4


def test_added_and_removed_explain_the_difference():
    given, final, truth = case(2)
    found = evaluate_decisions(given, final, truth)
    removed_wrongly = found.removed.chosen - found.removed.hits
    np.testing.assert_array_equal(found.final.hits, found.user.hits + found.added.hits - removed_wrongly)
    np.testing.assert_array_equal(
        found.final.chosen, found.user.chosen + found.added.chosen - found.removed.chosen
    )


@pytest.mark.parametrize("shape", [(0, 3), (5, 0)])
def test_without_photos_or_labels_all_is_undefined(shape):
    found = evaluate_decisions(*(np.zeros(shape),) * 3)
    assert isinstance(found.added, Agreement)
    assert np.isnan([found.final.f1, found.final.macro_f1, found.added.precision]).all()


@pytest.mark.parametrize(
    ("error", "message", "changed"),
    [
        (DataError, r"final \(3, 2\)", {"final": FINAL[:3]}),
        (DataError, r"truth \(4,\)", {"truth": TRUTH[:, 0]}),
        (DataError, "truth holds 2", {"truth": np.where(TRUTH == -1, 2, TRUTH)}),
        (DataError, "1 label names", {"labels": ["sea"]}),
        (ConfigError, "draws", {"draws": -1}),
        (ConfigError, "level", {"level": 1.0}),
    ],
)
def test_mistakes_are_named(error, message, changed):
    with pytest.raises(error, match=message):
        evaluate_decisions(**{"given": GIVEN, "final": FINAL, "truth": TRUTH, **changed})


def test_amounts_count_all_tags():
    found = amounts(np.array([0, 2, 2, 1, 0, 2]), np.array([0, 0, 1, 0, 3, 0]))
    assert (found.photos, found.added, found.removed) == (6, 7, 4)
    assert found.added_per_photo == 7 / 6 and found.removed_per_photo == 4 / 6
    assert found.by_additions.tolist() == [2, 1, 3]
    assert found.most_common == (2, 0.5)
    assert found.untouched == 1 / 6, "the fifth photo gets nothing, but loses three"
    for name, value in (("added", 7 / 6), ("removed", 4 / 6), ("untouched", 1 / 6)):
        low, high = getattr(found, f"{name}_interval")
        assert low < value < high
    expected = interval(copies(6, 400, 0).T @ np.array([0, 2, 2, 1, 0, 2]) / 6, level=0.8)
    np.testing.assert_allclose(found.added_interval, expected, rtol=1e-6)


def test_amounts_of_no_photo():
    found = amounts(np.empty(0, np.int64), np.empty(0, np.int64))
    assert found.added == 0 and np.isnan([found.untouched, found.added_per_photo, found.most_common[1]]).all()
    assert found.added_interval is None


def test_means_over_resamples_by_loops():
    rng = np.random.default_rng(0)
    values, counts = rng.random((2, 30)), copies(30, 150, 1)[:20]  # of part of the photos, as in annotation
    found = means(values[:, :20], counts)
    assert found.shape == (2, 150)
    for draw in range(150):
        drawn = np.repeat(np.arange(20), counts[:, draw])
        np.testing.assert_allclose(found[:, draw], values[:, drawn].mean(axis=1), rtol=1e-6)
    assert means(np.empty(0), copies(0, 0, 0)).shape == (0,)
