import json

import numpy as np
import pytest
from scipy import sparse

from tagrefine_core.errors import ConfigError, DataError
from tagrefine_core.evaluation import average_precision, evaluate, random_miap

NAMES = ("miap", "miap_labelled", "miap_ceiling", "map", "micro_auc", "macro_auc")


def pair_auc(scores, truth):
    """Compare every positive with every negative."""
    positives, negatives = scores[truth == 1], scores[truth == 0]
    if not len(positives) or not len(negatives):
        return np.nan
    wins = sum(1.0 if p > n else 0.5 if p == n else 0.0 for p in positives for n in negatives)
    return wins / (len(positives) * len(negatives))


def naive_expected_ap(scores, truth):
    """Expected AP item by item: each relevant item's own rank and the relevant ones before it."""
    scores, truth = scores[truth != -1], truth[truth != -1]
    if not (truth == 1).any():
        return np.nan
    total = 0.0
    for item in np.flatnonzero(truth == 1):
        above, tied = scores > scores[item], scores == scores[item]
        n, r = tied.sum(), (truth[tied] == 1).sum()
        for place in range(n):  # each place inside the tie is equally likely
            others = place * (r - 1) / (n - 1) if n > 1 else 0.0
            total += ((truth[above] == 1).sum() + others + 1) / (above.sum() + place + 1) / n
    return total / (truth == 1).sum()


def naive_metrics(scores, truth):
    images = np.array([naive_expected_ap(*row) for row in zip(scores, truth, strict=True)])
    labels = np.array([naive_expected_ap(*column) for column in zip(scores.T, truth.T, strict=True)])
    aucs = np.array([pair_auc(*column) for column in zip(scores.T, truth.T, strict=True)])
    judged = (truth != -1).any(axis=1)
    return {
        "miap": np.nan_to_num(images)[judged].mean(),
        "miap_labelled": np.nanmean(images),
        "miap_ceiling": (truth[judged] == 1).any(axis=1).mean(),
        "map": np.nanmean(labels),
        "micro_auc": pair_auc(scores.ravel(), truth.ravel()),
        "macro_auc": np.nanmean(aucs),
        "per_label_ap": labels,
        "per_label_auc": aucs,
    }


def random_case(seed, n=40, labels=9):
    rng = np.random.default_rng(seed)
    scores = rng.choice([-np.inf, 0.0, 0.25, 0.5, 0.75, 1.0], size=(n, labels))
    truth = rng.choice([-1, 0, 1], size=(n, labels), p=[0.15, 0.6, 0.25])
    truth[:, 0] = np.where(truth[:, 0] == 1, 0, truth[:, 0])  # a label without positives
    truth[:, 1] = np.where(truth[:, 1] == 0, 1, truth[:, 1])  # a label without negatives
    truth[3], truth[4] = -1, 0  # an image without judgement, one without a relevant label
    truth[4, 1] = -1
    return scores, truth


def test_worked_example():
    scores, truth = [[0.9, 0.2], [0.6, 0.7], [0.4, 0.1]], [[1, 0], [0, 1], [1, 0]]
    result = evaluate(scores, truth, labels=["sea", "sky"])
    np.testing.assert_allclose(result.per_label_auc, [0.5, 1])
    np.testing.assert_allclose(result.per_label_ap, [(1 + 2 / 3) / 2, 1])
    assert result.macro_auc == 0.75
    assert result.micro_auc == pytest.approx(8 / 9)
    assert result.map == pytest.approx(0.9166667)
    assert (result.miap, result.miap_labelled, result.miap_ceiling) == (1, 1, 1)
    assert (result.n_images, result.n_labels, result.n_map_skipped, result.n_auc_skipped) == (3, 2, 0, 0)
    assert result.labels == ("sea", "sky")


@pytest.mark.parametrize("block_bytes", [1, 5000, 2**28])
@pytest.mark.parametrize("seed", range(3))
def test_equals_a_naive_implementation(seed, block_bytes):
    scores, truth = random_case(seed)
    result = evaluate(scores, truth, block_bytes=block_bytes)
    for name, expected in naive_metrics(scores, truth).items():
        np.testing.assert_allclose(getattr(result, name), expected, rtol=1e-12, err_msg=name)
    assert (result.n_map_skipped, result.n_auc_skipped, result.n_images_skipped) == (1, 2, 1)


def test_perfect_and_reversed_scores():
    truth = random_case(4)[1]
    truth[truth == -1] = 0
    perfect, reversed_ = evaluate(truth, truth), evaluate(-truth, truth)
    ceiling = (truth == 1).any(axis=1).mean()
    assert (perfect.map, perfect.micro_auc, perfect.macro_auc) == (1, 1, 1)
    assert perfect.miap == pytest.approx(ceiling) and perfect.miap_labelled == 1
    assert (reversed_.micro_auc, reversed_.macro_auc) == (0, 0)


def test_invariances():
    rng = np.random.default_rng(5)
    scores, truth = random_case(5)
    before = [getattr(evaluate(scores, truth), name) for name in NAMES]
    images, labels = rng.permutation(40), rng.permutation(9)
    for changed in (
        evaluate(np.exp(3 * scores), truth),
        evaluate(scores[images][:, labels], truth[images][:, labels]),
    ):
        np.testing.assert_allclose([getattr(changed, name) for name in NAMES], before, rtol=1e-12)
    by_label = evaluate(scores * np.arange(1, 10) + np.arange(9), truth)
    assert by_label.map == pytest.approx(before[3]) and by_label.macro_auc == pytest.approx(before[5])
    assert by_label.miap != pytest.approx(before[0]) and by_label.micro_auc != pytest.approx(before[4])


