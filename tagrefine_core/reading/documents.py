"""Tables that are JSON: an object a line, or one document in any of the forms that programs for pictures write.

=====================================================  ==========================================================
``{"file_name": "a.jpg", "tags": [...]}`` in each line  Hugging Face's ``metadata.jsonl``
``[{"file_name": "a.jpg", "tags": [...]}, ...]``        a list of such objects, also as the one list inside an object
``{"file_name": [...], "tags": [...]}``                a list for each column, as pandas writes them; also by number
``{"a": {"tags": ..., "caption": ...}, ...}``          kohya's metadata: an object, text or list for each photo
``{"images": ..., "annotations": ..., ...}``           COCO: categories become ``labels``, captions ``caption``;
                                                       not where they only repeat the images' own ``tags``
``{"classes": [...], "labels": {"a": [0, 3]}}``        FiftyOne's ``labels.json``: classes become ``labels``
=====================================================  ==========================================================
"""

import json
import re
from collections.abc import Collection, Iterable, Iterator
from dataclasses import replace
from typing import Any

from tagrefine_core.errors import CollectionError
from tagrefine_core.reading.rows import MAX_COLUMNS, Rows, lines_of, one_line
from tagrefine_core.reading.text import some_of
from tagrefine_core.store import ImportIssue

__all__ = ["Repeated", "read_documents"]

_SPACE = re.compile(r"[\s,]*+")
_Record = dict[str, Any] | str
"""A row, or why there is none."""


class Repeated(list[Any]):
    """The values of a key that one object has several times; JSON's own readers keep the last."""


def read_documents(text: str, name: str, *, known: Collection[str]) -> Rows:
    """Read lines of JSON, or one document.

    Parameters
    ----------
    text : str
    name : str
        Of the table, for the report.
    known : collection of str
        Names of columns that somebody looks for, in lower case: an object with one of them is a row, or holds columns.

    Returns
    -------
    Rows
        Cells are what JSON holds; NaN is None.

    Raises
    ------
    CollectionError
        When it is one document and damaged, or in none of the forms above.
    """
    rows = Rows(name)
    text = text.removeprefix("\ufeff")
    start = _SPACE.match(text).end()  # type: ignore[union-attr]  # it matches nothing too
    if text.startswith("[", start):
        return _collected(rows, _listed(text, start + 1, rows))
    try:
        value, end = _DECODER.raw_decode(text, start)
    except (ValueError, RecursionError) as error:
        if _one_document(text, start):
            raise CollectionError(f"{name} is no valid JSON ({_told(error)}). Write it anew.") from None
        end = start
    if end == start or text[end:].strip():
        return _collected(rows, _lines(text))
    if not isinstance(value, dict):
        raise CollectionError(_unknown(name, type(value).__name__))
    return _collected(replace(rows, unit="entry"), _of_document(value, rows, frozenset(known)))


def _collected(rows: Rows, records: Iterable[tuple[int, _Record]]) -> Rows:
    columns: dict[str, list[Any]] = {}
    more: set[str] = set()
    repeated: dict[str, int] = {}
    for line, record in records:
        if isinstance(record, str):
            rows.issues.append(ImportIssue(f"{rows.name}, line {line}", record))
            continue
        for key, value in record.items():
            cells = columns.get(key)
            if cells is None:
                if len(columns) == MAX_COLUMNS:
                    more.add(key)
                    continue
                cells = columns[key] = [None] * len(rows.lines)
            cells.append(value)
            if isinstance(value, Repeated):
                repeated[key] = repeated.get(key, 0) + 1
        rows.lines.append(line)
        if len(record) != len(columns):
            for cells in columns.values():
                if len(cells) < len(rows.lines):
                    cells.append(None)
    for key, count in repeated.items():
        rows.issues.append(
            ImportIssue(rows.name, f"{count:,} objects have {key!r} several times: all are read", "note")
        )
    if more:
        rows.issues.append(
            ImportIssue(
                rows.name,
                f"only the first {MAX_COLUMNS:,} keys are read, not {some_of([one_line(key) for key in sorted(more)])}",
                "note",
            )
        )
    rows.columns.extend((one_line(key), cells) for key, cells in columns.items())
    return rows


def _lines(text: str) -> Iterator[tuple[int, _Record]]:
    for place, line in enumerate(lines_of(text), start=1):
        if line.strip():
            try:
                value = _DECODER.decode(line)
            except (ValueError, RecursionError) as error:
                yield place, f"is not JSON ({_told(error)})"
            else:
                yield place, _row(value)


def _listed(text: str, start: int, rows: Rows) -> Iterator[tuple[int, _Record]]:
    """Yield what a list holds, up to where it is damaged."""
    line, counted = 1, 0
    while True:
        start = _SPACE.match(text, start).end()  # type: ignore[union-attr]
        line += text.count("\n", counted, start)
        counted = start
        if text.startswith("]", start):
            if text[start + 1 :].strip():
                yield line, "has text after the end of its list, which is not read"
            return
        try:
            value, start = _DECODER.raw_decode(text, start)
        except (ValueError, RecursionError) as error:
            yield line, f"is no valid JSON ({_told(error)}); nothing is read from here on"
            return
        yield line, _row(value)


