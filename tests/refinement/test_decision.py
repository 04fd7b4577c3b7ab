"""From scores to changes: the promise, by hand and by loops; what is kept, added, removed and left alone."""

from dataclasses import replace

import numpy as np
import pytest
from scipy import sparse

from tagrefine_core.errors import ConfigError, DataError
from tagrefine_core.refinement import BINS, Changes, Expectation, Limits, Prospects, centers, changes


def random_case(seed, n=400, c=7):
    rng = np.random.default_rng(seed)
    scores = rng.beta(0.4, 1.2, size=(n, c))
    tags = rng.random((n, c)) < 0.05 + 0.6 * scores
    return scores.astype(np.float32), sparse.csr_matrix(tags)


def stored(matrix):
    """Places that are stored, a score of zero included."""
    rows = np.repeat(np.arange(matrix.shape[0]), np.diff(matrix.indptr))
    return set(zip(rows.tolist(), matrix.indices.tolist(), strict=True))


def limits_at(add, remove, told=None, tags=3):
    told = np.ones(tags, dtype=bool) if told is None else np.array(told)
    return Limits(
        add=np.where(told, add, np.inf), remove=np.where(told, remove, -np.inf), told=told, precision=0.75
    )


# The promise


def test_the_lowest_limit_that_keeps_the_promise_by_hand():
    # Not given: .875 .75 .5 .25; means from the top: .875, .8125, .7083, .594.
    scores = np.array([[0.875], [0.75], [0.5], [0.25], [0.125], [0.5]])
    tags = sparse.csr_matrix(np.array([[0], [0], [0], [0], [1], [1]]))
    prospects = Prospects(scores, tags)
    # The limit lies at a change that there is.
    for precision, limit in ((0.85, 0.875), (0.8, 0.75), (0.7, 0.5), (0.5, 0.25)):
        assert prospects.limits(precision).add[0] == limit
    assert prospects.limits(0.9).add[0] == np.inf
    # Given: wrong with .875 and .5; means .875 and .6875.
    assert prospects.limits(0.8).remove[0] == 0.125
    assert prospects.limits(0.65).remove[0] == 0.5
    assert prospects.limits(0.9).remove[0] == -np.inf
    expected = prospects.additions(prospects.limits(0.8))
    assert expected.total == 2 and expected.precision == pytest.approx(0.8125)
    assert prospects.removals(prospects.limits(0.65)).precision == pytest.approx(0.6875)


@pytest.mark.parametrize("block_bytes", [1, 900, 2**26])
@pytest.mark.parametrize("precision", [0.6, 0.75, 0.9])
def test_limits_and_expectations_by_loops(precision, block_bytes):
    scores, tags = random_case(1)
    told = np.array([True, False, True, True, True, False, True])
    prospects = Prospects(scores, tags, block_bytes=block_bytes)
    limits = prospects.limits(precision, told)
    given = tags.toarray().astype(bool)

    def lowest(values):
        for step in range(16, BINS):
            above = values[values >= step / BINS]
            is_one = (above < (step + 1) / BINS).any()
            if is_one and above.mean() >= precision:
                return step / BINS
        return np.inf

    wide = scores.astype(np.float64)
    assert limits.add[told].tolist() == [lowest(wide[:, told][~given[:, told]])] * 5
    assert limits.remove[told].tolist() == [1 - lowest(1 - wide[:, told][given[:, told]])] * 5
    assert np.isinf(limits.add[~told]).all() and np.isinf(limits.remove[~told]).all()
    result = changes(scores, tags, limits, block_bytes=block_bytes)
    for expected, matrix, right in (
        (prospects.additions(limits), result.added, result.added.data),
        (prospects.removals(limits), result.removed, 1 - result.removed.data),
    ):
        assert expected.total == matrix.nnz > 0
        assert expected.precision == pytest.approx(right.mean(), abs=1e-6)
        assert expected.precision >= precision - 1e-9
        np.testing.assert_array_equal(expected.count, np.bincount(matrix.indices, minlength=7))
        by_tag = [
            right[matrix.indices == tag].mean() if (matrix.indices == tag).any() else np.nan
            for tag in range(7)
        ]
        np.testing.assert_allclose(expected.by_tag, by_tag, rtol=1e-5)


def test_the_more_is_promised_the_less_changes():
    scores, tags = random_case(2)
    prospects = Prospects(scores, tags)
    before = None
    for precision in np.linspace(0.5, 0.99, 12):
        result = changes(scores, tags, prospects.limits(precision))
        now = stored(result.added), stored(result.removed)
        assert before is None or (now[0] <= before[0] and now[1] <= before[1])
        before = now


