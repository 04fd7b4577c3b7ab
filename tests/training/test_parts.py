"""Schedules, averages, monitors, folds, worlds: the small parts of training."""

from itertools import pairwise

import numpy as np
import pytest
import torch
from tagrefine_core.training.setup import training_rows
from torch import nn

from tagrefine_core.config import train_config
from tagrefine_core.errors import CollectionError, ConfigError, RunError
from tagrefine_core.training.checkpoint import Checkpoint
from tagrefine_core.training.distributed import World, pick_device
from tagrefine_core.training.monitors import monitors, warning_after_phi0, warning_of_epoch
from tagrefine_core.training.recorder import trace_queries
from tagrefine_core.training.schedule import Average, learning_rate


def test_papers_schedule_is_a_tenth_every_ten_epochs():
    rates = [
        learning_rate("step", step, steps_per_epoch=5, total=150, drop_every=10)
        for step in (0, 49, 50, 99, 100)
    ]
    assert rates == pytest.approx([1, 1, 0.1, 0.1, 0.01])


def test_onecycle_rises_then_falls():
    rates = [
        learning_rate("onecycle", step, steps_per_epoch=10, total=100, drop_every=1) for step in range(100)
    ]
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
        judged=slice(0, 2),
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


def test_folds_are_disjoint_fifths():
    config = [train_config("default", task="annotation", fold=fold) for fold in range(5)]
    rows = [training_rows(100, c) for c in config]
    assert sorted(np.concatenate(rows)) == list(range(100)) and all(len(part) == 20 for part in rows)
    with pytest.raises(CollectionError, match="5 folds"):
        training_rows(100, train_config("default", task="annotation", fold=5))
    assert len(training_rows(100, train_config("default"))) == 100


def test_queries_are_photos_that_have_tags():
    queries = trace_queries(np.array([0, 3, 0, 1, 2]), 10, seed=0)
    assert queries.tolist() == [1, 3, 4]
    assert len(trace_queries(np.zeros(4, dtype=np.int64), 2, seed=0)) == 2


def test_batches_that_cannot_be_shared_say_so():
    world = World(1, 2, torch.device("cpu"))
    assert world.share(64) == slice(32, 64)
    with pytest.raises(ConfigError, match="shared by 2 processes"):
        world.share(7)
    assert world.part(np.arange(5)).tolist() == [3, 4]


def test_devices():
    assert pick_device("cpu").type == "cpu"
    if not torch.cuda.is_available():
        with pytest.raises(ConfigError, match="device=cuda is not available"):
            pick_device("cuda")


def test_checkpoint_comes_back_whole(tmp_path):
    path = tmp_path / "checkpoint.pt"
    weights = {"a": torch.rand(3)}
    kept = Checkpoint(
        "phi0", 7, weights, weights, 7, {"state": {}}, bank=torch.rand(2, 2).half(), sums={"vis": 0.1}
    )
    kept.save(path)
    back = Checkpoint.load(path, torch.device("cpu"))
    assert torch.equal(back.weights["a"], weights["a"]) and back.bank.dtype == torch.float16
    assert (back.stage, back.step, back.sums) == ("phi0", 7, {"vis": 0.1})
    with pytest.raises(RunError, match="no checkpoint"):
        Checkpoint.load(tmp_path / "none.pt", torch.device("cpu"))
    path.write_bytes(b"broken")
    with pytest.raises(RunError, match="cannot be read"):
        Checkpoint.load(path, torch.device("cpu"))


def test_unknown_and_impossible_settings():
    for settings, said in [
        ({"lrr": 1}, "no setting 'lrr'"),
        ({"s": 63}, "multiple of m"),
        ({"finetune": "some"}, "finetune"),
        ({"lr": "fast"}, "lr='fast'"),
        ({"backbone": "small_cnn"}, "finetune=all"),
    ]:
        with pytest.raises(ConfigError, match=said):
            train_config("default", **settings)
    with pytest.raises(ConfigError, match="no preset"):
        train_config("fast")


def test_preset_paper_is_literal():
    paper = train_config("paper")
    assert (paper.s, paper.m, paper.M, paper.epochs, paper.lr, paper.lr_step) == (64, 8, 512, 30, 0.001, 10)
    assert (paper.backbone, paper.finetune, paper.refresh, paper.eta) == ("vgg16", "all", "exact", 0.0)
    assert train_config("paper+bce").eta == 1.0
