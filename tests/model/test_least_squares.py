"""The closed-form last layer against plain ridge regressions, one for each photo or each part left out."""

import numpy as np
import pytest
import torch
from scipy.optimize import brentq
from scipy.sparse import csr_matrix
from scipy.special import expit

from tagrefine_core.model.design import Design
from tagrefine_core.model.least_squares import _SPREAD, Ridge, _bias, least_squares

N, D, C = 40, 6, 3
PARTS = (np.arange(0, 40, 3), np.array([1, 2, 38]))


@pytest.fixture
def data() -> tuple[np.ndarray, np.ndarray]:
    generator = np.random.default_rng(4)
    features = generator.normal(size=(N, D)) + 3.0
    likely = features @ generator.normal(size=(D, C)) + generator.normal(size=(N, C))
    tags = (likely > np.median(likely, axis=0)).astype(float)
    tags[:, 1] *= 0.7  # a tag that counts as far as another implies it
    tags[:, 2] = 0  # a tag that nobody gave
    return features, tags


def solve(features: np.ndarray, tags: np.ndarray, **options):
    return least_squares(Design(torch.from_numpy(features).float(), 0), csr_matrix(tags), **options)


def logits_of(layer, features: np.ndarray) -> np.ndarray:
    return features @ layer.weight.numpy().T + layer.bias.numpy()


def each(function, features: np.ndarray, tags: np.ndarray, penalties: np.ndarray) -> np.ndarray:
    """Give every tag the column of its own penalty."""
    return np.stack([function(features, tags, p)[:, t] for t, p in enumerate(penalties)], axis=1)


def naive(features: np.ndarray, tags: np.ndarray, penalty: float) -> np.ndarray:
    """Return the weights (D, C) of a ridge regression with an intercept."""
    x = features - features.mean(axis=0)
    return np.linalg.solve(x.T @ x + penalty * np.eye(D), x.T @ (tags - tags.mean(axis=0)))


def mean_feature(features: np.ndarray, tags: np.ndarray, _penalty: float = 0.0) -> np.ndarray:
    """Return the mean feature (D, C) of the photos of each tag, about the mean of all photos; 0 for a tag without photos."""
    x = features - features.mean(axis=0)
    return np.stack([(x * t[:, None]).sum(axis=0) / (t.sum() or 1.0) for t in tags.T], axis=1)


def left_out(features: np.ndarray, tags: np.ndarray, penalty: float) -> np.ndarray:
    """Fit without a photo, an unpenalized intercept included, and predict it; relative to the mean of all tags."""
    found = np.empty((N, C))
    for i in range(N):
        rest = np.delete(np.arange(N), i)
        x = np.column_stack([features[rest], np.ones(N - 1)])
        ridge = penalty * np.diag([*np.ones(D), 0.0])
        weight = np.linalg.solve(x.T @ x + ridge, x.T @ tags[rest])
        found[i] = np.append(features[i], 1.0) @ weight - tags.mean(axis=0)
    return found


def pointed(features: np.ndarray, tags: np.ndarray) -> np.ndarray:
    """Return how far each photo points to the mean feature of the other photos of each tag."""
    x = features - features.mean(axis=0)
    found = np.zeros((N, C))
    for i in range(N):
        rest = np.delete(np.arange(N), i)
        for t in range(C):
            if tags[rest, t].sum():
                found[i, t] = x[i] @ np.average(x[rest], axis=0, weights=tags[rest, t])
    return found


def one_over(deviation: np.ndarray) -> np.ndarray:
    return np.array([1 / d if d > 1e-9 else 0.0 for d in deviation])


