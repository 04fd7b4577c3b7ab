"""Cards of background jobs: progress, time left, cancel, and what went wrong."""

from collections.abc import Sequence

import streamlit as st

from pages.components.header import duration
from pages.components.text import plain
from pages.state import choose, store
from tagrefine_core import jobs
from tagrefine_core.errors import TagRefineError
from tagrefine_core.store import JobRecord

__all__ = ["begin", "ended_card", "job_cards", "live_card", "live_jobs", "resume"]

LIVE = ("starting", "running")

_TITLES = {
    "demo": "Making the demo collection",
    "import": "Importing {}",
    "train": "Training on {}",
    "evaluate": "Measuring {}",
    "benchmark": "Comparing methods on {}",
    "ablate": "Taking the model apart on {}",
    "noise": "Spoiling the tags of {} to see what is recovered",
}
_ENDED = {
    "failed": "did not work",
    "interrupted": "was interrupted: its process ended early",
    "cancelled": "was cancelled",
}


def begin(arguments: Sequence[str], *, collection: str | None = None) -> bool:
    """Start a job; a reason why it cannot start is shown instead of raised."""
    try:
        job = jobs.start(store(), list(arguments), collection=collection)
    except TagRefineError as error:
        st.session_state["_job_error"] = str(error)
        return False
    _followed().add(job)
    return True


def resume(run_id: str, collection: str) -> bool:
    """Start a job that goes on with a run from its last checkpoint, as `begin` does."""
    return begin(["train", f"--resume={run_id}", "--", collection], collection=collection)


def live_jobs(kinds: Sequence[str]) -> list[JobRecord]:
    """Return the jobs of these kinds that are at work."""
    return [job for job in jobs.jobs(store()) if job.kind in kinds and job.state in LIVE]


def job_cards(*kinds: str) -> bool:
    """Draw a card for every live job of these kinds, and for the latest one when it failed; True when one is live.

    The cards keep themselves up to date. When a job ends the whole page runs again, with what the job made
    as the current collection or run.
    """
    if message := st.session_state.pop("_job_error", ""):
        st.error(plain(message))
    live = live_jobs(kinds)
    _followed().update(job.id for job in live)
    st.fragment(_cards, run_every=1.0 if live else None)(kinds, len(store().collections()))
    return bool(live)


def _followed() -> set[int]:
    """Return the jobs that this visitor has begun or seen at work, and whose end no page has seen yet."""
    followed: set[int] = st.session_state.setdefault("_followed", set())
    return followed


def _cards(kinds: Sequence[str], collections: int) -> None:
    latest = [job for job in jobs.jobs(store()) if job.kind in kinds]
    live = [job for job in latest if job.state in LIVE]
    followed = _followed()
    ended = [job for job in latest if job.id in followed and job not in live]
    if ended:
        followed.difference_update(job.id for job in ended)
        made = next((job for job in ended if job.state == "finished"), None)
        if made is not None:
            choose(collection=made.collection if made.kind in ("demo", "import") else None, run=made.run_id)
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
    run_id = job.run_id if run_state in ("interrupted", "cancelled") else None
    with st.container(key=f"ended_{job.id}", gap="small"):
        draw(f"**{_title(job)}** {_ended_text(job)}" + (" It can go on where it stopped." if run_id else ""))
        with st.container(horizontal=True, gap="small"):
            if st.button("Resume" if run_id else "Try again", key=f"again_{job.id}"):
                if run_id and resume(run_id, job.collection):
                    st.switch_page("train/page.py")
                elif not run_id:
                    begin(job.arguments, collection=job.collection)
                st.rerun()
            if st.button("Dismiss", key=f"dismiss_{job.id}", type="tertiary"):
                st.session_state["_dismissed"].add(job.id)
                st.rerun()


def _run_state(job: JobRecord) -> str | None:
    """Return the state of the run that the job has begun, None when it has begun none or that was deleted."""
    if job.run_id is None or job.kind not in ("train", "demo"):
        return None
    return next((run.state for run in jobs.run_states(store(), job.collection) if run.id == job.run_id), None)


def _ended_text(job: JobRecord) -> str:
    why = "" if job.state == "cancelled" else job.message
    return _ENDED[job.state] + (f": {plain(why)}" if why and job.state == "failed" else ".")


def _title(job: JobRecord) -> str:
    return _TITLES.get(job.kind, plain(job.kind)).format(plain(job.collection))
