"""The page "Tour": one photo's way from careless tags to refined ones, for a wall."""

import streamlit as st

from pages.components.header import empty, header
from pages.components.setting_words import told
from pages.components.tour import tour
from pages.opening import answers_mark
from pages.state import need_run
from pages.tour.tale import tale
from tagrefine_core.errors import RunError

collection, run = need_run()
wanted = st.query_params.get("photo", "")
step = st.query_params.get("step", "")
try:
    told_by = tale(
        collection,
        run,
        answers_mark(collection, run),
        int(wanted) if wanted.isdecimal() and len(wanted) < 10 else None,
    )
except RunError as error:
    header("A tour", "One photo's way from careless tags to refined ones.")
    empty("This run has no story to tell", told(str(error)), button="Go to Train", page="train/page.py")
    st.stop()
tour(told_by, step=int(step) if step.isdecimal() and len(step) < 3 else 1)
