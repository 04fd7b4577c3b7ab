"""Triage: one question after the other, answered with a key. The deck lives in the browser and asks for more by itself."""

from pathlib import Path

import streamlit as st

from pages.components.base import DECIDING, script, styles

__all__ = ["triage"]

_HERE = Path(__file__).parent
_component = st.components.v2.component(
    "tagrefine_triage",
    html='<div class="root"></div>',
    css=styles(_HERE, "triage.css", base=["reasons.css", "parts.css"]),
    js=script(_HERE, "so_far.js", "deck.js", "glance.js", "triage.js", base=DECIDING),
)


def triage(
    *,
    collection: int,
    run: str,
    queue: str,
    tag: str | None,
    precision: float,
    at: str | None,
) -> None:
    """Draw the questions of a queue. Which one is open, as ``row:tag``, is kept in the address as ``at``.

    Parameters
    ----------
    collection : int
        Number of the collection, which answers are sent to.
    run : str
        Id of the run whose evidence is shown.
    queue : str
        One of `pages.triage.deck.QUEUES`.
    tag : str or None
        Only questions about this tag.
    precision : float
        Target of the suggestions that the estimate is about.
    at : str or None
        The question to begin with.
    """
    _component(
        key="triage",
        data={
            "collection": collection,
            "run": run,
            "queue": queue,
            "tag": tag or "",
            "precision": precision,
            "at": at,
        },
    )
