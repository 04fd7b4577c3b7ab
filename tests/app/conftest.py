"""Homes for the app's tests: an empty one, and a small one whose numbers are made by hand, not trained."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image
from scipy import sparse
from scipy.special import logit
from streamlit.testing.v1 import AppTest

from tagrefine_core import jobs
from tagrefine_core.collections import Collection, Source, check_images, write_collection
from tagrefine_core.config import TrainConfig
from tagrefine_core.evaluation import evaluate
from tagrefine_core.files import write_array
from tagrefine_core.model.calibration import _CENTERS as CENTERS
from tagrefine_core.model.calibration import Calibration
from tagrefine_core.runs.run import run_folder
from tagrefine_core.settings import train_config
from tagrefine_core.store import EpochRecord, ImportIssue, Store, TagRecord

ROOT = Path(__file__).resolve().parents[2]
SHELL = ROOT / "pages" / "shell.py"

EVIL = "![x](http://evil.example/a.png)"
"""A tag that would make a browser call out if anything took it for markdown."""

VOCABULARY = ("sea", "sky", "sunset", "flower", "dog", EVIL, "<b>bold</b>")
LABELS = VOCABULARY[:4]
UNTOLD = "<b>bold</b>"
"""The tag that a picture cannot tell."""
PHOTOS = 40


def add_collection(store: Store, name: str, *, with_truth: bool = True, seed: int = 0) -> None:
    """Write a collection of forty small pictures; users gave six of ten true tags and few wrong ones."""
    rng = np.random.default_rng(seed)
    root = store.home / "photos" / name
    root.mkdir(parents=True)
    files = [f"im{row:02d}.png" for row in range(PHOTOS)]
    for file in files:
        Image.fromarray(rng.integers(0, 255, (24, 32, 3), dtype=np.uint8)).save(root / file)
    truth = rng.random((PHOTOS, len(VOCABULARY))) < 0.4
    given = (truth & (rng.random(truth.shape) < 0.6)) | (rng.random(truth.shape) < 0.05)
    given[0], given[1] = False, True
    source = Source(
        kind="table",
        root=root,
        files=files,
        tags=[[VOCABULARY[column] for column in np.flatnonzero(row)] for row in given],
        users=[None] * PHOTOS,
        labels=LABELS if with_truth else (),
        truth=truth[:, :4].astype(np.int8) if with_truth else None,
        issues=(ImportIssue("broken.jpg", "is truncated"), ImportIssue(f"{EVIL}.png", "is turned", "note")),
    )
    counts = given.sum(axis=0)
    decisions = [
        TagRecord(tag, int(count), "kept", tag, "") for tag, count in zip(VOCABULARY, counts, strict=True)
    ]
    decisions += [
        TagRecord("seas", 3, "merged", "sea", "plural of sea"),
        TagRecord("nikon", 9, "dropped", None, "not in WordNet"),
    ]
    write_collection(
        store,
        source,
        check_images(root, files, workers=1),
        name=name,
        kind="demo" if with_truth else "table",
        vocabulary=VOCABULARY,
        label_columns=np.arange(len(source.labels)),
        decisions=decisions,
    )


def add_run(
    store: Store, collection: str, run_id: str, *, state: str = "finished", message: str = ""
) -> None:
    """Write a run: epochs of both stages and, when finished, random scores with their true measures."""
    record = store.collection(collection)
    rng = np.random.default_rng(len(store.runs()))
    config = train_config("small")
    store.create_run(
        run_id, record.id, config=config.model_dump(), seed=0, data_hash=record.data_hash, versions={}
    )
    for stage in ("phi0", "constraints"):
        for epoch in range(1, 4):
            values = {"loss": 1 / epoch, "logistic": 0.5 / epoch, "q50": 0.6, "images_per_second": 100.0}
            values["val_map"] = 0.4 + 0.1 * epoch
            store.write_epoch(run_id, EpochRecord(stage, epoch, 10 * epoch, values))
    store.set_run_state(run_id, state, message)
    if state != "finished":
        return
    folder = run_folder(store.home, run_id)
    scores = 0.01 + 0.98 * rng.random((PHOTOS, len(VOCABULARY)), dtype=np.float32)
    write_array(folder / "scores.npy", scores)
    write_array(folder / "features.npy", rng.random((PHOTOS, 8)).astype(np.float16))
    write_array(folder / "rows.npy", np.arange(PHOTOS))
    sparse.save_npz(
        folder / "implied.npz", sparse.csr_matrix((len(VOCABULARY), len(VOCABULARY)), dtype=np.float32)
    )
    visualness = np.full((3, len(VOCABULARY)), [[0.8], [0.6], [0.9]], dtype=np.float32)
    visualness[:, VOCABULARY.index(UNTOLD)] = 0.18, 0.1, 0.26
    write_array(folder / "visualness.npy", visualness)
    opened = Collection.open(store, collection)
    calibration = Calibration.measure([(logit(scores), opened.tags)], len(VOCABULARY), PHOTOS)
    # Logits that lead to these scores: by a curve that leaves logits as they are, and what users wrote.
    calibration = replace(calibration, curve=np.tile(CENTERS.astype(np.float32), (len(VOCABULARY), 1)))
    calibration.save(folder / "calibration.safetensors")
    words = calibration.words(opened.tags.toarray(), config.scoring.evidence)
    write_array(folder / "logits.npy", (logit(scores) - words).astype(np.float32))
    if record.labels:
        measures = evaluate(scores[:, opened.label_columns], opened.truth, labels=opened.labels)
        store.write_metrics(record.id, run_id, measures.as_dict())
        tagged = evaluate(opened.tags[:, opened.label_columns].toarray(), opened.truth, labels=opened.labels)
        store.write_metrics(record.id, "user_tags", tagged.as_dict())


def set_config(store: Store, run_id: str, config: TrainConfig) -> None:
    """Let a run have been trained with other settings."""
    with store.transaction() as connection:
        connection.execute("UPDATE runs SET config = ? WHERE id = ?", (config.model_dump_json(), run_id))


@pytest.fixture
def empty_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Store:
    """Make an empty home the app's home."""
    monkeypatch.setenv("TAGREFINE_HOME", str(tmp_path))
    return Store(tmp_path)


