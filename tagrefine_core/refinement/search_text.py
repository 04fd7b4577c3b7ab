"""The little language of the search box, from text to terms joined by ``and``, ``or`` and ``not``.

    flower and not (macro or sunset)      a tag before or after refinement, a spelling, else a part of the file name
    "new york"                            in quotes nothing is special; without them, words that are a tag together are read as it
    user:dog  added:(dog or cat)          tags of one kind; ``added:*`` is any tag
    dog>.8  p>.9  added:visualness<.5     how probable a tag is; of any tag of the photo; how well pictures tell it

``not`` binds more tightly than ``and``, ``and`` more tightly than ``or``; side by side means ``and``.
"""

import operator
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal, NamedTuple, NoReturn

import numpy as np
from numpy.typing import NDArray

from tagrefine_core.errors import ConfigError

__all__ = ["FIELDS", "Both", "Comparison", "Either", "Negated", "Node", "Term", "parse"]

FIELDS = (
    "user", "refined", "added", "removed", "kept", "changed", "untold", "accepted", "rejected", "unsure", "decided", "written", "file",
)  # fmt: skip
"""What may stand before a colon: kinds of tags of a photo, what its user wrote letter for letter, its file name."""

_VERDICTS = {"accept": "accepted", "reject": "rejected", "unsure": "unsure", "*": "decided"}
_MEASURES = {"p": "p", "probability": "p", "visualness": "visualness"}
_OPERATORS = ("and", "or", "not")
_WORDS = 4  # side by side, at most, that may be one tag
_TOKEN = re.compile(
    r'"(?P<quoted>(?:[^"]|"")*)"|(?P<compare>[<>]=?)|(?P<symbol>[()])|(?P<word>[^\s()"<>]+)|(?P<stray>")'
)
_FIELD = re.compile(r"([a-z]+):(.*)", re.DOTALL)
_NUMBER = re.compile(r"(\d+\.?\d*|\.\d+)(%?)")
_COMPARE = {"<": operator.lt, "<=": operator.le, ">": operator.gt, ">=": operator.ge}


class Comparison(NamedTuple):
    """``p`` or ``visualness`` of a tag against a number in [0, 1]."""

    measure: Literal["p", "visualness"]
    operator: Literal["<", "<=", ">", ">="]
    value: float

    def holds(self, values: NDArray[np.floating]) -> NDArray[np.bool_]:
        """Tell where the comparison holds, as people read numbers: .8 is the float32 .8, not one just below or above it."""
        return np.asarray(_COMPARE[self.operator](values, np.asarray(values).dtype.type(self.value)))


@dataclass(frozen=True)
class Term:
    """What a photo has to have.

    Attributes
    ----------
    text : str or None
        A tag, a spelling or a part of a file name, in lower case; None: any tag.
    field : str
        One of `FIELDS`, or "" for a tag of any kind, a spelling, or a file name.
    than : Comparison or None
    """

    text: str | None
    field: str = ""
    than: Comparison | None = None


@dataclass(frozen=True)
class Negated:
    """Photos without something."""

    part: "Node"


@dataclass(frozen=True)
class Both:
    """Photos with both of two things."""

    left: "Node"
    right: "Node"


@dataclass(frozen=True)
class Either:
    """Photos with at least one of two things."""

    left: "Node"
    right: "Node"


Node = Term | Negated | Both | Either


def parse(text: str, known: Callable[[str], bool]) -> Node:
    """Read a search.

    Parameters
    ----------
    text : str
        What the user typed, not blank.
    known : callable
        Whether a text in lower case is a tag or a spelling: words side by side that are one together are read as one.

    Raises
    ------
    ConfigError
        Where the search cannot be read, with the number of the character.
    """
    return _Parser(text, known).parse()


class _Token(NamedTuple):
    kind: str
    value: str
    place: int  # of its first character, from 1


