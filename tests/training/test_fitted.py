"""A fitted model kept on disk: what comes back scores alike, and what is damaged says so."""

import numpy as np
import pytest
import scipy.sparse as sp
import torch
from safetensors.torch import load_file, safe_open, save_file

from tagrefine_core.errors import RunError
from tagrefine_core.features.backbones import build_trunk, look
from tagrefine_core.training.fit import fit
from tagrefine_core.training.fitted import Fitted
from tests.training.conftest import small
from tests.training.data import WORDS, in_steps, inputs_of, photos


@pytest.fixture(scope="module")
def features_alone():
    features, tags = photos()
    config = in_steps(**{"scoring.crossfit": 3, "phi0.epochs": 2})
    return fit(inputs_of(features), tags, config, vocabulary=WORDS), tags


@pytest.fixture(scope="module")
def saved(features_alone, tmp_path_factory):
    folder = tmp_path_factory.mktemp("fitted")
    features_alone[0].save(folder)
    return folder


def pictures(count, seed=0):
    return 255 * torch.rand(count, 3, 32, 32, generator=torch.Generator().manual_seed(seed))


class Pictures:
    """Inputs that are pictures, as they are."""

    def __init__(self, array):
        self.array = array

    def read(self, rows):
        return self.array[torch.from_numpy(np.asarray(rows))]

    def read_augmented(self, rows, *, seed, start, total):
        return self.read(rows)


def assert_alike(one, other, tags, new):
    np.testing.assert_array_equal(other.scores(tags), one.scores(tags))
    np.testing.assert_array_equal(other.scores(), one.scores())
    np.testing.assert_array_equal(other.scores_of_new(new), one.scores_of_new(new))
    given = tags[: len(new)]
    np.testing.assert_array_equal(other.scores_of_new(new, given), one.scores_of_new(new, given))
    assert (one.scores_of_new(new, given) != one.scores_of_new(new)).any()


def test_a_model_on_features_comes_back_whole(features_alone, saved):
    one, tags = features_alone
    other = Fitted.load(saved)
    assert other.config == one.config and len(other.networks) == 3
    for name in ("rows", "logits", "features"):
        np.testing.assert_array_equal(getattr(other, name), getattr(one, name))
        assert getattr(other, name).dtype == getattr(one, name).dtype
    assert (other.implied != one.implied).nnz == 0 and one.implied.nnz
    for name in vars(one.calibration):
        np.testing.assert_array_equal(getattr(other.calibration, name), getattr(one.calibration, name))
    np.testing.assert_array_equal(other.visualness.as_array(), one.visualness.as_array())
    new, _ = photos(n=9, seed=5)
    assert_alike(one, other, tags, torch.from_numpy(new))


def test_scores_may_take_the_place_of_the_logits_they_come_from(features_alone, saved):
    one, tags = features_alone
    expected = one.scores(tags)
    other = Fitted.load(saved)
    other.scores(tags)
    given_up = other.smoothed
    assert other.scores(tags, out=given_up) is given_up and other.smoothed is None
    np.testing.assert_array_equal(given_up, expected)
    np.testing.assert_array_equal(other.scores(tags), expected)


def test_new_pictures_pass_a_shared_trunk_once(tmp_path):
    _, tags = photos(n=40)
    config = in_steps(**{"scoring.crossfit": 4, "phi0.epochs": 1, "network.backbone": "small_cnn",
                              "network.weights": "none", "constraints.epochs": 1})  # fmt: skip
    trunk = build_trunk("small_cnn", None, seed=0).eval()
    with torch.inference_mode():
        features = look(trunk, pictures(40), views=2).numpy()
    one = fit(inputs_of(features), tags, config, vocabulary=WORDS, trunk=trunk)
    one.save(tmp_path)
    assert sum(path.stat().st_size for path in tmp_path.iterdir()) < 4 * 2**20, "the trunk is not kept here"
    other, blind = Fitted.load(tmp_path, trunk=trunk), Fitted.load(tmp_path)
    new = pictures(7, seed=9)
    passes = []
    handle = trunk.register_forward_hook(lambda *_: passes.append(1))
    from_pictures = other.scores_of_new(new)
    handle.remove()
    assert len(passes) == config.network.views == 2, "once a view, however many networks read it"
    with torch.inference_mode():
        of_new = look(trunk, new, views=2)
    np.testing.assert_array_equal(from_pictures, blind.scores_of_new(of_new))
    assert_alike(one, other, tags, new)


