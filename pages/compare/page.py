"""The page "Compare": any set of methods on the same photos, by the same rules, side by side."""

from pathlib import Path

import streamlit as st

from pages.compare.found import comparisons, watch
from pages.compare.starting import start_form
from pages.compare.table import results
from pages.components.header import empty, header
from pages.components.jobs import job_cards, live_jobs
from pages.state import need_collection

header(
    "Compare methods",
    "Which method finds the tags that fit these photos best? All get the same photos, described by the same network, and as many tries.",
)
st.html(Path(__file__).with_name("compare.css"))
collection = need_collection()
if collection.truth is None:
    empty(
        "Nobody has checked which tags are true here",
        "Methods can only be compared on photos with true labels. Import a collection with labels, or make the demo.",
        button="Go to Collection",
        page="collection/page.py",
    )
    st.stop()

live = job_cards("benchmark")
busy = any(job.collection == collection.name for job in live_jobs(["benchmark"]))
tables = comparisons(collection.name)
watch(collection.name, sum(len(table["rows"]) for table in tables), live)
if tables:
    # The form needs every method's code, which takes seconds the first time: it is filled in when the table stands.
    form = st.expander("Compare anew")
    results(collection, tables, busy=busy)
    with form:
        start_form(collection)
else:
    with st.container(border=True, key="card_start"):
        start_form(collection)
    st.caption(
        "There is no comparison of these photos yet. Choose a task and methods, then start; the table fills method by method."
    )
