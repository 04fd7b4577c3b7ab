"""Which tags two runs hand out otherwise, by hand."""

import numpy as np
import pytest
from scipy import sparse

from tagrefine_core.errors import DataError
from tagrefine_core.refinement import Changes
from tagrefine_core.refinement.moved import moved


def changes(kept=(), added=(), removed=(), untold=(), shape=(4, 3)):
    """Photos and tags of each kind, with a score of 0 for all: what is stored counts, not what is nonzero."""
    parts = {}
    for kind, cells in {"kept": kept, "added": added, "removed": removed, "untold": untold}.items():
        rows, columns = zip(*cells, strict=True) if cells else ((), ())
        parts[kind] = sparse.csr_matrix((np.zeros(len(rows), dtype=np.float32), (rows, columns)), shape=shape)
    return Changes(**parts, doubt=np.zeros(shape[0], dtype=np.float32), precision=0.75)


def test_what_moved_by_hand():
    first = changes(kept=[(0, 0), (1, 1)], added=[(2, 2)], untold=[(3, 0)])
    second = changes(kept=[(0, 0)], removed=[(1, 1)], added=[(1, 2), (0, 2), (1, 0)], untold=[(3, 0)])
    found = moved(first, second)
    assert found.before.tolist() == [2, 1, 1]
    assert found.gained.tolist() == [1, 0, 2]
    assert found.lost.tolist() == [0, 1, 1]
    assert found.rows.tolist() == [1, 0, 2], "the photo with the most other tags first, and none without any"


def test_a_tag_that_is_kept_instead_of_added_has_not_moved():
    found = moved(changes(added=[(2, 1)]), changes(kept=[(2, 1)]))
    assert not len(found.rows) and not found.gained.any() and not found.lost.any()


def test_runs_of_another_shape_do_not_compare():
    with pytest.raises(DataError, match=r"\(4, 3\) and \(4, 2\)"):
        moved(changes(), changes(shape=(4, 2)))
