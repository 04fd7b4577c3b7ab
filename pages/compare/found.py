"""The comparisons of a collection, their names, and what can be taken home."""

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

import streamlit as st

from pages.components.downloads import downloads
from pages.components.header import ago
from pages.components.plainly import plainly
from pages.components.setting_words import BACKBONES, differs_in_words, told
from pages.components.words import TASKS
from pages.state import store

__all__ = [
    "comparisons",
    "follow_newest",
    "measured_with",
    "protocol",
    "table_id",
    "table_names",
    "take_home",
    "watch",
]


def comparisons(collection: str) -> list[dict[str, Any]]:
    """Return the tables of a collection, the newest first."""
    # Only the core knows what lies in there; an empty home need not load PyTorch to see that there is nothing.
    if not (store().home / "experiments").exists():
        return []
    with st.spinner("Opening the comparisons …"):
        from tagrefine_core.experiments import tables

        return tables(store(), collection)


def table_id(table: Mapping[str, Any]) -> str:
    """Return what the address calls a table."""
    return f"{table['key']}-{table['id']}"


def table_names(tables: Sequence[Mapping[str, Any]]) -> dict[str, str]:
    """Name tables by id, no two alike: choosers tell their options apart by what they show."""
    words = {table_id(table): _name(table) for table in tables}
    tally = Counter(words.values())
    return {key: name + (f" · {key[-6:]}" if tally[name] > 1 else "") for key, name in words.items()}


def follow_newest(newest: str) -> None:
    """Show a comparison that has just begun to whoever was looking at the newest one before."""
    before = st.session_state.get("_newest_table")
    if before != newest and st.session_state.get("table") == before:
        st.session_state.pop("table", None)
        st.query_params.pop("table", None)
    st.session_state["_newest_table"] = newest


def protocol(table: Mapping[str, Any]) -> str:
    """Tell in plain words what was measured on what."""
    if table["task"] == "annotation":
        times = "once" if table["repeats"] == 1 else f"{table['repeats']} times, each time from another fifth"
        how = f"Learned from a fifth of {table['photos']:,} photos and measured on {table['measured']:,} others, {times}."
    else:
        times = "once" if table["repeats"] == 1 else f"{table['repeats']} times"
        how = f"Measured on all {table['photos']:,} photos; methods with randomness {times}."
        if table["mode"] == "assigned":
            how += " Only labels that a photo's user gave are ranked."
    seen = f"All methods get the photos as the same network describes them ({_backbone(table)}"
    if table["views"] > 1:
        seen += ", which also looks at each photo mirrored"
    return f"{how} {seen})." + (
        f" Each was tuned with up to {table['budget']} settings, judged on {_judged(table)}; TagRefine is its preset as it is."
        if table["budget"] > 1
        else ""
    )


def _judged(table: Mapping[str, Any]) -> str:
    """Name the photos that settings were chosen on; a table of before does not know how many."""
    return f"{table['judged']:,} photos" if "judged" in table else "photos kept aside"


def measured_with(table: Mapping[str, Any]) -> str:
    """Tell the settings of our own method: the preset, what differs from it, and what a comparison had to change."""
    words = differs_in_words(table["preset"], table["differs"])
    return " ".join([f"TagRefine’s settings: {words}.", *map(told, table["notes"])])


def watch(collection: str, rows: int, live: bool) -> None:
    """Run the page again when the job at work has measured another method."""
    st.fragment(plainly(_watch), run_every=2.0 if live else None)(collection, rows)


def _watch(collection: str, rows: int) -> None:
    tables = comparisons(collection)
    if sum(len(table["rows"]) for table in tables) != rows:
        st.rerun()


def take_home(table: Mapping[str, Any]) -> None:
    """Offer the table as CSV, LaTeX and Markdown."""
    from tagrefine_core.experiments.export import to_csv, to_latex, to_markdown

    forms = {"csv": to_csv, "tex": to_latex, "md": to_markdown}
    downloads(
        {ending: write(dict(table)) for ending, write in forms.items()},
        name=f"{table['task']}-{table['collection']}",
        key="take",
    )


def _name(table: Mapping[str, Any]) -> str:
    count = len(table["rows"])
    state = "" if table["state"] == "finished" else " · not finished"
    return (
        f"{ago(table['created'])} · {TASKS[table['task']][0]} · {count} {'method' if count == 1 else 'methods'}"
        f" · {_backbone(table)}{state}"
    )


def _backbone(table: Mapping[str, Any]) -> str:
    return BACKBONES.get(table["backbone"], str(table["backbone"]))
