"""Cells of tags, cut where the cells as a whole show that tags end.

Line ends, tabs and semicolons always separate. What is left are *parts*, alone in their cell or among others. Commas
separate where parts with one are common (a fifth of the parts of their sort); where they are rare a part is cut only
when its pieces are tags elsewhere or too many for one, or no space follows the commas: "Washington, D.C." stays one tag.
Pipes separate parts that are alone; they join the levels of a hierarchy where commas or line ends separate, where the
last level stands between commas too, and where what follows a pipe always follows the same. Spaces separate only where hardly any cell shows another mark and the cells hold several
words, words joined by ``_``, or tags in quotes. Sentences are recognized and said, not taken apart. So every cell goes by
its own marks, and the column decides what it does not show itself.
"""

import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from itertools import chain, islice, pairwise
from textwrap import shorten

from tagrefine_core.reading.marks import (
    COMMA,
    HARD,
    PIPE,
    escaped_marks,
    has_comma,
    has_pipe,
    hide,
    peeled,
    show,
)
from tagrefine_core.reading.text import clean, some_of
from tagrefine_core.store import ImportIssue

__all__ = ["Split", "cut_list", "split_cells"]

_COMMON = 5  # one part in so many
_RARE = 10
_NAME = 3  # "Paris, Texas, USA": a tag with more commas is a list
_SAMPLE = 20_000  # distinct parts that decide; more would not change it
_ARROW = " > "  # joins levels, as Lightroom shows them
_JOINED = re.compile(r"[^\W_]_[^\W_]")
_ODD = re.compile(r"[#\"'(\[{]|[^\x00-\x7f]")  # what a tag may have to be freed of
_END = re.compile(r"[.!?。！？]$")
_NAMES = {
    ",": "commas",
    ";": "semicolons",
    "|": "pipes",
    "\n": "line ends",
    " ": "spaces",
    "#": "hashtags",
    "": "nothing",
}


@dataclass(frozen=True, slots=True)
class Split:
    """Cells as raw tags.

    Attributes
    ----------
    tags : list of list of str
        One list a cell, in the cell's order and spelling.
    issues : list of ImportIssue
        How the cells were cut, and how many looked otherwise.
    """

    tags: list[list[str]]
    issues: list[ImportIssue]


@dataclass(slots=True)
class _Rules:
    """What the parts of a column show; pairs are for parts alone in their cell and for parts among others."""

    commas: tuple[bool, bool] = (True, True)
    pipes: bool = False
    spaces: bool = False
    known: frozenset[str] = frozenset()
    kept_comma: list[str] = field(default_factory=list)
    levels: list[str] = field(default_factory=list)

    def cut(self, part: str, among: bool) -> tuple[list[str], str]:
        """Return the pieces of a part and the mark they were cut at."""
        if self.pipes and not among and has_pipe(part):
            return PIPE.split(part), "|"
        if has_comma(part):
            pieces = COMMA.split(part)
            if self.commas[among] or _is_list(part, pieces, self.known, self.spaces):
                if has_pipe(part):
                    self.levels.append(part)
                return pieces, ","
            if not self.spaces:
                self.kept_comma.append(part)
        elif has_pipe(part):
            self.levels.append(part)
            return [part], ""
        if not among and " " in part and _ARROW not in part and (self.spaces or _words_are_joined(part)):
            return part.split(), " "
        return [part], ""


def split_cells(cells: Sequence[str | None], *, where: str, what: str = "cells") -> Split:
    """Cut cells of tags, of a whole column or of all sidecars, into raw tags.

    Parameters
    ----------
    cells : sequence of str or None
        None and "": no tags.
    where : str
        The table or folder, for the report.
    what : str
        What people call the cells, in the plural.

    Examples
    --------
    >>> split_cells(["Animals|Birds|Owl, Tree", "new york, Animals|Dog", None], where="tags.csv").tags
    [['Animals|Birds|Owl', 'Tree'], ['new york', 'Animals|Dog'], []]
    """
    texts, undone = _without_escaped_marks(cells)
    parts = list(map(_parts, texts))
    rules = _decide(parts)
    marks: Counter[str] = Counter()
    sentences = 0
    tags: list[list[str]] = []
    for text, own in zip(texts, parts, strict=True):
        found, mark = _cut_cell(text, own, rules) if own else ([], "")
        tags.append(found)
        if own:
            marks[mark] += 1
            sentences += any(map(_is_sentence, own))
    issues = [ImportIssue(where, reason, "note") for reason in _reasons(parts, rules, marks, sentences, what)]
    if undone:
        issues.append(
            ImportIssue(where, f"escaped marks (such as %2C) were read as marks in {undone:,} {what}", "note")
        )
    return Split(tags, issues)


