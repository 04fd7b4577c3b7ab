"""What a visitor says of an export: in which format, and where to."""

from pathlib import Path
from typing import Any

import streamlit as st

from pages.components.choice import choice
from pages.components.text import plain
from tagrefine_core.collections import Collection

__all__ = ["asked"]

_FORMATS = {
    "xmp": (
        "XMP, for Lightroom, digiKam, darktable",
        "Keywords in an .xmp file beside each photo, or inside it. All else in there stays as it is.",
    ),
    "txt": ("Text files", "IMG.jpg.txt beside each photo; one that is there keeps its own form."),
    "csv": ("CSV table", "metadata.csv, one row a photo. TagRefine reads it back."),
    "jsonl": ("JSON lines", "metadata.jsonl, one row a photo. TagRefine reads it back."),
    "coco": ("COCO", "coco.json: images, categories and which photo has which."),
    "imagefolder": (
        "Folder for training (imagefolder)",
        "Copies of the photos with metadata.jsonl, as Hugging Face reads it.",
    ),
}
_PLACES = {
    "in_place": "Where the photos are",
    "out": "In another folder",
}


def asked(collection: Collection) -> dict[str, Any]:
    """Draw the choices and return the options of the command ``export``."""
    names = {name: words for name, (words, _) in _FORMATS.items()}
    form = choice("Format", names, key="format", default="xmp")
    st.caption(_FORMATS[str(form)][1])
    options: dict[str, Any] = {"format": form}
    place: str | None = "out"
    if form in ("txt", "xmp"):
        place = choice("Where", _PLACES, key="where", default="in_place", draw=st.segmented_control)
    if form == "xmp" and st.toggle("Write into the photos themselves", key="embed"):
        options["embed"] = True
        words = (
            "The photos are opened for writing." if place == "in_place" else "Copies of the photos get them."
        )
        st.caption(f"{words} Pictures stay as they are, pixel by pixel.")
    if place == "in_place":
        st.caption(
            f"The folder is {plain(collection.root)}, on the machine where TagRefine runs. What is replaced is kept, so that it can be put back."
        )
        return options | {"in_place": True}
    typed = st.text_input(
        "Folder on the machine where TagRefine runs",
        placeholder="/home/me/refined",
        key="out",
        help="It is made when it is not there.",
    )
    if typed.strip():
        options["out"] = str(Path(typed.strip()).expanduser().absolute())
    return options
