"""What single cells of a table say: nothing, a number, a text, a list."""

import ast
import json
import math
import re
from collections.abc import Iterator, Sequence
from typing import Any

from tagrefine_core.reading.text import clean

__all__ = ["as_items", "as_text", "is_nothing", "without_decimals"]

_NOTHING = frozenset(("", "nan", "NaN", "None", "N/A", "n/a", "NA", "<NA>", "NULL", "null", "#N/A"))
"""How pandas, R, SQL, Python and Excel write that a cell is empty; as they write it, since "Na" may be somebody's name."""

_WHOLE = re.compile(r"(\d+)(?:\.0+)?")
_BETWEEN = re.compile(r"""(['"])\s+(?=['"])""")  # NumPy's lists have no commas
_BRACKETS = {"[": "]", "(": ")", "{": "}"}


def is_nothing(value: object) -> bool:
    """Whether a cell is empty, or says in a program's words that it is."""
    if isinstance(value, str):
        return value.strip() in _NOTHING
    return value is None or (isinstance(value, float) and math.isnan(value))


def as_text(value: object) -> str:
    """Return the text of a cell that is no list: whole numbers without decimals, true and false as JSON writes them."""
    if isinstance(value, str):
        return clean(value)
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return "" if is_nothing(value) else clean(str(value))


def as_items(value: object) -> list[str] | str | None:
    """Return the entries of a list, or the text that they have to be cut out of.

    Lists are those of JSON, and text that Python, pandas or NumPy made of a list; lists in lists are taken apart. Of an object whose
    values are numbers the keys are the entries (tags with weights), else the texts among its values are.

    Returns
    -------
    list of str, str or None
        None: the cell is empty.
    """
    if is_nothing(value):
        return None
    if isinstance(value, str):
        listed = _listed(value.strip())
        return value if listed is None else as_items(listed)
    if isinstance(value, list | tuple | set | dict):
        if all(type(item) is str for item in value) and not isinstance(value, set | dict):
            return [text for text in map(clean, value) if text]  # nearly all are, and this is quick
        return [text for text in map(as_text, _flat(value)) if text]
    return [as_text(value)]


def without_decimals(texts: Sequence[str | None]) -> list[str | None]:
    """Return a column of whole numbers without ``.0``, which pandas adds where cells are empty; any other column as it is."""
    found = [_WHOLE.fullmatch(text) if text else None for text in texts]
    if any(text and not whole for text, whole in zip(texts, found, strict=True)):
        return list(texts)
    return [whole[1] if whole else None for whole in found]


def _flat(value: Any) -> Iterator[object]:
    """Yield what lists hold, from the left, without recursion."""
    waiting = [value]
    while waiting:
        item = waiting.pop()
        if isinstance(item, dict):
            weighted = all(isinstance(part, int | float) for part in item.values())
            item = list(item) if weighted else [part for part in item.values() if not _is_number(part)]
        if isinstance(item, set):
            item = sorted(item, key=str)
        if isinstance(item, list | tuple):
            waiting.extend(reversed(item))
        else:
            yield item


def _is_number(value: object) -> bool:
    return isinstance(value, int | float)


def _listed(text: str) -> list[Any] | tuple[Any, ...] | set[Any] | dict[Any, Any] | None:
    """Return the list or object that a text shows; None when it shows none."""
    if len(text) < 2 or _BRACKETS.get(text[0]) != text[-1]:
        return None
    simple = text if '"' in text or "\\" in text else text.replace("'", '"')
    for parse, written in (
        (json.loads, simple),
        (ast.literal_eval, _BETWEEN.sub(r"\1, ", text)),
    ):
        try:
            value = parse(written)
        except (ValueError, SyntaxError, RecursionError, MemoryError):
            continue
        if isinstance(value, list | tuple | set | dict):
            return value
    return None
