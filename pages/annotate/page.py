"""Annotate: drop in photos that the network has never seen and get tags for them."""

from hashlib import blake2b
from pathlib import Path

import numpy as np
import streamlit as st

from pages.annotate.uploads import MOST, TYPES, tag_photos
from pages.components.bars import bars
from pages.components.header import header
from pages.components.promise import in_words, promise
from pages.components.run_names import run_name
from pages.components.text import plain
from pages.components.uploads import LARGEST
from pages.state import need_run
from tagrefine_core.runs.refined import own_limits, told_of

_dropzone = st.components.v2.component(
    "tagrefine_dropzone", js=(Path(__file__).parent / "dropzone.js").read_text(encoding="utf-8")
)

header(
    "Annotate",
    "Drop in photos the network has never seen; it says which tags fit, how sure it is, and when it is not.",
)
collection, run = need_run()

files = st.file_uploader(
    f"Up to {MOST} photos of at most {LARGEST} MB. They stay on this machine and are forgotten afterwards.",
    type=TYPES,
    accept_multiple_files=True,
    max_upload_size=LARGEST,
    key="photos",
)
with st.container(key="unseen"):
    _dropzone(key="dropzone")
if not files:
    st.caption(
        f"Tags come from the {len(collection.vocabulary):,} that the network learned from {plain(collection.name)},"
        f" run {plain(run_name(run.record))}."
    )
    st.stop()
if len(files) > MOST:
    st.warning(f"These are {len(files)} photos; the first {MOST} are tagged.")
    files = files[:MOST]

contents = [file.getvalue() for file in files]
digests = [blake2b(content, digest_size=16).hexdigest() for content in contents]
with st.container(width=366):
    precision = promise("tags")
answers = tag_photos(
    run.id,
    run.record.finished,
    collection.data_hash,
    [collection.vocabulary[column] for column in np.flatnonzero(told_of(run, collection))],
    own_limits(collection),
    precision,
    digests,
    contents,
)
st.caption(
    f"A tag is sure from that probability on at which {in_words(precision)} tags that this run adds to its own photos are "
    f"expected to be right, or that you set for it on the Tags page. Tags that a picture cannot tell are left out."
)
columns = st.columns(3)
for number, (file, answer) in enumerate(zip(files, answers, strict=True)):
    with columns[number % 3], st.container(border=True, key=f"photo_{number}"):
        if answer.picture:
            st.image(answer.picture, width="stretch")
        st.markdown(f"**{plain(file.name)}**")
        if answer.problem:
            st.error(plain(answer.problem))
            continue
        if answer.sure:
            st.html(bars(answer.sure, sure=True))
        else:
            st.markdown(":gray[Nothing sure.]")
        if answer.doubtful:
            with st.expander("The likeliest that are not sure"):
                st.html(bars(answer.doubtful, sure=False))
