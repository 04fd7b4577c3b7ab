import numpy as np
import pytest
import torch

from tagrefine_core.methods.factor_network import FactorNetwork, column_norms, unit_rows


def test_forward_by_numpy() -> None:
    network = FactorNetwork(5, (4, 3), 2, 0.1, seed=0)
    x = torch.randn(6, 5, generator=torch.Generator().manual_seed(1))
    state = {name: value.numpy() for name, value in network.state_dict().items()}
    hidden = x.numpy()
    for layer in ("first", "second"):
        hidden = np.maximum(hidden @ state[f"{layer}.weight"].T + state[f"{layer}.bias"], 0)
    last = hidden @ state["last.weight"].T + state["last.bias"]
    np.testing.assert_allclose(network(x).detach().numpy(), np.log1p(np.exp(last)), rtol=1e-5)


def test_factors_are_in_the_scale_and_by_image() -> None:
    network = FactorNetwork(5, (4, 3), 2, 0.1, seed=0)
    features = np.random.default_rng(0).standard_normal((7, 5))
    factors = network.factors(features)
    assert factors.shape == (7, 2) and (factors > 0).all()
    with torch.no_grad():
        np.testing.assert_allclose(factors, 0.1 * network(unit_rows(features)).numpy(), rtol=1e-6)
    np.testing.assert_allclose(network.factors(features[3:4]), factors[3:4], rtol=1e-5)


def test_the_seed_alone_decides_and_torch_keeps_its_own_state() -> None:
    before = torch.get_rng_state()
    first, same, other = (FactorNetwork(5, (4, 3), 2, 1.0, seed=seed) for seed in (3, 3, 4))
    assert torch.equal(torch.get_rng_state(), before)
    assert all(torch.equal(a, b) for a, b in zip(first.parameters(), same.parameters(), strict=True))
    assert not torch.equal(first.first.weight, other.first.weight)


def test_rows_have_the_length_of_ones() -> None:
    rows = unit_rows(np.array([[3.0, 4.0], [0.0, 0.0]], np.float16))
    assert rows.dtype == torch.float32
    np.testing.assert_allclose(rows.numpy(), np.sqrt(2) * np.array([[0.6, 0.8], [0, 0]]), rtol=1e-6)


def test_column_norms_and_their_gradient_at_zero() -> None:
    weight = torch.tensor([[3.0, 0.0, 1.0], [4.0, 0.0, 0.0]], requires_grad=True)
    norms = column_norms(weight)
    assert norms.tolist() == [5.0, 0.0, 1.0]
    norms.sum().backward()
    assert weight.grad is not None
    assert weight.grad.numpy() == pytest.approx(np.array([[0.6, 0.0, 1.0], [0.8, 0.0, 0.0]]))
