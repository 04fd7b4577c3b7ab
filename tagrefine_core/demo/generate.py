"""Write the demo collection to a folder: pictures, user tags, ground truth."""

import json
import multiprocessing
import multiprocessing.connection
import os
import threading
from collections.abc import Callable, Generator
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import closing
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from PIL import Image

from tagrefine_core.demo.concepts import CONCEPTS
from tagrefine_core.demo.noise import user_tags
from tagrefine_core.demo.picture import render
from tagrefine_core.errors import CollectionError, ConfigError
from tagrefine_core.files import write_file

__all__ = ["DemoFiles", "generate"]

# Part of what a finished file must say about itself. Raise it when the pictures change: old files are redrawn.
_EDITION = 1
_MOST_IMAGES = 100_000
_MOST_WORKERS = 8
_CHUNK = 8


@dataclass(frozen=True)
class DemoFiles:
    """What `generate` wrote.

    Attributes
    ----------
    folder : Path
        The folder given.
    metadata : Path
        `metadata.jsonl` in it, one line a picture: file_name, tags, labels, user.
    images : int
        Number of pictures.
    concepts : tuple of str
        The label tags.
    """

    folder: Path
    metadata: Path
    images: int
    concepts: tuple[str, ...]


def generate(
    folder: Path,
    *,
    images: int = 1200,
    seed: int = 0,
    workers: int | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> DemoFiles:
    """Draw the demo collection into a folder, in the layout of a Hugging Face image folder.

    Pictures go to `photos/demo00001.jpg` and so on, their tags and labels to `metadata.jsonl`. A picture that
    is already there, drawn with the same seed, is kept; so a generation that was stopped goes on where it was.

    Parameters
    ----------
    folder : Path
        Made when missing.
    images : int
        Number of pictures, 1 to 100,000. Picture i is the same whatever the number.
    seed : int
        Zero or greater.
    workers : int, optional
        Processes that draw; by default one for each processor, eight at most. With 1 no process is started.
    progress : callable, optional
        Called with (pictures done, pictures in all) after every picture; what it raises stops the work.

    Returns
    -------
    DemoFiles

    Raises
    ------
    ConfigError
        If an argument is out of range.
    CollectionError
        If the drawing processes die.
    """
    if not 1 <= images <= _MOST_IMAGES:
        raise ConfigError(f"The demo can have 1 to {_MOST_IMAGES:,} images, got {images:,}.")
    if seed < 0:
        raise ConfigError(f"The demo's seed must be 0 or greater, got {seed}.")
    if workers is not None and workers < 1:
        raise ConfigError(f"The demo needs at least 1 worker, got {workers}.")
    photos = Path(folder) / "photos"
    photos.mkdir(parents=True, exist_ok=True)
    count = min(workers or min(_processors(), _MOST_WORKERS), images)
    truth: list[frozenset[str]] = []
    try:
        with closing(_draw_all(photos, seed, images, count)) as labels:
            for shown in labels:
                truth.append(frozenset(shown))
                if progress is not None:
                    progress(len(truth), images)
    except BrokenProcessPool as error:
        raise CollectionError(
            f"A process that draws the demo died after {len(truth):,} of {images:,} images, perhaps for lack of "
            f"memory. Run it again: finished images are kept; workers=1 needs the least memory."
        ) from error
    tags, users = user_tags(truth, seed)
    lines = [
        json.dumps(
            {
                "file_name": f"photos/{_name(index)}",
                "tags": tags[index],
                "labels": sorted(truth[index]),
                "user": users[index],
            }
        )
        for index in range(images)
    ]
    metadata = Path(folder) / "metadata.jsonl"
    write_file(metadata, lambda file: file.write(("\n".join(lines) + "\n").encode()))
    return DemoFiles(folder=Path(folder), metadata=metadata, images=images, concepts=CONCEPTS)


def _draw_all(photos: Path, seed: int, images: int, workers: int) -> Generator[list[str], None, None]:
    draw = partial(_draw, photos, seed)
    if workers == 1:
        yield from map(draw, range(images))
        return
    # Spawned, not forked: the caller may hold threads, locks and a GPU.
    context = multiprocessing.get_context("spawn")
    pool = ProcessPoolExecutor(workers, mp_context=context, initializer=_end_with_parent)
    try:
        yield from pool.map(draw, range(images), chunksize=_CHUNK)
    finally:
        pool.shutdown(cancel_futures=True)


def _end_with_parent() -> None:
    """Let this process end when the one that started it is gone, however it went: nobody would take what it draws."""
    parent = multiprocessing.parent_process()
    assert parent is not None

    def watch() -> None:
        multiprocessing.connection.wait([parent.sentinel])
        os._exit(1)

    threading.Thread(target=watch, name="end with parent", daemon=True).start()


def _draw(photos: Path, seed: int, index: int) -> list[str]:
    """Draw one picture unless it is there; return its labels."""
    path = photos / _name(index)
    kept = _finished(path, seed, index)
    if kept is not None:
        return kept
    image, concepts = render(seed, index)
    labels = sorted(concepts)
    # The file says itself what it is, so that resuming needs no second record that could disagree.
    note = json.dumps({"tagrefine-demo": _EDITION, "seed": seed, "index": index, "labels": labels})
    write_file(path, lambda file: image.save(file, format="JPEG", quality=90, comment=note))
    return labels


def _finished(path: Path, seed: int, index: int) -> list[str] | None:
    """Return the labels of a picture drawn before, or None if it is missing, damaged or another one."""
    try:
        with Image.open(path) as image:
            note = json.loads(image.info["comment"])
        with path.open("rb") as file:
            file.seek(-2, os.SEEK_END)
            whole = file.read() == b"\xff\xd9"
    except (OSError, KeyError, ValueError):
        return None
    expected = {"tagrefine-demo": _EDITION, "seed": seed, "index": index}
    if not whole or not isinstance(note, dict) or {key: note.get(key) for key in expected} != expected:
        return None
    return [str(label) for label in note["labels"]]


def _name(index: int) -> str:
    return f"demo{index + 1:05d}.jpg"


def _processors() -> int:
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