def test_probabilities_that_hold_keep_the_promise():
    rng = np.random.default_rng(3)
    scores = rng.beta(0.3, 1.0, size=(20_000, 4))
    truth = rng.random(scores.shape) < scores
    tags = sparse.csr_matrix(truth & (rng.random(scores.shape) < 0.3))
    # Who wrote it, and it fits: out of the queue of additions, and no evidence on the others here.
    scores = np.where(tags.toarray() > 0, 0.99, scores * 0.7 / (1 - 0.3 * scores))
    for precision in (0.6, 0.75, 0.9):
        prospects = Prospects(scores, tags)
        limits = prospects.limits(precision)
        result = changes(scores, tags, limits)
        right = np.array([truth[place] for place in stored(result.added)])
        low, high = prospects.additions(limits).interval
        assert right.mean() == pytest.approx(precision, abs=0.03)
        assert low - 0.02 < right.mean() < high + 0.02


def test_intervals_by_hand():
    found = Expectation(np.array([10, 0, 30]), np.array([8.0, 0.0, 27.0]), np.array([1.0, 0.0, 2.0]))
    assert (found.total, found.precision) == (40, 35 / 40)
    half = 1.2816 * np.sqrt(1 + 4 + 8 * 0.2 + 27 * 0.1) / 40
    np.testing.assert_allclose(found.interval, (35 / 40 - half, 35 / 40 + half))
    half = 1.2816 * np.sqrt(1 + 8 * 0.2) / 10
    np.testing.assert_allclose(found.interval_of(0), (0.8 - half, min(1, 0.8 + half)))
    nothing = Expectation(np.zeros(2, int), np.zeros(2), np.zeros(2))
    assert np.isnan(nothing.precision) and np.isnan(nothing.interval).all() and np.isnan(nothing.by_tag).all()


def test_what_is_not_known_of_a_tag_widens_the_interval():
    scores, tags = random_case(4)
    spread = np.full((7, BINS), 0.2)
    known, unsure = Prospects(scores, tags), Prospects(scores, tags, added_spread=spread)
    limits = known.limits(0.75)
    narrow, wide = (np.diff(one.additions(limits).interval)[0] for one in (known, unsure))
    assert wide > 1.5 * narrow
    count = known.additions(limits).count
    np.testing.assert_allclose(unsure.additions(limits).spread, 0.2 * count)
    assert centers()[0] == 0.5 / BINS and len(centers()) == BINS


@pytest.mark.parametrize("precision", [0.49, 1.0, -1, float("nan")])
def test_a_promise_that_cannot_be_given_is_refused(precision):
    scores, tags = random_case(0)
    with pytest.raises(ConfigError, match=r"precision must be from 0\.5 to below 1"):
        Prospects(scores, tags).limits(precision)


def test_scores_of_zero_and_one_have_their_place():
    scores = np.array([[1.0], [0.0], [1.0], [0.0]])
    tags = sparse.csr_matrix(np.array([[0], [0], [1], [1]]))
    prospects = Prospects(scores, tags)
    result = changes(scores, tags, prospects.limits(0.99))
    assert stored(result.added) == {(0, 0)} and stored(result.removed) == {(3, 0)}
    assert prospects.additions(prospects.limits(0.99)).precision == 1


# What becomes of each tag

SCORES = np.array([[0.875, 0.25, 0.75], [0.625, 0.25, 0.5], [0.125, 0.25, 0.5], [0.125, 0.75, 0.25]])
TAGS = np.array([[1, 1, 0], [0, 1, 0], [1, 1, 0], [0, 0, 0]])


def test_hand_made_changes():
    result = changes(SCORES, sparse.csr_matrix(TAGS), limits_at(0.5, 0.25, told=[True, False, True]))
    assert stored(result.added) == {(0, 2), (1, 0), (1, 2), (2, 2)}
    assert stored(result.removed) == {(2, 0)}
    assert stored(result.kept) == {(0, 0)}
    assert stored(result.untold) == {(0, 1), (1, 1), (2, 1)}
    assert result.added[1, 0] == 0.625 and result.removed[2, 0] == 0.125 and result.untold[0, 1] == 0.25
    assert result.changed == 3
    assert [counts.tolist() for counts in result.counts_by_tag()] == [
        [1, 0, 0],
        [1, 0, 3],
        [1, 0, 0],
        [0, 3, 0],
    ]
    assert [result.refined(row)[0].tolist() for row in range(4)] == [[0, 2, 1], [0, 2, 1], [2, 1], []]
    # The most doubtful tag that a picture tells: .75 missing; .625 missing; .875 wrong; .25 missing.
    np.testing.assert_allclose(result.doubt, [0.75, 0.625, 0.875, 0.25])
    with pytest.raises(DataError, match="rows are 0 to 3"):
        result.refined(4)


