"""What the score of a tag of a photo is made of: the picture, its look-alikes, the user's other tags, the user's word for it.

A score is put together in log-odds (`tagrefine_core.training.scoring`), so that it comes apart into a sum:

    log-odds of the score = picture + neighbors + tags + user

* picture: what the network says of this photo alone, which has not seen the photo's own tags where networks are cross-fitted, as a
  probability that the tag fits (`Calibration.fits`). How often the tag fits at all is in it: of a photo that shows nothing it is far
  below 0.
* neighbors: what averaging with the logits of look-alikes moves that. Their networks may have seen the photo's own tags.
* tags: what the user's tag that implies this one most adds, up to what writing this one would; 0 where he wrote it himself.
* user: what he wrote adds, or what he left out takes away.

In annotation tags are told from photos alone, so that tags and user are 0. Scores that are not calibrated are the network's own:
picture and neighbors then are parts of its logit, which is no log-odds of a probability that was measured.
"""

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray
from scipy.special import expit

from tagrefine_core.collections import Collection
from tagrefine_core.errors import RunError, WordNetMissing
from tagrefine_core.files import read_json, write_json
from tagrefine_core.model.posterior import NEIGHBORS, gammas, smoothed
from tagrefine_core.neighbors import nearest_to
from tagrefine_core.runs.run import Run
from tagrefine_core.tags import Relation, relation

__all__ = ["Evidence", "LookAlike", "Parts", "evidence_of", "keep_relations"]

_SAME = 1e-3  # more than rounding makes of a score


@dataclass(frozen=True, kw_only=True)
class Parts:
    """What speaks for a tag, above 0, and against it, below, in log-odds (natural); they sum to those of the score."""

    picture: float
    neighbors: float
    tags: float
    user: float

    @property
    def total(self) -> float:
        """Log-odds of the score."""
        return self.picture + self.neighbors + self.tags + self.user


@dataclass(frozen=True, kw_only=True)
class LookAlike:
    """A photo that the logits of another were averaged with.

    Attributes
    ----------
    row : int
    image : str
        Its file, as the collection calls it.
    weight : float
        Its share in the average, which leaves the photo itself ``1 - scoring.smooth``; 0 where a run averages with none.
    carries : bool
        Whether its user gave the tag.
    """

    row: int
    image: str
    weight: float
    carries: bool


@dataclass(frozen=True, kw_only=True)
class Evidence:
    """What the score of one tag of one photo is made of.

    Attributes
    ----------
    score : float
        Probability that the tag fits, in [0, 1], that of `Run.scores` before it was rounded to single precision; of a run that is not
        calibrated, how likely its network finds it.
    parts : Parts
    neighbors : tuple of LookAlike
        By weight, the largest first.
    calibrated : bool
        Whether the score is a probability.
    counts_words : bool
        Whether what users wrote is evidence for the run; where not, `Parts.tags` and `Parts.user` are 0.
    written : bool
        Whether the photo's user gave the tag.
    implied_by : str or None
        The user's tag that counts most for this one, which he did not give; None where none does.
    relation : {"synonym", "kind", "part"} or None
        What that tag is to this one by WordNet; None where it cannot be asked.
    """

    score: float
    parts: Parts
    neighbors: tuple[LookAlike, ...]
    calibrated: bool
    counts_words: bool
    written: bool
    implied_by: str | None
    relation: Relation | None

    @property
    def in_words(self) -> dict[str, str]:
        """What each of the `parts` is, in a few words."""
        carry = sum(one.carries for one in self.neighbors)
        uncounted = "" if self.counts_words else ", which this run does not count"
        speaks = {
            "synonym": "means the same",
            "kind": "a kind of it",
            "part": "a part of it",
            None: "implies it",
        }
        return {
            "picture": "what the picture shows",
            "neighbors": f"look-alikes, {carry} of {len(self.neighbors)} carry it",
            "tags": f"other tags: {self.implied_by} ({speaks[self.relation]})"
            if self.implied_by is not None
            else f"other tags{uncounted or ': none implies it'}",
            "user": f"the user {'wrote' if self.written else 'did not write'} it{uncounted}",
        }


