"""The little language of the search box: tags and file names with ``and``, ``or``, ``not`` and parentheses."""

import re
from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from tagrefine_core.errors import ConfigError

__all__ = ["Mask", "search"]

Mask = NDArray[np.bool_]

_TOKEN = re.compile(r'"(?P<file>[^"]*)"|(?P<symbol>[()])|(?P<word>[^\s()"]+)|(?P<stray>")')
_OPERATORS = ("and", "or", "not")


def search(text: str, tag: Callable[[str], Mask], file: Callable[[str], Mask]) -> Mask:
    """Evaluate a search such as ``flower and not (macro or "im27")``.

    ``not`` binds more tightly than ``and``, ``and`` more tightly than ``or``; two words side by side
    mean ``and``. An operator in quotes is an ordinary text.

    Parameters
    ----------
    text : str
        What the user typed, not blank.
    tag : callable
        Gives the photos, bool (N,), of a bare word in lower case.
    file : callable
        Gives the photos, bool (N,), of a quoted text in lower case.

    Returns
    -------
    ndarray of bool, shape (N,)

    Raises
    ------
    ConfigError
        Where the search cannot be read: an operator without a tag beside it, an open parenthesis or quote.
    """
    return _Parser(text, tag, file).parse()


class _Parser:
    """Recursive descent over the tokens; every method returns the mask of what it has read."""

    def __init__(self, text: str, tag: Callable[[str], Mask], file: Callable[[str], Mask]) -> None:
        self.text = text
        self.tag = tag
        self.file = file
        self.tokens = [
            (str(match.lastgroup), str(match[str(match.lastgroup)]).lower())
            for match in _TOKEN.finditer(text)
        ]
        self.next = 0

    def parse(self) -> Mask:
        mask = self._either()
        if self.next < len(self.tokens):
            raise self._error("has a ')' too many; remove it")
        return mask

    def _either(self) -> Mask:
        mask = self._both()
        while self._take("or"):
            mask = mask | self._both()
        return mask

    def _both(self) -> Mask:
        mask = self._negated()
        while self.next < len(self.tokens) and not self._at("or") and not self._at(")"):
            self._take("and")
            mask = mask & self._negated()
        return mask

    def _negated(self) -> Mask:
        if self._take("not"):
            return ~self._negated()
        if self._take("("):
            mask = self._either()
            if not self._take(")"):
                raise self._error("opens a parenthesis and never closes it; add ')'")
            return mask
        if self.next == len(self.tokens):
            raise self._error("ends too early; write a tag after the last word")
        kind, value = self.tokens[self.next]
        if kind == "stray":
            raise self._error("opens a quote and never closes it; add '\"'")
        if kind != "file" and (value in _OPERATORS or value == ")"):
            raise self._error(f"has no tag before {value!r}; write one, or put {value!r} in quotes")
        self.next += 1
        return self.file(value) if kind == "file" else self.tag(value)

    def _at(self, value: str) -> bool:
        kind, found = self.tokens[self.next] if self.next < len(self.tokens) else ("", "")
        return kind in ("word", "symbol") and found == value

    def _take(self, value: str) -> bool:
        taken = self._at(value)
        self.next += taken
        return taken

    def _error(self, problem: str) -> ConfigError:
        return ConfigError(f"The search {self.text!r} {problem}.")