def cut_list(text: str) -> list[str]:
    """Cut a single list, whose tags stand between commas, semicolons or line ends."""
    hidden = hide(clean(text))
    parts = _parts(hidden)
    return _cut_cell(hidden, parts, _Rules())[0] if parts else []


def _parts(text: str) -> list[str]:
    return [part for part in map(_stripped, HARD.split(text) if _has_hard(text) else [text]) if part]


def _cut_cell(text: str, own: list[str], rules: _Rules) -> tuple[list[str], str]:
    """Return the tags of a cell and the mark it was cut at, from its parts."""
    among = len(own) > 1
    mark = ""
    pieces = own
    if not among or has_comma(text) or has_pipe(text):
        pieces = []
        for part in own:
            some, mark = rules.cut(part, among)
            pieces += [piece for piece in map(str.strip, some) if piece]
    tags = pieces
    if _ODD.search(text):
        tags = []
        for piece in pieces:
            tags += _tags(piece) if _ODD.search(piece) else (piece,)
    if among:
        mark = "\n" if "\n" in text or "\r" in text or "\t" in text else ";"
    elif len(tags) > len(pieces) == 1:
        mark = "#" if tags[0][0] == "#" else ","
    return tags, mark


def _without_escaped_marks(cells: Sequence[str | None]) -> tuple[list[str], int]:
    """Return the texts with hidden marks, and in how many escaped marks were undone.

    An escaped mark separates where there is no other, but not in a column that has it beside plain ones.
    """
    texts = [hide(clean(cell)) if cell else "" for cell in cells]
    alone: dict[int, str] = {}
    beside = 0
    for place, cell in enumerate(cells):
        if cell:
            undone, separates = escaped_marks(cell)
            if separates:
                alone[place] = undone
            else:
                beside += undone != cell
    if beside * _COMMON > len(alone):
        return texts, 0
    for place, undone in alone.items():
        texts[place] = hide(clean(undone))
    return texts, len(alone)


def _decide(parts: Sequence[Sequence[str]]) -> _Rules:
    alone = [own[0] for own in parts if len(own) == 1]
    among = list(chain.from_iterable(own for own in parts if len(own) > 1))
    with_comma = [[part for part in group if has_comma(part)] for group in (alone, among)]
    with_pipe = [part for part in alone if has_pipe(part)]
    common = [
        _COMMON * len(some) >= len(group) for some, group in zip(with_comma, (alone, among), strict=True)
    ]
    rules = _Rules()
    rules.pipes = _pipes_separate(
        with_pipe, [part for part in among if has_pipe(part)], with_comma[0], common[0]
    )
    rules.commas = (common[0] and not (rules.pipes and any(map(has_pipe, with_comma[0]))), common[1])
    plain = [part for part in alone if not has_comma(part) and not has_pipe(part) and _ARROW not in part]
    marked = len(alone) - len(plain) + sum(len(own) > 1 for own in parts)
    rules.spaces = _RARE * marked < len(plain) and _joined_by_spaces(plain)
    if not all(rules.commas) and any(with_comma):
        known: Counter[str] = Counter()
        for separates, group in zip(rules.commas, (alone, among), strict=True):
            for part in group:
                pieces = PIPE.split(part) if rules.pipes and group is alone else [part]
                if rules.spaces and group is alone:
                    pieces = part.split()
                known.update(
                    piece.strip(" ,").casefold()
                    for other in pieces
                    for piece in (COMMA.split(other) if separates else [other])
                )
        rules.known = frozenset(known)
    return rules


def _pipes_separate(
    alone: Sequence[str], among: Sequence[str], with_comma: Sequence[str], commas_common: bool
) -> bool:
    """Say whether pipes separate tags rather than the levels of one, in parts that are alone in their cell."""
    if any(map(_repeats_a_level, with_comma)):
        return False
    fixed, repeats = _fixed(chain.from_iterable(map(COMMA.split, chain(alone, among))))
    if among or any(map(has_pipe, with_comma)):
        # Two marks in a cell: one separates, the other joins.
        if repeats >= 3:
            return fixed < 0.75
        return 2 * len(with_comma) < len(alone) if commas_common else not among
    return not (repeats >= 5 and fixed > 0.9)


def _repeats_a_level(part: str) -> bool:
    """Say whether the last level of a path stands between commas too, as photo managers write it."""
    pieces = {piece.strip() for piece in COMMA.split(part)}
    return any(has_pipe(piece) and PIPE.split(piece)[-1].strip() in pieces for piece in pieces)


