import numpy as np
import pytest
from scipy import sparse
from scipy.special import expit, logit

from tagrefine_core.errors import ConfigError, DataError
from tagrefine_core.refinement import Changes, changes, thresholds

# Tag 0 is told apart by the scores; tag 1 the wrong way round; tag 2 was given by one user only.
SCORES = np.array(
    [
        [0.875, 0.25, 0.75],
        [0.625, 0.25, 0.5],
        [0.125, 0.25, 0.5],
        [0.125, 0.75, 0.25],
        [0.75, 0.75, 0.25],
        [0.25, 0.75, 0.25],
    ]
)
TAGS = np.array([[1, 1, 1], [1, 1, 0], [1, 1, 0], [0, 0, 0], [0, 0, 0], [0, 0, 0]])


def random_case(seed, n=120, c=7):
    rng = np.random.default_rng(seed)
    scores = rng.random((n, c))
    tags = rng.random((n, c)) < 0.2 + 0.5 * scores * np.linspace(0, 1, c)
    return scores.astype(np.float32), sparse.csr_matrix(tags)


def stored(matrix):
    """Places that are stored, a score of zero included."""
    rows = np.repeat(np.arange(matrix.shape[0]), np.diff(matrix.indptr))
    return set(zip(rows.tolist(), matrix.indices.tolist(), strict=True))


def left_alone(limits):
    """Tags that are neither added nor removed anywhere."""
    return np.isinf(limits.add) & np.isinf(limits.remove)


def test_limits_are_the_two_means():
    limits = thresholds(SCORES, sparse.csr_matrix(TAGS), min_positives=2)
    # (.875 + .625 + .125) / 3 and (.125 + .75 + .25) / 3
    np.testing.assert_allclose(limits.tagged_mean, [1.625 / 3, 0.25, 0.75])
    np.testing.assert_allclose(limits.untagged_mean, [1.125 / 3, 0.75, 0.35])
    np.testing.assert_allclose(limits.add, [1.625 / 3, np.inf, np.inf])
    np.testing.assert_allclose(limits.remove, [1.125 / 3, -np.inf, -np.inf])
    assert limits.n_tagged.tolist() == [3, 3, 1]
    assert left_alone(limits).tolist() == [False, True, True]


def test_hand_made_changes():
    limits = thresholds(SCORES, sparse.csr_matrix(TAGS), min_positives=2)
    result = changes(SCORES, sparse.csr_matrix(TAGS), limits)
    assert stored(result.added) == {(4, 0)}
    assert stored(result.removed) == {(2, 0)}
    assert stored(result.kept) == {(0, 0), (0, 1), (0, 2), (1, 0), (1, 1), (2, 1)}
    assert result.added[4, 0] == 0.75 and result.removed[2, 0] == 0.125
    # Photos have 3, 2, 2, 0, 1, 0 tags before and after, 8 / 6 on the average.
    np.testing.assert_allclose(result.magnitude(), [0, 0, 0.875 / (2 + 8 / 6), 0, 0.75 / (1 + 8 / 6), 0])
    counts = result.counts_by_tag()
    assert (counts.kept.tolist(), counts.added.tolist(), counts.removed.tolist()) == (
        [2, 3, 1],
        [1, 0, 0],
        [1, 0, 0],
    )
    assert [result.refined(row)[0].tolist() for row in range(6)] == [[0, 2, 1], [0, 1], [1], [], [0], []]
    with pytest.raises(DataError, match="rows are 0 to 5"):
        result.refined(6)


def test_five_positives_are_needed_by_default():
    scores = np.array([[0.75]] * 5 + [[0.25], [0.875]])
    tags = np.array([[1]] * 5 + [[0], [0]])
    assert thresholds(scores, sparse.csr_matrix(tags)).add[0] == 0.75
    assert left_alone(thresholds(scores[1:], sparse.csr_matrix(tags[1:]))).all()


def test_tags_of_everybody_or_nobody_are_left_alone():
    limits = thresholds(np.full((6, 2), 0.5), sparse.csr_matrix(np.tile([1, 0], (6, 1))))
    assert left_alone(limits).all()
    assert np.isnan(limits.untagged_mean[0]) and np.isnan(limits.tagged_mean[1])


