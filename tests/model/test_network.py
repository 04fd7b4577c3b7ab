"""The network: what of a feature the classifier reads, and in what neighbors are measured."""

import numpy as np
import pytest
import torch

from tagrefine_core.model.network import Network

D, C, K = 6, 3, 4


def network(**settings):
    """A network whose every new layer does something."""
    built = Network(
        None, dimensions=D, tags=C, **{"dropout": 0.0, "normalize": True, "projection": K, **settings}
    )
    generator = torch.Generator().manual_seed(0)
    built.initialize(torch.full((C,), 0.2), generator)
    with torch.no_grad():
        built.classifier.weight.normal_(generator=generator)
        if built.adapter is not None:
            built.adapter[2].weight.normal_(generator=generator)
    return built.eval()


def inputs(count=5, seed=1):
    return torch.randn(count, D, generator=torch.Generator().manual_seed(seed))


def unit(x):
    return x / np.linalg.norm(x, axis=1, keepdims=True)


def test_features_to_a_power_keep_their_sign_and_get_one_length():
    x = torch.tensor([[4.0, -9.0, 0.0, 1.0, 0.0, 0.0]])
    plain = network(normalize=False, power=0.5).uncentered(x)
    np.testing.assert_allclose(plain, [[2, -3, 0, 1, 0, 0]], atol=2e-3)
    same = network(power=0.5).uncentered(x).numpy()
    np.testing.assert_allclose(same, np.array([[2, -3, 0, 1, 0, 0]]) / 14**0.5 * 6**0.5, atol=2e-3)
    np.testing.assert_allclose(network().uncentered(inputs()).norm(dim=1), D**0.5, rtol=1e-5)
    assert torch.equal(network(normalize=False).uncentered(x), x)


def test_a_power_has_a_finite_slope_at_nothing():
    x = torch.zeros(1, D, requires_grad=True)
    network(power=0.6, normalize=False).uncentered(x).sum().backward()
    assert torch.isfinite(x.grad).all()


@pytest.mark.parametrize("adapter", [0, 7])
@pytest.mark.parametrize("normalize", [True, False])
def test_the_classifier_reads_v_and_neighbors_are_measured_in_a_projection_of_it(adapter, normalize):
    built, x = network(adapter=adapter, normalize=normalize), inputs()
    built.set_center([inputs(20, seed=2)])
    v = built.represent(x)
    logits, features = built(x)
    weight, bias = built.classifier.weight.detach().numpy(), built.classifier.bias.detach().numpy()
    v, projection = v.detach().numpy(), built.projection.weight.detach().numpy()
    np.testing.assert_allclose(logits.detach(), v @ weight.T + bias, rtol=1e-4, atol=1e-5)
    np.testing.assert_allclose(features.detach(), unit(v @ projection.T), rtol=1e-4, atol=1e-5)
    assert built.width == features.shape[1] == K
    with torch.no_grad():
        built.projection.weight.zero_()
    assert torch.equal(built(x)[0], logits), "the projection is beside the classifier, not before it"


@pytest.mark.parametrize("normalize", [True, False])
def test_without_a_projection_neighbors_are_measured_in_v(normalize):
    built, x = network(projection=0, adapter=7, normalize=normalize), inputs()
    v, features = built.represent(x).detach().numpy(), built(x)[1].detach().numpy()
    np.testing.assert_allclose(features, unit(v) if normalize else v, rtol=1e-5)
    assert built.width == D and built.projection is None


def test_a_new_projection_keeps_distances_nearly():
    built = Network(None, dimensions=400, tags=1, dropout=0.0, normalize=True, projection=256)
    built.initialize(torch.ones(1) / 2, torch.Generator().manual_seed(3))
    x = torch.randn(30, 400, generator=torch.Generator().manual_seed(4))
    x[1] = x[0] + 0.3 * x[1]
    before, after = (f @ f.T for f in (torch.nn.functional.normalize(x, dim=1), built.eval()(x)[1]))
    assert (before - after).abs().max() < 0.25 and after[0, 1] > 0.85


def test_dropout_is_between_v_and_what_reads_it_and_not_in_use():
    built, x = network(dropout=0.5), torch.ones(4, D)
    still = built(x)
    assert torch.equal(still[0], built(x)[0])
    built.train()
    built.set_step(3, start=0, total=4)
    logits, features = built(x)
    v = built.represent(x)
    kept = built.dropout(v) != 0
    assert 0 < kept.sum() < kept.numel()
    dropped = v * kept * 2
    torch.testing.assert_close(logits, built.classifier(dropped))
    torch.testing.assert_close(features, built.project(dropped))
    assert not torch.allclose(features[0], features[1]), "each photo loses other entries"


def test_without_a_projection_nothing_is_dropped_from_features():
    built, x = network(dropout=0.5, projection=0), inputs()
    still = built(x)
    built.train()
    built.set_step(3, start=0, total=5)
    logits, features = built(x)
    assert torch.equal(features, still[1]) and not torch.allclose(logits, still[0])
