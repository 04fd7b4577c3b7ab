"""Arrays computed block by block resume where they stopped."""

import numpy as np
import pytest

from tagrefine_core.errors import Cancelled
from tagrefine_core.features.blocks import fill_blocks
from tagrefine_core.progress import silent


def fill(folder, seen, progress=silent):
    def compute(rows):
        seen.extend(rows.tolist())
        return np.stack([rows, rows * 2], axis=1).astype(np.float32)

    return fill_blocks(
        folder, shape=(10, 2), dtype=np.float32, block=4, compute=compute, stage="x", progress=progress
    )


def test_stopped_and_resumed_goes_on_where_it_stopped(tmp_path):
    def stop(stage, done, total):
        if done >= 4:
            raise Cancelled

    seen = []
    with pytest.raises(Cancelled):
        fill(tmp_path / "a", seen, stop)
    assert {0, 1, 2, 3} <= set(seen)
    again = []
    array = fill(tmp_path / "a", again)
    assert sorted(again) == list(range(4, 10)), "what was written is not computed again"
    assert len(array) == 10
    assert np.array_equal(array[:, 1], np.arange(10) * 2)
    with pytest.raises(ValueError, match="read-only"):
        array[0] = 1


def test_finished_array_is_opened_not_computed(tmp_path):
    fill(tmp_path / "a", [])
    again = []
    assert fill(tmp_path / "a", again).shape == (10, 2) and again == []
