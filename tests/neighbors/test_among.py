"""The nearest of a few candidates, against all pairs in float64."""

import numpy as np
import pytest
import torch

from tagrefine_core.neighbors import among
from tagrefine_core.neighbors.among import nearest_among


@pytest.mark.parametrize("block", [4096, 7])
def test_against_all_pairs(block, monkeypatch):
    monkeypatch.setattr(among, "_BLOCK", block)
    generator = np.random.default_rng(0)
    features = generator.normal(size=(60, 5)).astype(np.float32)
    queries = generator.permutation(60)[:33].astype(np.int64)
    candidates = np.array([generator.permutation(60)[:12] for _ in queries], dtype=np.int32)
    found, squared = nearest_among(torch.from_numpy(features), queries, candidates, 2)
    assert found.dtype == np.int32 and found.shape == (33, 2)
    for query, own, nearest, far in zip(queries, candidates, found, squared, strict=True):
        distance = np.linalg.norm(features[own].astype(float) - features[query], axis=1)
        assert nearest.tolist() == own[np.argsort(distance)][:2].tolist()
        np.testing.assert_allclose(far, np.sort(distance)[:2] ** 2, rtol=1e-5)


def test_lengths_count():
    # By the angle 1 would be nearer to 0 than 2 is.
    features = torch.tensor([[1.0, 0.0], [9.0, 0.1], [1.0, 0.5]])
    assert nearest_among(features, np.array([0]), np.array([[1, 2]], dtype=np.int32), 1)[0].tolist() == [[2]]


@pytest.mark.parametrize("others", [0, 60])
def test_near_duplicates_far_from_the_origin_are_told_apart_and_ties_go_to_the_lower_row(others):
    """In float32 the square of a length of 1000 is no more exact than 0.06; with many others a product has been there first."""
    apart = torch.tensor([0.0, 0.02, 0.01, 0.03, 0.01])
    features = torch.cat([torch.stack([1000 + apart, torch.zeros(5)], dim=1), torch.rand(others, 2)])
    candidates = np.array([[4, 3, 1, 2, *range(5, 5 + others)]])
    found, squared = nearest_among(features, np.array([0]), candidates, 4)
    assert found.tolist() == [[2, 4, 1, 3]]
    np.testing.assert_allclose(squared, [[1e-4, 1e-4, 4e-4, 9e-4]], rtol=0.05)