def spread_of(predicted: np.ndarray, tags: np.ndarray) -> np.ndarray:
    """Return the deviation of logits: in proportion to the root of how far givers and others are apart, few photos drawn to the median."""
    count = tags.sum(axis=0)
    given = count > 0
    apart = np.zeros(C)
    for t in np.flatnonzero(given):
        apart[t] = np.average(predicted[:, t], weights=tags[:, t]) - np.average(
            predicted[:, t], weights=1 - tags[:, t]
        )
    median = np.sort(apart[given])[(given.sum() - 1) // 2]
    apart = (count * apart + 5 * median) / (count + 5)
    return _SPREAD * np.sqrt(np.maximum(apart, 0.05))


def shift_of(logits: np.ndarray, rate: float) -> float:
    rate = min(max(rate, 1e-4), 1 - 1e-4)
    return brentq(lambda b: (1 / (1 + np.exp(-logits - b))).mean() - rate, -40, 40)


def by_hand(features, tags, seen, penalties, share):
    """Return logits (N, C) of a layer that learned from the photos ``seen``, at the scales of all."""
    ridge, mean = each(left_out, features, tags, penalties), pointed(features, tags)
    ridge_scale, mean_scale = one_over(ridge.std(axis=0)), one_over(mean.std(axis=0))
    together = (1 - share) * ridge * ridge_scale + share * mean * mean_scale
    spread = spread_of(together, tags)
    shift = [shift_of(together[:, t] * spread[t], tags[:, t].mean()) for t in range(C)]
    weight = (1 - share) * each(naive, features[seen], tags[seen], penalties) * ridge_scale
    weight += share * mean_feature(features[seen], tags[seen]) * mean_scale
    return (features - features[seen].mean(axis=0)) @ (weight * spread) + shift


def test_the_ridge_of_a_tag_is_the_one_that_predicts_photos_left_out_best(data):
    features, tags = data
    size = ((features - features.mean(axis=0)) ** 2).sum() / N
    penalties = 4.0 ** np.arange(-1, 5) * size
    errors = np.array(
        [
            ((tags - tags.mean(axis=0) - left_out(features, tags, penalty)) ** 2).sum(axis=0)
            for penalty in penalties
        ]
    )
    (solved,) = solve(features, tags)
    chosen = solved.penalty.numpy()
    np.testing.assert_allclose(chosen[:2], penalties[errors.argmin(axis=0)][:2], rtol=1e-5)
    assert chosen[0] != chosen[1]


def test_what_is_shown_is_what_the_other_photos_predict_at_deviation_one(data):
    features, tags = data
    design = Design(torch.from_numpy(features).float(), 0)
    solved = Ridge(design, csr_matrix(tags))
    expected = each(left_out, features, tags, solved.penalty.numpy())
    np.testing.assert_allclose(solved.shown, expected * one_over(expected.std(axis=0)), atol=1e-4)
    np.testing.assert_allclose(solved.shown.std(dim=0, correction=0)[:2], 1, atol=1e-4)
    np.testing.assert_array_equal(design.sample, np.arange(N))
    np.testing.assert_allclose(solved.given, tags, atol=1e-6)


@pytest.mark.parametrize("share", [0.0, 0.25, 1.0])
def test_a_layer_of_a_part_learned_from_the_other_photos_and_the_last_from_all(data, share):
    features, tags = data
    solved = solve(features, tags, parts=PARTS, prototype=share)
    assert len(solved) == len(PARTS) + 1
    seen = [*(np.setdiff1d(np.arange(N), part) for part in PARTS), np.arange(N)]
    for layer, rows in zip(solved, seen, strict=True):
        expected = by_hand(features, tags, rows, solved[-1].penalty.numpy(), share)
        np.testing.assert_allclose(logits_of(layer, features), expected, atol=2e-4)
        np.testing.assert_array_equal(layer.penalty, solved[-1].penalty)
    apart = [np.abs(logits_of(layer, features) - logits_of(solved[-1], features)).max() for layer in solved]
    assert min(apart[:-1]) > 0.05, "else the parts would be left in"
    (alone,) = solve(features, tags, prototype=share)
    np.testing.assert_allclose(logits_of(alone, features), logits_of(solved[-1], features), atol=1e-5)


@pytest.mark.parametrize("share", [0.0, 1.0])
def test_the_tags_of_a_part_reach_its_layer_through_numbers_of_all_photos_alone(data, share):
    """Ridge, scale and shift of a tag; where its weights point is the others' business."""
    features, tags = data
    changed = tags.copy()
    changed[PARTS[1]] = 1 - changed[PARTS[1]]
    before, after = (solve(features, t, parts=PARTS, prototype=share) for t in (tags, changed))
    same = (before[-1].penalty == after[-1].penalty).numpy() | (share == 1)
    assert same[:2].any()
    for number, held in ((1, True), (0, False), (2, False)):
        one, other = (
            torch.nn.functional.normalize(layers[number].weight[:2], dim=1) for layers in (before, after)
        )
        turned = (1 - (one * other).sum(dim=1)).numpy()[same[:2]]
        assert (turned < 1e-5).all() if held else (turned > 1e-3).any()


def test_logits_spread_as_far_as_givers_and_others_are_apart():
    """Two tags of like rates, one that features tell and one that they do not."""
    generator = np.random.default_rng(2)
    features = generator.normal(size=(400, 4))
    tags = np.column_stack([features[:, 0] > 0, generator.random(400) < 0.5]).astype(float)
    (layer,) = solve(features, tags)
    deviation = logits_of(layer, features).std(axis=0)
    assert deviation[0] > 3 * deviation[1]
    # Of a normal feature cut in half the means are 2 sqrt(2 / pi) = 1.6 apart, of which least squares sees a little less.
    assert deviation[0] == pytest.approx(_SPREAD * np.sqrt(2 * np.sqrt(2 / np.pi)), rel=0.1)


def test_the_mean_probability_of_photos_left_out_is_the_rate(data):
    features, tags = data
    (solved,) = solve(features, tags)
    out = each(left_out, features, tags, solved.penalty.numpy())[:, :2]
    shift = solved.bias.numpy()[:2] + solved.weight.numpy()[:2] @ features.mean(axis=0)
    out /= out.std(axis=0)
    p = 1 / (1 + np.exp(-(out * spread_of(np.column_stack([out, np.zeros(N)]), tags)[:2] + shift)))
    np.testing.assert_allclose(p.mean(axis=0), tags[:, :2].mean(axis=0), atol=1e-4)


@pytest.mark.parametrize("share", [0.0, 0.5, 1.0])
def test_a_tag_that_nobody_gave_has_no_weight_and_is_unlikely(data, share):
    features, tags = data
    for layer in solve(features, tags, parts=PARTS, prototype=share):
        assert not layer.weight[2].any()
        assert layer.bias[2] == pytest.approx(np.log(1e-4 / (1 - 1e-4)), rel=1e-3)


@pytest.mark.parametrize("share", [0.0, 0.5, 1.0])
def test_a_tag_that_only_the_part_gave_has_no_weight_without_it(data, share):
    features, tags = data
    tags[:, 2] = 0
    tags[PARTS[1], 2] = 1
    layers = solve(features, tags, parts=PARTS, prototype=share)
    assert layers[1].weight[2].abs().max() < 1e-4 * layers[2].weight[2].abs().max()
    assert all(torch.isfinite(layer.weight).all() and torch.isfinite(layer.bias).all() for layer in layers)


@pytest.mark.parametrize("share", [0.0, 1.0])
def test_photos_that_are_all_alike_teach_only_rates(share):
    tags = csr_matrix(np.array([[1], [0], [0], [1]], dtype=np.uint8))
    (solved,) = least_squares(Design(torch.ones(4, 3), 0), tags, prototype=share)
    assert torch.isfinite(solved.weight).all()
    logits = torch.ones(1, 3) @ solved.weight.T + solved.bias
    assert torch.sigmoid(logits).item() == pytest.approx(0.5, abs=1e-4)


def test_the_ridges_are_judged_on_a_sample_that_the_seed_draws():
    """More photos than judge: what judges is drawn, what solves is all."""
    generator = np.random.default_rng(0)
    features = torch.from_numpy(generator.normal(size=(5000, 3))).float()
    tags = csr_matrix((features[:, :1].numpy() > 0).astype(np.uint8))
    one, same, other = (Design(features, seed) for seed in (1, 1, 2))
    assert len(one.sample) == len(set(one.sample)) == 4096 and (np.diff(one.sample) > 0).all()
    np.testing.assert_array_equal(one.sample, same.sample)
    assert (one.sample != other.sample).any()
    assert torch.equal(one.moments.gram, other.moments.gram)
    np.testing.assert_array_equal(Ridge(one, tags).given, tags[one.sample].toarray())


def test_a_design_is_that_of_the_features_alone(data):
    features, _ = data
    design = Design(torch.from_numpy(features).float(), 0)
    centered = features - features.mean(axis=0)
    np.testing.assert_allclose(design.moments.gram, centered.T @ centered, rtol=1e-4, atol=1e-4)
    np.testing.assert_allclose(design.rotated, centered @ design.vectors.numpy(), atol=1e-4)
    np.testing.assert_allclose(design.rotated.square().sum(dim=0), design.values, rtol=1e-4)
    without = design.moments.without(design.moments_of(PARTS[0])).gram
    rest = np.delete(features, PARTS[0], axis=0)
    np.testing.assert_allclose(without, (len(rest) - 1) * np.cov(rest.T), rtol=1e-4, atol=1e-4)


def test_whatever_is_solved_for_on_one_design_leaves_it_as_it_was(data):
    features, tags = data
    shared = Design(torch.from_numpy(features).float(), 0)
    Ridge(shared, csr_matrix(1 - tags))
    least_squares(shared, csr_matrix(tags[:, ::-1]), parts=PARTS, prototype=0.5)
    found = least_squares(shared, csr_matrix(tags), parts=PARTS, prototype=0.25)
    for layer, alone in zip(found, solve(features, tags, parts=PARTS, prototype=0.25), strict=True):
        assert torch.equal(layer.weight, alone.weight) and torch.equal(layer.bias, alone.bias)


@pytest.mark.parametrize("few", [1, 4, 40])
def test_the_mean_probability_is_the_rate_also_where_few_photos_stand_out(few):
    rng = np.random.default_rng(few)
    logits = rng.normal(size=(4096, 3))
    logits[:few, 1] += 60
    logits[:, 2] = 5.0  # no photo differs from another
    rates = np.array([0.02, 1e-4, 0.3])
    bias = _bias(logits, rates)
    for column, rate in enumerate(rates):
        wanted = brentq(lambda shift: expit(logits[:, column] + shift).mean() - rate, -200, 200)  # noqa: B023
        assert bias[column] == pytest.approx(wanted, abs=1e-3)
