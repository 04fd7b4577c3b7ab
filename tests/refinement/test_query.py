"""Searching, filtering and ordering photos, on a table small enough to read and against plain loops."""

import numpy as np
import pytest
from scipy import sparse

from tagrefine_core.errors import ConfigError
from tagrefine_core.refinement import Changes, Prospects, changes
from tagrefine_core.refinement.query import PhotoQuery, PhotoTable, find

TAGS = ("flower", "macro", "sea", "london")
FILES = ("im2.jpg", "im10.jpg", "im1.jpg", "holiday/IM3.jpg", "im20.jpg")


def csr(rows: list[list[float]]) -> sparse.csr_matrix:
    return sparse.csr_matrix(np.array(rows, dtype=np.float32))


@pytest.fixture
def table() -> PhotoTable:
    """Five photos: 0 flower kept, sea removed; 1 macro added; 2 nothing at all; 3 flower kept, macro added; 4 only London."""
    scores = np.array(
        [
            [0.9, 0.2, 0.1, 0],
            [0.3, 0.7, 0.2, 0],
            [0.1, 0.1, 0.1, 0],
            [0.8, 0.95, 0.3, 0],
            [0.4, 0.1, 0.1, 0.5],
        ],
        dtype=np.float32,
    )
    nothing = [0, 0, 0, 0]
    return PhotoTable(
        files=FILES,
        vocabulary=TAGS,
        tags=csr([[1, 0, 1, 0], nothing, nothing, [1, 0, 0, 0], [0, 0, 0, 1]]),
        spellings=["flower", "Flowers", "sea", "Canon", "London"],
        raw=csr([[0, 1, 1, 0, 0], [0, 0, 0, 1, 0], [0] * 5, [1, 0, 0, 1, 0], [0, 0, 0, 0, 1]]),
        changes=Changes(
            added=csr([nothing, [0, 0.7, 0, 0], nothing, [0, 0.95, 0, 0], nothing]),
            removed=csr([[0, 0, 0.1, 0], nothing, nothing, nothing, nothing]),
            kept=csr([[0.9, 0, 0, 0], nothing, nothing, [0.8, 0, 0, 0], nothing]),
            untold=csr([nothing, nothing, nothing, nothing, [0, 0, 0, 0.5]]),
            doubt=np.array([0.9, 0.7, 0.1, 0.95, 0.7], dtype=np.float32),
            precision=0.7,
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
        ("not flower", {1, 2, 4}),
        ("not not flower", {0, 3}),
        ("sea or macro and flower", {0, 3}),
        ("(sea or macro) and flower", {0, 3}),
        ("not (sea or macro)", {2, 4}),
        ("london", {4}),  # what a picture cannot tell is there
        ("flowers", {0}),  # a spelling that was merged
        ("canon", {1, 3}),  # a spelling that was dropped
        ("holiday", {3}),  # no tag, no spelling: a file name
        ('"im1"', {1, 2}),
        ('"im3.JPG" or sea', {0, 3}),
        ('"and"', set()),
        ("  ", {0, 1, 2, 3, 4}),
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
        ("any", {0, 1, 2, 3, 4}, {1, 3}),
        ("changed", {0, 1, 3}, {1, 3}),
        ("added", {1, 3}, {1, 3}),
        ("removed", {0}, set()),
        ("kept", {0, 3}, set()),
        ("untold", {4}, set()),
        ("unchanged", {2, 4}, {0, 2, 4}),
        ("untagged", {1, 2}, {1, 2}),
    ],
)
def test_kinds(table: PhotoTable, kind: str, of_any: set[int], of_macro: set[int]) -> None:
    assert set(rows(table, kind=kind)) == of_any
    assert set(rows(table, kind=kind, tag="macro")) == of_macro
    assert rows(table, kind="untold", tag="london") == [4]


def test_orders(table: PhotoTable) -> None:
    # Both additions of macro, the surer first, then the photo that loses a tag; the rest by row.
    assert rows(table) == [3, 1, 0, 2, 4]
    assert rows(table, order="doubtful") == [3, 0, 1, 4, 2]  # ties in row order
    assert rows(table, order="file") == [3, 2, 0, 1, 4]  # im2 before im10
    assert rows(table, order="score") == [3, 1, 0, 2, 4]  # best added tag first, photos that gain none last
    assert rows(table, order="score", tag="flower") == [0, 3]
    assert rows(table, order="score", tag="macro", kind="unchanged") == [0, 2, 4]


def test_doubt_is_that_of_the_tag_asked_for(table: PhotoTable) -> None:
    # Flower is given to 0 and 3, doubtful with .1 and .2; it is not given to 1, 2 and 4: .3, .1 and .4.
    assert rows(table, order="doubtful", tag="flower", kind="kept") == [3, 0]
    assert rows(table, order="doubtful", tag="flower", kind="unchanged") == [4, 1, 3, 0, 2]


def test_filter_keeps_the_order(table: PhotoTable) -> None:
    assert rows(table, search="flower or canon", kind="changed") == [3, 1, 0]


def test_unknown_choices_are_errors(table: PhotoTable) -> None:
    with pytest.raises(ConfigError, match=r"'flowr'.*flower"):
        rows(table, tag="flowr")
    with pytest.raises(ConfigError, match="kind='new'"):
        PhotoQuery(kind="new")
    with pytest.raises(ConfigError, match="order='size'"):
        PhotoQuery(order="size")
    with pytest.raises(ConfigError, match="order='change'"):  # of an earlier TagRefine
        PhotoQuery(order="change")


def test_against_plain_loops() -> None:
    rng = np.random.default_rng(5)
    n, names = 60, tuple("abcdefgh")
    tags = rng.random((n, 8)) < 0.3
    scores = np.clip(0.2 * tags + 0.8 * rng.random((n, 8)), 0, 1).astype(np.float32)
    matrix = sparse.csr_matrix(tags.astype(np.uint8))
    told = np.arange(8) != 5
    changed = changes(scores, matrix, Prospects(scores, matrix).limits(0.6, told))
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
        for kind in ("added", "removed", "kept", "untold")
    }
    assert all(any(rows) for rows in present.values())
    has = [set().union(*(present[kind][row] for kind in present)) for row in range(n)]
    found = find(table, PhotoQuery(search="a and not (b or c)", kind="removed", tag="d", order="file"))
    assert found.rows.tolist() == [
        row
        for row in range(n)
        if "a" in has[row] and not {"b", "c"} & has[row] and "d" in present["removed"][row]
    ]
    doubtful = find(table, PhotoQuery(order="doubtful")).rows
    doubt = [
        max(1 - scores[i, c] if tags[i, c] else scores[i, c] for c in range(8) if told[c]) for i in doubtful
    ]
    assert sorted(doubtful.tolist()) == list(range(n))
    assert doubt == sorted(doubt, reverse=True)
    convincing = find(table, PhotoQuery()).rows.tolist()
    assert sorted(convincing) == list(range(n))
    changing = [bool(present["added"][row] or present["removed"][row]) for row in convincing]
    assert changing == sorted(changing, reverse=True)