def _fixed(paths: Iterable[str]) -> tuple[float, int]:
    """Return how much of the time a name stands behind the one it most often stands behind, and how many come again.

    Levels are a tree, so that it is always; in a list of tags it is not.
    """
    before: dict[str, Counter[str]] = defaultdict(Counter)
    # A name that stands alone, as photo managers write each level besides, tells nothing.
    for path in islice(filter(has_pipe, dict.fromkeys(paths)), _SAMPLE):
        for first, second in pairwise(["", *(name.strip() for name in PIPE.split(path))]):
            before[second][first] += 1
    again = [firsts for firsts in before.values() if firsts.total() > 1]
    total = sum(firsts.total() for firsts in again)
    return sum(max(firsts.values()) for firsts in again) / total if total else 0.0, total - len(again)


def _joined_by_spaces(plain: Sequence[str]) -> bool:
    """Say whether parts without any other mark are lists between spaces, rather than tags of several words or sentences."""
    some = [part.split() for part in islice(dict.fromkeys(plain), _SAMPLE)]
    several = [words for words in some if len(words) > 1]
    if not several or 2 * sum(_is_sentence(" ".join(words)) for words in several) >= len(several):
        return False
    if _RARE * sum(any(map(_JOINED.search, words)) or _has_quotes(words) for words in several) >= len(
        several
    ):
        return True
    if 2 * len(several) >= len(some) and sum(map(len, several)) >= 3 * len(several):
        return True
    # Tags come in any order, the words of one tag do not.
    orders = {pair for words in several for pair in pairwise(words)}
    turned = sum((second, first) in orders for first, second in orders) // 2
    return turned >= 2 and 20 * turned >= len(orders)


def _has_quotes(words: Sequence[str]) -> bool:
    return any(len(word) > 2 and word[0] == '"' == word[-1] for word in words)


def _words_are_joined(part: str) -> bool:
    words = part.split()
    return len(words) > 2 and any(map(_JOINED.search, words)) and not _is_sentence(part)


def _is_list(part: str, pieces: Sequence[str], known: frozenset[str], spaces: bool) -> bool:
    """Say whether a part is a list though commas are rare in the column."""
    pieces = [piece.strip() for piece in pieces if piece.strip()]
    if 2 * sum(piece.casefold() in known for piece in pieces) > len(pieces):
        return True
    if spaces or len(pieces) < 2:
        return False
    if _repeats_a_level(part) or (len(pieces) > _NAME and not _is_sentence(part)):
        return True
    return not re.search(rf"{COMMA.pattern}\s", part)


def _is_sentence(part: str) -> bool:
    """Say whether a text is prose: long between its commas, with a period, with words again, or with many short ones."""
    if part.count(" ") < 4:
        return part.endswith("。")
    pieces = 1 + sum(map(part.count, ",|，、"))
    if 2 * (part.count(" ") + 1) < 7 * pieces:
        return False
    words = [word for word in part.split() if any(map(str.isalnum, word))]
    if len(words) < 5 or 2 * len(words) < 7 * pieces:
        return False
    if _END.search(part) or len({word.casefold() for word in words}) < len(words):
        return True
    return 5 * sum(len(word) < 3 and word.isalpha() for word in words) >= len(words)


def _has_hard(text: str) -> bool:
    return ";" in text or "\n" in text or "\t" in text or "\r" in text or not text.isascii()


def _stripped(part: str) -> str:
    return part.strip(" ,，、،|\u3000\xa0")


def _tags(piece: str) -> Iterable[str]:
    for text in peeled(piece):
        tag = show(text.strip())
        if tag.startswith("#") and tag.count("#") > 1:
            yield from (own for own in (f"#{name}".strip() for name in tag.split("#")) if own != "#")
        elif tag:
            yield tag


def _reasons(
    parts: Sequence[Sequence[str]], rules: _Rules, marks: Counter[str], sentences: int, what: str
) -> Iterable[str]:
    total = marks.total()
    single = marks.pop("", 0)
    if marks:
        (chosen, count), *others = marks.most_common()
        phrases = [f"tags are split at {_NAMES[chosen]} in {count:,} of {total:,} {what}"]
        yield ", ".join(phrases + [f"at {_NAMES[mark]} in {number:,}" for mark, number in others])
    elif single:
        spaced = sum(" " in own[0] for own in parts if own)
        words = f"no mark between tags was found; all {total:,} {what} are one tag each"
        yield words + (f", {spaced:,} of them with spaces in it" if spaced else "")
    if rules.kept_comma:
        yield f"commas are part of {_some(rules.kept_comma)}"
    if rules.levels:
        yield f"pipes join the levels of {_some(rules.levels)}"
    if sentences and _RARE * sentences >= total:
        yield (
            f"{sentences:,} of {total:,} {what} look like captions (sentences), not tags; most of their words will not "
            "be found in WordNet: write tags with commas between them"
        )
    elif sentences:
        yield f"{sentences:,} {what} look like captions (sentences), not tags"


def _some(parts: Sequence[str]) -> str:
    return some_of([repr(shorten(show(part), 60, placeholder=" ...")) for part in dict.fromkeys(parts)])
