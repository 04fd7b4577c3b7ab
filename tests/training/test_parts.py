"""Schedules, averages, monitors, worlds, checkpoints: the small parts of training."""

from itertools import pairwise

import numpy as np
import pytest
import torch
from torch import nn

from tagrefine_core.errors import ConfigError, RunError
from tagrefine_core.features.backbones import build_trunk
from tagrefine_core.settings import train_config
from tagrefine_core.training.checkpoint import Checkpoint
from tagrefine_core.training.distributed import World, pick_device
from tagrefine_core.training.layers import build_network
from tagrefine_core.training.monitors import monitors, warning_after_phi0, warning_of_epoch
from tagrefine_core.training.schedule import Average, learning_rate, make_optimizer, trainable


def test_papers_schedule_is_a_tenth_every_ten_epochs():
    rates = [learning_rate("step", step, steps_per_epoch=5, total=150) for step in (0, 49, 50, 99, 100)]
    assert rates == pytest.approx([1, 1, 0.1, 0.1, 0.01])


def test_onecycle_rises_then_falls():
    rates = [learning_rate("onecycle", step, steps_per_epoch=10, total=100) for step in range(100)]
    assert np.argmax(rates) in (9, 10) and max(rates) == pytest.approx(1.0)
    assert all(b > a for a, b in pairwise(rates[:10]))
    assert all(b < a for a, b in pairwise(rates[10:])) and rates[-1] < 0.01


def test_average_is_the_weighted_mean_of_what_was():
    layer = nn.Linear(1, 1, bias=False)
    average = Average(layer, 0.5)
    seen = [layer.weight.item()]
    for value in (1.0, 2.0, 3.0):
        with torch.no_grad():
            layer.weight.fill_(value)
        average.update()
        seen.append(value)
    expected = seen[0]
    for update, value in enumerate(seen[1:], start=1):
        decay = min(0.5, (1 + update) / (10 + update))
        expected = decay * expected + (1 - decay) * value
    assert float(average.weights["weight"]) == pytest.approx(expected)
    with average.in_place():
        assert layer.weight.item() == pytest.approx(expected)
    assert layer.weight.item() == 3.0


def test_without_decay_the_average_is_the_network():
    layer = nn.Linear(1, 1, bias=False)
    average = Average(layer, 0.0)
    with torch.no_grad():
        layer.weight.fill_(7.0)
    average.update()
    assert float(average.weights["weight"]) == 7.0


def watch(p, given, truth=None):
    return monitors(
        torch.tensor(p),
        torch.tensor(given),
        label_columns=np.array([0]),
        truth=truth,
        seed=0,
    )


def test_monitors_by_hand():
    values = watch([[0.9, 0.2], [0.3, 0.2]], [[1.0, 0.0], [1.0, 1.0]], np.array([[1], [0]], dtype=np.int8))
    assert values["q50"] == pytest.approx(1 / 3)
    assert values["p_given"] == pytest.approx((0.9 + 0.3 + 0.2) / 3)
    assert values["p_absent"] == pytest.approx(0.2)
    assert values["pair_distance"] == pytest.approx(0.6)
    assert values["constant_tags"] == pytest.approx(0.5)
    assert values["val_map"] == pytest.approx(1.0)


def test_monitors_without_truth_or_tags_are_none_not_zero():
    values = watch([[0.9, 0.2], [0.3, 0.2]], [[0.0, 0.0], [0.0, 0.0]])
    assert values["q50"] is None and values["p_given"] is None and values["val_map"] is None


def test_collapse_is_called_by_its_name():
    assert warning_of_epoch({"p_given": 0.05}, {"p_given": 0.4}) is None
    assert warning_of_epoch({"p_given": 0.039}, {"p_given": 0.4}).startswith("COLLAPSE")
    assert "eta=0" in warning_after_phi0({"q50": 0.2}, eta=0.0, lambda2=0.1)
    assert warning_after_phi0({"q50": 0.2}, eta=1.0, lambda2=0.1) is None
    assert warning_after_phi0({"q50": 0.6}, eta=0.0, lambda2=0.1) is None