def _of_document(
    document: dict[str, Any], rows: Rows, known: frozenset[str]
) -> Iterator[tuple[int, _Record]]:
    """Return the rows of the one object that a document is; their lines are counted, since JSON does not tell them."""
    if isinstance(document.get("images"), list) and isinstance(document.get("annotations"), list):
        records = _coco(document, rows, known)
    elif isinstance(document.get("labels"), dict) and "classes" in document:
        records = _fiftyone(document, rows)
    elif any(str(key).strip().lower() in known for key in document):
        records = _columns(document, rows)
    else:
        inside = [value for value in document.values() if _objects(value)]
        if len(inside) == 1:
            records = map(_row, inside[0])
        elif document and all(isinstance(value, dict | list | str) for value in document.values()):
            records = _kohya(document)
        else:
            raise CollectionError(
                _unknown(rows.name, f"an object with {some_of([one_line(key) for key in document])}")
            )
    return enumerate(records, start=1)


def _columns(document: dict[str, Any], rows: Rows) -> Iterator[_Record]:
    values = {
        # pandas numbers the cells of a column unless told otherwise.
        name: list(cells.values()) if isinstance(cells, dict) else cells
        for name, cells in document.items()
    }
    lengths = {len(cells) for cells in values.values() if isinstance(cells, list)}
    if not all(isinstance(cells, list) for cells in values.values()):
        yield document  # a single row
    elif len(lengths) > 1:
        raise CollectionError(
            f"The columns of {rows.name} have {some_of([f'{len(cells):,} ({one_line(name)})' for name, cells in values.items()])} cells. "
            "Give all of them as many."
        )
    else:
        for cells in zip(*values.values(), strict=True):
            yield dict(zip(values, cells, strict=True))


def _kohya(document: dict[str, Any]) -> Iterator[_Record]:
    for file, value in document.items():
        for one in value if isinstance(value, Repeated) else (value,):
            yield {"file_name": file, **one} if isinstance(one, dict) else {"file_name": file, "tags": one}


def _fiftyone(document: dict[str, Any], rows: Rows) -> Iterator[_Record]:
    classes = document["classes"] if isinstance(document["classes"], list) else []
    unknown = 0
    for file, given in document["labels"].items():
        targets = given if isinstance(given, list) else [] if given is None else [given]
        names = []
        for target in targets:
            value = target.get("label") if isinstance(target, dict) else target
            if not isinstance(value, int):
                names.append(value)
            elif 0 <= value < len(classes):
                names.append(classes[value])
            else:
                unknown += 1
        yield {"file_name": file, "labels": list(dict.fromkeys(map(str, names)))}
    if unknown:
        rows.issues.append(
            ImportIssue(
                rows.name,
                f"{unknown:,} numbers name none of its {len(classes):,} classes: they are left out",
                "note",
            )
        )


def _coco(document: dict[str, Any], rows: Rows, known: frozenset[str]) -> Iterator[_Record]:
    images = _by_id(document["images"])
    categories = _by_id(document.get("categories"))
    found: dict[str, dict[str, None]] = {image: {} for image in images}
    captions: dict[str, list[str]] = {}
    unknown = 0
    for note in document["annotations"]:
        image = str(note.get("image_id")) if isinstance(note, dict) else ""
        category = categories.get(str(note.get("category_id"))) if image in images else None
        if category is not None:
            found[image][str(category.get("name", category["id"]))] = None
        elif image in images and isinstance(note.get("caption"), str):
            captions.setdefault(image, []).append(note["caption"])
        else:
            unknown += 1
    if unknown:
        reason = f"{unknown:,} annotations name no image or category of the document: they are left out"
        rows.issues.append(ImportIssue(rows.name, reason, "note"))
    repeated = all(
        isinstance(facts.get("tags"), list) and set(map(str, facts["tags"])) == found[image].keys()
        for image, facts in images.items()
    )
    for image, facts in images.items():
        row = {key: value for key, value in facts.items() if key.strip().lower() in known}
        if categories and not repeated:
            row.setdefault("labels", list(found[image]))
        if captions:
            row.setdefault("caption", captions.get(image, []))
        yield row


def _by_id(values: Any) -> dict[str, dict[str, Any]]:
    listed = values if isinstance(values, list) else []
    return {str(value["id"]): value for value in listed if isinstance(value, dict) and "id" in value}


def _objects(value: Any) -> bool:
    return isinstance(value, list) and len(value) > 0 and all(isinstance(one, dict) for one in value)


def _row(value: Any) -> _Record:
    return value if isinstance(value, dict) else "is not a JSON object {...}"


def _one_document(text: str, start: int) -> bool:
    """Whether damaged text is one document rather than lines: no line of its beginning is an object by itself."""
    for line in lines_of(text[start : start + 2**20])[:100]:
        try:
            if isinstance(_DECODER.decode(line), dict):
                return False
        except (ValueError, RecursionError):
            continue
    return "\n" in text[start:].strip() or not text.startswith("{", start)


def _told(error: Exception) -> str:
    return "it is nested too deeply" if isinstance(error, RecursionError) else str(error)


def _unknown(name: str, what: str) -> str:
    return (
        f"{name} is JSON of a form that is not read ({what}). Needed is an object with file_name and tags for each photo, "
        "one a line or in a list; COCO, kohya's and FiftyOne's forms are read too."
    )


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        values: dict[str, list[Any]] = {}
        for key, value in pairs:
            if value not in (given := values.setdefault(key, []))[-1:]:
                given.append(value)
        found.update((key, Repeated(given)) for key, given in values.items() if len(given) > 1)
    return found


_DECODER = json.JSONDecoder(object_pairs_hook=_unique, parse_constant=lambda _: None)
