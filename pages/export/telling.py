"""What an export would change, what it did, and the way back."""

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

import pandas as pd
import streamlit as st

from pages.components.header import ago
from pages.components.setting_words import told
from pages.components.text import plain
from tagrefine_core import jobs, workflow
from tagrefine_core.collections import Collection
from tagrefine_core.errors import TagRefineError
from tagrefine_core.store import JobRecord, Store

__all__ = ["latest", "tell_plan", "tell_written", "way_back"]


class _Undone(NamedTuple):
    """What this visitor has put back last: the last export before it, and what became of the files."""

    job: int | None = None
    words: str = ""


def latest(store: Store, collection: str, run_id: str | None, options: Mapping[str, Any]) -> JobRecord | None:
    """Return the last export of a collection, where it is finished, was asked the same, and nothing was put back since."""
    last = next(
        (job for job in jobs.jobs(store) if job.command == "export" and job.collection == collection), None
    )
    if last is None or last.state != "finished" or last.run_id != run_id or last.id == _undone().job:
        return None
    default = {"precision": workflow.Export.precision}
    told_last = default | {name: value for name, value in (last.options or {}).items() if name != "dry_run"}
    return last if told_last == default | dict(options) else None


def tell_plan(plan: Mapping[str, Any], *, on_write: Callable[[], None]) -> None:
    """Draw counts, then photo by photo, then the button that writes."""
    cells = st.columns(4)
    for cell, words, name in zip(
        cells,
        ("Photos that change", "Tags added", "Tags removed", "Files to write"),
        ("changed", "added", "removed", "files"),
        strict=True,
    ):
        cell.metric(words, f"{plan[name]:,}", border=True)
    for note in plan["notes"]:
        st.info(plain(note))
    if not plan["files"]:
        st.success("Nothing to write: all is as it shall be.")
    else:
        new = f"{plan['new']:,} of them new" if plan["new"] else "none of them new"
        st.button(
            f"Write {plan['files']:,} {'file' if plan['files'] == 1 else 'files'}",
            key="write",
            type="primary",
            on_click=on_write,
            help=f"{new}; what is replaced is kept first.",
        )
    if plan["photos"]:
        _table(
            [
                (one["file_name"], ", ".join(one["added"]), ", ".join(one["removed"]))
                for one in plan["photos"]
            ],
            ("Photo", "Added", "Removed"),
            plan["changed"],
        )
    if plan["left"]:
        st.header("Left as they are", anchor=False)
        _table([(one["file_name"], one["reason"]) for one in plan["left"]], ("Photo", "Why"), plan["refused"])


def tell_written(done: Mapping[str, Any]) -> None:
    """Say what was written."""
    if done["undo"] is None:
        st.success("Nothing was written: all is as it shall be.")
        return
    st.success(f"{done['written']:,} {'file was' if done['written'] == 1 else 'files were'} written.")
    if done["refused"]:
        st.warning(
            f"{done['refused']:,} photos were left as they are, such as {plain(done['left'][0]['file_name'])}."
        )


def way_back(store: Store, collection: Collection) -> None:
    """Draw the button that puts back what the last export of a collection replaced, whatever was asked since."""
    asked = [job for job in jobs.jobs(store) if job.command == "export" and job.collection == collection.name]
    if asked and asked[0].id == _undone().job:
        st.info(plain(_undone().words))
    kept = set(workflow.exports(store))
    last = next((job for job in asked if (job.result or {}).get("undo") in kept), None)
    if last is None or last.result is None:
        return
    number, when = last.result["undo"], ago(last.created)
    with st.container(horizontal=True, vertical_alignment="center", key="way_back"):
        back = st.button("Put everything back", key="undo", width="content")
        st.caption(
            f"As it was before the export of {when} into"
            f" {plain((last.options or {}).get('out') or collection.root)}. What was replaced lies in"
            f" {plain(store.home / 'exports' / number)}."
        )
    if not back:
        return
    try:
        with st.spinner("Putting files back"):
            found = workflow.undo_export(store, number)
    except TagRefineError as error:
        st.error(plain(told(str(error))))
        return
    words = f"{found.restored:,} files put back, {found.removed:,} taken away."
    if found.left:
        words += f" {len(found.left):,} were changed since and stay."
    st.session_state["_undone"] = _Undone(asked[0].id, words)
    st.rerun()


def _undone() -> _Undone:
    found: _Undone = st.session_state.get("_undone", _Undone())
    return found


def _table(rows: list[tuple[str, ...]], head: tuple[str, ...], total: int) -> None:
    st.dataframe(
        pd.DataFrame(rows, columns=list(head)),
        hide_index=True,
        alt="Photo by photo",
        height="content" if len(rows) < 12 else 440,
    )
    if total > len(rows):
        st.caption(
            f"The first {len(rows):,} of {total:,}; the command line lists them all: export --dry-run --json."
        )
