"""Methods on the synthetic set of the specification: orderings that hold whatever the seed, in the refinement setting."""

import numpy as np
import pytest
from numpy.typing import NDArray

from tagrefine_core.evaluation import evaluate
from tagrefine_core.methods import create

Data = tuple[NDArray[np.float32], NDArray[np.uint8], NDArray[np.int8]]


def clustered(seed: int = 0, images: int = 600) -> Data:
    """Forty clusters in 300 dimensions; a cluster has each of 30 tags with .12, users drop .65 and add .02."""
    rng = np.random.default_rng(seed)
    prototypes, has = rng.standard_normal((40, 300)), rng.random((40, 30)) < 0.12
    cluster = rng.integers(40, size=images)
    features = prototypes[cluster] + 1.6 * rng.standard_normal((images, 300))
    truth = has[cluster]
    tags = np.where(truth, rng.random(truth.shape) < 0.35, rng.random(truth.shape) < 0.02)
    return features.astype(np.float32), tags.astype(np.uint8), truth.astype(np.int8)


@pytest.mark.parametrize("seed", [0, 1])
def test_orderings_that_are_safe_to_assert(seed: int) -> None:
    features, tags, truth = clustered(seed)

    def measured(name: str, mode: str = "all", **params: object) -> NDArray[np.float64]:
        scores = create(name, **params).fit(features, tags).refine(features, tags, mode=mode)
        found = evaluate(scores, truth)
        return np.array([found.map, found.miap])

    with pytest.warns(match="without WordNet"):
        rpca = measured("rpca", data="raw", lambda1=0.5, lambda2=0.25)
    rising = [
        measured("user_tags"),
        measured("tag_vote", mode="assigned", k=14),
        rpca,
        measured("knn", k=14),
    ]
    assert (np.diff(rising, axis=0) > 0.02).all(), rising
    # The vote only takes the mean off, which changes little where all tags are about as frequent.
    np.testing.assert_allclose(measured("tag_vote", k=14), rising[-1], atol=0.02)
    # Neighbors from other clusters: k must scale with the set.
    assert (measured("knn", k=200) < rising[0]).all()
    assert (measured("knn", k=50) < rising[-1] - 0.1).all()
