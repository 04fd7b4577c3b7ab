"""The two queues: hand cases, ties, blocks of every size, a plain second implementation."""

import numpy as np
import pytest
from scipy import sparse

from tagrefine_core.errors import ConfigError, DataError
from tagrefine_core.refinement import suspicious

SCORES = np.array([[0.125, 0.75, 0.5], [0.875, 0.25, 0.0], [0.5, 0.625, 0.25]])
TAGS = np.array([[1, 0, 0], [1, 1, 0], [0, 0, 1]])


def listed(found):
    return list(zip(found.rows.tolist(), found.columns.tolist(), found.scores.tolist(), strict=True))


def plain(scores, tags, kind, told, top):
    """Every place, one after the other, then sorted."""
    places = []
    for row, column in np.ndindex(tags.shape):
        score = float(scores[row, column])
        if not told[column] or bool(tags[row, column]) != (kind == "wrong"):
            continue
        if kind == "wrong":
            places.append((row, column, 1 - score))
        elif score > 0:
            places.append((row, column, score))
    return sorted(places, key=lambda place: (-place[2], place[0], place[1]))[:top]


def test_hand_case():
    tags = sparse.csr_matrix(TAGS)
    assert listed(suspicious(SCORES, tags, "wrong")) == [
        (0, 0, 0.875),
        (1, 1, 0.75),
        (2, 2, 0.75),
        (1, 0, 0.125),
    ]
    # A tag that surely does not fit is not missing: (1, 2) is not listed.
    assert listed(suspicious(SCORES, tags, "missing")) == [
        (0, 1, 0.75),
        (2, 1, 0.625),
        (0, 2, 0.5),
        (2, 0, 0.5),
    ]


def test_only_tags_that_are_told():
    told = np.array([True, False, True])
    tags = sparse.csr_matrix(TAGS)
    assert [place[:2] for place in listed(suspicious(SCORES, tags, "wrong", told=told))] == [
        (0, 0),
        (2, 2),
        (1, 0),
    ]
    assert [place[:2] for place in listed(suspicious(SCORES, tags, "missing", told=told))] == [(0, 2), (2, 0)]
    nothing = suspicious(SCORES, tags, "missing", told=np.zeros(3, dtype=bool))
    assert len(nothing.rows) == len(nothing.columns) == len(nothing.scores) == 0


def test_ties_go_by_photo_and_then_by_tag_wherever_the_blocks_end():
    scores, tags = np.full((5, 4), 0.5), sparse.csr_matrix(np.eye(5, 4))
    for block_bytes in (1, 130, 2**26):
        missing = suspicious(scores, tags, "missing", top=7, block_bytes=block_bytes)
        assert [place[:2] for place in listed(missing)] == [
            (0, 1),
            (0, 2),
            (0, 3),
            (1, 0),
            (1, 2),
            (1, 3),
            (2, 0),
        ]
        wrong = suspicious(scores, tags, "wrong", top=3, block_bytes=block_bytes)
        assert [place[:2] for place in listed(wrong)] == [(0, 0), (1, 1), (2, 2)]


@pytest.mark.parametrize("kind", ["wrong", "missing"])
@pytest.mark.parametrize("block_bytes", [1, 16 * 6 * 3, 2**26])
@pytest.mark.parametrize("top", [1, 5, 40, 10_000])
def test_a_plain_second_implementation(kind, block_bytes, top, tmp_path):
    rng = np.random.default_rng(top)
    # Few different values, so that many tie; blocks of 1, 3 and all photos are shorter and longer than the queue.
    scores = (rng.integers(0, 9, (50, 6)) / 8).astype(np.float32)
    tags = sparse.csr_matrix(rng.random((50, 6)) < 0.3)
    told = np.array([True, True, False, True, True, True])
    np.save(tmp_path / "scores.npy", scores)
    mapped = np.load(tmp_path / "scores.npy", mmap_mode="r")
    found = suspicious(mapped, tags, kind, told=told, top=top, block_bytes=block_bytes)
    assert listed(found) == plain(scores, tags.toarray(), kind, told, top)


def test_no_photos():
    for kind in ("wrong", "missing"):
        found = suspicious(np.empty((0, 3), dtype=np.float32), sparse.csr_matrix((0, 3)), kind)
        assert listed(found) == []


def test_mistakes_are_named():
    tags = sparse.csr_matrix(TAGS)
    with pytest.raises(ConfigError, match="kind='odd' is unknown; choose wrong or missing"):
        suspicious(SCORES, tags, "odd")
    with pytest.raises(ConfigError, match="top must be at least 1, got 0"):
        suspicious(SCORES, tags, "wrong", top=0)
    with pytest.raises(DataError, match=r"scores\[0, 0\] is nan"):
        suspicious(np.where(SCORES == 0.125, np.nan, SCORES), tags, "wrong")
    with pytest.raises(DataError, match="differ in shape"):
        suspicious(SCORES[:2], tags, "wrong")
