"""Train: start a run, watch it, and keep the runs in order."""

import streamlit as st

from pages.components.header import header
from pages.components.jobs import live_jobs
from pages.components.text import plain
from pages.state import need_collection, store
from pages.train.learning import learn_card
from pages.train.live import live_training
from pages.train.runs import compare, run_list
from pages.train.starting import start_form
from tagrefine_core import jobs, workflow

header(
    "Train",
    "A network looks at your photos, their tags and their look-alikes, and learns which tag fits which photo.",
)
collection = need_collection()
if message := st.session_state.pop("_job_error", ""):
    st.error(plain(message))

live = [job for job in live_jobs(jobs.TRAINS) if job.run_id]
live_training([job.id for job in live])
learn_card(collection, busy=bool(workflow.refusal(store(), "train", collection.name)))
if refused := workflow.refusal(store(), "train", collection.name):
    with st.expander("Prepare another run"):
        st.caption(plain(refused))
        start_form(collection, busy=True)
else:
    start_form(collection, busy=False)

runs = jobs.run_states(store(), collection.name)
if runs or not live:
    st.header("Runs", anchor=False)
if runs:
    run_list(runs)
    if len(runs) > 1:
        compare(runs)
elif not live:
    st.caption("No run yet. Choose a preset above and start.")
