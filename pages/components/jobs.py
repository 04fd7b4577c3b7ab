"""Cards of background jobs: progress, time left, cancel, and what went wrong."""

from collections.abc import Mapping, Sequence
from typing import Any

import streamlit as st

from pages.components.header import duration
from pages.components.plainly import plainly
from pages.components.setting_words import told
from pages.components.text import plain
from pages.state import choose, store
from tagrefine_core import jobs, workflow
from tagrefine_core.errors import TagRefineError
from tagrefine_core.jobs import LIVE, TRAINS
from tagrefine_core.store import JobRecord
from tagrefine_core.workflow import Work

__all__ = ["begin", "ended_card", "job_cards", "live_card", "live_jobs", "resume"]

_TITLES = {
    "demo": "Making the demo collection",
    "import": "Importing {}",
    "export": "Exporting the tags of {}",
    "map": "Drawing the map of {}",
    "train": "Training on {}",
    "benchmark": "Comparing methods on {}",
    "ablate": "Measuring the parts of the model on {}",
    "noise": "Measuring methods on {} under noise",
    "refine": "Writing the refined tags of {}",
    "reproduce": "Doing the paper's experiments on {}",
    "setup": "Getting WordNet",
    "tune": "Searching settings on {}",
}
_ENDED = {
    "failed": "did not work",
    "interrupted": "was interrupted: its process ended early",
    "cancelled": "was cancelled",
}


def begin(
    command: str, collection: str, options: Mapping[str, Any] | None = None, *, run_id: str | None = None
) -> bool:
    """Start a job; a reason why it cannot start is shown instead of raised.

    Parameters
    ----------
    command : str
        As on the command line.
    collection : str
        What it works on.
    options : mapping, optional
        The command's other parameters, by their names in Python, as JSON values.
    run_id : str, optional
        The run that the command reads.
    """
    return _begin(Work(command, collection, options or {}, run_id))


def _begin(work: Work) -> bool:
    try:
        job = workflow.start_job(store(), work)
    except TagRefineError as error:
        st.session_state["_job_error"] = str(error)
        return False
    _followed().add(job)
    return True


def resume(run_id: str, collection: str) -> bool:
    """Start a job that goes on with a run from its last checkpoint, as `begin` does."""
    return begin("train", collection, {"resume": run_id})


def live_jobs(commands: Sequence[str]) -> list[JobRecord]:
    """Return the jobs of these commands that are at work."""
    return [job for job in jobs.jobs(store()) if job.command in commands and job.state in LIVE]


def job_cards(*commands: str) -> bool:
    """Draw a card for every live job of these commands, and for the latest one when it failed; True when one is live.

    The cards keep themselves up to date. When a job ends the whole page runs again, with what the job made
    as the current collection.
    """
    if message := st.session_state.pop("_job_error", ""):
        st.error(plain(message))
    live = live_jobs(commands)
    _followed().update(job.id for job in live)
    st.fragment(plainly(_cards), run_every=1.0 if live else None)(commands, len(store().collections()))
    return bool(live)


def _followed() -> set[int]:
    """Return the jobs that this visitor has begun or seen at work, and whose end no page has seen yet."""
    followed: set[int] = st.session_state.setdefault("_followed", set())
    return followed


def _cards(commands: Sequence[str], collections: int) -> None:
    latest = [job for job in jobs.jobs(store()) if job.command in commands]
    live = [job for job in latest if job.state in LIVE]
    followed = _followed()
    ended = [job for job in latest if job.id in followed and job not in live]
    if ended:
        followed.difference_update(job.id for job in ended)
        made = next((job for job in ended if job.state == "finished"), None)
        if made is not None:
            choose(collection=made.collection if made.command in ("demo", "import") else None)
        st.rerun()
    if len(store().collections()) != collections or any(job.id not in followed for job in live):
        st.rerun()  # the demo's photos can be looked at while it trains
    for job in live:
        live_card(job)
    if not live and latest:
        ended_card(latest[0])


def live_card(job: JobRecord) -> None:
    """Draw the progress of a live job and the button that stops it; call it inside a fragment."""
    stopping = st.session_state.setdefault("_stopping", set())
    with (
        st.container(border=True, key=f"job_{job.id}"),
        st.container(horizontal=True, vertical_alignment="center"),
    ):
        with st.container():
            share = min(1.0, job.done / job.total) if job.total else 0.0
            count = f" · {job.done:,} of {job.total:,}" if job.total else ""
            left = (
                f" · about {duration(job.seconds_left)} left in this step"
                if job.seconds_left is not None
                else ""
            )
            st.markdown(f"**{_title(job)}**")
            st.progress(share, text=f":gray[{plain((job.stage or 'Starting') + count + left)}]")
        if job.id in stopping:
            st.markdown(":gray[Stopping at the next safe point]", width="content")
        label = "Stop at once" if job.id in stopping else "Cancel"
        st.button(label, key=f"cancel_{job.id}", on_click=_cancel, args=(job.id,))


def _cancel(job_id: int) -> None:
    stopping = st.session_state.setdefault("_stopping", set())
    jobs.cancel(store(), job_id, grace=0.0 if job_id in stopping else 10.0)
    stopping.add(job_id)


def ended_card(job: JobRecord) -> None:
    """Tell why a job ended early, until it is dismissed; nothing for one that did its work."""
    if job.state not in _ENDED or job.id in st.session_state.setdefault("_dismissed", set()):
        return
    run_state = _run_state(job)
    if job.state != "failed" and run_state in ("running", "finished"):
        return  # the run went on since
    draw = st.info if job.state == "cancelled" else st.error
    work = workflow.again(store(), job)
    goes_on = work is not None and "resume" in work.options
    with st.container(key=f"ended_{job.id}", gap="small"):
        draw(f"**{_title(job)}** {_ended_text(job)}" + (" It can go on where it stopped." if goes_on else ""))
        with st.container(horizontal=True, gap="small"):
            label = "Resume" if goes_on else "Try again"
            if work is not None and st.button(label, key=f"again_{job.id}"):
                if _begin(work) and goes_on:
                    st.switch_page("train/page.py")
                st.rerun()
            if st.button("Dismiss", key=f"dismiss_{job.id}", type="tertiary"):
                st.session_state["_dismissed"].add(job.id)
                st.rerun()


def _run_state(job: JobRecord) -> str | None:
    """Return the state of the run that the job has begun, None when it has begun none or that was deleted."""
    if job.run_id is None or job.command not in TRAINS:
        return None
    return next((run.state for run in jobs.run_states(store(), job.collection) if run.id == job.run_id), None)


def _ended_text(job: JobRecord) -> str:
    why = "" if job.state == "cancelled" else job.message
    return _ENDED[job.state] + (f": {plain(told(why))}" if why and job.state == "failed" else ".")


def _title(job: JobRecord) -> str:
    looks = job.command == "export" and (job.options or {}).get("dry_run")
    title = _TITLES.get(job.command, plain(job.command))
    if looks:
        title = "Comparing the tags of {} with what is there"
    elif job.command == "import" and job.run_id:
        title = "Importing {} and learning from it"
    return title.format(plain(job.collection))
