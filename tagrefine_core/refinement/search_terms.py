"""Which photos a search finds: its terms looked up in a table of photos."""

from dataclasses import dataclass, field

import numpy as np

from tagrefine_core.refinement.photo_table import Mask, PhotoTable
from tagrefine_core.refinement.search_text import Both, Comparison, Either, Negated, Node, Term, parse

__all__ = ["Searched", "search"]


@dataclass
class Searched:
    """What a search found, and how it was understood.

    Attributes
    ----------
    mask : bool (N,)
    read : dict of str to str
        Texts that stand for a tag of another name, in the order of the search: "trees" is "tree".
    unknown : list of str
        Texts that are no tag, no spelling and in no file name.
    """

    mask: Mask
    read: dict[str, str] = field(default_factory=dict)
    unknown: list[str] = field(default_factory=list)


def search(table: PhotoTable, text: str) -> Searched:
    """Find photos by a text as in `tagrefine_core.refinement.search_text`; ConfigError where it cannot be read."""
    found = Searched(np.zeros(len(table), dtype=bool))
    found.mask = _evaluate(parse(text, table.knows), table, found)
    return found


def _evaluate(node: Node, table: PhotoTable, found: Searched) -> Mask:
    match node:
        case Negated(part):
            return ~_evaluate(part, table, found)
        case Both(left, right):
            return _evaluate(left, table, found) & _evaluate(right, table, found)
        case Either(left, right):
            return _evaluate(left, table, found) | _evaluate(right, table, found)
        case Term():
            return _term(node, table, found)


def _term(term: Term, table: PhotoTable, found: Searched) -> Mask:
    text = term.text
    if term.field == "written":
        return table.catalog.with_spelling(text)
    if term.field == "file":
        return table.catalog.with_file(text or "")
    if text is None:
        if term.than is not None:
            return _any_tag(term, term.than, table)
        return table.having(term.field, None) | table.with_word(term.field, None)
    column = table.catalog.find_column(text)
    if column is not None:
        if table.catalog.vocabulary[column].lower() != text:
            found.read[text] = table.catalog.vocabulary[column]
        return _of_tag(term, column, table)
    # What is no tag can have been written, decided on, or be in a file name; it has no other kind and no probability.
    mask = np.zeros(len(table), dtype=bool)
    if term.than is None:
        mask = table.with_word(term.field, text)
        if term.field in ("", "user"):
            mask |= table.catalog.with_spelling(text)
        if not mask.any() and not term.field:
            mask = table.catalog.with_file(text)
    if not mask.any() and text not in found.unknown:
        found.unknown.append(text)
    return mask


def _of_tag(term: Term, column: int, table: PhotoTable) -> Mask:
    if term.than is None:
        return table.having(term.field, column)
    if not term.field:  # also where the photo does not have the tag
        return table.probable(column, term.than)
    rows, probabilities = table.of_column(term.field, column)
    mask = np.zeros(len(table), dtype=bool)
    mask[rows[term.than.holds(probabilities)]] = True
    return mask


def _any_tag(term: Term, than: Comparison, table: PhotoTable) -> Mask:
    """Return the photos with any tag of a kind for which the comparison holds."""
    mask = np.zeros(len(table), dtype=bool)
    tells = than.holds(table.visualness) if than.measure == "visualness" else None
    for matrix in table.matrices(term.field):
        fits = than.holds(matrix.data) if tells is None else tells[matrix.indices]
        some = np.diff(matrix.indptr) > 0
        if some.any():
            mask[some] |= np.logical_or.reduceat(fits, matrix.indptr[:-1][some])
    return mask
