"""What the paper shows as figures, as tables of photos: tags before and after, methods side by side, neighbors."""

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_matrix

from tagrefine_core.collections import Collection
from tagrefine_core.experiments.table import Table, scores_of
from tagrefine_core.runs.queries import GROUPS, queries_of
from tagrefine_core.runs.refined import changes_of
from tagrefine_core.runs.run import Run
from tagrefine_core.runs.trace import neighborhoods_of
from tagrefine_core.store import Store

__all__ = ["before_and_after", "most_different", "neighbor_trace", "side_by_side"]

_TOP = 5
_QUERIES = 16


def before_and_after(collection: Collection, run: Run, *, photos: int = 12) -> list[dict[str, str]]:
    """Return the photos whose changes convince most: ``photo``, ``user``, ``kept``, ``added``, ``removed`` (the paper's Fig. 1)."""
    found = changes_of(run, collection)
    order = found.convincing[:photos]
    return [
        {
            "photo": collection.files[row],
            "user": ", ".join(collection.raw_tags(int(row))),
            "kept": _words(found.kept, row, collection.vocabulary),
            "added": _words(found.added, row, collection.vocabulary),
            "removed": _words(found.removed, row, collection.vocabulary),
        }
        for row in order
    ]


def side_by_side(
    store: Store, collection: Collection, table: Table, *, photos: int = 12, top: int = _TOP
) -> list[dict[str, str]]:
    """Return each method's best labels on the photos where methods differ most (the paper's Fig. 3).

    Returns
    -------
    list of dict
        ``photo``, ``truth``, and a column a method, named by its title; labels without a score are left out.
    """
    done = [row for row in table["rows"] if row["status"] == "done"]
    if not done or collection.truth is None:
        return []
    given = {row["title"]: scores_of(store, table, row["method"]) for row in done}
    rows = next(iter(given.values()))[0]
    scores = {title: np.asarray(found) for title, (_, found) in given.items()}
    chosen = most_different(scores, np.asarray(collection.truth[rows]))[:photos]
    return [
        {
            "photo": collection.files[rows[place]],
            "truth": ", ".join(np.array(collection.labels)[collection.truth[rows[place]] == 1]),
            **{title: _best(values[place], collection.labels, top) for title, values in scores.items()},
        }
        for place in chosen
    ]


def most_different(scores: Mapping[str, NDArray[np.float32]], truth: NDArray[np.int8]) -> NDArray[np.int64]:
    """Return the places of photos with a label, those first whose label ranks differ most between methods.

    Parameters
    ----------
    scores : mapping
        Name of a method to its scores (V, L).
    truth : int8 (V, L)

    Returns
    -------
    int64 (V',)
        By the deviation over methods of the mean rank of the photo's labels, equal scores sharing their rank; ties in
        the order of the photos.
    """
    labelled = np.flatnonzero((truth == 1).any(axis=1))
    relevant = truth[labelled] == 1
    ranks = []
    for values in scores.values():
        part = values[labelled]
        above = (part[:, None, :] > part[:, :, None]).sum(axis=2)
        equal = (part[:, None, :] == part[:, :, None]).sum(axis=2)
        rank = above + (equal - 1) / 2
        ranks.append(np.where(relevant, rank, 0).sum(axis=1) / relevant.sum(axis=1))
    order = np.argsort(-np.std(ranks, axis=0), kind="stable")
    chosen: NDArray[np.int64] = labelled[order]
    return chosen


def neighbor_trace(collection: Collection, run: Run) -> dict[str, Any]:
    """Return the neighbors of some photos while a run trained (the paper's Fig. 4), as JSON values.

    Returns
    -------
    dict
        What `Neighborhoods.as_dict` says of all photos, and ``queries``: ``photo``, ``group`` ("better", "same", "worse") and ``moments``
        of ``stage``, ``step`` and ``neighbors`` (``photo``, ``relevant``), the nearest first.
    """
    found = neighborhoods_of(run, collection)
    trace = found.trace
    queries = []
    for group in GROUPS:
        places = queries_of(found, group, most=_QUERIES)
        photos = trace.photos[places]
        relevant = [found.judge.relevant(photos, neighbors[places]) for neighbors in trace.neighbors]
        queries += [
            {
                "photo": collection.files[photo],
                "group": group,
                "moments": [
                    {
                        "stage": stage,
                        "step": int(step),
                        "neighbors": [
                            {"photo": collection.files[row], "relevant": bool(fits)}
                            for row, fits in zip(trace.neighbors[t, places[q]], relevant[t][q], strict=True)
                        ],
                    }
                    for t, (stage, step) in enumerate(zip(trace.stages, trace.steps, strict=True))
                ],
            }
            for q, photo in enumerate(photos)
        ]
    return {**found.as_dict(), "queries": queries}


def _words(matrix: csr_matrix, row: int, vocabulary: tuple[str, ...]) -> str:
    return ", ".join(vocabulary[column] for column in matrix[[row]].indices)


def _best(scores: NDArray[np.float32], labels: tuple[str, ...], top: int) -> str:
    order = [place for place in np.argsort(-scores, kind="stable")[:top] if np.isfinite(scores[place])]
    return ", ".join(labels[place] for place in order)
