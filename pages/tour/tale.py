"""What a tour tells: one photo's way from careless tags to refined ones, in eight steps of one idea and one sentence each."""

from functools import lru_cache
from typing import Any

import numpy as np

from pages.components.percent import percent
from pages.routes.thumbnails import named_photo
from tagrefine_core.collections import Collection
from tagrefine_core.refinement.photo import photo_tags
from tagrefine_core.runs.evidence import evidence_of
from tagrefine_core.runs.refined import limits_of, suggested_at
from tagrefine_core.runs.run import Run
from tagrefine_core.runs.tour import Guide, guide_of

__all__ = ["tale"]

_WORDS = 8  # tags of the user that are shown


@lru_cache(maxsize=4)
def tale(collection: Collection, run: Run, mark: str, wanted: int | None = None) -> dict[str, Any]:
    """Return the steps of a tour, as JSON; errors as `tagrefine_core.runs.tour.guide_of`.

    ``mark`` (`pages.opening.answers_mark`) only tells one state of the curator's list from the next.
    """
    guide = guide_of(run, collection, wanted=wanted)
    row, tag = guide.row, collection.vocabulary[guide.column]
    suggested = suggested_at(run, collection, limits_of(run, collection))
    records = {record.raw: record for record in collection.tag_records}
    tags = photo_tags(collection, suggested, run.scores, records, row)
    wrote = list(dict.fromkeys(collection.raw_tags(row)))[:_WORDS]
    left = [one.tag for one in tags if one.state in ("untold", "dropped")]
    removed = [one.tag for one in tags if one.state == "removed"]
    moments = _moments(guide)
    evidence = evidence_of(run, collection, row, guide.column)
    steps = [
        _step(
            "A photo",
            f"One of {collection.n:,}. Nobody but its owner has looked at it yet.",
            "What did its owner write?",
        ),
        _step(
            "Careless tags",
            "These are the words that its owner gave it, as people do: quickly."
            if wrote
            else "Its owner gave it no words at all.",
            "What can a picture tell?",
            wrote=[[word, "kept"] for word in wrote],
        ),
        _step(
            "What no picture can tell",
            f"{_listed(left[:3])} {'does' if len(left) == 1 else 'do'} not show in a picture, so TagRefine leaves {'it' if len(left) == 1 else 'them'} alone."
            if left
            else "All of these words can be told from a picture, so each of them is judged.",
            "Who looks like it?",
            wrote=[[word, "untold" if _left(word, left, records) else "kept"] for word in wrote],
        ),
        _step(
            "Its look-alikes, before learning",
            f"To a network that knows nothing of these tags, these seven photos look most alike. {_of(guide, 0)} show{'s' if guide.carries[0].sum() == 1 else ''} “{tag}”.",
            "Let it learn",
            rows=[moments[0]],
        ),
        _step(
            "Its neighborhood tightens",
            "While the network learns what tags have in common, the photos it takes as alike become photos that show the same thing.",
            "And so it knows the missing tag",
            rows=moments,
        ),
        _step(
            f"“{tag}” was missing",
            f"Four things speak for it or against it; together they make it {percent(evidence.score)} probable.",
            "What are its tags now?",
            parts=[[words, getattr(evidence.parts, part)] for part, words in evidence.in_words.items()],
        ),
        _step(
            "Its tags now",
            "Green was missing and is added"
            + (
                "; red did not fit and is taken away."
                if removed
                else "; the rest stays as its owner wrote it."
            ),
            "But is it right?",
            wrote=[
                [one.tag, "untold" if one.state in ("untold", "dropped") else one.state]
                for one in tags
                if one.state != "absent"
            ],
        ),
        _step(
            "You have the last word",
            f"Does this photo show “{tag}”? What you answer stands above every run, and the next one learns from it.",
            "Go on in Triage",
            ask=True,
        ),
    ]
    return {
        "run": run.id,
        "collection": collection.id,
        "name": collection.name,
        "tag": tag,
        **named_photo(collection, row, size=1024),
        "photos": {
            near: named_photo(collection, near)["picture"] for near in np.unique(guide.neighbors).tolist()
        },
        "steps": steps,
    }


def _step(title: str, sentence: str, then: str, **shown: Any) -> dict[str, Any]:
    return {"title": title, "sentence": sentence, "then": then, **shown}


def _moments(guide: Guide) -> list[dict[str, Any]]:
    """Return the neighbors before, half way and now."""
    last = len(guide.neighbors) - 1
    places = {"before": 0, "half way": last // 2, "now": last} if last > 1 else {"before": 0, "now": last}
    return [
        {
            "when": when,
            "rows": guide.neighbors[place].tolist(),
            "carries": guide.carries[place].tolist(),
            "count": f"{int(guide.carries[place].sum())} of {guide.carries.shape[1]}",
        }
        for when, place in places.items()
    ]


def _of(guide: Guide, moment: int) -> str:
    count = int(guide.carries[moment].sum())
    return "None of them" if count == 0 else f"{count} of them"


def _left(word: str, left: list[str], records: dict[str, Any]) -> bool:
    return word in left or records[word].tag in left


def _listed(words: list[str]) -> str:
    quoted = [f"“{word}”" for word in words]
    return quoted[0] if len(quoted) == 1 else f"{', '.join(quoted[:-1])} and {quoted[-1]}"
