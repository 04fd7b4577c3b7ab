"""The losses against hand-worked cases, plain loops and finite differences."""

import numpy as np
import pytest
import torch

from tagrefine_core.errors import ConfigError, DataError
from tagrefine_core.model.losses import (
    logistic,
    neighborhood,
    semantic_dependency,
    user_error_sparsity,
    visual_consistency,
    visual_similarity,
)

P = torch.tensor([[0.8, 0.2], [0.6, 0.4]], dtype=torch.float64)
XI = torch.tensor([[0.0, 0.5], [0.5, 0.0]], dtype=torch.float64)


def random_case(seed, anchors=3, m=4, tags=5):
    generator = torch.Generator().manual_seed(seed)
    p = torch.rand(anchors, m, tags, generator=generator, dtype=torch.float64)
    gamma = torch.rand(anchors, m - 1, generator=generator, dtype=torch.float64)
    xi = torch.rand(tags, tags, generator=generator, dtype=torch.float64)
    xi = (xi + xi.T).fill_diagonal_(0.0)
    tags_given = (torch.rand(anchors * m, tags, generator=generator) < 0.3).double()
    return p, gamma, xi, tags_given


def test_hand_worked_micro_batch():
    gamma = torch.tensor([[0.5]], dtype=torch.float64)
    given = torch.tensor([[1.0, 0.0], [1.0, 0.0]], dtype=torch.float64)
    assert visual_consistency(P[None], gamma).item() == pytest.approx(0.04)
    assert semantic_dependency(P, XI).item() == pytest.approx(0.05)
    assert semantic_dependency(P, XI, reduction="per_image").item() == pytest.approx(0.025)
    assert user_error_sparsity(P, given).item() == pytest.approx(1.2)
    assert user_error_sparsity(P, given, reduction="per_image").item() == pytest.approx(0.6)


def test_loss_has_the_type_of_the_probabilities():
    p = P.float()
    assert semantic_dependency(p, XI).dtype == torch.float32, "xi comes from similarity_matrix as float64"
    given = torch.tensor([[True, False], [True, False]])
    assert user_error_sparsity(p, given).item() == pytest.approx(1.2)


@pytest.mark.parametrize("seed", range(4))
def test_equations_in_plain_loops(seed):
    p, gamma, xi, given = random_case(seed)
    anchors, m, tags = p.shape
    s = anchors * m
    vis = sum(
        float(gamma[j, e]) * float(((p[j, 0] - p[j, e + 1]) ** 2).sum())
        for j in range(anchors)
        for e in range(m - 1)
    )
    assert visual_consistency(p, gamma).item() == pytest.approx(m / (s * (m - 1)) * vis)
    flat = p.reshape(s, tags)
    eq6 = sum(
        float(xi[a, b]) * float(((flat[:, a] - flat[:, b]) ** 2).sum())
        for a in range(tags)
        for b in range(tags)
    )
    assert semantic_dependency(flat, xi).item() == pytest.approx(eq6 / tags**2 / 2)  # eq. 6 is twice eq. 8
    err = sum(abs(float(given[i, c]) - float(flat[i, c])) for i in range(s) for c in range(tags))
    assert user_error_sparsity(flat, given).item() == pytest.approx(err)


@pytest.mark.parametrize("reduction", ["literal", "per_image"])
def test_gradients_by_finite_differences(reduction):
    p, gamma, xi, given = random_case(7)
    p.requires_grad_()
    assert torch.autograd.gradcheck(lambda x: visual_consistency(x, gamma), (p,))
    flat = p.detach().reshape(-1, p.shape[-1]).requires_grad_()
    assert torch.autograd.gradcheck(lambda x: semantic_dependency(x, xi, reduction=reduction), (flat,))
    assert torch.autograd.gradcheck(lambda x: user_error_sparsity(x, given, reduction=reduction), (flat,))
    assert torch.autograd.gradcheck(lambda x: logistic(x, given), (flat,))


def test_diagonal_of_xi_has_no_effect():
    p, _, xi, _ = random_case(1)
    flat = p.reshape(-1, p.shape[-1])
    with_diagonal = xi.clone().fill_diagonal_(1.0)
    assert semantic_dependency(flat, with_diagonal).item() == pytest.approx(
        semantic_dependency(flat, xi).item()
    )


