"""What the player tells of a run: photos whose neighborhoods got better, stayed and got worse, moment by moment, and the curve of all."""

from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pages.components.run_names import run_name
from pages.opening import refuse_earlier
from tagrefine_core.collections import Collection
from tagrefine_core.runs.judging import OVERLAP, By
from tagrefine_core.runs.queries import GROUPS, group_of, queries_of
from tagrefine_core.runs.refined import changes_of, told_of
from tagrefine_core.runs.run import NeighborTrace, Run
from tagrefine_core.runs.trace import Neighborhoods, neighborhoods_of

__all__ = ["frames", "story", "title"]

_EACH = 16  # photos of a group
_NAMES = {"better": "Better", "same": "As good as before", "worse": "Worse"}
_STAGES = {"phi0": "stage 1", "constraints": "stage 2"}


@lru_cache(maxsize=4)
def story(collection: Collection, run: Run, by: By, wanted: int = -1) -> dict[str, Any]:
    """Return everything the player needs, as JSON.

    Parameters
    ----------
    by : {"labels", "refined"}
        What makes a neighbor relevant.
    wanted : int
        Row of a photo to tell of even where it is none of those chosen.

    Raises
    ------
    RunError
        When the run recorded no neighbors, or belongs to other data.
    """
    refuse_earlier(run.record, collection)
    found = neighborhoods_of(run, collection, by)
    trace, of = found.trace, found.precision
    chosen = {group: queries_of(found, group, most=_EACH).tolist() for group in GROUPS}
    place = int(np.searchsorted(trace.photos, wanted))
    if place < len(trace.photos) and trace.photos[place] == wanted and (own := group_of(found, place)):
        chosen[own] += [place] if place not in chosen[own] else []
    places = np.array([place for group in GROUPS for place in chosen[group]], dtype=np.int64)
    rows = np.unique(np.concatenate([trace.photos[places], trace.neighbors[:, places].ravel()]))
    told = told_of(run, collection)
    changes = changes_of(run, collection)
    tags = (collection.tags + changes.added.astype(bool))[rows]
    labels = found.judge.have[rows]
    rarity = np.asarray(collection.tags.sum(axis=0)).ravel()
    return {
        "key": [run.id, by, wanted],
        "title": title(found),
        "saved": f"{collection.name} · run {run_name(run.record)}",
        "notes": _notes(found, run),
        "frames": frames(by),
        "moments": _moments(trace),
        "groups": [[_NAMES[group], int(getattr(found, group).sum()), len(chosen[group])] for group in GROUPS],
        "queries": _queries(found, run, places),
        "photos": {
            int(row): [
                collection.files[row],
                sorted((c for c in tags[[at]].indices.tolist() if told[c]), key=rarity.__getitem__),
                labels[[at]].indices.tolist(),
            ]
            for at, row in enumerate(rows.tolist())
        },
        "tags": list(collection.vocabulary),
        "labels": list(found.judge.names),
        "by": by,
        "mean": None if np.isnan(of.value).any() else of.value.tolist(),
        "low": np.nan_to_num(of.low).tolist(),
        "high": np.nan_to_num(of.high).tolist(),
        "chance": None if np.isnan(of.chance) else of.chance,
        "about": _about(found),
        "pictures": f"/thumbnails/{collection.id}",
        "version": collection.data_hash[:12],
    }


def title(found: Neighborhoods) -> str:
    """Return what became of the neighborhoods, as the title of the page."""
    _, low, high = found.precision.gain
    if found.why_still is not None:
        return "These neighborhoods did not learn"
    if np.isnan(low):
        return "What became of these neighborhoods cannot be told"
    if low > 0:
        return "A neighborhood learns"
    return (
        "These neighborhoods moved, and got worse"
        if high < 0
        else "These neighborhoods moved, and got no better"
    )


def _moments(trace: NeighborTrace) -> list[tuple[str, str]]:
    """Return when each moment was, in two lines of which the second may be empty."""
    both = len({stage for stage, step in zip(trace.stages, trace.steps.tolist(), strict=True) if step}) > 1
    when = []
    for stage, step in zip(trace.stages, trace.steps.tolist(), strict=True):
        told = f"step {step:,}"
        if stage == "frozen":
            when.append(("before", "learning"))
        else:
            when.append((_STAGES[stage], told) if both else (told, ""))
    return when


def _notes(found: Neighborhoods, run: Run) -> list[str]:
    """Return what a visitor has to know of these neighbors."""
    notes = []
    if found.why_still is not None:
        notes.append(f"Here they did not move: {found.why_still}.")
    if run.config.neighbors.refresh == "static" and run.config.constraints.epochs:
        notes.append("Training itself kept the neighbors of its start, with neighbors.refresh=static.")
    if run.config.neighbors.refresh == "random" and run.config.constraints.epochs:
        notes.append("Training itself took any photos for neighbors, with neighbors.refresh=random.")
    return notes


def frames(by: By) -> tuple[str, str]:
    """Return what a green frame means, and what a red one."""
    if by == "labels":
        return "has the photo's rarest true label", "does not"
    return f"{OVERLAP:.0%} of their refined tags agree", "fewer do"


def _about(found: Neighborhoods) -> str:
    """Return the numbers of all photos in two sentences."""
    if found.why_not_judged is not None:
        return found.why_not_judged
    judged, photos, of = int(found.judged.sum()), len(found.trace.photos), found.precision
    value, low, high = (round(100 * part, 1) + 0.0 for part in of.gain)  # nothing is +0.0, not -0.0
    sample = f" (a sample of {found.of:,})" if photos < found.of else ""
    what = "true label" if found.judge.by == "labels" else "refined tag"
    # What is done to features before the first step, such as taking off their mean, is no learning.
    start = round(100 * (of.value[1] - of.value[0]), 1) + 0.0 if found.trace.steps[1] == 0 else 0.0
    parts = (
        f": {start:+.1f} by preparing features, {round(value - start, 1) + 0.0:+.1f} by learning"
        if start
        else ""
    )
    rare = "" if found.judge.by == "labels" else " Of tags that agree, rare ones count more."
    return (
        f"Of the photos with a {what}, the share of the {found.m - 1} nearest that have it, too; mean over all {what}s. "
        f"{judged:,} of {photos:,} photos{sample} that it learned from can be judged. Change {value:+.1f} points ({low:+.1f} to {high:+.1f}){parts}. "
        f"{found.changed:.0%} of the neighbors are new at the end. Thin: this photo. Dashed: photos picked at random.{rare}"
    )


def _queries(found: Neighborhoods, run: Run, places: NDArray[np.int64]) -> list[dict[str, Any]]:
    trace, judge = found.trace, found.judge
    photos = trace.photos[places]
    neighbors = trace.neighbors[:, places]
    relevant = np.array([judge.relevant(photos, near) for near in neighbors]).reshape(neighbors.shape)
    rarest = judge.rarest(photos) if judge.by == "labels" else np.full(len(photos), -1)
    return [
        {
            "row": int(photo),
            "label": int(rarest[q]),
            "neighbors": neighbors[:, q].tolist(),
            "relevant": relevant[:, q].astype(int).tolist(),
            "chance": judge.chance(int(photo), run.rows),
        }
        for q, photo in enumerate(photos)
    ]
