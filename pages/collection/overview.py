"""What a collection holds: photos, tags, what cleaning did, what the import could not read."""

import html
from collections import Counter

import numpy as np
import pandas as pd
import streamlit as st

from pages.components.charts import chart
from pages.components.text import plain
from pages.routes.thumbnails import thumbnail_url
from pages.state import store
from tagrefine_core import plots
from tagrefine_core.collections import Collection
from tagrefine_core.store import TagRecord

__all__ = ["cleaning", "import_report", "numbers", "photo_strip", "tag_charts"]

ROWS = 2000  # of a table at a time; a search reaches the others


def numbers(collection: Collection) -> None:
    """Draw the collection's counts."""
    per_photo = np.diff(collection.tags.indptr)
    record = collection.record
    cells = st.columns(5)
    cells[0].metric("Photos", f"{collection.n:,}", border=True)
    cells[1].metric("Tags in use", f"{len(collection.vocabulary):,}", border=True)
    cells[2].metric(
        "Tags per photo", f"{per_photo.mean():.1f}", border=True, help="The mean over all photos."
    )
    cells[3].metric(
        "Photos without tags",
        f"{np.count_nonzero(per_photo == 0):,}",
        border=True,
        help="None was left by cleaning.",
    )
    cells[4].metric(
        "Tags with known truth",
        f"{record.labels:,}",
        border=True,
        help="Tags for which somebody checked every photo. They are used to measure, never to learn.",
    )


def photo_strip(collection: Collection, *, count: int = 9) -> None:
    """Draw some photos, spread over the collection."""
    rows = np.linspace(0, collection.n - 1, min(count, collection.n)).astype(int)
    pictures = "".join(
        f'<img alt="{html.escape(collection.files[row])}" loading="lazy"'
        f' src="{thumbnail_url(collection.id, int(row), data_hash=collection.data_hash)}">'
        for row in rows
    )
    st.html(f'<div class="tr-strip">{pictures}</div>')


def tag_charts(collection: Collection) -> None:
    """Draw tags per photo and the most frequent tags."""
    left, right = st.columns(2, gap="large")
    counts = np.bincount(collection.tags.indices, minlength=len(collection.vocabulary))
    with left:
        st.header("How many tags a photo has", anchor=False)
        chart(plots.tags_per_photo(np.diff(collection.tags.indptr)), alt="Bars: photos by number of tags")
    with right:
        st.header("The most frequent tags", anchor=False)
        figure = plots.tag_frequencies(collection.vocabulary, counts, top=20, labels=collection.labels)
        chart(figure, alt="Bars: photos by tag, the most frequent tags first")
        if collection.labels:
            st.caption("Green tags have ground truth to measure with.")


def cleaning(collection: Collection) -> None:
    """Draw what preprocessing did with every spelling, searchable."""
    records = _tag_records(str(store().home), collection.id, collection.data_hash)
    tally = Counter(record.outcome for record in records)
    st.markdown(
        f"Users wrote **{len(records):,}** different words. **{tally['kept']:,}** were kept as they are,"
        f" **{tally['merged']:,}** joined another spelling, **{tally['dropped']:,}** were dropped."
    )
    with st.container(horizontal=True, vertical_alignment="bottom"):
        word = st.text_input(
            "Search", placeholder="a word, or a part of a reason", key="raw_search", width=320
        )
        outcome = st.segmented_control(
            "Outcome", ["dropped", "merged", "kept"], key="raw_outcome", persist_state="session"
        )
    word = word.casefold().strip()
    found = [
        record
        for record in records
        if (outcome is None or record.outcome == outcome)
        and (not word or any(word in text.casefold() for text in (record.raw, *record.tags, record.reason)))
    ]
    found.sort(key=lambda record: -record.count)
    if len(found) > ROWS:
        st.caption(f"The {ROWS:,} most frequent of {len(found):,}; search to see others.")
    table = pd.DataFrame(
        [
            (record.raw, record.count, record.outcome, ", ".join(record.tags), record.reason)
            for record in found[:ROWS]
        ],
        columns=["What users wrote", "Photos", "Outcome", "Became", "Why"],
    )
    widths = {
        "Photos": st.column_config.NumberColumn(width="small"),
        "Why": st.column_config.Column(width="large"),
    }
    st.dataframe(
        table, hide_index=True, height=420, column_config=widths, alt="What cleaning did with each word"
    )


def import_report(collection: Collection) -> None:
    """Draw what could not be imported, and what is to be known of the rest."""
    issues = collection.issues
    if not issues:
        st.success("Every photo was read without a problem.")
        return
    skipped = sum(issue.severity == "skipped" for issue in issues)
    noted = len(issues) - skipped
    st.markdown(f"**{skipped:,}** left out, **{noted:,}** {'remark' if noted == 1 else 'remarks'}.")
    table = pd.DataFrame(
        [
            (
                "all photos" if issue.file == "." else issue.file,
                "left out" if issue.severity == "skipped" else "imported",
                issue.reason,
            )
            for issue in issues[:ROWS]
        ],
        columns=["File", "Outcome", "Reason"],
    )
    st.dataframe(table, hide_index=True, alt="Import report")
    if len(issues) > ROWS:
        st.caption(f"The first {ROWS:,} of {len(issues):,}.")
    st.caption(f"The photos lie in {plain(collection.root)}")


@st.cache_data(max_entries=4, show_spinner=False)
def _tag_records(home: str, collection_id: int, data_hash: str) -> list[TagRecord]:
    return store().raw_tags(collection_id)
