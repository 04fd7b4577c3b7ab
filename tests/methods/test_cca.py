import numpy as np
import pytest
from numpy.typing import NDArray
from scipy.sparse import csr_matrix

from tagrefine_core.errors import ConfigError, DataError, TagRefineWarning
from tagrefine_core.methods import create
from tagrefine_core.methods.canonical import canonical_correlation


def clusters(
    seed: int = 0, images: int = 90
) -> tuple[NDArray[np.float64], NDArray[np.uint8], NDArray[np.int64]]:
    """Six clusters with two tags of their own each, and some images without tags."""
    rng = np.random.default_rng(seed)
    cluster = np.arange(images) % 6
    features = 2 * rng.standard_normal((6, 8))[cluster] + rng.standard_normal((images, 8))
    truth = np.repeat(np.eye(6, dtype=bool), 2, axis=1)[cluster]
    tags = np.where(truth, rng.random(truth.shape) < 0.5, rng.random(truth.shape) < 0.03)
    tags[::11] = 0
    return features, tags.astype(np.uint8), cluster


def hits(scores: NDArray[np.float32], cluster: NDArray[np.int64]) -> float:
    return float((scores.argmax(axis=1) // 2 == cluster).mean())


@pytest.mark.parametrize("variant", ["knn", "direct", "2pass"])
@pytest.mark.parametrize("view", ["ppmi", "binary"])
@pytest.mark.parametrize("method", ["cca", "kcca"])
def test_planted_clusters_are_found(method: str, variant: str, view: str) -> None:
    features, tags, cluster = clusters()
    new, _, of_new = clusters(images=180)  # the same centers
    model = create(method, variant=variant, view=view, q=6, k=8).fit(features, tags)
    assert hits(model.refine(features, tags), cluster) > 0.6
    assert hits(model.annotate(new[90:]), of_new[90:]) > 0.6


def test_correlations_are_those_of_the_tagged_images() -> None:
    features, tags, _ = clusters()
    model = create("cca", view="binary", ridge=0.5, q=3).fit(features, tags)
    tagged = tags.any(axis=1)
    x, y = features[tagged] - features[tagged].mean(axis=0), tags[tagged] - tags[tagged].mean(axis=0)
    n = tagged.sum() - 1
    Cx, Cy = x.T @ x / n, y.T @ y / n
    found = canonical_correlation(
        Cx,
        Cy,
        x.T @ y / n,
        q=3,
        rx=0.5 * np.linalg.eigvalsh(Cx).mean(),
        ry=0.5 * np.linalg.eigvalsh(Cy).mean(),
    )
    np.testing.assert_allclose(model.correlations_, found.correlations, rtol=1e-10)


@pytest.mark.parametrize("own", [True, False])
@pytest.mark.parametrize("latent", ["visual", "text"])
def test_votes_equal_plain_loops(own: bool, latent: str) -> None:
    features, tags, _ = clusters(images=40)
    queries = features if own else features[:5] + 0.1
    for variant in ("knn", "2pass"):
        model = create("cca", variant=variant, latent=latent, k=5, per_tag=2, q=4).fit(features, tags)
        z, base = model._project(queries).astype(float), model._base.astype(float)
        expected = np.zeros((len(queries), tags.shape[1]))
        for i, query in enumerate(z):
            lengths = np.linalg.norm(base, axis=1) * np.linalg.norm(query)
            far = 1 - np.divide(base @ query, lengths, out=np.zeros(len(base)), where=lengths > 0)
            rows = [j for j in range(len(base)) if not (own and j == i)]
            if variant == "knn":
                chosen = sorted(rows, key=lambda j: (far[j], j))[:5]
                scale = np.median(far[chosen])
            else:
                chosen, scale = set(), 1.0
                for tag in range(tags.shape[1]):
                    carriers = [j for j in rows if tags[j, tag]]
                    chosen |= set(sorted(carriers, key=lambda j: (far[j], j))[:2])
            for j in chosen:
                expected[i] += np.exp(-far[j] / scale) * tags[j]
        scores = model.refine(queries, tags) if own else model.annotate(queries)
        np.testing.assert_allclose(scores, expected, rtol=1e-4, atol=1e-5)


def test_direct_scores_are_cosines() -> None:
    features, tags, _ = clusters()
    tags[:, 3] = 0
    scores = create("cca", variant="direct", q=6).fit(features, tags).annotate(features)
    assert np.isneginf(scores[:, 3]).all()
    rest = np.delete(scores, 3, axis=1)
    assert (np.abs(rest) <= 1 + 1e-5).all()
    vectors = np.random.default_rng(0).standard_normal((12, 5))
    scores = (
        create("cca", variant="direct", view="mean", vectors=vectors).fit(features, tags).annotate(features)
    )
    assert np.isfinite(scores).all()  # a word vector stands in for a tag nobody used


def test_word_vectors_make_the_text_view() -> None:
    features, tags, _ = clusters()
    rng = np.random.default_rng(4)
    vectors = rng.standard_normal((12, 5))
    model = create("cca", view="mean", vectors=vectors, ridge=0.1).fit(features, tags)
    rotation = np.linalg.qr(rng.standard_normal((5, 5)))[0]
    rotated = create("cca", view="mean", vectors=vectors @ rotation, ridge=0.1).fit(features, tags)
    np.testing.assert_allclose(model.correlations_, rotated.correlations_, rtol=1e-8)
    assert len(model.correlations_) == 5


def test_without_word_vectors_it_says_what_is_used() -> None:
    features, tags, _ = clusters()
    with pytest.warns(TagRefineWarning, match="co-occurrence"):
        model = create("cca", view="mean").fit(features, tags)
    same = create("cca").fit(features, tags)
    assert np.array_equal(model.annotate(features), same.annotate(features))


def test_untagged_images_do_not_move_the_directions() -> None:
    features, tags, _ = clusters()
    model = create("cca").fit(features, tags)
    far_away = np.vstack((features, 100 + features[:9]))
    more = create("cca").fit(far_away, np.vstack((tags, 0 * tags[:9])))
    np.testing.assert_allclose(model.correlations_, more.correlations_, rtol=1e-9)


@pytest.mark.parametrize("method", ["cca", "kcca"])
@pytest.mark.parametrize("variant", ["knn", "direct", "2pass"])
def test_columns_may_be_in_any_order(method: str, variant: str) -> None:
    features, tags, _ = clusters()
    order = np.random.default_rng(0).permutation(12)
    straight = create(method, variant=variant, k=9).fit(features, tags).annotate(features)
    shuffled = create(method, variant=variant, k=9).fit(features, tags[:, order]).annotate(features)
    np.testing.assert_allclose(straight[:, order], shuffled, atol=2e-3)


@pytest.mark.parametrize("method", ["cca", "kcca"])
def test_an_image_does_not_vote_for_itself(method: str) -> None:
    features, tags, _ = clusters()
    tags = np.hstack((tags, np.eye(90, dtype=np.uint8)))  # a name tag each
    for variant in ("knn", "2pass"):
        scores = (
            create(method, variant=variant, k=5, view="binary").fit(features, tags).refine(features, tags)
        )
        assert np.abs(np.diag(scores[:, 12:])).max() == 0
        assert scores[:, 12:].max() > 0


@pytest.mark.parametrize("method", ["cca", "kcca"])
@pytest.mark.parametrize("variant", ["knn", "direct", "2pass"])
@pytest.mark.parametrize("view", ["ppmi", "binary"])
@pytest.mark.parametrize(
    "tags",
    [[[1]], [[1], [0]], [[0, 0]] * 4, [[1, 1]] * 4, [[1, 0], [0, 0], [1, 1], [1, 0], [0, 0]]],
)
def test_degenerate_data(method: str, variant: str, view: str, tags: list[list[int]]) -> None:
    features = np.ones((len(tags), 3))  # duplicates
    model = create(method, variant=variant, view=view, power=4.0).fit(
        features, csr_matrix(tags, dtype=np.uint8)
    )
    for scores in (model.annotate(features), model.annotate(np.zeros((2, 3))), model.refine(features, tags)):
        assert not np.isnan(scores).any() and not np.isposinf(scores).any()


@pytest.mark.parametrize(
    "wrong",
    [
        {"q": 0},
        {"k": 0},
        {"ridge": -1.0},
        {"power": np.inf},
        {"variant": "x"},
        {"view": "x"},
        {"latent": "x"},
    ],
)
def test_parameters_out_of_range(wrong: dict[str, object]) -> None:
    with pytest.raises(ConfigError, match=next(iter(wrong))):
        create("cca", **wrong).fit([[0.0], [1.0]], [[1], [0]])


def test_vectors_and_ridges_that_do_not_fit() -> None:
    features, tags, _ = clusters()
    with pytest.raises(DataError, match="12 tags"):
        create("cca", view="mean", vectors=np.ones((3, 2))).fit(features, tags)
    with pytest.raises(DataError, match="ridge"):
        create("cca", ridge=0.0).fit(np.ones((90, 4)), tags)
