"""The tag that is open: its numbers, the photos that speak for it and against it, and what the curator says about it."""

import html
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlencode

import numpy as np
import streamlit as st
from numpy.typing import NDArray

from pages.routes.thumbnails import thumbnail_url
from pages.state import store
from pages.tags.words import RULES, sentence
from tagrefine_core.collections import Collection
from tagrefine_core.model.visualness import ENOUGH
from tagrefine_core.refinement.tag_photos import tag_photos
from tagrefine_core.runs.run import Run
from tagrefine_core.workflow import set_tag_rules

__all__ = ["one_tag"]

_PHOTOS = 5


def one_tag(collection: Collection, run: Run | None, row: Mapping[str, Any], precision: float) -> None:
    """Draw a tag.

    Parameters
    ----------
    collection : Collection
    run : Run or None
        None where nothing has been learned from these photos.
    row : mapping
        Of the table: see `pages.components.tag_table`.
    precision : float
        That the numbers are for; the links to Browse keep it.
    """
    # Not as markdown, which makes links of what looks like one, however it is escaped.
    st.html(f'<h2 class="tr-tag">{html.escape(row["tag"])}</h2>')
    if row["gone"]:
        st.markdown(
            "It is no tag of the collection any more, so what you said has no effect. It stays on your list for the"
            " day it is back."
        )
        st.button(
            "Take it off the list", key="forget", on_click=_say, args=(collection.name, row["tag"], None)
        )
        return
    if run is None:
        st.caption(f"People wrote it on {_photos(row['given'])}.")
        _strip("Some of its photos", collection, _carriers(collection, row["tag"]))
    else:
        _measured(collection, run, row, precision)
    st.session_state["rule"] = row["rule"] or "measure"
    st.pills(
        "What do you say?",
        list(RULES),
        key="rule",
        format_func=RULES.__getitem__,
        required=True,
        on_change=lambda tag: _say(collection.name, tag, _rule()),
        args=(row["tag"],),
    )


def _measured(collection: Collection, run: Run, row: Mapping[str, Any], precision: float) -> None:
    told = sentence(row["told"], row["rule"], (row["seen"], row["seen_low"], row["seen_high"]), ENOUGH)
    st.caption(f"People wrote it on {_photos(row['given'])}. {told}")
    address = {"collection": collection.name, "run": run.id, "tag": row["tag"], "precision": f"{precision:g}"}
    kinds = (
        [
            ("added", f":green[+ {row['added']:,} added]"),
            ("removed", f":red[− {row['removed']:,} removed]"),
            ("kept", f"{row['kept']:,} kept"),
        ]
        if row["told"]
        else [("untold", f"{row['given']:,} left alone")]
    )
    with st.container(horizontal=True, gap="small"):
        for kind, label in kinds:
            st.page_link(
                "browse/page.py",
                label=label,
                query_params={**address, "kind": kind},
                help="See them in Browse",
            )
    scores = np.asarray(
        run.scores[:, collection.vocabulary.index(row["tag"])]
    )  # once: it lies all over the file
    found = tag_photos(scores, _given(collection, row["tag"]), top=_PHOTOS)
    for title, rows in (
        ("Written, and the picture agrees most", found.surest),
        ("Written, and the picture agrees least", found.doubtful),
        ("Not written, and the picture agrees most", found.missing),
    ):
        _strip(title, collection, rows, scores, address)


def _strip(
    title: str,
    collection: Collection,
    rows: NDArray[np.int64],
    scores: NDArray[np.float32] | None = None,
    address: Mapping[str, str] | None = None,
) -> None:
    """Draw photos, each with how likely the tag fits it, and a link to it in Browse."""
    if not len(rows):
        return
    pictures = []
    for row in rows.tolist():
        file = html.escape(collection.files[row])
        source = thumbnail_url(collection.id, row, data_hash=collection.data_hash)
        picture = f'<img alt="{file}" title="{file}" loading="lazy" src="{source}">'
        if address is not None:
            link = html.escape(f"/browse?{urlencode({**address, 'photo': row})}")
            picture = f'<a href="{link}" target="_self">{picture}</a>'
        note = "" if scores is None else f"<figcaption>{_percent(scores[row])}</figcaption>"
        pictures.append(f"<figure>{picture}{note}</figure>")
    st.html(f'<p class="tr-about">{title}</p><div class="tr-photos">{"".join(pictures)}</div>')


def _given(collection: Collection, tag: str) -> NDArray[np.bool_]:
    return np.asarray(collection.tags[:, [collection.vocabulary.index(tag)]].toarray()[:, 0] > 0)


def _carriers(collection: Collection, tag: str) -> NDArray[np.int64]:
    """Return some photos whose users wrote a tag, spread over the collection."""
    rows = np.flatnonzero(_given(collection, tag))
    return rows[np.linspace(0, len(rows) - 1, min(2 * _PHOTOS, len(rows))).astype(np.int64)]


def _rule() -> Any:
    chosen = st.session_state["rule"]
    return None if chosen == "measure" else chosen


def _say(collection: str, tag: str, rule: Any) -> None:
    set_tag_rules(store(), collection, [tag], rule)


def _photos(count: int) -> str:
    return "1 photo" if count == 1 else f"{count:,} photos"


def _percent(share: float) -> str:
    """Tell a probability in the little room under a photo."""
    return "under 1 %" if share < 0.01 else "over 99 %" if share > 0.99 else f"{100 * share:.0f} %"