def test_a_binary_tagger_has_the_auc_of_its_rates():
    rng = np.random.default_rng(6)
    tags, truth = rng.integers(0, 2, (60, 5)), rng.integers(0, 2, (60, 5))
    true_rate, false_rate = tags[truth == 1].mean(), tags[truth == 0].mean()
    assert evaluate(tags, truth).micro_auc == pytest.approx((1 + true_rate - false_rate) / 2)


def test_random_scores_reach_the_closed_form():
    rng = np.random.default_rng(7)
    truth = (rng.random((150, 14)) < 0.08).astype(int)
    runs = [evaluate(rng.random((150, 14)), truth) for _ in range(80)]
    for name, expected in (("miap", random_miap(truth)), ("micro_auc", 0.5), ("macro_auc", 0.5)):
        values = np.array([getattr(run, name) for run in runs])
        assert abs(values.mean() - expected) < 4 * values.std(ddof=1) / np.sqrt(len(values)), name
    assert evaluate(np.zeros((150, 14)), truth).miap == pytest.approx(random_miap(truth))


def test_variants_reach_both_directions():
    scores, truth = np.zeros((4, 3)), np.array([[0, 0, 1], [1, 0, 0], [0, 1, 0], [0, 0, 1]])
    for variant in ("expected", "stable", "pessimistic"):
        result = evaluate(scores, truth, ap_variant=variant)
        assert result.miap == pytest.approx(average_precision(scores, truth, variant=variant).mean())
        assert result.map == pytest.approx(average_precision(scores.T, truth.T, variant=variant).mean())
        assert result.ap_variant == variant
        assert result.micro_auc == 0.5  # AUC has one rule for ties


@pytest.mark.parametrize("as_matrix", [np.asarray, sparse.csr_matrix, sparse.csr_array])
def test_map_over_tagged_images(as_matrix):
    scores = np.array([[3.0, 1.0], [2.0, 2.0], [1.0, 3.0]])
    truth = np.array([[0, 1], [1, 0], [1, 1]])
    tags = np.array([[0, 0], [1, 0], [1, 0]])
    # Label 0 ranks images 1 and 2, both relevant; label 1 was given to nobody.
    assert evaluate(scores, truth, user_tags=as_matrix(tags)).map_tagged == 1.0
    assert np.isnan(evaluate(scores, truth).map_tagged)


@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64, np.int32, bool])
def test_types_and_memory_mapped_input(dtype, tmp_path):
    rng = np.random.default_rng(8)
    scores, truth = rng.integers(0, 2, (50, 6)).astype(dtype), rng.integers(-1, 2, (50, 6)).astype(np.int8)
    np.save(tmp_path / "scores.npy", scores)
    np.save(tmp_path / "truth.npy", truth)
    mapped = [np.load(tmp_path / f"{name}.npy", mmap_mode="r") for name in ("scores", "truth")]
    assert evaluate(*mapped, block_bytes=3000).as_dict() == evaluate(scores.astype(float), truth).as_dict()


def test_undefined_is_nan_and_counted():
    result = evaluate([[0.1, 0.2], [0.3, 0.4]], [[0, -1], [0, -1]])
    assert np.isnan([result.miap_labelled, result.map, result.micro_auc, result.macro_auc]).all()
    assert (result.miap, result.miap_ceiling) == (0, 0)
    assert (result.n_map_skipped, result.n_auc_skipped) == (2, 2)
    for shape in ((0, 3), (3, 0)):
        empty = evaluate(np.empty(shape), np.empty(shape))
        assert np.isnan([getattr(empty, name) for name in NAMES]).all()


def test_as_dict_is_json():
    result = evaluate([[0.1, 0.2]], [[1, -1]], labels=["sea", "sky"]).as_dict()
    assert json.loads(json.dumps(result, allow_nan=False)) == result
    assert result["micro_auc"] is None and result["per_label_ap"] == [1.0, None]
    assert result["labels"] == ["sea", "sky"] and result["n_images"] == 1


@pytest.mark.parametrize(
    ("error", "message", "arguments", "options"),
    [
        (DataError, r"scores \(1, 2\) and truth \(2, 1\)", ([[1, 2]], [[1], [0]]), {}),
        (DataError, r"2-D.*\(2,\)", ([1, 2], [1, 0]), {}),
        (DataError, r"scores\[1, 0\] is nan", ([[1.0], [np.nan]], [[1], [0]]), {}),
        (DataError, r"scores\[0, 0\] is inf", ([[np.inf]], [[1]]), {}),
        (DataError, r"truth\[1, 0\] is 2", ([[1.0], [0.0]], [[1], [2]]), {}),
        (DataError, r"truth\[0, 0\] is nan", ([[1.0]], [[np.nan]]), {}),
        (DataError, "numbers", ([["a"]], [[1]]), {}),
        (DataError, "2 label names", ([[1.0]], [[1]]), {"labels": ["a", "b"]}),
        (DataError, r"user_tags \(2, 1\)", ([[1.0]], [[1]]), {"user_tags": np.ones((2, 1))}),
        (ConfigError, "best", ([[1.0]], [[1]]), {"ap_variant": "best"}),
        (ConfigError, "block_bytes", ([[1.0]], [[1]]), {"block_bytes": 0}),
    ],
)
def test_mistakes_are_named(error, message, arguments, options):
    with pytest.raises(error, match=message):
        evaluate(*arguments, **options)


def test_errors_name_the_row_of_the_whole_array():
    scores = np.zeros((30, 2))
    scores[17, 1] = np.nan
    with pytest.raises(DataError, match=r"scores\[17, 1\]"):
        evaluate(scores, np.zeros((30, 2)), block_bytes=400)
