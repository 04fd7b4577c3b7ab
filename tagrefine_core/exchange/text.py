"""Text files of tags, changed by position: separators, quotes and line ends stay as somebody wrote them."""

import codecs
import contextlib
import itertools
import re
from collections import Counter
from collections.abc import Callable, Sequence

from tagrefine_core.errors import DataError
from tagrefine_core.reading.cells import cut_list
from tagrefine_core.reading.marks import has_pipe
from tagrefine_core.reading.text import clean

__all__ = ["changed_text", "new_text", "text_tags"]

_MARKS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32-le"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
_QUOTES = {'"': '"', "'": "'", "“": "”", "«": "»"}
_SEPARATES = re.compile(r"[\s,;|，、；｜]*+")
_LINE = re.compile(r"[\r\n\0]")

_Span = tuple[int, int]


def new_text(tags: Sequence[str]) -> bytes:
    """Return a file of tags in UTF-8, between commas, or line ends where commas do not tell them apart.

    A tag that would be read as several stands in quotes.

    Raises
    ------
    DataError
        When the tags cannot be told apart, such as one that holds a line end.
    """
    if not tags:
        return b""
    quoted = [_quoted(tag, alone=len(tags) == 1) for tag in tags]
    for separator in (", ", "\n"):
        text = separator.join(quoted)
        if cut_list(text) == list(tags):
            return f"{text}\n".encode()
    raise DataError(
        "its tags cannot be told apart in a text file: one holds a line end, quotes, brackets or #."
    )


def text_tags(data: bytes, known: Sequence[str]) -> list[str]:
    """Return those of the ``known`` tags that a file holds, in its order; errors as `changed_text`."""
    text, _, _ = _decoded(data)
    return [tag for tag, _ in _spans(text, known)]


def changed_text(
    data: bytes, known: Sequence[str], becomes: Callable[[str], str | None], tags: Sequence[str]
) -> bytes:
    """Return a file with other tags, in its own encoding.

    Parameters
    ----------
    data : bytes
    known : sequence of str
        The photo's tags as they were read, which tell the tags in the file from what stands between them.
    becomes : callable
        From a tag to what it shall be, None where it shall go.
    tags : sequence of str
        All that the photo shall have; what is not in the file and was not known is added at its end.

    Raises
    ------
    DataError
        When the file holds other words than tags, or cannot hold a tag.
    """
    text, encoding, mark = _decoded(data)
    spans = _spans(text, [*known, *tags])  # some may have been added by an earlier export
    there = {tag for tag, _ in spans}
    old = {becomes(tag) for tag in known}  # what is left of a tag that stands elsewhere, in XMP, is not new
    new = [tag for tag in tags if tag not in there and tag not in old]
    fates = [becomes(tag) for tag, _ in spans]
    if not new and all(fate == tag for fate, (tag, _) in zip(fates, spans, strict=True)):
        return data
    gaps = [text[before[1] : after[0]] for (_, before), (_, after) in itertools.pairwise(spans)]
    separator = Counter(gaps).most_common(1)[0][0] if gaps else ", "
    if separator.isspace() and "\n" not in separator:
        new = ["_".join(tag.split()) for tag in new]
    parts: list[str] = []
    written: set[str] = set()
    for place, (fate, (tag, (start, stop))) in enumerate(zip(fates, spans, strict=True)):
        if fate is None or fate in written:
            continue
        written.add(fate)
        parts += [gaps[place - 1]] * bool(parts)
        parts.append(text[start:stop] if fate == tag else fate)
    for tag in new:
        if (separator.strip() and separator.strip() in tag) or _LINE.search(tag):
            raise DataError(f"{tag!r} holds what stands between the tags of its text file.")
        parts += [separator] * bool(parts)
        parts.append(tag)
    head, tail = (text[: spans[0][1][0]], text[spans[-1][1][1] :]) if spans else ("", text)
    try:
        return mark + (head + "".join(parts) + tail).encode(encoding)
    except UnicodeEncodeError as error:
        raise DataError(
            f"its text file is {encoding}, which cannot hold a tag that is added; save it as UTF-8."
        ) from error


def _quoted(tag: str, *, alone: bool) -> str:
    if cut_list(tag) == [tag] and not (alone and has_pipe(tag)):
        return tag
    quote = next((quote for quote in "\"'" if quote not in tag), "")
    return f"{quote}{tag}{quote}"


def _spans(text: str, known: Sequence[str]) -> list[tuple[str, _Span]]:
    """Return where tags stand, with their quotes or the ``#`` before them."""
    found: list[tuple[str, _Span]] = []
    longest_first = sorted({tag for tag in known if tag}, key=len, reverse=True)
    place = _SEPARATES.match(text).end()  # type: ignore[union-attr]  # it matches nothing, too
    while place < len(text):
        quote = _QUOTES.get(text[place], "")
        begin = place + (bool(quote) or text[place] == "#")
        for at, close in ((place, ""), (begin, quote)) if begin > place else ((place, ""),):
            tag = next(
                (
                    tag
                    for tag in longest_first
                    if text.startswith(tag + close, at) and _ends(text, at + len(tag + close))
                ),
                None,
            )
            if tag is not None:
                break
        if tag is None:
            word = clean(text[place : place + 40].splitlines()[0])
            raise DataError(f"its text file holds more than its tags, at {word!r}.")
        stop = at + len(tag) + len(close)
        found.append((tag, (place, stop)))
        place = _SEPARATES.match(text, stop).end()  # type: ignore[union-attr]
    return found


def _ends(text: str, place: int) -> bool:
    return place == len(text) or _SEPARATES.match(text, place).end() > place  # type: ignore[union-attr]


def _decoded(data: bytes) -> tuple[str, str, bytes]:
    """Return text, encoding and byte order mark; encoding the text anew gives the same bytes."""
    mark, marked = next(((mark, name) for mark, name in _MARKS if data.startswith(mark)), (b"", ""))
    body = data[len(mark) :]
    for encoding in (marked,) if marked else ("utf-8", "cp1252", "latin-1"):
        with contextlib.suppress(UnicodeError):
            text = body.decode(encoding)
            if text.encode(encoding) == body:
                return text, encoding, mark
    raise DataError(f"its text file is not valid {marked}.")
