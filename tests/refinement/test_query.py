"""Searching, filtering and ordering photos, on a table small enough to read and against plain loops."""

from dataclasses import dataclass

import numpy as np
import pytest
from scipy import sparse

from tagrefine_core.errors import ConfigError
from tagrefine_core.refinement import changes, thresholds
from tagrefine_core.refinement.query import PhotoQuery, PhotoTable, find

TAGS = ("flower", "macro", "sea")
FILES = ("im2.jpg", "im10.jpg", "im1.jpg", "holiday/IM3.jpg")


def csr(rows: list[list[float]]) -> sparse.csr_matrix:
    return sparse.csr_matrix(np.array(rows, dtype=np.float32))


@dataclass(frozen=True)
class HandMade:
    added: sparse.csr_matrix
    removed: sparse.csr_matrix
    kept: sparse.csr_matrix

    def magnitude(self) -> np.ndarray:
        return np.array([0.5, 0.9, 0.0, 0.5])


@pytest.fixture
def table() -> PhotoTable:
    """Four photos: 0 flower kept, sea removed; 1 macro added; 2 nothing at all; 3 flower kept, macro added."""
    scores = np.array([[0.9, 0.2, 0.1], [0.3, 0.7, 0.2], [0.1, 0.1, 0.1], [0.8, 0.9, 0.3]], dtype=np.float32)
    return PhotoTable(
        files=FILES,
        vocabulary=TAGS,
        tags=csr([[1, 0, 1], [0, 0, 0], [0, 0, 0], [1, 0, 0]]),
        spellings=["flower", "Flowers", "sea", "Canon"],
        raw=csr([[0, 1, 1, 0], [0, 0, 0, 1], [0, 0, 0, 0], [1, 0, 0, 1]]),
        changes=HandMade(
            added=csr([[0, 0, 0], [0, 0.7, 0], [0, 0, 0], [0, 0.9, 0]]),
            removed=csr([[0, 0, 0.1], [0, 0, 0], [0, 0, 0], [0, 0, 0]]),
            kept=csr([[0.9, 0, 0], [0, 0, 0], [0, 0, 0], [0.8, 0, 0]]),
        ),
        scores=scores,
    )


def rows(table: PhotoTable, **query: str) -> list[int]:
    return find(table, PhotoQuery(**query)).rows.tolist()


@pytest.mark.parametrize(
    ("search", "expected"),
    [
        ("flower", {0, 3}),
        ("FLOWER", {0, 3}),
        ("macro", {1, 3}),  # a tag the run adds counts
        ("sea", {0}),  # and one that it removes
        ("flower and macro", {3}),
        ("flower macro", {3}),
        ("flower and not macro", {0}),
        ("not flower", {1, 2}),
        ("not not flower", {0, 3}),
        ("sea or macro and flower", {0, 3}),
        ("(sea or macro) and flower", {0, 3}),
        ("not (sea or macro)", {2}),
        ("flowers", {0}),  # a spelling that was merged
        ("canon", {1, 3}),  # a spelling that was dropped
        ("holiday", {3}),  # no tag, no spelling: a file name
        ('"im1"', {1, 2}),
        ('"im3.JPG" or sea', {0, 3}),
        ('"and"', set()),
        ("  ", {0, 1, 2, 3}),
    ],
)
def test_search(table: PhotoTable, search: str, expected: set[int]) -> None:
    assert set(rows(table, search=search)) == expected


@pytest.mark.parametrize(
    "search",
    ["and", "flower and", "or flower", "flower or or sea", "(flower", "flower)", "not", '"im1', "()"],
)
def test_unreadable_search_says_so(table: PhotoTable, search: str) -> None:
    with pytest.raises(ConfigError, match="The search"):
        rows(table, search=search)


def test_unknown_word_is_reported_with_tags_spelled_alike(table: PhotoTable) -> None:
    found = find(table, PhotoQuery(search="flowr or sea"))
    assert found.unknown == {"flowr": ["flower"]}
    assert found.rows.tolist() == [0]


@pytest.mark.parametrize(
    ("kind", "of_any", "of_macro"),
    [
        ("any", {0, 1, 2, 3}, {1, 3}),
        ("changed", {0, 1, 3}, {1, 3}),
        ("added", {1, 3}, {1, 3}),
        ("removed", {0}, set()),
        ("kept", {0, 3}, set()),
        ("unchanged", {2}, {0, 2}),
        ("untagged", {1, 2}, {1, 2}),
    ],
)
def test_kinds(table: PhotoTable, kind: str, of_any: set[int], of_macro: set[int]) -> None:
    assert set(rows(table, kind=kind)) == of_any
    assert set(rows(table, kind=kind, tag="macro")) == of_macro


def test_orders(table: PhotoTable) -> None:
    assert rows(table) == [1, 0, 3, 2]  # most changed first, ties in row order
    assert rows(table, order="file") == [3, 2, 0, 1]  # im2 before im10
    assert rows(table, order="score") == [3, 1, 0, 2]  # best added tag first, photos that gain none last
    assert rows(table, order="score", tag="flower") == [0, 3]
    assert rows(table, order="score", tag="macro", kind="unchanged") == [0, 2]


def test_filter_keeps_the_order(table: PhotoTable) -> None:
    assert rows(table, search="flower or canon", kind="changed") == [1, 0, 3]


def test_unknown_choices_are_errors(table: PhotoTable) -> None:
    with pytest.raises(ConfigError, match=r"'flowr'.*flower"):
        rows(table, tag="flowr")
    with pytest.raises(ConfigError, match="kind='new'"):
        PhotoQuery(kind="new")
    with pytest.raises(ConfigError, match="order='size'"):
        PhotoQuery(order="size")


def test_against_plain_loops() -> None:
    rng = np.random.default_rng(5)
    n, names = 60, tuple("abcdefgh")
    tags = rng.random((n, 8)) < 0.3
    scores = np.clip(0.2 * tags + 0.8 * rng.random((n, 8)), 0, 1).astype(np.float32)
    matrix = sparse.csr_matrix(tags.astype(np.uint8))
    changed = changes(scores, matrix, thresholds(scores, matrix, strictness=0.1))
    table = PhotoTable(
        files=[f"{row}.jpg" for row in range(n)],
        vocabulary=names,
        tags=matrix,
        spellings=names,
        raw=matrix,
        changes=changed,
        scores=scores,
    )
    present = {
        kind: [{names[c] for c in getattr(changed, kind)[[row]].indices} for row in range(n)]
        for kind in ("added", "removed", "kept")
    }
    assert any(present["added"]) and any(present["removed"])
    has = [set().union(*(present[kind][row] for kind in present)) for row in range(n)]
    found = find(table, PhotoQuery(search="a and not (b or c)", kind="removed", tag="d", order="file"))
    assert found.rows.tolist() == [
        row
        for row in range(n)
        if "a" in has[row] and not {"b", "c"} & has[row] and "d" in present["removed"][row]
    ]
    by_change = find(table, PhotoQuery()).rows
    magnitude = changed.magnitude()[by_change]
    assert sorted(by_change.tolist()) == list(range(n))
    assert (np.diff(magnitude) <= 0).all()