@pytest.mark.parametrize("block_bytes", [1, 900, 2**26])
@pytest.mark.parametrize("dtype", [np.float16, np.float32])
def test_invariants_and_a_plain_implementation(block_bytes, dtype, tmp_path):
    scores, tags = random_case(7, n=90)
    np.save(tmp_path / "scores.npy", scores.astype(dtype))
    mapped = np.load(tmp_path / "scores.npy", mmap_mode="r")
    told = np.array([True, True, False, True, False, True, True])
    limits = Prospects(mapped, tags).limits(0.7, told)
    result = changes(mapped, tags, limits, block_bytes=block_bytes)
    kept, added, removed, untold = (
        stored(getattr(result, kind)) for kind in ("kept", "added", "removed", "untold")
    )
    user = stored(tags)
    assert kept | removed | untold == user and not added & user
    assert len(kept) + len(removed) + len(untold) == len(user) and added and removed and untold
    doubt = np.zeros(len(scores))
    for row, column in np.ndindex(scores.shape):
        score, is_given = float(mapped[row, column]), (row, column) in user
        assert ((row, column) in added) == (told[column] and not is_given and score >= limits.add[column])
        assert ((row, column) in removed) == (told[column] and is_given and score <= limits.remove[column])
        assert ((row, column) in untold) == (is_given and not told[column])
        if told[column]:
            doubt[row] = max(doubt[row], 1 - score if is_given else score)
    np.testing.assert_allclose(result.doubt, doubt, rtol=1e-6)
    for kind in (result.kept, result.added, result.removed, result.untold):
        for row, column in stored(kind):
            assert kind[row, column] == mapped[row, column]


def of(*places):
    rows, columns, values = zip(*places, strict=True) if places else ((), (), ())
    return sparse.csr_matrix((np.array(values, np.float32), (rows, columns)), shape=(8, 4))


def test_photos_that_convince_are_sure_and_varied():
    found = Changes(
        kept=of((6, 0, 1.0)),
        untold=of(),
        # Row 0 is surest of tag 1, row 1 next; row 2 has one sure change and one that is not; row 4 stands for tag 2.
        added=of((0, 1, 0.97), (1, 1, 0.96), (2, 1, 0.99), (2, 0, 0.6), (4, 2, 0.8)),
        removed=of((3, 3, 0.1), (5, 3, 0.2)),
        doubt=np.zeros(8, np.float32),
        precision=0.75,
    )
    # Gaining: first of each tag by how sure, 0 (tag 1) and 4 (tag 2), then 1 and 2 of tag 1. Losing: 3, 5. Then 6 and 7, unchanged.
    assert found.convincing.tolist() == [0, 4, 1, 3, 2, 5, 6, 7]
    clear = replace(found, clarity=np.array([1, 0.2, 1, 1]))
    assert clear.convincing.tolist()[:3] == [4, 2, 0], "a tag that a picture tells badly convinces nobody"


def test_every_fourth_photo_that_convinces_loses_a_tag():
    found = Changes(
        kept=of(),
        untold=of(),
        added=of((0, 0, 0.9), (1, 1, 0.8), (2, 2, 0.7), (3, 3, 0.6), (6, 0, 0.99)),
        removed=of((4, 0, 0.3), (5, 1, 0.2), (6, 1, 0.3)),  # row 6 gains and loses
        doubt=np.zeros(8, np.float32),
        precision=0.75,
    )
    assert found.convincing.tolist() == [0, 1, 2, 5, 3, 4, 6, 7]


def test_tags_are_places_whatever_their_values():
    scores, tags = random_case(3)
    positions = tags.astype(np.uint16)
    positions.data = np.arange(1, positions.nnz + 1, dtype=np.uint16)
    with_zeros = sparse.csr_array(sparse.vstack([tags.astype(int)]))
    with_zeros.data[:4] = 0
    without = with_zeros.copy()
    without.eliminate_zeros()
    for one, other in ((tags, positions), (with_zeros, without)):
        a, b = (changes(scores, given, Prospects(scores, given).limits(0.7)) for given in (one, other))
        for kind in ("kept", "added", "removed"):
            assert stored(getattr(a, kind)) == stored(getattr(b, kind))
    assert with_zeros.nnz == without.nnz + 4


def test_empty_collections():
    scores, tags = np.empty((0, 3), dtype=np.float32), sparse.csr_matrix((0, 3))
    limits = Prospects(scores, tags).limits(0.75)
    result = changes(scores, tags, limits)
    assert result.shape == (0, 3) and result.doubt.shape == result.convincing.shape == (0,)
    assert np.isinf(limits.add).all()


@pytest.mark.parametrize(
    ("error", "message", "scores", "tags", "options"),
    [
        (DataError, r"\(4, 3\) and user tags \(3, 3\)", SCORES, TAGS[:3], {}),
        (DataError, "2-D float", SCORES[0], TAGS, {}),
        (DataError, r"scores\[0, 0\] is nan", np.where(SCORES[0, 0] == SCORES, np.nan, SCORES), TAGS, {}),
        (DataError, r"scores\[0, 0\] is 8.75", SCORES * 10, TAGS, {}),
        (ConfigError, "block_bytes", SCORES, TAGS, {"block_bytes": 0}),
    ],
)
def test_mistakes_are_named(error, message, scores, tags, options):
    with pytest.raises(error, match=message):
        Prospects(scores, sparse.csr_matrix(tags), **options)
    with pytest.raises(error, match=message):
        changes(scores, sparse.csr_matrix(tags), limits_at(0.5, 0.25), **options)


def test_limits_of_other_tags_are_refused():
    with pytest.raises(DataError, match="for 3 tags, but scores have 2"):
        changes(SCORES[:, :2], sparse.csr_matrix(TAGS[:, :2]), limits_at(0.5, 0.25))
