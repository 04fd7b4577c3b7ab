"""The demo generator: pictures that depend on their seed only, honest truth, noise at the written rates."""

import json
import math
import re
from dataclasses import fields
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from tagrefine_core import demo
from tagrefine_core.demo import CONCEPTS, NoiseModel, generate, render, user_tags
from tagrefine_core.demo.canvas import Canvas
from tagrefine_core.demo.concepts import MOST_CONCEPTS
from tagrefine_core.demo.noise import (
    BACKGROUND,
    CAMERA_TAGS,
    GENERAL_TAGS,
    PERSONAL_TAGS,
    STRIKING,
    SYNONYMS,
    plural,
)
from tagrefine_core.demo.palette import rgb
from tagrefine_core.demo.picture import true_concepts
from tagrefine_core.demo.scenes import SCENES
from tagrefine_core.errors import Cancelled, ConfigError

SMALL = (96, 72)
SILENT = dict.fromkeys((field.name for field in fields(NoiseModel)), 0.0)


SCENE_SHARE = {scene.__name__: weight / sum(weight for _, weight in SCENES) for scene, weight in SCENES}
TAKES = 6


@pytest.fixture(scope="module")
def album() -> list[tuple[str, np.ndarray, frozenset[str]]]:
    """Every scene six times: its name, the painted pixels (H, W, 3) and the truth."""
    pictures = []
    for number, (scene, _) in enumerate(SCENES):
        for take in range(TAKES):
            canvas = Canvas(np.random.default_rng([number, take]), SMALL)
            scene(canvas)
            assert canvas.visible.keys() <= set(CONCEPTS)
            pictures.append((scene.__name__, canvas.pixels, true_concepts(canvas)))
    return pictures


@pytest.fixture(scope="module")
def truths() -> list[frozenset[str]]:
    """Random truth for the noise model, which needs no pictures."""
    rng = np.random.default_rng(3)
    return [
        frozenset(CONCEPTS[k] for k in rng.permutation(len(CONCEPTS))[: rng.integers(2, 8)])
        for _ in range(6000)
    ]


def test_public_names() -> None:
    assert sorted(demo.__all__) == demo.__all__
    assert all(hasattr(demo, name) for name in demo.__all__)
    assert len(CONCEPTS) >= 24
    assert len(set(CONCEPTS)) == len(CONCEPTS)
    assert all(concept == concept.lower() and concept.isalpha() for concept in CONCEPTS)


# --- pictures


def test_a_picture_depends_on_seed_and_index_only() -> None:
    first, truth = render(1, 7, SMALL)
    render(1, 8, SMALL)
    again, truth_again = render(1, 7, SMALL)
    assert first.tobytes() == again.tobytes()
    assert truth == truth_again
    assert first.mode == "RGB"
    assert first.size == SMALL
    assert render(1, 8, SMALL)[0].tobytes() != first.tobytes()
    assert render(2, 7, SMALL)[0].tobytes() != first.tobytes()


def test_every_scene_paints_finite_colors_and_shows_a_few_concepts(album) -> None:
    for scene, pixels, truth in album:
        assert np.isfinite(pixels).all(), scene
        assert pixels.dtype == np.float32, scene
        assert pixels.std() > 0.02, f"{scene} is empty"
        assert 2 <= len(truth) <= MOST_CONCEPTS, (scene, truth)


def test_prevalence_of_every_concept(album) -> None:
    # Weighted by how often a scene is drawn: a stratified estimate, with its own standard error.
    for concept in CONCEPTS:
        shares = {
            scene: np.mean([concept in truth for name, _, truth in album if name == scene])
            for scene in SCENE_SHARE
        }
        share = sum(SCENE_SHARE[scene] * shares[scene] for scene in shares)
        variance = sum(SCENE_SHARE[scene] ** 2 * p * (1 - p) / TAKES for scene, p in shares.items())
        slack = 2 * math.sqrt(variance)
        assert 0.02 - slack <= share <= 0.55 + slack, (concept, share)
        assert share > 0, concept


def test_hidden_things_are_not_listed() -> None:
    canvas = Canvas(np.random.default_rng(0), SMALL)
    everywhere = np.ones((canvas.height, canvas.width), dtype=np.float32)
    canvas.paint(rgb("#204080"), everywhere, "sea")
    pen = canvas.pen(0.5, 0.5, 0.3)
    pen.rectangle(-0.5, 0.0, 0.5, 1.0, rgb("#ff0000"))
    pen.stamp(None, "boat")
    assert true_concepts(canvas) == {"sea", "boat"}
    canvas.paint(rgb("#00ff00"), everywhere * (canvas.rows < 0.6), "tree")
    assert true_concepts(canvas) == {"sea", "tree"}


