"""How far tags of two photos agree, by hand."""

import numpy as np
import pytest
from scipy.sparse import csr_matrix

from tagrefine_core.model.agreement import weighted_tags

# Eight photos: a tag of four of them weighs log 2, one of two log 4 = 2 log 2, one of a single photo log 8 = 3 log 2.
TAGS = np.array(
    [[1, 1, 0, 1], [1, 1, 0, 0], [1, 0, 1, 1], [1, 0, 0, 1], [0, 0, 0, 1], [0, 0, 0, 1], [0, 0, 0, 1], [0, 0, 0, 0]],
    dtype=np.uint8,
)  # fmt: skip


def dense(visualness, tags=TAGS):
    found = weighted_tags(csr_matrix(tags), np.array(visualness))
    assert found.dtype == np.float32
    return found.toarray()


def test_a_tag_weighs_what_it_tells():
    found = dense([1, 1, 1, 0])
    np.testing.assert_allclose(found[0], np.array([1, 2, 0, 0]) / 5**0.5, rtol=1e-6)
    np.testing.assert_allclose(found[2], np.array([1, 0, 3, 0]) / 10**0.5, rtol=1e-6)
    agree = found @ found.T
    assert agree[0, 1] == pytest.approx(1) and agree[0, 2] == pytest.approx(1 / 50**0.5)


def test_times_how_well_a_picture_tells_it():
    found = dense([1, 0.25, 0.5, 0])
    np.testing.assert_allclose(found[0], np.array([2, 1, 0, 0]) / 5**0.5, rtol=1e-6)
    np.testing.assert_allclose(found[2], np.array([2, 0, 3, 0]) / 13**0.5, rtol=1e-6)


def test_a_tag_that_no_picture_tells_brings_nobody_together():
    found = dense([1, 1, 1, 0])
    agree = found @ found.T
    assert not agree[4:].any(), "they have nothing else in common"
    told = dense([1, 1, 1, 1])
    assert (told @ told.T)[4, 5] == pytest.approx(1)


def test_rows_have_length_one_or_nothing_in_them():
    generator = np.random.default_rng(1)
    tags = (generator.random((50, 9)) < 0.2) * generator.uniform(0.1, 1, size=(50, 9))
    tags[7] = 0
    found = weighted_tags(csr_matrix(tags), generator.random(9))
    length = np.sqrt(found.multiply(found).sum(axis=1)).A1
    np.testing.assert_allclose(length[tags.any(axis=1)], 1, rtol=1e-6)
    assert not length[~tags.any(axis=1)].any() and length[7] == 0


def test_what_all_photos_have_tells_nothing_and_what_is_implied_counts_as_far_as_it_is():
    tags = np.array([[1, 1, 0], [1, 0.5, 1], [1, 0, 1], [1, 0, 0]])
    found = dense([1, 1, 1], tags)
    np.testing.assert_allclose(found, [[0, 1, 0], [0, 0.2**0.5, 0.8**0.5], [0, 0, 1], [0, 0, 0]], rtol=1e-6)


def test_a_collection_without_tags_is_no_error():
    assert not dense([1, 1], np.zeros((3, 2))).any()
    assert weighted_tags(csr_matrix((0, 2)), np.ones(2)).shape == (0, 2)