class _Parser:
    """Recursive descent over the tokens; ``field`` is what stands before the colon of a group."""

    def __init__(self, text: str, known: Callable[[str], bool]) -> None:
        self.text = text
        self.known = known
        self.tokens = [token for match in _TOKEN.finditer(text) for token in self._tokens(match)]
        self.next = 0

    def parse(self) -> Node:
        node = self._either("")
        if self.next < len(self.tokens):  # nothing else ends an expression
            self._fail("has a ')' too many; remove it, or put it in quotes")
        return node

    def _tokens(self, match: re.Match[str]) -> list[_Token]:
        """Return the token of a match; of ``user:dog`` the field and the word."""
        kind, place = str(match.lastgroup), match.start() + 1
        value = str(match[kind]).lower()
        if kind == "quoted":
            return [_Token(kind, value.replace('""', '"'), place)]
        named = _FIELD.fullmatch(value) if kind == "word" else None
        if named is None or self.known(value):
            return [_Token(kind, value, place)]
        name, rest = named.groups()
        if name not in (*FIELDS, "verdict"):
            self._fail(
                f"has {name!r} before a colon, which is none of: {', '.join(FIELDS)}, verdict; choose one, or put {value!r} in quotes",
                place,
            )
        return [_Token("field", name, place)] + (
            [_Token("word", rest, place + len(name) + 1)] if rest else []
        )

    def _either(self, field: str) -> Node:
        node = self._both(field)
        while self._take("or"):
            node = Either(node, self._both(field))
        return node

    def _both(self, field: str) -> Node:
        node = self._negated(field)
        while self.next < len(self.tokens) and not self._at("or") and not self._at(")"):
            self._take("and")
            node = Both(node, self._negated(field))
        return node

    def _negated(self, field: str) -> Node:
        if self._take("not"):
            return Negated(self._negated(field))
        if self._take("("):
            return self._group(field)
        token = self._token()
        if token.kind == "field":
            if field:
                self._fail(f"has {token.value + ':'!r} inside {field + ':('!r}; one of them has to go")
            self.next += 1
            if token.value == "verdict":
                return self._verdict()
            return self._group(token.value) if self._take("(") else self._term(token.value)
        return self._term(field)

    def _group(self, field: str) -> Node:
        opened = self.tokens[self.next - 1].place
        node = self._either(field)
        if not self._take(")"):
            self._fail("opens a parenthesis and never closes it; add ')', or put it in quotes", opened)
        return node

    def _verdict(self) -> Node:
        token = self._token()
        if token.value not in _VERDICTS:
            self._fail(f"has verdict:{token.value}; write verdict:accept, reject, unsure or *")
        self.next += 1
        return Term(None, _VERDICTS[token.value])

    def _term(self, field: str) -> Node:
        token = self._token()
        if token.kind == "stray":
            self._fail("opens a quote and never closes it; add '\"'")
        if token.kind in ("compare", "field") or (
            token.kind != "quoted" and token.value in (*_OPERATORS, ")")
        ):
            self._fail(f"has no tag before {token.value!r}; write one, or put {token.value!r} in quotes")
        measure = _MEASURES.get(token.value) if token.kind == "word" else None
        if measure == "p" and self._at("(", 1):
            self.next += 2
            text = self._text()
            if not self._take(")"):
                self._fail(f"has p({text} and never closes it; add ')'")
            return Term(text, field, self._comparison("p", needed=True))
        if measure and self._compares(1):
            self.next += 1
            return Term(None, field, self._comparison(measure))
        if token.kind == "word" and token.value == "*":
            self.next += 1
            return Term(None, field)
        return Term(self._text(), field, self._comparison("p"))

    def _text(self) -> str:
        """Take a quoted text, or a word, or as many words side by side as are one tag."""
        token = self._token()
        if token.kind not in ("word", "quoted"):
            self._fail(f"has no tag before {token.value!r}; write one, or put {token.value!r} in quotes")
        count = 1
        if token.kind == "word":
            words = [token.value]
            for further in self.tokens[self.next + 1 : self.next + _WORDS]:
                if further.kind != "word" or further.value in _OPERATORS:
                    break
                words.append(further.value)
            count = next((n for n in range(len(words), 1, -1) if self.known(" ".join(words[:n]))), 1)
        found = " ".join(token.value for token in self.tokens[self.next : self.next + count])
        self.next += count
        return found

    def _comparison(self, measure: str, *, needed: bool = False) -> Comparison | None:
        if not self._compares(0):
            if needed:
                self._fail("needs a comparison after p(...), such as p(dog)>.8")
            return None
        operator = self.tokens[self.next].value
        self.next += 1
        number = self.tokens[self.next] if self.next < len(self.tokens) else None
        read = _NUMBER.fullmatch(number.value) if number and number.kind == "word" else None
        value = float(read[1]) / (100 if read[2] else 1) if read else -1.0
        if not 0 <= value <= 1:
            self._fail(
                f"needs a number from 0 to 1 after {operator!r}, such as .8 or 80%; or put {operator!r} in quotes"
            )
        self.next += 1
        return Comparison(measure, operator, value)  # type: ignore[arg-type]

    def _token(self) -> _Token:
        if self.next == len(self.tokens):
            self._fail("ends too early; write a tag after the last word")
        return self.tokens[self.next]

    def _compares(self, ahead: int) -> bool:
        place = self.next + ahead
        return place < len(self.tokens) and self.tokens[place].kind == "compare"

    def _at(self, value: str, ahead: int = 0) -> bool:
        place = self.next + ahead
        return place < len(self.tokens) and self.tokens[place][:2] in (("word", value), ("symbol", value))

    def _take(self, value: str) -> bool:
        taken = self._at(value)
        self.next += taken
        return taken

    def _fail(self, problem: str, place: int | None = None) -> NoReturn:
        if place is None:
            place = self.tokens[self.next].place if self.next < len(self.tokens) else len(self.text) + 1
        raise ConfigError(f"The search {self.text!r} {problem} (character {place}).")