def test_a_small_thing_does_not_count_and_seven_are_enough() -> None:
    canvas = Canvas(np.random.default_rng(0), (320, 240))
    canvas.mark("sky")[:10] = True
    canvas.mark("bird")[100:110, 100:120] = True
    assert true_concepts(canvas) == {"bird"}
    for row, concept in enumerate(CONCEPTS):
        canvas.mark(concept)[row * 6 : row * 6 + 100] = True
    assert len(true_concepts(canvas)) == MOST_CONCEPTS


def test_truth_agrees_with_the_colors(album) -> None:
    def ground(wanted: str, *without: str) -> np.ndarray:
        """Mean color (3,) of the lower half of the pictures that show a concept and not others."""
        chosen = [
            pixels[SMALL[1] // 2 :]
            for _, pixels, truth in album
            if wanted in truth and not truth & set(without)
        ]
        assert len(chosen) >= 3, wanted
        return np.mean([pixels.mean((0, 1)) for pixels in chosen], axis=0)

    day = np.mean([pixels.mean() for _, pixels, truth in album if not truth & {"night", "sunset"}])
    dark = np.mean([pixels.mean() for _, pixels, truth in album if "night" in truth])
    assert dark < 0.6 * day
    assert ground("snow", "night", "sunset").mean() > 1.1 * ground("grass", "night", "sunset", "snow").mean()
    for concept, more, less in (("grass", 1, 2), ("desert", 0, 2), ("lake", 2, 0)):
        color = ground(concept, "night", "sunset")
        assert color[more] > color[less], (concept, color)
    evening, noon = ground("sunset"), ground("sky", "sunset")
    assert evening[0] / evening[2] > noon[0] / noon[2]


@pytest.mark.parametrize(
    ("seed", "index", "size"), [(-1, 0, SMALL), (0, -1, SMALL), (0, 0, (10, 72)), (0, 0, (96, 9999))]
)
def test_render_refuses_bad_arguments(seed, index, size) -> None:
    with pytest.raises(ConfigError, match="demo"):
        render(seed, index, size)


# --- noise


def _within(observed: float, rate: float, trials: float, *, sigmas: float = 4.5) -> bool:
    """Compare a frequency with a rate by the binomial standard error."""
    return abs(observed - rate) <= sigmas * math.sqrt(rate * (1 - rate) / trials) + 1e-12


def test_without_noise_the_tags_are_the_truth(truths) -> None:
    tags, users = user_tags(truths, 0, NoiseModel(**SILENT))
    assert [frozenset(words) for words in tags] == truths
    assert len(users) == len(truths)


def test_users_own_runs_of_photos(truths) -> None:
    _, users = user_tags(truths, 4)
    runs = [1]
    for before, after in pairwise(users):
        runs = [*runs[:-1], runs[-1] + 1] if before == after else [*runs, 1]
    # Two runs of one user may follow each other, so only the lower end is strict (the last run may be cut).
    assert min(runs[:-1]) >= 3
    assert np.median(runs) <= 20
    assert 60 < len(set(users)) < len(runs)


def test_tags_do_not_depend_on_later_photos(truths) -> None:
    whole, users = user_tags(truths, 9)
    part, part_users = user_tags(truths[:1234], 9)
    assert part == whole[:1234]
    assert part_users == users[:1234]
    assert user_tags(truths, 10)[0] != whole


@pytest.mark.parametrize("group", ["missing", "missing_background", "missing_striking"])
def test_missing_rates(truths, group) -> None:
    rate = getattr(NoiseModel(), group)
    tags, _ = user_tags(truths, 1, NoiseModel(**SILENT | {group: rate}))
    members = {"missing_background": BACKGROUND, "missing_striking": STRIKING}.get(
        group, set(CONCEPTS) - BACKGROUND - STRIKING
    )
    shown = sum(len(truth & members) for truth in truths)
    given = sum(len(truth & members & set(words)) for truth, words in zip(truths, tags, strict=True))
    assert _within(1 - given / shown, rate, shown)
    others = sum(len(truth - members - set(words)) for truth, words in zip(truths, tags, strict=True))
    assert others == 0


@pytest.mark.parametrize(
    ("name", "hit"),
    [
        ("wrong", lambda truth, words: bool(set(words) - truth)),
        ("personal", lambda truth, words: bool(set(words) & set(PERSONAL_TAGS))),
        ("camera", lambda truth, words: bool(set(words) & set(CAMERA_TAGS))),
        ("general", lambda truth, words: bool(set(words) & set(GENERAL_TAGS))),
        ("untagged", lambda truth, words: not words),
    ],
)
def test_rates_by_photo(truths, name, hit) -> None:
    rate = getattr(NoiseModel(), name)
    tags, _ = user_tags(truths, 2, NoiseModel(**SILENT | {name: rate}))
    hits = np.mean([hit(truth, words) for truth, words in zip(truths, tags, strict=True)])
    assert _within(float(hits), rate, len(truths))


@pytest.mark.parametrize("name", ["synonym", "plural", "misspelled", "cased"])
def test_rates_by_word(truths, name) -> None:
    rate = getattr(NoiseModel(), name)
    tags, _ = user_tags(truths, 3, NoiseModel(**SILENT | {name: rate}))
    words = [word for row in tags for word in row]
    known = {
        "synonym": {word for choices in SYNONYMS.values() for word in choices},
        "plural": {plural(concept) for concept in CONCEPTS},
    }
    changed = {
        "synonym": lambda word: word in known["synonym"],
        "plural": lambda word: word in known["plural"],
        "misspelled": lambda word: word not in CONCEPTS,
        "cased": lambda word: word != word.lower() and word.lower() in CONCEPTS,
    }[name]
    # Synonyms that two concepts share ("water") appear once in a photo, hence the small extra slack.
    assert abs(np.mean([changed(word) for word in words]) - rate) < 5 * math.sqrt(rate / len(words)) + 0.004


def test_habits_differ_between_users_but_not_in_the_mean(truths) -> None:
    def spread(habit: float) -> tuple[float, float]:
        tags, users = user_tags(truths, 6, NoiseModel(**SILENT | {"camera": 0.3, "habit": habit}))
        used = [bool(words and words[-1] in CAMERA_TAGS) for words in tags]
        by_user: dict[str, list[bool]] = {}
        for user, has in zip(users, used, strict=True):
            by_user.setdefault(user, []).append(has)
        rates = [np.mean(hits) for hits in by_user.values() if len(hits) >= 15]
        return float(np.mean(used)), float(np.var(rates))

    (same, low), (varied, high) = spread(0.0), spread(1.0)
    assert abs(same - 0.3) < 0.02
    assert abs(varied - 0.3) < 0.04
    assert high > 1.5 * low


def test_batch_uploads_copy_the_first_photos_tags(truths) -> None:
    tags, users = user_tags(truths, 8, NoiseModel(**SILENT | {"batch": 1.0}))
    changes = sum(before != after for before, after in pairwise(tags))
    # A run holds 3 to 20 photos, 11.5 in the mean, and has a single set of tags.
    assert len(truths) / 20 - 1 <= changes <= len(truths) / 3
    assert abs(len(truths) / changes - 11.5) < 1.5
    assert len(users) == len(truths)
    few, _ = user_tags(truths, 8, NoiseModel(**SILENT | {"batch": 0.05}))
    wrong = np.mean([set(words) != truth for words, truth in zip(few, truths, strict=True)])
    assert 0.02 < wrong < 0.085


def test_order_and_spelling_vary(truths) -> None:
    tags, _ = user_tags(truths, 0)
    assert any(word != word.lower() for words in tags for word in words)
    assert any(words != sorted(words) for words in tags)
    assert all(len(words) == len(set(words)) for words in tags)
    assert all(word.strip() for words in tags for word in words)


def test_plurals() -> None:
    assert [plural(word) for word in ("cloud", "city", "beach", "grass", "person", "sky", "bridge")] == [
        "clouds",
        "cities",
        "beaches",
        "grasses",
        "people",
        "skies",
        "bridges",
    ]


def test_every_concept_has_synonyms_that_are_not_concepts() -> None:
    assert SYNONYMS.keys() == set(CONCEPTS)
    assert not {word for words in SYNONYMS.values() for word in words} & set(CONCEPTS)
    assert set(CONCEPTS) >= BACKGROUND | STRIKING
    assert not BACKGROUND & STRIKING


@pytest.mark.parametrize(
    "bad", [{"missing": 1.2}, {"wrong": -0.1}, {"batch": float("nan")}, {"synonym": 0.7, "plural": 0.6}]
)
def test_noise_model_refuses_bad_rates(bad) -> None:
    with pytest.raises(ConfigError, match=next(iter(bad))):
        NoiseModel(**bad)


def test_user_tags_refuses_bad_arguments() -> None:
    with pytest.raises(ConfigError, match="seed"):
        user_tags([frozenset({"sea"})], -1)
    with pytest.raises(ConfigError, match="unicorn"):
        user_tags([frozenset({"unicorn"})], 0)
    assert user_tags([], 0) == ([], [])


def test_the_written_rates_are_the_defaults() -> None:
    text = (Path(__file__).parents[2] / "docs" / "demo.md").read_text(encoding="utf-8")
    written = {
        name: float(rate) for name, rate in re.findall(r"^\| `(\w+)` \| (\.\d+) \|", text, flags=re.MULTILINE)
    }
    assert written == {field.name: field.default for field in fields(NoiseModel)}
    assert all(f"| {concept} | " in text for concept in CONCEPTS)


# --- files


def _rows(metadata: Path) -> list[dict]:
    return [json.loads(line) for line in metadata.read_text(encoding="utf-8").splitlines()]


def test_generate_writes_consistent_files(tmp_path: Path) -> None:
    calls: list[tuple[int, int]] = []
    files = generate(
        tmp_path / "one", images=12, seed=3, workers=1, progress=lambda *state: calls.append(state)
    )
    assert calls == [(done, 12) for done in range(1, 13)]
    assert (files.folder, files.images, files.concepts) == (tmp_path / "one", 12, CONCEPTS)
    rows = _rows(files.metadata)
    assert [row["file_name"] for row in rows] == [f"photos/demo{k:05d}.jpg" for k in range(1, 13)]
    assert {path.name for path in (tmp_path / "one").iterdir()} == {"photos", "metadata.jsonl"}
    assert len(list((tmp_path / "one" / "photos").iterdir())) == 12
    truth = [frozenset(row["labels"]) for row in rows]
    tags, users = user_tags(truth, 3)
    for index, row in enumerate(rows):
        assert truth[index] == render(3, index)[1]
        assert (row["tags"], row["user"]) == (tags[index], users[index])
        with Image.open(tmp_path / "one" / row["file_name"]) as image:
            image.load()
            assert image.format == "JPEG"


def test_generate_is_the_same_for_any_number_of_processes_and_images(tmp_path: Path) -> None:
    short = generate(tmp_path / "short", images=9, seed=1, workers=1)
    long = generate(tmp_path / "long", images=11, seed=1, workers=2)
    for row in _rows(short.metadata):
        assert (short.folder / row["file_name"]).read_bytes() == (long.folder / row["file_name"]).read_bytes()
    assert _rows(short.metadata) == _rows(long.metadata)[:9]


def test_generate_resumes_and_mends(tmp_path: Path) -> None:
    def stop(done: int, total: int) -> None:
        if done == 4:
            raise Cancelled

    with pytest.raises(Cancelled):
        generate(tmp_path, images=6, seed=2, workers=1, progress=stop)
    photos = tmp_path / "photos"
    assert len(list(photos.iterdir())) == 4
    assert not (tmp_path / "metadata.jsonl").exists()
    kept = photos / "demo00001.jpg"
    stamp, whole = kept.stat().st_mtime_ns, (photos / "demo00002.jpg").read_bytes()
    (photos / "demo00002.jpg").write_bytes(whole[: len(whole) // 2])
    (photos / "demo00003.jpg").write_bytes(b"")
    Image.new("RGB", (8, 8)).save(photos / "demo00004.jpg")
    first = _rows(generate(tmp_path, images=6, seed=2, workers=1).metadata)
    assert kept.stat().st_mtime_ns == stamp
    assert (photos / "demo00002.jpg").read_bytes() == whole
    assert first == _rows(generate(tmp_path / "fresh", images=6, seed=2, workers=1).metadata)
    # Another seed in the same folder replaces the pictures.
    generate(tmp_path, images=6, seed=4, workers=1)
    assert kept.stat().st_mtime_ns != stamp


@pytest.mark.parametrize(
    ("bad", "message"),
    [
        ({"images": 0}, "images"),
        ({"images": 100_001}, "images"),
        ({"seed": -1}, "seed"),
        ({"workers": 0}, "worker"),
    ],
)
def test_generate_refuses_bad_arguments(tmp_path: Path, bad: dict, message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        generate(tmp_path / "no", **({"images": 2} | bad))
    assert not (tmp_path / "no").exists()