def test_strictness_moves_the_logits_by_half_their_distance():
    scores, tags = random_case(0)
    means = thresholds(scores, tags)
    a, r = logit(means.tagged_mean), logit(means.untagged_mean)
    usable = a > r
    assert usable.sum() >= 3
    loose, strict = (thresholds(scores, tags, strictness=s) for s in (0.0, 1.0))
    np.testing.assert_allclose(loose.add[usable], expit((a + r) / 2)[usable])
    np.testing.assert_allclose(loose.remove[usable], expit((a + r) / 2)[usable])
    np.testing.assert_allclose(strict.add[usable], expit(a + (a - r) / 2)[usable])
    np.testing.assert_allclose(strict.remove[usable], expit(r - (a - r) / 2)[usable])
    np.testing.assert_array_equal(means.with_strictness(1.0).add, strict.add)


@pytest.mark.parametrize("seed", range(3))
def test_changes_only_shrink_as_strictness_grows(seed):
    scores, tags = random_case(seed)
    previous = None
    for strictness in np.linspace(0, 1, 9):
        result = changes(scores, tags, thresholds(scores, tags, strictness=strictness))
        now = stored(result.added), stored(result.removed)
        if previous is not None:
            assert now[0] <= previous[0] and now[1] <= previous[1]
        previous = now
    first = changes(scores, tags, thresholds(scores, tags, strictness=0.0))
    assert len(previous[0]) < first.added.nnz and len(previous[1]) < first.removed.nnz


@pytest.mark.parametrize("block_bytes", [1, 900, 2**26])
@pytest.mark.parametrize("dtype", [np.float16, np.float32])
def test_invariants_and_a_plain_implementation(block_bytes, dtype, tmp_path):
    scores, tags = random_case(7)
    np.save(tmp_path / "scores.npy", scores.astype(dtype))
    mapped = np.load(tmp_path / "scores.npy", mmap_mode="r")
    limits = thresholds(mapped, tags, strictness=0.3, block_bytes=block_bytes)
    result = changes(mapped, tags, limits, block_bytes=block_bytes)
    kept, added, removed = stored(result.kept), stored(result.added), stored(result.removed)
    user = stored(tags)
    assert kept | removed == user and not kept & removed and not added & user
    assert added and removed
    for row, column in np.ndindex(scores.shape):
        score = float(mapped[row, column])
        is_given = (row, column) in user
        assert ((row, column) in added) == (not is_given and score >= limits.add[column])
        assert ((row, column) in removed) == (is_given and score <= limits.remove[column])
        tagged = mapped[:, column].astype(float)[tags[:, [column]].toarray()[:, 0]]
        assert limits.tagged_mean[column] == pytest.approx(tagged.mean())
    for kind in (result.kept, result.added, result.removed):
        for row, column in stored(kind):
            assert kind[row, column] == mapped[row, column]
    magnitude = np.zeros(len(scores))
    for row, column in added:
        magnitude[row] += mapped[row, column]
    for row, column in removed:
        magnitude[row] += 1 - float(mapped[row, column])
    tags_of = np.array([sum(row == place for place, _ in user | added) for row in range(len(scores))])
    magnitude /= np.maximum(tags_of + tags_of.mean(), 1e-9)
    np.testing.assert_allclose(result.magnitude(), magnitude, rtol=1e-6)


def test_a_score_of_zero_is_a_removal_like_any_other():
    scores = np.array([[1.0]] * 5 + [[0.0]] * 3)
    tags = sparse.csr_matrix(np.array([[1]] * 5 + [[1], [0], [0]]))
    result = changes(scores, tags, thresholds(scores, tags))
    assert stored(result.removed) == {(5, 0)} and result.counts_by_tag().removed.tolist() == [1]
    assert result.magnitude()[5] == 1 / (1 + 6 / 8) and result.refined(5)[0].tolist() == []


def test_a_long_list_of_tags_does_not_make_a_photo_change_most():
    def of(*places):
        rows, columns, values = zip(*places, strict=True) if places else ((), (), ())
        return sparse.csr_matrix((np.array(values, np.float32), (rows, columns)), shape=(4, 20))

    # Row 0 loses 4 of 20 tags, row 1 exchanges both of its tags, row 2 only gains one, row 3 stays.
    found = Changes(
        kept=of(*((0, column, 1.0) for column in range(16)), (3, 0, 1.0)),
        removed=of(*((0, column, 0.0) for column in range(16, 20)), (1, 0, 0.0), (1, 1, 0.0)),
        added=of((1, 2, 0.9), (1, 3, 0.9), (2, 0, 0.9)),
        strictness=0.5,
    )
    assert np.argsort(-found.magnitude()).tolist() == [1, 0, 2, 3]


