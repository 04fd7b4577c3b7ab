"""Marks that stand between tags, and the places where the same characters are part of a tag."""

import re

from tagrefine_core.reading.escapes import unescape

__all__ = ["COMMA", "HARD", "PIPE", "escaped_marks", "has_comma", "has_pipe", "hide", "peeled", "show"]

COMMA = re.compile("[,，、､،﹐\u3000]")
"""Commas, half and full width, of Arabic and of Chinese and Japanese lists, and the full-width space."""

PIPE = re.compile(r"[|｜￨]|\s[/•·]\s")
"""The pipe, and what is written with space around it in its place."""

HARD = re.compile(r"[\r\n\t]|(?<=[^\s;|,])[;；؛﹔]|[;；؛﹔](?=\s|$)")
"""Line ends, tabs and semicolons: never part of a tag, but for a face like ``;)``, which begins a word."""

_MARKS = ",，、､،﹐\u3000|｜￨;；؛﹔/•· \t"
# Code points that Unicode keeps for a program's own use: no text holds them.
_HIDDEN = "".join(chr(0xFDD0 + place) for place in range(len(_MARKS)))
_HIDE = str.maketrans(_MARKS, _HIDDEN)
_SHOW = str.maketrans(_HIDDEN, _MARKS)

_ODD = re.compile("[\"'()\\[\\]{}（）【】「」&\\\\]")
_ESCAPE = re.compile(
    r"&(?:#\d{1,7}|#[xX][0-9a-fA-F]{1,6}|[A-Za-z][A-Za-z0-9]{1,31});|%[0-9a-fA-F]{2}"
    r"|\\u[0-9a-fA-F]{4}|\\x[0-9a-fA-F]{2}|\\[nrt]|\\[^\w\s]"
)
_LINE_ESCAPES = {r"\n": "\n", r"\r": "\n", r"\t": "\t"}
_ANY = re.compile(f"(?:{COMMA.pattern}|{PIPE.pattern}|{HARD.pattern})")
# A quote opens where a tag or word begins and closes where one ends; a single one only with a whole tag in it.
_QUOTED = re.compile(
    r'(?<![^\s,，、;；|([{])"[^"\r\n]*"(?![^\s,，、;；|)\]}])'
    r"|(?:(?<=[,;|(\[{\n])|(?<=[,;|] )|^)'[^'\r\n]*'(?=$|\s*+[,;|)\]}]|[\r\n])"
)
# A face such as ":(" or ";)" has no bracket in it, and an escaped one belongs to a tag.
_BRACKET = re.compile(r"(?<![\\:;=-])[(\[{（【「)\]}）】」]|[\r\n]")
_CLOSED_BY = dict(zip("([{（【「", ")]}）】」", strict=True))
_WEIGHT = re.compile(r":\s?[\d.]{1,8}")


def has_comma(text: str) -> bool:
    """Say whether `COMMA` finds something; most texts are ASCII, where this is ten times faster."""
    return "," in text or (not text.isascii() and COMMA.search(text) is not None)


def has_pipe(text: str) -> bool:
    """Say whether `PIPE` finds something."""
    return "|" in text or " / " in text or (not text.isascii() and PIPE.search(text) is not None)


def hide(text: str) -> str:
    r"""Replace every mark that separates nothing by a character that stands for it, until `show`.

    Such marks are part of an entity (``&amp;``), follow a backslash (``\,``), or stand between quotes or brackets.

    Examples
    --------
    >>> hidden = hide('rock &amp; roll; "Washington, D.C."; lily (red, big)')
    >>> [show(part.strip()) for part in HARD.split(hidden)]
    ['rock &amp; roll', '"Washington, D.C."', 'lily (red, big)']
    """
    if not _ODD.search(text):
        return text
    if "&" in text or "\\" in text:
        text = _ESCAPE.sub(_hide_escape, text)
    if '"' in text or "'" in text:
        text = _QUOTED.sub(lambda found: found[0].translate(_HIDE), text)
    return _hide_in_brackets(text)


def show(text: str) -> str:
    """Put the hidden marks back; without the quotes around the whole."""
    text = text.translate(_SHOW) if not text.isascii() else text
    if len(text) > 1 and text[0] == text[-1] and text[0] in "\"'" and text.count(text[0]) == 2:
        return text[1:-1].strip()
    return text


def peeled(text: str) -> list[str]:
    """Return the tags of a list that stands in brackets as a whole; else the text alone.

    ``[beach, sea]`` is how programs write lists, ``((red hair, blue eyes:1.2))`` how people weigh several tags at once.

    Parameters
    ----------
    text : str
        With hidden marks.
    """
    outer = _outer_brackets(text)
    if not outer:
        return [text]
    tags = COMMA.split(hide(text.translate(_SHOW)[outer:-outer]))
    if len(tags) == 1:
        only = tags[0].strip()
        return [text] if only and only == show(only) else tags
    head, colon, weight = tags[-1].rpartition(":")
    if colon and _WEIGHT.fullmatch(colon + weight):
        tags[-1] = head
    return tags


def escaped_marks(text: str) -> tuple[str, bool]:
    r"""Undo what stands for a mark: ``%2C``, ``&#44;``, ``\u002c``, ``\n``.

    Returns
    -------
    text : str
        With marks in the place of their escapes; all else is as it was.
    alone : bool
        Whether there is no mark beside them, so that they can be all that separates.
    """
    if "%" not in text and "&" not in text and "\\" not in text:
        return text, False
    undone = _ESCAPE.sub(_undo_mark, text)
    return undone, undone != text and not _ANY.search(_ESCAPE.sub("", text).strip(" ,;|"))


def _undo_mark(found: re.Match[str]) -> str:
    escape = found[0]
    if escape[0] == "\\" and escape[1] not in "uxnrt":
        return escape
    mark = _LINE_ESCAPES.get(escape) or unescape(escape)
    return mark if len(mark) == 1 and mark in ",，、;；|\n\r\t" else escape


def _hide_escape(found: re.Match[str]) -> str:
    # "AT&Town;" has no entity in it.
    return found[0] if found[0] == unescape(found[0]) else found[0].translate(_HIDE)


def _hide_in_brackets(text: str) -> str:
    """Hide marks between an outermost bracket and the one that closes it, both in one line."""
    if not any(bracket in text for bracket in _CLOSED_BY):
        return text
    parts: list[str] = []
    done = begin = 0
    expected: list[str] = []
    for found in _BRACKET.finditer(text):
        sign = found[0]
        if sign in _CLOSED_BY:
            if not expected:
                begin = found.start()
            expected.append(_CLOSED_BY[sign])
        elif expected and sign == expected[-1]:
            expected.pop()
            if not expected:
                parts += text[done:begin], text[begin : found.end()].translate(_HIDE)
                done = found.end()
        else:
            expected.clear()
    return "".join((*parts, text[done:])) if parts else text


def _outer_brackets(text: str) -> int:
    """Return how many pairs of brackets stand around the whole text."""
    first, last = text[:1], text[-1:]
    if _CLOSED_BY.get(first) != last:
        return 0
    opened = len(text) - len(text.lstrip(first))
    closed = len(text) - len(text.rstrip(last))
    depth = lowest = opened
    for sign in text[opened : len(text) - closed]:
        depth += (sign == first) - (sign == last)
        lowest = min(lowest, depth)
    return max(0, min(opened, closed, lowest))
