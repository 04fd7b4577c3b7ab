import numpy as np
import pytest
from scipy import sparse

from tagrefine_core.errors import ConfigError, DataError
from tagrefine_core.evaluation import evaluate, random_average_precision, random_miap, user_tag_scores

POSITIONS = sparse.csr_matrix(np.array([[0, 2, 1], [0, 0, 0], [3, 0, 0]], dtype=np.uint16))


def test_random_average_precision_is_linear_in_the_relevant():
    np.testing.assert_allclose(random_average_precision([14, 81], 1), [0.232254, 0.061455], atol=5e-7)
    slope = random_average_precision([14, 81], 3) - random_average_precision([14, 81], 2)
    np.testing.assert_allclose(slope, [0.059057, 0.011732], atol=5e-7)
    np.testing.assert_allclose(random_average_precision([1, 3], [1, 3]), [1, 1])
    assert np.isnan(random_average_precision(5, 0))


@pytest.mark.parametrize(("share", "expected"), [(0.40, 0.128), (0.507, 0.147), (0.60, 0.163)])
def test_random_miap_of_one_label_per_image_on_average(share, expected):
    # 1000 images, 14 labels, 1000 relevant pairs on the given share of images
    labelled = int(1000 * share)
    counts = np.diff(np.linspace(0, 1000, labelled + 1).round().astype(int))
    truth = np.zeros((1000, 14), dtype=int)
    for image, count in enumerate(counts):
        truth[image, :count] = 1
    assert random_miap(truth) == pytest.approx(expected, abs=5e-4)


def test_random_miap_leaves_out_what_is_not_judged():
    assert random_miap([[1, -1], [-1, -1]]) == 1.0
    assert random_miap([[1, 0], [0, 0]]) == pytest.approx(3 / 8)
    assert np.isnan(random_miap([[-1, -1]]))


def test_user_tag_scores():
    np.testing.assert_array_equal(user_tag_scores(POSITIONS), [[0, 1, 1], [0, 0, 0], [1, 0, 0]])
    np.testing.assert_allclose(
        user_tag_scores(POSITIONS, option="position"), [[0, 1 / 3, 1 / 2], [0, 0, 0], [1 / 4, 0, 0]]
    )
    by_column = user_tag_scores(POSITIONS, option="position", columns=[2, 0])
    np.testing.assert_allclose(by_column, [[1 / 2, 0], [0, 0], [0, 1 / 4]])
    assert by_column.dtype == np.float32
    assert POSITIONS.data.tolist() == [2, 1, 3]


def test_earlier_tags_rank_higher():
    truth = [[0, 0, 1]]
    assert evaluate(user_tag_scores(POSITIONS[:1]), truth).miap == pytest.approx(3 / 4)
    assert evaluate(user_tag_scores(POSITIONS[:1], option="position"), truth).miap == 1.0


def test_mistakes_are_named():
    with pytest.raises(ConfigError, match="rank"):
        user_tag_scores(POSITIONS, option="rank")
    with pytest.raises(DataError, match="start at 1"):
        user_tag_scores(sparse.csr_matrix(([0], ([0], [0])), shape=(1, 1)))
    twice = sparse.csr_matrix((np.array([1, 2]), np.array([0, 0]), np.array([0, 2])), shape=(1, 1))
    with pytest.raises(DataError, match="twice"):
        user_tag_scores(twice)
