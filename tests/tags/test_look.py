"""How alike groups of photos look, whatever their number."""

import numpy as np
from scipy import sparse

from tagrefine_core.tags import alike
from tagrefine_core.tags.look import feature_sums

RNG = np.random.default_rng(0)


def groups(*rows: range, n: int) -> sparse.csr_matrix:
    found = np.zeros((n, len(rows)), dtype=np.uint8)
    for column, each in enumerate(rows):
        found[list(each), column] = 1
    return sparse.csr_matrix(found)


def test_sums_by_hand():
    features = np.array([[1.0, 0], [3, 0], [2, 3], [2, -3]], dtype=np.float16)  # around (2, 0)
    sums = feature_sums(groups(range(4), range(2), range(1, 3), n=4), features)
    np.testing.assert_allclose(sums, [[0, 0], [0, 0], [1, 1]], atol=1e-6)


def test_few_photos_of_one_thing_are_as_alike_as_many():
    """The plain cosine of means grows with the number of photos; here it must not."""
    centers = np.repeat(RNG.normal(size=(2, 32)), [600, 600], axis=0)
    features = centers + RNG.normal(scale=3, size=(1200, 32))
    pairs = [(range(a, a + 12), range(a + 12, a + 24)) for a in range(0, 576, 24)]
    few = alike(groups(*(a for a, _ in pairs), n=1200), groups(*(b for _, b in pairs), n=1200), features)
    many = alike(groups(range(300), n=1200), groups(range(300, 600), n=1200), features)
    assert many[0] > 0.95
    assert abs(np.nanmedian(few) - many[0]) < 0.15
    other = alike(groups(range(300), n=1200), groups(range(600, 900), n=1200), features)
    assert other[0] < -0.9


def test_photos_without_anything_in_common_tell_nothing():
    features = np.eye(8)[[0, 1, 2, 3, 4, 5, 6, 7]]
    assert np.isnan(alike(groups(range(4), n=8), groups(range(4, 8), n=8), features)).all()
    assert np.isnan(alike(groups(range(1), n=8), groups(range(4, 8), n=8), features)).all()