def test_never_negative_and_zero_where_it_should_be():
    p, gamma, xi, given = random_case(3)
    flat = p.reshape(-1, p.shape[-1])
    assert visual_consistency(p, gamma) > 0 and semantic_dependency(flat, xi) > 0
    assert visual_consistency(p[:, :1].expand_as(p), gamma).item() == 0.0
    assert semantic_dependency(flat[:, :1].expand_as(flat), xi).item() == pytest.approx(0.0, abs=1e-12)
    assert user_error_sparsity(given, given).item() == 0.0


def neighbors_case(seed=0, s=9, k=4, tags=6):
    generator = torch.Generator().manual_seed(seed)
    features = torch.randn(s, k, generator=generator, dtype=torch.float64)
    tags = torch.rand(s, tags, generator=generator, dtype=torch.float64)
    tags = tags * (torch.rand(tags.shape, generator=generator) < 0.4)
    rows = torch.arange(s)
    rows[-1] = rows[0]  # one photo is there twice
    tags[-1], tags[3] = tags[0], 0.0  # and one agrees with nobody
    return features, tags, rows


def neighborhood_in_loops(features, tags, rows, temperature):
    total, told = 0.0, 0
    for i in range(len(rows)):
        others = [j for j in range(len(rows)) if int(rows[j]) != int(rows[i])]
        cosine = {
            j: float(features[i] @ features[j] / (features[i].norm() * features[j].norm())) for j in others
        }
        near = {j: np.exp(-(2 - 2 * cosine[j]) / temperature) for j in others}
        agree = {j: float(tags[i] @ tags[j]) for j in others}
        if sum(agree.values()):
            told += 1
            for j in others:
                wanted, found = agree[j] / sum(agree.values()), near[j] / sum(near.values())
                total -= wanted * np.log(found)
    return total / told


@pytest.mark.parametrize("temperature", [0.2, 1.0])
@pytest.mark.parametrize("seed", range(3))
def test_neighborhood_in_plain_loops(seed, temperature):
    features, tags, rows = neighbors_case(seed)
    found = neighborhood(features, tags.float(), rows, temperature=temperature).item()
    assert found == pytest.approx(neighborhood_in_loops(features, tags, rows, temperature), rel=1e-4)


def test_neighborhood_of_three_photos_by_hand():
    # At right angles, d^2 = 2; opposite, d^2 = 4. At temperature 2 nearness is exp(-1) and exp(-2).
    features = torch.tensor([[1.0, 0.0], [0.0, 3.0], [-2.0, 0.0]])
    tags = torch.tensor([[1.0, 0.0], [1.0, 1.0], [0.0, 1.0]])
    e = np.e
    # The first wants the second alone; the second both halves; the third the second.
    expected = (np.log(1 + 1 / e) + np.log(2) + np.log(1 + 1 / e)) / 3
    assert neighborhood(features, tags, torch.arange(3), temperature=2.0).item() == pytest.approx(expected)
    # Without its second tag the second photo wants the first alone, at the same cost; the third wants nobody, and is left out.
    tags[1, 1] = 0.0
    expected = (np.log(1 + 1 / e) + np.log(2)) / 2
    assert neighborhood(features, tags, torch.arange(3), temperature=2.0).item() == pytest.approx(expected)


def test_neighborhood_gradient_by_finite_differences():
    features, tags, rows = neighbors_case(1)

    def loss(x):
        return neighborhood(x, tags, rows, temperature=0.5)

    x = features.requires_grad_()
    assert torch.autograd.gradcheck(loss, (x,), eps=1e-5, atol=1e-6)
    (gradient,) = torch.autograd.grad(loss(x), x)
    assert gradient.abs().max() > 0.01
    # Along the photo's own feature there is nothing to gain: no shrinking, no scattering.
    assert (gradient * x).sum(dim=1).abs().max() < 1e-6


def test_neighborhood_knows_no_length():
    features, tags, rows = neighbors_case(2)
    tags = tags.float()
    once = neighborhood(features, tags, rows).item()
    assert neighborhood(10 * features, tags, rows).item() == pytest.approx(once, rel=1e-6)
    lengths = torch.linspace(0.1, 7, len(rows))[:, None]
    assert neighborhood(lengths * features, tags, rows).item() == pytest.approx(once, rel=1e-6)


