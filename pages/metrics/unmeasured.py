"""What can be said about a run without ground truth: how much it would change."""

import streamlit as st

from pages.state import store
from tagrefine_core import workflow
from tagrefine_core.collections import Collection
from tagrefine_core.runs.run import Run

__all__ = ["changes_in_words"]


def changes_in_words(collection: Collection, run: Run) -> None:
    """Draw how many tags the run keeps, adds, removes and leaves alone."""
    changes = workflow.changes_of(store(), run.id)
    kept, added, removed, untold = (
        int(getattr(changes, name).nnz) for name in ("kept", "added", "removed", "untold")
    )
    given = max(1, kept + removed + untold)
    cells = st.columns(4)
    for cell, name, count, beside in (
        (cells[0], "Tags kept", kept, f"{kept / given:.0%} of those given"),
        (cells[1], "Tags added", added, f"{added / collection.n:.1f} a photo"),
        (cells[2], "Tags removed", removed, f"{removed / given:.0%} of those given"),
        (cells[3], "Tags that a picture cannot tell", untold, f"{untold / given:.0%} of those given"),
    ):
        cell.metric(name, f"{count:,}", beside, delta_color="off", border=True)
