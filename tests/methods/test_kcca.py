import numpy as np
import pytest

from tagrefine_core.errors import ConfigError
from tagrefine_core.methods import create
from tagrefine_core.methods.kcca import rbf_kernel


def data(images: int = 30) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(6)
    features = rng.standard_normal((images, 3))
    tags = (features[:, :1] ** 2 + 0.3 * rng.standard_normal((images, 4)) > 0.7).astype(np.uint8)
    tags[~tags.any(axis=1), 0] = 1  # every image counts
    return features, tags


def test_kernel_by_plain_loops() -> None:
    x, y = np.random.default_rng(1).standard_normal((2, 6, 3))
    expected = [[np.exp(-sum((a - b) ** 2) / 1.7) for b in y] for a in x]
    np.testing.assert_allclose(rbf_kernel(x, y, 1.7), expected, rtol=1e-12)


def test_all_landmarks_give_the_kernel_method() -> None:
    """The correlations solve ``Kx (Kx + kx I)^-1 Ky (Ky + ky I)^-1 a = rho^2 a`` with centered kernels."""
    features, tags = data()
    n, ridge = len(features), 0.3
    model = create("kcca", view="binary", ridge=ridge, bandwidth=2.0, q=4).fit(features, tags)
    center = np.eye(n) - 1 / n
    Kx = center @ rbf_kernel(features, features, 2.0) @ center
    Ky = center @ (tags.astype(float) @ tags.T) @ center
    # A mean eigenvalue of a covariance is the trace of its kernel over the dimensions, of n - 1 images.
    dims = model._root.shape[1]
    kx, ky = ridge * np.trace(Kx) / dims, ridge * np.trace(Ky) / tags.shape[1]
    product = Kx @ np.linalg.inv(Kx + kx * np.eye(n)) @ Ky @ np.linalg.inv(Ky + ky * np.eye(n))
    squares = np.sort(np.linalg.eigvals(product).real)[::-1][:4]
    np.testing.assert_allclose(model.correlations_**2, squares, atol=1e-7)


def test_it_sees_what_a_linear_map_cannot() -> None:
    features, tags = data(200)  # tags depend on the square of a feature
    linear, kernel = (create(name, view="binary", q=1).fit(features, tags) for name in ("cca", "kcca"))
    assert kernel.correlations_[0] > linear.correlations_[0] + 0.2


def test_landmarks_are_drawn_by_the_seed() -> None:
    features, tags = data()
    first, same, other = (create("kcca", landmarks=9, seed=seed).fit(features, tags) for seed in (1, 1, 2))
    assert first.landmarks_.tolist() == same.landmarks_.tolist()
    assert len(set(first.landmarks_)) == 9
    assert first.landmarks_.tolist() != other.landmarks_.tolist()
    assert np.array_equal(first.annotate(features), same.annotate(features))


def test_bandwidth_is_the_median_by_default() -> None:
    features, tags = data()
    model = create("kcca").fit(features, tags)
    squares = [((a - b) ** 2).sum() for i, a in enumerate(features) for b in features[i + 1 :]]
    assert model.bandwidth_ == pytest.approx(np.median(squares), rel=1e-9)


@pytest.mark.parametrize("wrong", [{"landmarks": 0}, {"landmarks": 10_001}, {"bandwidth": 0.0}])
def test_parameters_out_of_range(wrong: dict[str, object]) -> None:
    with pytest.raises(ConfigError, match=next(iter(wrong))):
        create("kcca", **wrong).fit([[0.0], [1.0]], [[1], [0]])
