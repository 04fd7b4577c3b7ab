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
    found = nearest_among(torch.from_numpy(features), queries, candidates, 4)
    assert found.dtype == np.int32 and found.shape == (33, 4)
    for query, own, nearest in zip(queries, candidates, found, strict=True):
        distance = np.linalg.norm(features[own].astype(float) - features[query], axis=1)
        assert nearest.tolist() == own[np.argsort(distance)][:4].tolist()


def test_lengths_count():
    # By the angle 1 would be nearer to 0 than 2 is.
    features = torch.tensor([[1.0, 0.0], [9.0, 0.1], [1.0, 0.5]])
    assert nearest_among(features, np.array([0]), np.array([[1, 2]], dtype=np.int32), 1).tolist() == [[2]]
