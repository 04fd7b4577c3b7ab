"""The report of the audit: made when asked for, then handed out as one file."""

import streamlit as st

from pages.components.setting_words import told
from pages.components.text import plain
from tagrefine_core import workflow
from tagrefine_core.collections import Collection
from tagrefine_core.errors import TagRefineError
from tagrefine_core.exchange.report import report_html
from tagrefine_core.runs.run import Run

__all__ = ["report_button"]


def report_button(collection: Collection, run: Run, precision: float) -> None:
    """Draw the button that writes the report, and once it is written the one that hands it out."""
    # It says what holds now: another run, promise or verdict makes another one.
    state = (run.id, precision, run.record.title, collection.store.curation.version(collection.id))
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        kept = st.session_state.get("report")
        if kept and kept[0] == state:
            st.download_button(
                "Download the report",
                kept[1],
                file_name=f"audit-{collection.name}.html",
                mime="text/html",
                on_click="ignore",
                key="take_report",
                icon=":material/download:",
            )
            st.caption("One file that opens anywhere: before and after, verdicts, measures, examples.")
        elif st.button("Write a report", key="write_report", icon=":material/description:"):
            try:
                with st.spinner("Writing the report …"):
                    text = report_html(workflow.audit_report(collection.store, run.id, precision=precision))
            except TagRefineError as error:
                st.error(plain(told(str(error))))
                return
            st.session_state["report"] = (state, text)
            st.rerun()
