"""Metrics: how much better the refined tags are than the users' own."""

import streamlit as st

from pages.components.curves import loss_charts
from pages.components.header import header
from pages.components.jobs import job_cards
from pages.components.run_names import run_name, run_names
from pages.metrics.handed_out import handed_out, headline, lists, promised
from pages.metrics.measured import (
    USER_TAGS,
    comparison,
    four_measures,
    intervals_of,
    label_chart,
    metrics_of,
    user_tag_metrics,
)
from pages.metrics.one_tag import tag_curves
from pages.metrics.published import TABLES, published
from pages.metrics.report import report_button
from pages.metrics.studies import ablation, noise
from pages.metrics.unmeasured import changes_in_words
from pages.state import need_run, usable_runs

header(
    "Metrics",
    "How well the refined tags fit the photos, beside the tags people gave, where somebody checked the truth.",
)
collection, run = need_run()
if not run.current:
    st.warning(
        "The collection was imported anew after this run, so its numbers speak of the photos as they were."
    )

before = user_tag_metrics(collection)
after = None if before is None else metrics_of(run.record)
if before is None:
    st.info(
        "Nobody has checked which tags are true in this collection, so right and wrong cannot be counted."
        " What can be told is how much changes, what is expected of it, and how the training went."
    )
about = f"{collection.name} · run {run_name(run.record)}"
top = st.container()
st.header("The tags handed out", anchor=False)
found = None
if not run.current:
    st.caption("Train again to see how right the tags handed out are.")
else:
    precision = promised()
    found = handed_out(collection, run, precision)
    report_button(collection, run, precision)
    lists(found, calibrated=run.calibration is not None)
if before is None:
    if found is not None:
        changes_in_words(collection, run, found)
else:
    within = intervals_of(run) if run.current else {}
    with top:
        headline(before, after, None if found is None else found.decisions, within)
    st.header("How tags are ranked", anchor=False)
    four_measures(before, after, within)
    st.header("Runs side by side", anchor=False)
    runs = {other.id: other for other in usable_runs(collection.name)}
    names = run_names(runs.values())
    others = [run_id for run_id in runs if run_id != run.id]
    chosen = []
    if others:
        chosen = st.multiselect(
            "Runs beside the current one",
            others,
            format_func=names.__getitem__,
            max_selections=5,
            placeholder="Add runs to compare",
            label_visibility="collapsed",
            key="beside",
        )
    subjects = {USER_TAGS: before, names[run.id]: after}
    subjects |= {names[run_id]: metrics_of(runs[run_id]) for run_id in chosen}
    comparison(subjects, within, about=about)

job_cards("ablate", "noise")
by_tag, one_tag, parts, spoiled, training, paper = st.tabs(
    ["Tag by tag", "One tag", "Parts of the model", "Under noise", "How training went", "Published results"]
)
with by_tag:
    if before is None:
        st.caption("Needs ground truth.")
    else:
        st.markdown(":gray[Average precision of each tag: 1 when all photos that show it are ranked first.]")
        label_chart(before, after, collection.labels, about=about)
for tab, draw in ((one_tag, tag_curves), (parts, ablation), (spoiled, noise)):
    with tab:
        if before is None:
            st.caption("Needs ground truth.")
        else:
            draw(collection, run)
with training:
    st.markdown(
        ":gray[Smaller losses are better; the monitors show whether the network still tells photos apart.]"
    )
    loss_charts(run.epochs, key="trained", about=about, file="losses")
with paper:
    st.badge("published", color="violet")
    st.markdown(
        "These numbers are printed in the paper. They were measured on other sets of photos, with another network and"
        " other rules for ties, so they stand here for orientation and are not to be compared digit by digit with yours."
    )
    table = st.segmented_control(
        "Table",
        list(TABLES),
        default=list(TABLES)[2],
        required=True,
        key="paper_table",
        label_visibility="collapsed",
    )
    st.dataframe(
        published(table),
        column_config={
            name: st.column_config.NumberColumn(format="%.3f") for name in published(table).columns
        },
        width=760,
        alt="The paper's own table",
    )
    st.caption("“Our model” is the paper's. A gap is a dash in the paper.")
