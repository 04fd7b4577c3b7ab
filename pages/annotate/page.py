"""Annotate: drop in photos that the network has never seen and get tags for them."""

from hashlib import blake2b

import streamlit as st

from pages.annotate.uploads import MOST, TYPES, fitting_limits, tag_photos
from pages.components.bars import bars
from pages.components.header import header
from pages.components.text import plain
from pages.state import need_run, run_name

header("Annotate", "Drop in photos the network has never seen; it says which tags fit, and how sure it is.")
collection, run = need_run()

files = st.file_uploader(
    f"Up to {MOST} photos of at most 20 MB. They stay on this machine and are forgotten afterwards.",
    type=list(TYPES),
    accept_multiple_files=True,
    max_upload_size=20,
    key="photos",
)
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
answers = tag_photos(run.id, run.record.finished, collection.data_hash, digests, contents)
limits = fitting_limits(run.id, run.record.finished, collection, run) if run.current else {}
best = max((score for answer in answers for _, score in answer.tags), default=1.0)
columns = st.columns(3)
for number, (file, answer) in enumerate(zip(files, answers, strict=True)):
    with columns[number % 3], st.container(border=True, key=f"photo_{number}"):
        if answer.picture:
            st.image(answer.picture, width="stretch")
        st.markdown(f"**{plain(file.name)}**")
        if answer.problem:
            st.error(plain(answer.problem))
        else:
            fitting = {tag for tag, score in answer.tags if score >= limits.get(tag, 1.0)}
            st.html(bars(answer.tags, fitting=fitting, full=best))
if limits:
    st.caption("Green tags score as high as the tags that this run adds to its own photos.")