def test_neighborhood_falls_as_like_photos_come_near():
    tags = torch.tensor([[1.0, 0.0], [1.0, 0.0], [0.0, 1.0], [0.0, 1.0]])
    mixed = torch.tensor([[1.0, 0.0], [0.0, 1.0], [1.0, 0.1], [0.1, 1.0]])
    sorted_ = mixed[[0, 2, 1, 3]]
    rows = torch.arange(4)
    assert neighborhood(sorted_, tags, rows) < 0.01 < neighborhood(mixed, tags, rows)


def test_neighborhood_is_nothing_where_nobody_agrees():
    features = torch.randn(3, 4, requires_grad=True)
    loss = neighborhood(features, torch.eye(3), torch.arange(3))
    loss.backward()
    assert loss.item() == 0.0 and not features.grad.any()
    # Copies of one photo agree with nobody else, and have nobody else.
    alone = neighborhood(features, torch.ones(3, 2), torch.zeros(3, dtype=torch.int64))
    assert alone.item() == 0.0
    assert neighborhood(features[:1], torch.ones(1, 2), torch.arange(1)).item() == 0.0


def test_copies_of_a_photo_are_no_neighbors():
    features, tags, rows = neighbors_case(3)
    where = features.clone().requires_grad_()
    neighborhood(where, tags, rows).backward()
    assert torch.isfinite(where.grad).all()
    # Were they neighbors, the copy would be the nearest and the likest: at hand, so at no cost.
    pair = torch.tensor([[1.0, 0.0], [1.0, 0.0], [0.0, 1.0]])
    same = neighborhood(pair, torch.ones(3, 1), torch.tensor([5, 5, 6]), temperature=1.0)
    assert same.item() == pytest.approx(np.log(2) / 3)  # only the third has a choice
    others = neighborhood(pair, torch.ones(3, 1), torch.tensor([4, 5, 6]), temperature=1.0)
    assert others.item() > same.item()


def test_order_of_tags_and_anchors_does_not_matter():
    p, gamma, xi, given = random_case(5)
    tags, anchors = torch.randperm(p.shape[2]), torch.randperm(p.shape[0])
    flat = p.reshape(-1, p.shape[-1])
    assert visual_consistency(p[anchors][:, :, tags], gamma[anchors]).item() == pytest.approx(
        visual_consistency(p, gamma).item()
    )
    assert semantic_dependency(flat[:, tags], xi[tags][:, tags]).item() == pytest.approx(
        semantic_dependency(flat, xi).item()
    )
    assert user_error_sparsity(flat[:, tags], given[:, tags]).item() == pytest.approx(
        user_error_sparsity(flat, given).item()
    )


def test_no_gradient_through_gamma():
    features = torch.rand(2, 3, requires_grad=True, dtype=torch.float64)
    p = torch.rand(2, 4, 5, requires_grad=True, dtype=torch.float64)
    gamma = visual_similarity(features.square(), 0.7)
    visual_consistency(p, gamma).backward()
    assert features.grad is None and p.grad is not None
    attached = torch.exp(-features.square())
    visual_consistency(p.detach().requires_grad_(), attached).backward()
    assert features.grad is None


def test_median_distance_gives_gamma_of_one_over_e():
    squared = torch.tensor([1.0, 2.0, 9.0])
    assert visual_similarity(squared, squared.median())[1].item() == pytest.approx(np.exp(-1))


def test_logistic_sums_over_tags_and_averages_over_images():
    logits = torch.tensor([[0.0, 0.0], [0.0, 0.0]])
    assert logistic(logits, torch.tensor([[1.0, 0.0], [0.0, 0.0]])).item() == pytest.approx(2 * np.log(2))


def test_wrong_shapes_say_what_was_given():
    with pytest.raises(DataError, match=r"\(A, m-1\).*\(2, 2\)"):
        visual_consistency(P, XI)
    with pytest.raises(DataError, match=r"\(C, C\).*\(2, 2\) and \(3, 3\)"):
        semantic_dependency(P, torch.zeros(3, 3))
    with pytest.raises(DataError, match="one shape"):
        user_error_sparsity(P, torch.zeros(2, 3))
    with pytest.raises(ConfigError, match="reduction"):
        user_error_sparsity(P, P, reduction="mean")
    features, tags, rows = neighbors_case()
    for wrong in ((features[1:], tags, rows), (features, tags[1:], rows), (features, tags, rows[1:])):
        with pytest.raises(DataError, match=r"as many features as rows of tags and photos; got .*8"):
            neighborhood(*wrong)
