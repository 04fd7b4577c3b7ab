"""Formats of an export with one file for all photos: CSV, JSON lines, COCO."""

import csv
import io
import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from tagrefine_core.collections import Collection
from tagrefine_core.exchange.refined import safe_name
from tagrefine_core.exchange.tagging import PhotoTags

__all__ = ["TABLES", "Beyond", "coco", "csv_table", "json_lines"]


@dataclass(frozen=True)
class Beyond:
    """What the source says and the collection does not hold.

    Attributes
    ----------
    photos : sequence of (str, list of str)
        Photos that could not be imported, with their tags.
    cells : mapping of str to dict
        By photo, the cells of columns that nothing is learned from, by title.
    """

    photos: Sequence[tuple[str, list[str]]] = ()
    cells: Mapping[str, dict[str, Any]] = field(default_factory=dict)


_NOTHING = Beyond()


def csv_table(collection: Collection, photos: Iterable[PhotoTags], beyond: Beyond = _NOTHING) -> bytes:
    """Return ``metadata.csv``; a list is a JSON array in one cell, so that any tag survives.

    Parameters
    ----------
    collection : Collection
    photos : iterable of PhotoTags
    beyond : Beyond
    """
    out = io.StringIO(newline="")
    writer: Any = None
    for row in _rows(collection, photos, beyond):
        if writer is None:
            writer = csv.DictWriter(out, list(row))
            writer.writeheader()
        cells = {
            key: json.dumps(value, ensure_ascii=False) if isinstance(value, list | dict) else value
            for key, value in row.items()
        }
        writer.writerow(cells | {"file_name": safe_name(row["file_name"])})
    return out.getvalue().encode("utf-8", "replace")


def json_lines(collection: Collection, photos: Iterable[PhotoTags], beyond: Beyond = _NOTHING) -> bytes:
    """Return ``metadata.jsonl``; parameters as of `csv_table`."""
    lines = (json.dumps(row, ensure_ascii=False) + "\n" for row in _rows(collection, photos, beyond))
    return "".join(lines).encode("utf-8", "replace")


def coco(collection: Collection, photos: Iterable[PhotoTags], beyond: Beyond = _NOTHING) -> bytes:
    """Return a document in COCO's form: a category for each tag, an annotation, without a box, for each tag of a photo.

    A photo also has its ``tags`` in their order, and its user and ground truth where they are known. Parameters as of `csv_table`.
    """
    categories: dict[str, int] = {}
    images: list[dict[str, Any]] = []
    annotations: list[dict[str, int]] = []
    photos = list(photos)
    sizes = [collection.sizes[photo.row].tolist() for photo in photos] + [(None, None)] * len(beyond.photos)
    rows = _rows(collection, photos, beyond)
    for number, (row, (width, height)) in enumerate(zip(rows, sizes, strict=True), start=1):
        known = {key: value for key, value in row.items() if key not in ("added", "removed")}
        images.append({"id": number, "width": width, "height": height, **known})
        for tag in row["tags"]:
            category = categories.setdefault(tag, len(categories) + 1)
            annotations.append({"id": len(annotations) + 1, "image_id": number, "category_id": category})
    document = {
        "images": images,
        "annotations": annotations,
        "categories": [{"id": number, "name": tag} for tag, number in categories.items()],
    }
    return json.dumps(document, ensure_ascii=False).encode("utf-8", "replace")


TABLES: dict[str, tuple[str, Callable[[Collection, Iterable[PhotoTags], Beyond], bytes]]] = {
    "csv": ("metadata.csv", csv_table),
    "jsonl": ("metadata.jsonl", json_lines),
    "coco": ("coco.json", coco),
    "imagefolder": ("metadata.jsonl", json_lines),
}
"""By format the name of its file, and what makes it."""


def _rows(collection: Collection, photos: Iterable[PhotoTags], beyond: Beyond) -> Iterable[dict[str, Any]]:
    """Yield a row for each photo: what is known of it, so that an import of the table loses nothing."""
    users, truth, labels = collection.users, collection.truth, collection.labels
    has_users = any(user is not None for user in users)
    titles = list(dict.fromkeys(title for cells in beyond.cells.values() for title in cells))

    def row(file: str, tags: list[str], before: list[str], number: int | None) -> dict[str, Any]:
        found: dict[str, Any] = {
            "file_name": file,
            "tags": tags,
            "added": [tag for tag in tags if tag not in before],
            "removed": [tag for tag in before if tag not in tags],
        }
        if has_users:
            found["user"] = None if number is None else users[number]
        if truth is not None:
            judged = number is not None and not (truth[number] < 0).any()
            found["labels"] = [labels[at] for at in np.flatnonzero(truth[number])] if judged else None
        cells = beyond.cells.get(file, {})
        return found | {title: cells.get(title) for title in titles if title not in found}

    for photo in photos:
        yield row(photo.file_name, photo.after, photo.before, photo.row)
    for file, tags in beyond.photos:
        yield row(file, tags, tags, None)
