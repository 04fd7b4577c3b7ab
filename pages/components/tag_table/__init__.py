"""A table of thousands of tags: sort by every column, search, choose one; only the rows in view exist."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import streamlit as st

from pages.components.base import script, styles

__all__ = ["tag_table"]

_HERE = Path(__file__).parent
_component = st.components.v2.component(
    "tagrefine_tag_table",
    html='<div class="root"></div>',
    css=styles(_HERE / "tag_table.css"),
    js=script(_HERE / "rows.js") + (_HERE / "tag_table.js").read_text(encoding="utf-8"),
)


def tag_table(
    columns: dict[str, list[Any]],
    *,
    enough: float,
    chosen: str | None,
    order: str,
    first: str,
    on_choose: Callable[[], None],
    on_order: Callable[[], None],
) -> None:
    """Draw the table; ``st.session_state["tag_table"]`` holds ``chosen``, a tag, and ``order``, how it is sorted.

    Parameters
    ----------
    columns : dict of str to list, all of one length
        ``tag``; ``given``, ``added``, ``removed``, ``kept`` (int or None where it is not known); ``seen`` and ``right`` with
        ``_low`` and ``_high`` (in [0, 1], or None); ``decision`` (words); ``told`` (bool, whether the tag is judged); ``gone``
        (bool, whether it is no tag of the collection any more). Others are left to the page.
    enough : float
        Where the mark is on the bars of ``seen``: the lower end of the interval has to reach it.
    chosen : str or None
        The tag that is open.
    order : str
        One of the columns, with a minus before it where the largest is first; "" for ``first``.
    first : str
        What comes first while no column is clicked: "changes" or "given".
    on_choose, on_order : callable
        Called when a tag is clicked, and when the table is sorted anew.
    """
    _component(
        key="tag_table",
        data={"columns": columns, "enough": enough, "chosen": chosen, "order": order, "first": first},
        default={"chosen": chosen, "order": order},
        on_chosen_change=on_choose,
        on_order_change=on_order,
    )
