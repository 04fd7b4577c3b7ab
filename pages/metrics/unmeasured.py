"""What can be said about a run without ground truth: how much it would change."""

import streamlit as st

from tagrefine_core.collections import Collection
from tagrefine_core.runs.refined import told_of
from tagrefine_core.runs.run import Run
from tagrefine_core.workflow import HandedOut

__all__ = ["changes_in_words"]


def changes_in_words(collection: Collection, run: Run, found: HandedOut) -> None:
    """Draw how many tags the run keeps, adds, removes and leaves alone where ``found`` was measured."""
    added, removed = found.expected.added.total, found.expected.removed.total
    untold = int((~told_of(run, collection))[collection.tags.indices].sum())
    kept = collection.tags.nnz - removed - untold
    given = max(1, collection.tags.nnz)
    cells = st.columns(4)
    for cell, name, count, beside in (
        (cells[0], "Tags kept", kept, f"{kept / given:.0%} of those given"),
        (cells[1], "Tags added", added, f"{added / collection.n:.1f} a photo"),
        (cells[2], "Tags removed", removed, f"{removed / given:.0%} of those given"),
        (cells[3], "Tags that a picture cannot tell", untold, f"{untold / given:.0%} of those given"),
    ):
        cell.metric(name, f"{count:,}", beside, delta_color="off", border=True)
