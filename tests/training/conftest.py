"""A small collection of real pictures, imported once, and runs on it that take seconds."""

import json

import numpy as np
import pytest
from PIL import Image, ImageDraw

from tagrefine_core import workflow
from tagrefine_core.settings import train_config
from tagrefine_core.store import Store

WORDS = ("sea", "tree", "flower", "car")
COLORS = ((40, 90, 200), (30, 150, 40), (230, 60, 140), (120, 120, 120))


def draw(folder, count=66):
    """Pictures of one or two coloured shapes; tags are missing or wrong now and then."""
    generator = np.random.default_rng(0)
    rows = []
    for number in range(count):
        truth = sorted(set(generator.choice(4, size=generator.integers(1, 3)).tolist()))
        picture = Image.new("RGB", (40, 40), tuple(int(c) for c in generator.integers(0, 60, 3)))
        pen = ImageDraw.Draw(picture)
        for part in truth:
            x, y = generator.integers(0, 20, 2)
            pen.ellipse((int(x), int(y), int(x) + 18, int(y) + 18), fill=COLORS[part])
        picture.save(folder / f"p{number}.png")
        tags = [WORDS[part] for part in truth if generator.random() < 0.7]
        if generator.random() < 0.1:
            tags.append(WORDS[generator.integers(4)])
        rows.append({"file_name": f"p{number}.png", "tags": tags, "labels": [WORDS[part] for part in truth]})
    (folder / "metadata.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))


@pytest.fixture(scope="session")
def shapes(tmp_path_factory):
    """A home that holds the collection "shapes"."""
    source = tmp_path_factory.mktemp("shapes-source")
    draw(source)
    store = Store(tmp_path_factory.mktemp("shapes-home"))
    workflow.import_collection(store, "table", source, "shapes")
    return store


SMALL = {
    "network.backbone": "small_cnn",
    "network.weights": "none",
    "network.finetune": "all",
    "network.image_size": 32,
    "optimizer.average": 0.9,
    "phi0.epochs": 2,
    "neighbors.s": 16,
    "neighbors.m": 4,
    "neighbors.M": 20,
    "constraints.epochs": 2,
    "constraints.lr": 0.05,
    "constraints.lambda1": 0.0,
    "scoring.evidence": 0.0,
    "run.device": "cpu",
}


def small(**settings):
    """Settings of a run that takes a second or two, by their names with a dot."""
    # Not by train_config, which warns of what has no effect beside the rest.
    return train_config("small").replaced({**SMALL, **settings})