@pytest.fixture(scope="session")
def small_home_files(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Build the small home once; tests that change it copy it."""
    home = tmp_path_factory.mktemp("home")
    store = Store(home)
    add_collection(store, "unchecked", with_truth=False, seed=1)
    add_run(store, "unchecked", "run-unchecked")
    add_collection(store, "fresh", seed=2)
    add_collection(store, "demo")
    add_run(store, "demo", "run-old")
    add_run(store, "demo", "run-dead", state="interrupted", message="Its process ended before the run did.")
    add_run(store, "demo", "run-new")
    return home


@pytest.fixture
def small_home(small_home_files: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Store:
    """Make a copy of the small home the app's home: collections demo, fresh (no run), unchecked (no truth)."""
    import shutil

    home = tmp_path / "home"
    shutil.copytree(small_home_files, home)
    monkeypatch.setenv("TAGREFINE_HOME", str(home))
    return Store(home)


def components(page: AppTest) -> list[Any]:
    """Return the components that a page itself draws; the shell's own has nothing to show."""
    return [one for one in page.get("bidi_component") if one.proto.component_name != "tagrefine_steps"]


@pytest.fixture
def open_page() -> Iterator[Callable[..., AppTest]]:
    """Open a page of the app as a visitor would, by name, with parameters of the address."""

    def open_(name: str, **parameters: str) -> AppTest:
        test = AppTest.from_file(str(SHELL), default_timeout=30)
        for key, value in parameters.items():
            test.query_params[key] = value
        return test.run().switch_page(f"{name}/page.py").run()

    return open_


@pytest.fixture
def started(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, str, Any]]:
    """Command, collection and options of the jobs that pages record and start; no process is made."""
    calls: list[tuple[str, str, Any]] = []

    def start(store: Store, job_id: int) -> None:
        job = store.job(job_id)
        calls.append((job.command, job.collection, job.options))

    monkeypatch.setattr(jobs, "start", start)
    return calls