def test_batches_that_cannot_be_shared_say_so():
    world = World(1, 2, torch.device("cpu"))
    assert world.share(64) == slice(32, 64)
    with pytest.raises(ConfigError, match="shared by 2 processes"):
        world.share(7)
    assert world.part(np.arange(5)).tolist() == [3, 4]


def test_devices():
    assert pick_device("cpu").type == "cpu"
    if not torch.cuda.is_available():
        with pytest.raises(ConfigError, match=r"run\.device=cuda is not available"):
            pick_device("cuda")


def test_checkpoint_comes_back_whole(tmp_path):
    path = tmp_path / "checkpoint.pt"
    weights = {"a": torch.rand(3)}
    kept = Checkpoint(
        "phi0", 7, weights, weights, 7, {"state": {}}, bank=torch.rand(2, 2).half(), sums={"vis": 0.1},
        points=[(2, {"vis": 0.05})],
    )  # fmt: skip
    kept.save(path)
    back = Checkpoint.load(path, torch.device("cpu"))
    assert torch.equal(back.weights["a"], weights["a"]) and back.bank.dtype == torch.float16
    assert (back.stage, back.step, back.sums) == ("phi0", 7, {"vis": 0.1})
    assert back.points == [(2, {"vis": 0.05})]
    with pytest.raises(RunError, match="no checkpoint"):
        Checkpoint.load(tmp_path / "none.pt", torch.device("cpu"))
    path.write_bytes(b"broken")
    with pytest.raises(RunError, match="cannot be read"):
        Checkpoint.load(path, torch.device("cpu"))


def test_an_epoch_is_as_many_steps_as_the_photos_fill():
    config = train_config("paper")  # batches of 64
    assert [config.steps_per_epoch(n) for n in (1, 63, 64, 65, 128, 129)] == [1, 1, 1, 2, 2, 3]


def test_many_photos_take_fewer_passes_of_stage_2_and_at_least_one():
    config = train_config("paper", **{"constraints.epochs": 6, "constraints.steps": 10})
    assert [config.epochs("constraints", steps) for steps in (1, 2, 3, 5, 20)] == [6, 5, 3, 2, 1]
    assert config.epochs("phi0", 20) == config.phi0.epochs
    assert config.replaced({"constraints.steps": None}).epochs("constraints", 20) == 6
    assert train_config("default").epochs("phi0", 20) == 0


def test_rates_and_decay_go_to_the_weights_they_are_meant_for():
    trunk = build_trunk("small_cnn", None, seed=0)
    settings = {
        "optimizer.lr_backbone": 0.25,
        "optimizer.weight_decay": 0.07,
        "phi0.lr": 0.2,
        "constraints.lr": 0.04,
        "network.finetune": "blocks:1",
        "network.adapter": 3,
    }
    config = train_config("small").replaced(settings)
    network = build_network(config, dimensions=256, tags=2, trunk=trunk)
    for stage, lr in (("phi0", 0.2), ("constraints", 0.04)):
        optimizer = make_optimizer(config, stage, network)
        found = {
            id(weight): (group["base"], group["weight_decay"], group["momentum"])
            for group in optimizer.param_groups
            for weight in group["params"]
        }
        assert len(found) == len(trainable(network)) < len(list(network.parameters()))
        for name, weight in trainable(network).items():
            rate = lr * (0.25 if name.startswith("trunk.stages.3") else 1.0)
            assert found[id(weight)] == (rate, 0.07 if weight.ndim > 1 else 0.0, 0.9)


@pytest.mark.parametrize(
    ("finetune", "adapter", "hidden"), [("head", None, 256), ("all", None, 0), ("all", 7, 7), ("head", 0, 0)]
)
def test_a_frozen_backbone_has_a_layer_that_learns(finetune, adapter, hidden):
    config = train_config("default").replaced({"network.finetune": finetune, "network.adapter": adapter})
    network = build_network(config, dimensions=5, tags=2)
    assert (network.adapter[0].out_features if network.adapter is not None else 0) == hidden
