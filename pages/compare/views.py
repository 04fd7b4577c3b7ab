"""The charts of a comparison, and two of its methods on the same photos."""

from collections.abc import Mapping
from typing import Any

import streamlit as st

from pages.compare.board import OURS, full_title, measured_rows
from pages.compare.photos import ORDERS, duel, pictures
from pages.components.charts import chart
from pages.components.choice import choice
from pages.components.text import plain
from pages.components.words import EXPLAINED
from tagrefine_core import plots
from tagrefine_core.collections import Collection

__all__ = ["by_label", "by_photo", "by_time"]

_SHOWN = 12  # photos at once


def by_label(table: Mapping[str, Any]) -> None:
    """Draw the average precision of every label by the methods that are chosen."""
    rows = {row["method"]: row for row in measured_rows(table)}
    st.markdown(
        ":gray[One line for each label: the further right a dot, the better that method finds the photos that show it.]"
    )
    chosen = st.pills(
        "Methods in the chart",
        list(rows),
        selection_mode="multi",
        default=_leaders(table),
        format_func=lambda method: plain(full_title(rows[method])),
        key=f"dots_{table['id']}",
    )
    if not chosen:
        st.caption("Choose at least one method.")
        return
    ours = rows[OURS]["title"] if OURS in rows else ""
    values = {full_title(rows[method]): rows[method]["per_label_ap"] for method in chosen}
    chart(
        plots.label_dots(table["labels"], values, ours=ours),
        alt="Dots: average precision of each label by each chosen method",
        file="labels",
    )
    if missing := sum(value is None for value in next(iter(values.values()))):
        st.caption(f"{missing} labels show on no photo, so nothing can be measured for them.")


def by_time(table: Mapping[str, Any]) -> None:
    """Draw quality against the time that a method takes."""
    names = {key: name for key, (name, _) in EXPLAINED.items()}
    key = str(
        choice("Measure", names, key="measure", default="map", draw=st.segmented_control, required=True)
    )
    st.markdown(f":gray[Up is better, left is faster. {EXPLAINED[key][1]}]")
    points = [
        (full_title(row), row["seconds"], row[key], row["peak_mb"])
        for row in measured_rows(table)
        if row[key] is not None
    ]
    ours = next((row["title"] for row in table["rows"] if row["method"] == OURS), "")
    chart(
        plots.time_quality(points, measure=names[key], ours=ours),
        alt=f"Dots: {names[key]} of each method by the seconds it takes",
        file="time",
    )


def by_photo(collection: Collection, table: Mapping[str, Any]) -> None:
    """Draw what two methods say of the same photos."""
    titles = {row["method"]: full_title(row) for row in measured_rows(table)}
    if len(titles) < 2:
        st.caption("It takes two measured methods to look at them side by side.")
        return
    if not table["current"]:
        st.caption("The collection was imported anew since, so its photos are not those that were measured.")
        return
    first, second = _leaders(table)[:2]
    with st.container(horizontal=True, vertical_alignment="bottom", gap="small"):
        left = str(choice("First method", titles, key="left", default=first, width=190))
        others = {method: title for method, title in titles.items() if method != left}
        right = str(
            choice(
                "Second method",
                others,
                key="right",
                default=second if second in others else first,
                width=190,
            )
        )
        by = str(choice("Photos", ORDERS, key="by", default="both", width=230))
    with st.spinner("Looking at every photo …"):
        found = duel(collection, table, left, right)
        order = found.order(by)
    st.markdown(
        ":gray[The labels that each method puts first: ✓ green is true, ✗ red is not. The number is how well the photo's"
        " true labels stand at the top: 1 is perfect.]"
    )
    if not len(order):
        st.caption("There is no such photo.")
        return
    subject = f"more_{table['id']}_{left}_{right}_{by}"
    shown = st.session_state.setdefault(subject, _SHOWN)
    st.html(pictures(collection, found, order[:shown], (titles[left], titles[right])))
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        if shown < len(order) and st.button("Show more", key="more"):
            st.session_state[subject] = shown + _SHOWN
            st.rerun()
        st.caption(
            f"{min(shown, len(order)):,} of {len(order):,} photos on which they differ; {len(found.rows):,} were measured."
        )


def _leaders(table: Mapping[str, Any]) -> list[str]:
    """Return our method, the best other ones by mAP: at most three in all."""
    rows = sorted(measured_rows(table), key=lambda row: -(row["map"] or 0.0))
    return sorted((row["method"] for row in rows), key=lambda method: method != OURS)[:3]
