"""What can be said about a run without ground truth: how much it would change."""

import streamlit as st

from pages.state import store
from tagrefine_core import workflow
from tagrefine_core.collections import Collection
from tagrefine_core.runs.run import Run

__all__ = ["changes_in_words"]


def changes_in_words(collection: Collection, run: Run) -> None:
    """Draw how many tags the run keeps, adds and removes."""
    changes = workflow.changes_of(store(), run.id)
    kept, added, removed = (int(getattr(changes, name).nnz) for name in ("kept", "added", "removed"))
    given = max(1, kept + removed)
    cells = st.columns(3)
    cells[0].metric(
        "Tags kept", f"{kept:,}", f"{kept / given:.0%} of those given", delta_color="off", border=True
    )
    cells[1].metric(
        "Tags added", f"{added:,}", f"{added / collection.n:.1f} a photo", delta_color="off", border=True
    )
    cells[2].metric(
        "Tags removed",
        f"{removed:,}",
        f"{removed / given:.0%} of those given",
        delta_color="off",
        border=True,
    )
