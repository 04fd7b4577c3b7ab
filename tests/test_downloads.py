"""Which weights have to be fetched is known without loading PyTorch, and true."""

import subprocess
import sys

import pytest
import torchvision

from tagrefine_core.downloads import FILES, PACKAGES, to_download
from tagrefine_core.features.backbones import BACKBONES


def test_files_and_sizes_are_torchvisions():
    assert set(FILES) | set(PACKAGES) | {"small_cnn"} == set(BACKBONES)
    for name, (file, size) in FILES.items():
        weights = torchvision.models.get_model_weights(name)["IMAGENET1K_V1"]
        assert weights.url.endswith(f"/{file}")
        assert weights.meta["_file_size"] == pytest.approx(size, abs=0.6)


def test_what_is_there_is_not_fetched(tmp_path, monkeypatch):
    monkeypatch.setenv("TORCH_HOME", str(tmp_path))
    assert to_download("vgg16") == 528 and to_download("small_cnn") is None
    (tmp_path / "hub" / "checkpoints").mkdir(parents=True)
    (tmp_path / "hub" / "checkpoints" / FILES["vgg16"][0]).touch()
    assert to_download("vgg16") is None and to_download("resnet50") == 98


def test_nothing_heavy_is_loaded():
    program = (
        "import sys, tagrefine_core.downloads, tagrefine_core.workflow; sys.exit('torch' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", program], check=False).returncode == 0