def evidence_of(run: Run, collection: Collection, row: int, column: int) -> Evidence:
    """Return what the score of a tag of a photo is made of.

    Parameters
    ----------
    run : Run
        Finished.
    collection : Collection
        What it was trained on.
    row, column : int
        The photo and the tag.

    Raises
    ------
    RunError
        When files of the run are gone or damaged, or its scores were put together otherwise, by an earlier TagRefine.
    """
    rows, squared = _look_alikes(run, row)
    share, own = run.config.scoring.smooth, np.asarray(run.logits[[row]], dtype=np.float32)
    averaged = smoothed(own, rows[None], squared[None], run.logits, smooth=share)
    if not (np.isfinite(own).all() and np.isfinite(averaged).all()):
        raise RunError(
            f"What lies in {run.folder} is damaged: logits.npy or neighbors_squared.npy. Train again."
        )
    alone, together = (
        float((logits if run.calibration is None else run.calibration.fits(logits))[0, column])
        for logits in (own, averaged)
    )
    given = collection.tags[[row]].indices
    written, tags, user, speaker = column in given, 0.0, 0.0, None
    if run.counts_words:
        assert run.calibration is not None
        evidence = run.config.scoring.evidence
        silence, said = (
            float(word(evidence)[column]) for word in (run.calibration.unwritten, run.calibration.written)
        )
        user = said if written else silence
        links = run.links[given][:, [column]].toarray().ravel()
        if not written and links.max(initial=0.0) > 0:
            speaker = collection.vocabulary[given[int(links.argmax())]]
            tags = float(links.max()) * (said - silence)
    parts = Parts(picture=alone, neighbors=together - alone, tags=tags, user=user)
    if abs(expit(parts.total) - run.scores[row, column]) > _SAME:
        raise RunError(
            f"What the scores of run {run.id} are made of cannot be told: an earlier TagRefine put them together otherwise. Train again."
        )
    weights = share * gammas(squared[None])[0] if len(rows) else squared
    carries = collection.tags[rows][:, [column]].toarray().ravel() > 0
    return Evidence(
        score=float(expit(parts.total)),
        parts=parts,
        neighbors=tuple(
            LookAlike(
                row=int(rows[place]),
                image=collection.files[rows[place]],
                weight=float(weights[place]),
                carries=bool(carries[place]),
            )
            for place in np.argsort(-weights, kind="stable")
        ),
        calibrated=run.calibration is not None,
        counts_words=run.counts_words,
        written=written,
        implied_by=speaker,
        relation=None if speaker is None else _relation(run, speaker, collection.vocabulary[column]),
    )


def _look_alikes(run: Run, row: int) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
    """Return the photos that a photo's logits were averaged with, or would have been, and their squared distances, both (k,)."""
    kept = run.look_alikes
    if kept is not None:
        return np.asarray(kept.rows[row], dtype=np.int64), np.asarray(kept.squared[row])
    from tagrefine_core.neighbors.index import EXACT  # here, since it loads torch

    known = run.rows
    if run.config.scoring.smooth and len(known) > EXACT:
        raise RunError(
            f"Run {run.id} of an earlier TagRefine did not keep whom it averaged each photo with. "
            "Train again to see what its scores are made of."
        )
    features = run.features if len(known) == len(run.features) else run.features[known]
    itself = np.flatnonzero(known == row)
    found, squared = nearest_to(
        run.features[row], features, NEIGHBORS, exclude=int(itself[0]) if len(itself) else None
    )
    return known[found], squared


def keep_relations(run: Run, collection: Collection) -> None:
    """Write what each tag is to those that it speaks for (``relations.json``), while WordNet is loaded: later that takes seconds."""
    links, names = run.links.tocoo(), collection.vocabulary
    kept: dict[str, dict[str, Relation | None]] = {}
    for given, implied in zip(links.row.tolist(), links.col.tolist(), strict=True):
        kept.setdefault(names[given], {})[names[implied]] = _asked(names[given], names[implied])
    write_json(run.folder / "relations.json", kept)


def _relation(run: Run, tag: str, implied: str) -> Relation | None:
    kept = _kept_relations(run).get(tag, {})
    return kept[implied] if implied in kept else _asked(tag, implied)


@lru_cache(maxsize=8)
def _kept_relations(run: Run) -> dict[str, dict[str, Relation | None]]:
    try:
        kept: dict[str, dict[str, Relation | None]] = read_json(run.folder / "relations.json")
    except (OSError, ValueError):  # of an earlier TagRefine, or cut short: WordNet knows
        return {}
    return kept


def _asked(tag: str, implied: str) -> Relation | None:
    try:
        return relation(tag, implied)
    except WordNetMissing:  # the run keeps that it is implied, not why
        return None
