"""Photos that a visitor drops in: checked, named by us, kept only while they are tagged."""

import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import streamlit as st

from pages.components.uploads import small_picture
from pages.opening import open_annotator
from pages.state import store
from tagrefine_core import workflow
from tagrefine_core.errors import ImageError

__all__ = ["MOST", "TYPES", "Tagged", "tag_photos"]

# fmt: off
TYPES = ["jpg", "jpeg", "png", "heic", "webp", "gif", "avif", "jxl", "tif", "tiff", "bmp", "apng", "avifs", "heics", "heif", "heifs", "hif", "jfif", "jpe", "mpo", "pbm", "pgm", "pnm", "ppm"]
# fmt: on
"""Ends of file names that are taken, without the dot: those of the folder import."""

MOST = 24
"""Photos at a time."""

_DOUBTFUL = 5  # tags that are not sure, shown on demand


@dataclass(frozen=True)
class Tagged:
    """One photo with the tags that are sure, which may be none, or the reason why it could not be looked at.

    Attributes
    ----------
    picture : bytes or None
        A small JPEG made from the decoded pixels, never the file itself.
    sure : list of (tag, probability)
        The likeliest first.
    doubtful : list of (tag, probability)
        The likeliest of the others that a picture can tell.
    problem : str
        Empty when all went well.
    """

    picture: bytes | None
    sure: list[tuple[str, float]]
    doubtful: list[tuple[str, float]]
    problem: str = ""


@st.cache_data(max_entries=8, show_spinner="Looking at your photos")
def tag_photos(
    run_id: str,
    finished: str | None,
    data_hash: str,
    judged: Sequence[str],
    limits: Mapping[int, float],
    precision: float,
    digests: Sequence[str],
    _contents: Sequence[bytes],
) -> list[Tagged]:
    """Tag photos with a run's network; the same photos and run are answered from memory.

    The names that the browser sends are never used for a file, and a photo must decode before the network sees it.

    Parameters
    ----------
    run_id, finished, data_hash
        The run, when it finished, and its collection as it is now.
    judged : sequence of str
        Tags that a picture can tell; nothing is said of the others.
    limits : mapping of int to float
        Limits that people set for single tags, by column; only tells one state of them from the next.
    precision : float
        Share of the tags that shall be right.
    digests : sequence of str
        Hashes of the files.
    """
    answers: dict[int, Tagged] = {}
    paths: dict[int, Path] = {}
    with tempfile.TemporaryDirectory(prefix="tagrefine-") as folder:
        for number, content in enumerate(_contents):
            path = Path(folder) / f"photo-{number:04d}"
            path.write_bytes(content)
            try:
                answers[number] = Tagged(small_picture(path), [], [])
            except ImageError as error:
                answers[number] = Tagged(None, [], [], f"This file {error}.")
                continue
            paths[number] = path
        if paths:
            annotator = open_annotator(run_id, finished, data_hash)
            found = workflow.annotate(
                store(),
                run_id,
                list(paths.values()),
                top=len(annotator.tags),
                precision=precision,
                annotator=annotator,
            )
            known = frozenset(judged)
            for number, annotation in zip(paths, found, strict=True):
                sure = [pair for pair in annotation.tags if pair[0] in annotation.sure]
                others = [
                    pair for pair in annotation.tags if pair[0] in known and pair[0] not in annotation.sure
                ]
                answers[number] = Tagged(answers[number].picture, sure, others[:_DOUBTFUL])
    return [answers[number] for number in range(len(_contents))]
