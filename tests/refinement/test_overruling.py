"""What people said stands above what a run suggests: every cell and every doubt against plain loops."""

import numpy as np
import pytest
from scipy import sparse

from tagrefine_core.refinement import Prospects, changes
from tagrefine_core.refinement.overruling import overruled
from tagrefine_core.refinement.verdicts import ACCEPT, REJECT, UNSURE, Verdicts


@pytest.mark.parametrize("said_share", [0.02, 0.3, 1.0])
def test_every_cell_and_doubt_is_as_plain_loops_say(said_share: float) -> None:
    rng = np.random.default_rng(3)
    # Few different scores, so that many tags are equally doubtful.
    scores = rng.choice(np.float32([0.125, 0.25, 0.5, 0.75, 0.875]), (80, 6))
    given = rng.random(scores.shape) < 0.3
    tags = sparse.csr_matrix(given.astype(np.uint8))
    limits = Prospects(scores, tags).limits(0.6, np.array([True] * 5 + [False]))
    suggested = changes(scores, tags, limits)
    said = np.where(
        rng.random(scores.shape) < said_share, rng.choice([ACCEPT, REJECT, UNSURE], scores.shape), 0
    )
    result = overruled(
        suggested, Verdicts(sparse.csr_matrix(said.astype(np.int8)), {}, 0, 1), scores, tags, limits.told
    )
    for row in range(len(scores)):
        doubt = 0.0
        for column in range(scores.shape[1]):
            alone = next(
                (
                    kind
                    for kind in ("kept", "added", "removed", "untold")
                    if getattr(suggested, kind)[row, column]
                ),
                None,
            )
            wanted = {
                0: alone,
                ACCEPT: "kept" if given[row, column] else "added",
                REJECT: "removed" if given[row, column] else None,
                UNSURE: "kept" if given[row, column] else None,
            }[said[row, column]]
            found = [
                kind for kind in ("kept", "added", "removed", "untold") if getattr(result, kind)[row, column]
            ]
            assert found == ([wanted] if wanted else []), (row, column)
            if not said[row, column] and limits.told[column]:
                score = float(scores[row, column])
                doubt = max(doubt, 1 - score if given[row, column] else score)
        assert result.doubt[row] == doubt
