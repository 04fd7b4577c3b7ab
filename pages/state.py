"""What every page asks for: the store, the current collection, the current run.

Both choices are widgets of the shell, bound to the address (``?collection=NAME&run=ID``), so they survive
page switches, reloads and a restart of the app.
"""

import streamlit as st

from pages.components.choice import remembered, told
from pages.components.header import empty
from pages.components.run_names import run_name, run_names
from pages.components.text import plain
from pages.opening import open_collection, open_run, open_store
from tagrefine_core.collections import Collection
from tagrefine_core.runs.run import Run
from tagrefine_core.store import CollectionRecord, RunRecord, Store
from tagrefine_core.workflow import best_run

__all__ = [
    "choose",
    "choosers",
    "current_collection",
    "current_run",
    "names_of_runs",
    "need_collection",
    "need_run",
    "store",
    "usable_runs",
]


def store() -> Store:
    """Return the store of the home folder."""
    return open_store()


def current_collection() -> Collection | None:
    """Return the collection chosen in the header, or None in an empty home."""
    name = st.session_state.get("collection")
    record = next((record for record in store().collections() if record.name == name), None)
    return None if record is None else open_collection(record)


def current_run() -> Run | None:
    """Return the run chosen in the header, or None when the collection has no finished run."""
    run_id = st.session_state.get("run")
    collection = st.session_state.get("collection")
    record = next((run for run in store().runs(collection) if run.id == run_id), None) if collection else None
    return None if record is None else open_run(record)


def need_collection() -> Collection:
    """Return the current collection, or show what to do without one and end the page."""
    collection = current_collection()
    if collection is None:
        empty(
            "There are no photos yet",
            "Make the demo collection with one click, or import your own photos.",
            button="Go to Collection",
            page="collection/page.py",
        )
        st.stop()
    return collection


def need_run() -> tuple[Collection, Run]:
    """Return the current collection and run, or show what to do without them and end the page."""
    collection = need_collection()
    run = current_run()
    if run is None:
        empty(
            "Nothing has been learned from these photos yet",
            "Train once; afterwards this page shows the result.",
            button="Go to Train",
            page="train/page.py",
        )
        st.stop()
    return collection, run


def choose(*, collection: str | None = None, run: str | None = None) -> None:
    """Make another collection or run the current one from the next run of the page on (``st.rerun()``, ``on_click``)."""
    st.session_state["_next"] = {"collection": collection, "run": run}


def usable_runs(collection: str) -> list[RunRecord]:
    """Return the runs whose scores can be looked at, the newest first."""
    return [run for run in store().runs(collection) if run.state == "finished"]


def names_of_runs(collection: str) -> dict[str, str]:
    """Return the names of the runs that can be looked at, the newest first; of several, which is best and which newest."""
    runs = usable_runs(collection)
    if len(runs) < 2:
        return run_names(runs)
    best = best_run(store(), collection)
    return run_names(runs, best=best and best.id, newest=runs[0].id)


def choosers() -> None:
    """Draw the current collection and run at the right of the header, where one click changes them; say when there is a new run."""
    for key, value in st.session_state.pop("_next", {}).items():
        if value is not None:
            st.session_state[key] = st.query_params[key] = value
            told(key)  # else the address of before would count as a way back
    records = {record.name: record for record in store().collections()}
    if not records:
        return
    with st.container(
        key="current", horizontal=True, horizontal_alignment="right", vertical_alignment="center", gap="small"
    ):
        name = _chooser(
            "Collection", "collection", {name: _title(record) for name, record in records.items()}
        )
        runs = names_of_runs(name)
        if runs:
            _chooser("Run", "run", runs)
        else:
            st.session_state.pop("run", None)
            st.query_params.pop("run", None)
            st.markdown(":small[:gray[no finished run]]", width="content")
    _new_run(name)


def _new_run(collection: str) -> None:
    """Offer a run that ended since this visitor came; it never takes the place of the one that is looked at."""
    ended = max(usable_runs(collection), key=lambda run: run.finished or "", default=None)
    if ended is None:
        return
    seen: dict[str, str] = st.session_state.setdefault("_seen_runs", {})
    moment = ended.finished or ""
    if ended.id == st.session_state.get("run") or moment <= seen.setdefault(collection, moment):
        seen[collection] = moment
        return
    with st.container(key="new_run", border=True, horizontal=True, vertical_alignment="center"):
        st.markdown(f"A new run is ready: **{plain(run_name(ended))}**. You still see the one you chose.")
        st.button(
            "See the new run", key="see_new_run", type="primary", on_click=choose, kwargs={"run": ended.id}
        )
        if st.button("Not now", key="not_now", type="tertiary"):
            seen[collection] = moment
            st.rerun()


def _chooser(label: str, key: str, names: dict[str, str]) -> str:
    """Draw one choice, kept in the address by its own name (`bind` would put what is shown there).

    A link to another page has an address that says nothing of it; and the browser knows an option by what it shows, which changes:
    another run becomes the newest, this one gets a title. So what was chosen, and how it was shown, is remembered here, too.
    """
    drawn: dict[str, tuple[str, dict[str, str]]] = st.session_state.setdefault("_drawn", {})
    before, shown = drawn.get(key, ("", {}))
    value = remembered(key)
    if value not in names:
        value = shown.get(str(value), before)
    st.session_state[key] = value if value in names else next(iter(names))
    chosen = st.selectbox(
        label, list(names), key=key, label_visibility="collapsed", format_func=names.__getitem__, width=215
    )
    if st.query_params.get(key) != chosen:
        st.query_params[key] = chosen
    told(key)
    drawn[key] = (str(chosen), {words: name for name, words in names.items()})
    return str(chosen)


def _title(record: CollectionRecord) -> str:
    return f"{record.name} · {record.images:,} photos"