def test_a_backbone_that_was_trained_is_kept_and_needs_the_one_it_began_with(tmp_path):
    _, tags = photos(n=32)
    config = small(**{"phi0.epochs": 1, "constraints.epochs": 0, "scoring.crossfit": 2, "scoring.evidence": 1.0,
                      "network.finetune": "blocks:2"})  # fmt: skip
    trunk = build_trunk("small_cnn", None, seed=0)
    inputs = Pictures(pictures(32))
    one = fit(inputs, tags, config, vocabulary=WORDS, trunk=trunk)
    one.save(tmp_path)
    names = load_file(tmp_path / "fitted.safetensors")
    assert {name.split(".")[3] for name in names if ".trunk." in name} == {"2", "3"}
    with pytest.raises(RunError, match="give the one it began with"):
        Fitted.load(tmp_path)
    other = Fitted.load(tmp_path, trunk=build_trunk("small_cnn", None, seed=0))
    assert_alike(one, other, tags, pictures(5, seed=3))


def test_a_backbone_whose_feature_has_other_numbers_is_refused(saved):
    with pytest.raises(RunError, match=r"and its backbone gives 256.*Train again"):
        Fitted.load(saved, trunk=build_trunk("small_cnn", None, seed=0))


FILES = (
    "fitted.safetensors", "calibration.safetensors", "rows.npy", "logits.npy", "features.npy", "visualness.npy", "implied.npz",
)  # fmt: skip


def copied(saved, folder):
    for path in saved.iterdir():
        (folder / path.name).write_bytes(path.read_bytes())
    return folder


def test_those_are_all_files(features_alone, saved):
    model = features_alone[0]
    beside = {"neighbors.npy", "neighbors_squared.npy"} if model.config.scoring.smooth else set()
    assert {path.name for path in saved.iterdir()} == {*FILES, *beside}


@pytest.mark.parametrize("name", FILES)
def test_what_is_gone_or_damaged_says_so(saved, tmp_path, name):
    folder = copied(saved, tmp_path)
    whole = (folder / name).read_bytes()
    for content in (b"", b"junk", whole[: len(whole) // 2], whole[:-7]):
        (folder / name).write_bytes(content)
        with pytest.raises(RunError, match=rf"{name}.*Train again"):
            Fitted.load(folder)
    (folder / name).unlink()
    with pytest.raises(RunError, match=rf"{name} is gone"):
        Fitted.load(folder)


@pytest.mark.parametrize("lost", ["network1.classifier.weight", "network2.center", "network0.adapter.2.bias"])
def test_a_network_that_is_not_whole_says_so(saved, tmp_path, lost):
    folder = copied(saved, tmp_path)
    path = folder / "fitted.safetensors"
    with safe_open(path, framework="pt") as file:
        metadata = file.metadata()
    tensors = load_file(path)
    assert tensors.pop(lost) is not None
    save_file(tensors, path, metadata)
    with pytest.raises(RunError, match=rf"network {lost[7]}.*Train again"):
        Fitted.load(folder)


def test_scores_that_are_the_networks_own_need_no_calibration(tmp_path):
    features, tags = photos()
    config = in_steps(**{"scoring.crossfit": 1, "phi0.epochs": 1, "scoring.calibrated": False})
    one = fit(inputs_of(features), tags, config, vocabulary=WORDS)
    one.save(tmp_path)
    assert not (tmp_path / "calibration.safetensors").exists()
    other, new = Fitted.load(tmp_path), torch.from_numpy(features[:4])
    np.testing.assert_array_equal(other.scores_of_new(new), one.scores_of_new(new))
    np.testing.assert_array_equal(other.scores(tags), one.scores())
    assert sp.load_npz(tmp_path / "implied.npz").shape == (6, 6)
