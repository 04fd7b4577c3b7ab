"""Targets with implied tags, against plain loops."""

import numpy as np
import pytest
import torch
from scipy.sparse import csr_matrix

from tagrefine_core.model.design import Design
from tagrefine_core.model.implied import implication, implied_by_others, with_implied
from tagrefine_core.model.least_squares import Ridge, likeness

BOY, PEOPLE, TURKEY, BIRD = range(4)


def test_meaning_counts_as_far_as_photos_look_alike():
    meaning = np.zeros((4, 4), dtype=np.float32)
    meaning[PEOPLE, BOY], meaning[BIRD, TURKEY] = 1.0, 0.25
    alike = np.full((4, 4), 0.04, dtype=np.float32)
    alike[PEOPLE, BOY] = alike[BOY, PEOPLE] = 0.6
    alike[BIRD, TURKEY] = -0.3  # a country
    links = implication(meaning, alike, 0.5)
    assert links[BOY, PEOPLE] == pytest.approx(0.3) and links.nnz == 1
    alike[BIRD, TURKEY] = 0.12  # times a quarter and a half: negligible
    assert implication(meaning, alike, 0.5).nnz == 1


def test_targets_are_the_tags_and_the_loudest_implication():
    generator = np.random.default_rng(0)
    tags = (generator.random((2500, 9)) < 0.2).astype(np.uint8)
    tags[7] = tags[2499] = 0
    links = generator.random((9, 9)).astype(np.float32) * (generator.random((9, 9)) < 0.3)
    found = with_implied(csr_matrix(tags), csr_matrix(links))
    assert found.dtype == np.float32 and found.shape == tags.shape
    for photo, row in enumerate(tags):
        wanted = [
            1.0 if row[t] else max((links[s, t] for s in np.flatnonzero(row) if s != t), default=0.0)
            for t in range(9)
        ]
        np.testing.assert_allclose(found[[photo]].toarray()[0], wanted)
    assert (with_implied(csr_matrix(tags), csr_matrix((9, 9), dtype=np.float32)) != csr_matrix(tags)).nnz == 0
    assert with_implied(csr_matrix((0, 9), dtype=np.uint8), csr_matrix(links)).shape == (0, 9)


def test_what_other_tags_say_for_one_is_what_it_would_be_taught_without_it():
    generator = np.random.default_rng(3)
    tags = (generator.random((300, 9)) < 0.2).astype(np.uint8)
    tags[7] = 0
    links = generator.random((9, 9)).astype(np.float32) * (generator.random((9, 9)) < 0.3)
    np.fill_diagonal(links, 1.0)  # what a tag says for itself does not count
    links = csr_matrix(links)
    columns = generator.integers(9, size=300)
    found = implied_by_others(csr_matrix(tags), links, columns)
    left = tags.copy()
    left[np.arange(300), columns] = 0
    expected = with_implied(csr_matrix(left), links).toarray()[np.arange(300), columns]
    np.testing.assert_array_equal(found, expected)
    assert found[7] == 0 and 0 < found.max() < 1
    nothing = csr_matrix((9, 9), dtype=np.float32)
    assert not implied_by_others(csr_matrix(tags), nothing, columns).any()


def test_tags_of_like_photos_are_alike_though_no_photo_has_both():
    generator = np.random.default_rng(1)
    kind = np.arange(600) % 2
    features = np.eye(2, 8)[kind] + 0.3 * generator.normal(size=(600, 8))
    tags = np.zeros((600, 4), dtype=np.uint8)
    portraits = np.flatnonzero(kind == 0)
    tags[portraits[0::3], BOY] = 1
    tags[portraits[1::3], PEOPLE] = 1
    tags[np.flatnonzero(kind)[::2], TURKEY] = 1
    alike = likeness(Ridge(Design(torch.from_numpy(features).float(), 0), csr_matrix(tags)).shown)
    assert alike.shape == (4, 4) and alike.dtype == np.float32
    assert alike[BOY, PEOPLE] > 0.8 and alike[BOY, TURKEY] < -0.8
    assert not alike[BIRD].any()  # nobody gave it
    np.testing.assert_allclose(alike, alike.T, atol=1e-6)
    np.testing.assert_allclose(alike.diagonal()[:3], 1, atol=1e-5)
