"""All tags as a table of thousands of rows, and the bench of the one that is open; neither needs a run of the page."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import streamlit as st

from pages.components.base import DECIDING, script, styles

__all__ = ["tag_table"]

_HERE = Path(__file__).parent
_SCRIPTS = ("rows.js", "curve.js", "lane.js", "bench.js", "tag_table.js")
_component = st.components.v2.component(
    "tagrefine_tag_table",
    html='<div class="root"></div>',
    css=styles(_HERE, "tag_table.css", "bench.css", base=["reasons.css", "parts.css"]),
    js=script(_HERE, *_SCRIPTS, base=DECIDING),
)


def tag_table(
    columns: dict[str, list[Any]],
    *,
    collection: int,
    name: str,
    run: str | None,
    precision: float,
    version: int,
    enough: float,
    chosen: str | None,
    order: str,
    first: str,
    on_choose: Callable[[], None],
    on_order: Callable[[], None],
) -> None:
    """Draw the table and the bench; ``st.session_state["tag_table"]`` holds ``chosen``, a tag, and ``order``, how it is sorted.

    Parameters
    ----------
    columns : dict of str to list, all of one length
        ``tag``; ``given``, ``added``, ``removed``, ``kept`` (int or None where it is not known); ``seen`` and ``right`` with
        ``_low`` and ``_high`` (in [0, 1], or None); ``decision`` (words); ``told`` (bool, whether the tag is judged); ``rule``
        and ``limit``, what people said of it; ``gone`` (bool, whether it is no tag of the collection any more).
    collection, name : int, str
        Number and name of the collection.
    run : str or None
        Id of the run; None where nothing has been learned from these photos.
    precision : float
        That the numbers are for.
    version : int
        The last step of what people decided that the table knows of.
    enough : float
        Where the mark is on the bars of ``seen``: the lower end of the interval has to reach it.
    chosen : str or None
        The tag that is open.
    order : str
        One of the columns, with a minus before it where the largest is first; "" for ``first``.
    first : str
        What comes first while no column is clicked: "changes" or "given".
    on_choose, on_order : callable
        Called some time after a tag was clicked, and when the table is sorted anew.
    """
    _component(
        key="tag_table",
        data={
            "columns": columns,
            "collection": collection,
            "name": name,
            "run": run or "",
            "precision": precision,
            "version": version,
            "enough": enough,
            "chosen": chosen,
            "order": order,
            "first": first,
        },
        default={"chosen": chosen, "order": order},
        on_chosen_change=on_choose,
        on_order_change=on_order,
    )