def test_at_most_so_many_additions_take_the_largest_excess():
    scores = np.array([[0.75, 0.75, 0.5]] + [[0.5, 0.25, 0.25]] * 5 + [[0.125, 0.125, 0.125]] * 50)
    tags = sparse.csr_matrix(np.array([[0, 0, 0]] + [[1, 1, 1]] * 5 + [[0, 0, 0]] * 50))
    limits = thresholds(scores, tags)
    # Log-odds over the limits .5, .25, .25: log 3, log 9, log 3.
    expected = {0: set(), 1: {(0, 1)}, 2: {(0, 0), (0, 1)}, 3: {(0, 0), (0, 1), (0, 2)}}
    for most, added in expected.items():
        assert stored(changes(scores, tags, limits, max_added=most).added) == added


def test_tags_are_places_whatever_their_values():
    scores, tags = random_case(3)
    positions = tags.astype(np.uint16)
    positions.data = np.arange(1, positions.nnz + 1, dtype=np.uint16)
    with_zeros = sparse.csr_array(sparse.vstack([tags.astype(int)]))
    with_zeros.data[:4] = 0
    without = with_zeros.copy()
    without.eliminate_zeros()
    for one, other in ((tags, positions), (with_zeros, without)):
        a, b = (changes(scores, given, thresholds(scores, given)) for given in (one, other))
        for kind in ("kept", "added", "removed"):
            assert stored(getattr(a, kind)) == stored(getattr(b, kind))
    assert with_zeros.nnz == without.nnz + 4


def test_empty_collections():
    scores, tags = np.empty((0, 3), dtype=np.float32), sparse.csr_matrix((0, 3))
    result = changes(scores, tags, thresholds(scores, tags))
    assert result.shape == (0, 3) and result.magnitude().shape == (0,)


@pytest.mark.parametrize(
    ("error", "message", "scores", "tags", "options"),
    [
        (DataError, r"\(6, 3\) and user tags \(5, 3\)", SCORES, TAGS[:5], {}),
        (DataError, "2-D float", SCORES[0], TAGS, {}),
        (
            DataError,
            r"scores\[1, 2\] is nan",
            np.where(SCORES[1, 2] == SCORES, np.nan, SCORES)[:3],
            TAGS[:3],
            {},
        ),
        (DataError, r"scores\[0, 0\] is 8.75", SCORES * 10, TAGS, {}),
        (ConfigError, "strictness", SCORES, TAGS, {"strictness": 1.5}),
        (ConfigError, "strictness", SCORES, TAGS, {"strictness": float("nan")}),
        (ConfigError, "min_positives", SCORES, TAGS, {"min_positives": 0}),
        (ConfigError, "block_bytes", SCORES, TAGS, {"block_bytes": 0}),
    ],
)
def test_mistakes_are_named(error, message, scores, tags, options):
    with pytest.raises(error, match=message):
        thresholds(scores, sparse.csr_matrix(tags), **options)


def test_mistakes_of_changes_are_named():
    limits = thresholds(SCORES, sparse.csr_matrix(TAGS))
    with pytest.raises(DataError, match="for 3 tags, but scores have 2"):
        changes(SCORES[:, :2], sparse.csr_matrix(TAGS[:, :2]), limits)
    with pytest.raises(ConfigError, match="max_added"):
        changes(SCORES, sparse.csr_matrix(TAGS), limits, max_added=-1)


def test_saturated_means_keep_their_order():
    scores = np.array([[1.0, 1.0]] * 6 + [[1.0, 0.0], [1 - 6e-8, 0.0], [0.0, 0.0]])
    tags = sparse.csr_matrix(np.array([[1, 1]] * 6 + [[0, 0]] * 3))
    limits = [thresholds(scores, tags, strictness=s) for s in np.linspace(0, 1, 101)]
    assert (np.diff([limit.add for limit in limits], axis=0) > 0).all()
    assert (np.diff([limit.remove for limit in limits], axis=0) < 0).all()
    # The photo at 1 reaches the mean of 1, the one just below it does not.
    assert stored(changes(scores, tags, limits[50]).added) == {(6, 0)}
