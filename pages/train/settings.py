"""Every setting of a training run as a widget, by its group; only what differs from the preset is kept."""

from types import NoneType
from typing import Any, Literal, get_args, get_origin

import streamlit as st
from pydantic import BaseModel
from pydantic.fields import FieldInfo

from pages.components.setting_words import GROUPS, LABELS, VALUES, value_words
from pages.components.text import plain
from tagrefine_core.config import TrainConfig
from tagrefine_core.downloads import to_download

__all__ = ["ELSEWHERE", "all_settings", "reset_settings"]

ELSEWHERE = ("preset", "network.weights")
"""Settings that the page itself asks for."""

_COLUMNS = 3


def all_settings(base: TrainConfig) -> dict[str, Any]:
    """Draw the settings, filled in from the preset ``base``, and return those that were changed, by their dotted names."""
    fields = TrainConfig.model_fields
    groups = [name for name in fields if isinstance(getattr(base, name), BaseModel)]
    changed = _widgets("", {name: field for name, field in fields.items() if name not in groups}, base)
    for tab, group in zip(st.tabs([GROUPS[name] for name in groups]), groups, strict=True):
        with tab:
            kind = type(getattr(base, group))
            st.caption(plain(kind.__doc__))
            changed |= _widgets(f"{group}.", kind.model_fields, base)
    return changed


def reset_settings(preset: str) -> None:
    """Put every setting back to what the preset says."""
    for key in [str(key) for key in st.session_state]:
        if key.startswith(f"set_{preset}_") or key in ("weights_source", "weights_file"):
            del st.session_state[key]


def _widgets(prefix: str, fields: dict[str, FieldInfo], base: TrainConfig) -> dict[str, Any]:
    defaults, changed = base.flat(), {}
    asked = [(prefix + leaf, field) for leaf, field in fields.items() if prefix + leaf not in ELSEWHERE]
    for first in range(0, len(asked), _COLUMNS):
        columns = st.columns(_COLUMNS, vertical_alignment="bottom")
        for column, (name, field) in zip(columns, asked[first : first + _COLUMNS], strict=False):
            with column:
                value = _widget(name, field, defaults[name], key=f"set_{base.preset}_{name}")
            if value != defaults[name]:
                changed[name] = value
    return changed


def _widget(name: str, field: FieldInfo, default: Any, *, key: str) -> Any:
    """Draw the widget of a setting by its type, range and description, and return its value."""
    kind, optional = _kind(field)
    label = LABELS[name] + (f" :gray[:small[{plain(name)}]]" if "." in name else "")
    told = {"label": label, "help": _help(field.description or ""), "key": key}
    options = (
        list(get_args(kind))
        if get_origin(kind) is Literal
        else list(VALUES.get(name, ())) if kind is str else []
    )  # fmt: skip
    if options:
        return st.selectbox(
            **told,
            options=options,
            index=options.index(default),
            format_func=lambda value: _option(name, value),
            accept_new_options=kind is str,  # such as blocks:7
        )
    if kind is bool:
        return st.toggle(**told, value=default)
    least, most = _range(field, kind)
    number = {"min_value": least, "max_value": most, "step": 1}
    if kind is float:
        number |= {"step": default / 10 or 0.1, "format": "%g"}
    if optional:
        # Only a number without a default of its own can be emptied.
        st.session_state.setdefault(key, default)
        default = None
    return st.number_input(**told, **number, value=default, placeholder="automatic")


def _help(description: str) -> str:
    return plain(f"{description[:1].upper()}{description[1:]}.")


def _option(name: str, value: Any) -> str:
    """Return a value in words; of a network whose weights are not here, what has to be fetched."""
    size = to_download(value) if name == "network.backbone" else None
    return value_words(name, value) + (f" · downloads {size} MB" if size else "")


def _kind(field: FieldInfo) -> tuple[Any, bool]:
    """Return the type of a setting, and whether it may also be None."""
    parts = get_args(field.annotation)
    if NoneType in parts:
        (kind,) = (part for part in parts if part is not NoneType)
        return kind, True
    return field.annotation, False


def _range(field: FieldInfo, kind: type) -> tuple[Any, Any]:
    """Return the least and the greatest number; an open end of real numbers is left to the check of all settings."""
    apart = int(kind is int)
    limits = {
        name: kind(getattr(limit, name))
        for limit in field.metadata
        for name in ("ge", "gt", "le", "lt")
        if hasattr(limit, name)
    }
    least = limits["ge"] if "ge" in limits else limits["gt"] + apart if "gt" in limits else None
    most = limits["le"] if "le" in limits else limits["lt"] - apart if "lt" in limits else None
    return least, most
