"""What the player tells of a run: its traced queries with their neighbors by iteration, judged and averaged."""

from functools import lru_cache
from typing import Any, Literal

import numpy as np
from scipy import sparse

from tagrefine_core.collections import Collection
from tagrefine_core.errors import RunError
from tagrefine_core.runs.refined import changes_of
from tagrefine_core.runs.run import Run
from tagrefine_core.runs.trace import Relevance, chance, precision_curve, relevance

__all__ = ["story"]

_BASIS = {
    "labels": ("true labels", "no true label, so its neighbors cannot be judged"),
    "refined": ("refined tags", "no refined tag, so its neighbors cannot be judged"),
}


@lru_cache(maxsize=4)
def story(collection: Collection, run: Run, by: Literal["labels", "refined"]) -> dict[str, Any]:
    """Return everything the player needs, as JSON.

    Parameters
    ----------
    by : {"labels", "refined"}
        What makes a neighbor relevant: a shared ground-truth label, or a shared refined tag.

    Raises
    ------
    RunError
        When the run traced no queries, or belongs to other data.
    """
    if not run.current:
        raise RunError(
            f"{collection.name!r} has changed since this run was trained. Train again, or choose another run."
        )
    trace = run.trace
    if not len(trace.queries) or not len(trace.steps):
        raise RunError("This run traced no photos. Train again with run.trace_queries above 0.")
    if by == "labels":
        have, names = sparse.csr_matrix(np.asarray(collection.truth) == 1), collection.labels
    else:
        # What a picture cannot tell makes no photo look alike.
        changes = changes_of(run, collection)
        have, names = _present(changes.kept) + _present(changes.added), collection.vocabulary
    judged = relevance(trace, have, by=by)
    # As many as training uses: the anchor's own place in its group of m is not a neighbor.
    shown = min(trace.neighbors.shape[2], max(1, run.config.neighbors.m - 1))
    curve = precision_curve(judged, neighbors=shown)
    rows = np.unique(np.concatenate([trace.queries, trace.neighbors[:, :, :shown].ravel()]))
    random = chance(trace, have)
    order = np.argsort(-np.nan_to_num(curve.gain, nan=-np.inf), kind="stable")
    basis, without = _BASIS[by]
    return {
        "key": [run.id, by],
        "steps": trace.steps.tolist(),
        "queries": [_query(trace.queries, trace.neighbors, judged, int(q), shown) for q in order],
        "photos": {
            int(row): [
                collection.files[row],
                have.indices[have.indptr[row] : have.indptr[row + 1]].tolist(),
            ]
            for row in rows
        },
        "names": list(names),
        "mean": curve.mean.tolist() if curve.judged else None,
        "low": curve.low.tolist(),
        "high": curve.high.tolist(),
        "chance": float(np.nanmean(random)) if curve.judged else None,
        "basis": basis,
        "without": without,
        "legend": _legend(curve.judged, len(trace.queries)),
        "pictures": f"/thumbnails/{collection.id}",
        "version": collection.data_hash[:12],
    }


def _present(matrix: sparse.csr_matrix) -> sparse.csr_matrix:
    # A stored score may be 0: what counts is that it is stored.
    return sparse.csr_matrix(
        (np.ones(matrix.nnz, np.int8), matrix.indices, matrix.indptr), shape=matrix.shape
    )


def _query(queries: Any, neighbors: Any, judged: Relevance, q: int, shown: int) -> dict[str, Any]:
    marks = judged.relevant[:, q, :shown]
    known = bool(judged.judged[q])
    return {
        "row": int(queries[q]),
        "neighbors": neighbors[:, q, :shown].tolist(),
        "relevant": marks.astype(int).tolist() if known else None,
        "first": int(marks[0].sum()) if known else None,
        "last": int(marks[-1].sum()) if known else None,
    }


def _legend(judged: int, total: int) -> str:
    of = f"all {total} photos" if judged == total else f"the {judged} of {total} photos that can be judged"
    return (
        f"Share of relevant neighbors. Thick: mean of {of}, with its 95 % interval. "
        "Thin: this photo. Dashed: photos picked at random."
    )
