"""The collections that runs are made on, and a run with preset default as it is."""

import json

import numpy as np
import pytest
import torch
import torchvision

from tagrefine_core import workflow
from tagrefine_core.collections import Collection
from tagrefine_core.features.pictures import IMAGENET, decode_many, normalize
from tagrefine_core.progress import silent
from tagrefine_core.runs.material import material
from tagrefine_core.settings import train_config
from tagrefine_core.store import Store
from tests.training.conftest import draw, shapes  # noqa: F401

# What users call the drawn things: by their name, or by one that implies it.
CALLED = {"flower": ("flower", "daisy"), "car": ("vehicle", "car"), "tree": ("pine", "tree")}


def draw_with_many_words(folder, count=66):
    """The pictures of `draw`, with tags that imply others and tags that go together."""
    draw(folder, count)
    generator = np.random.default_rng(1)
    table = folder / "metadata.jsonl"
    rows = [json.loads(line) for line in table.read_text().splitlines()]
    for row in rows:
        row["tags"] = [
            CALLED.get(tag, (tag,))[generator.integers(len(CALLED.get(tag, "1")))] for tag in row["tags"]
        ]
        if "sea" in row["labels"]:  # on enough photos for the networks to see that both look alike
            water = [word for word in ("sea", "ocean") if generator.random() < 0.8]
            row["tags"] = [*(tag for tag in row["tags"] if tag != "sea"), *water]
    table.write_text("".join(json.dumps(row) + "\n" for row in rows))


@pytest.fixture(scope="session")
def pictures(tmp_path_factory):
    """The folder of 66 pictures with tags and ground truth."""
    folder = tmp_path_factory.mktemp("pictures")
    draw_with_many_words(folder)
    return folder


@pytest.fixture(scope="session")
def studio(pictures, tmp_path_factory):
    """A home that holds the collection "studio"."""
    store = Store(tmp_path_factory.mktemp("studio-home"))
    workflow.import_collection(store, "table", pictures, "studio")
    return store


@pytest.fixture(scope="session")
def real(pictures, tmp_path_factory):
    """Make configurations on a real backbone with random weights and small pictures; of preset default, all else is on."""
    weights = tmp_path_factory.mktemp("weights") / "weights.pth"
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        model = torchvision.models.mobilenet_v3_small(weights=None)
    # Statistics of these very photos: with those of nothing, all features would be one feature and rounding.
    for module in model.modules():
        if isinstance(module, torch.nn.BatchNorm2d):
            module.momentum = 1.0
    with torch.no_grad():
        model.train()(normalize(torch.from_numpy(decode_many(sorted(pictures.glob("*.png")), 64)), IMAGENET))
    torch.save(model.state_dict(), weights)

    def config(preset="default", **settings):
        given = {
            "network.backbone": "mobilenet_v3_small",
            "network.weights": str(weights),
            "network.finetune": "head",
            "network.image_size": 64,
            "run.device": "cpu",
        }
        return train_config(preset).replaced({**given, **settings})

    return config


@pytest.fixture(scope="session")
def default_run(studio, real):
    """A finished run with preset default."""
    return workflow.train_collection(studio, "studio", real())


def features_of(store, run):
    """The features that a run on a frozen backbone learned from, and its collection."""
    collection = Collection.open(store, run.record.collection)
    given = material(store.home, collection, run.config, torch.device("cpu"), silent)
    return given.inputs.array, collection
