"""The tags of one photo, in the order a curator reads them."""

from types import SimpleNamespace

import numpy as np
from scipy import sparse

from tagrefine_core.refinement.photo import PhotoTag, photo_tags
from tagrefine_core.store import TagRecord

VOCABULARY = ("beach", "dog", "flower", "sea", "sky", "london", "nice")


def one_row(values: dict[str, float]) -> sparse.csr_matrix:
    columns = sorted(VOCABULARY.index(tag) for tag in values)
    data = np.array([values[VOCABULARY[column]] for column in columns], dtype=np.float32)
    return sparse.csr_matrix((data, columns, [0, len(columns)]), shape=(1, len(VOCABULARY)))


def test_order_and_notes() -> None:
    scores = np.array([[0.6, 0.0, 0.8, 0.4, 0.9, 0.3, 0.7]], dtype=np.float32)
    collection = SimpleNamespace(
        vocabulary=VOCABULARY,
        raw_tags=lambda row: ["seas", "Nikon", "nice", "dogs", "doggy", "London", "flower", "Nikon"],
        tag_positions=one_row({"sea": 1, "nice": 3, "dog": 4, "london": 6, "flower": 7}),
    )
    changes = SimpleNamespace(
        added=one_row({"beach": 0.6, "sky": 0.9}),
        removed=one_row({"dog": 0.0}),  # a score of 0 is still a change
        kept=one_row({"flower": 0.8, "sea": 0.4}),
        untold=one_row({"london": 0.3, "nice": 0.7}),
    )
    records = {
        "seas": TagRecord("seas", 1, "merged", "sea", "plural"),
        "dogs": TagRecord("dogs", 1, "merged", "dog", "plural"),
        "doggy": TagRecord("doggy", 1, "merged", "dog", "child's word"),
        "flower": TagRecord("flower", 1, "kept", "flower", ""),
        "nice": TagRecord("nice", 1, "kept", "nice", ""),
        "London": TagRecord("London", 1, "merged", "london", "upper case"),
        "Nikon": TagRecord("Nikon", 2, "dropped", None, "not in WordNet"),
    }
    score = {tag: float(scores[0, column]) for column, tag in enumerate(VOCABULARY)}
    assert photo_tags(collection, changes, scores, records, 0) == [
        PhotoTag("sky", "added", 4, score["sky"]),
        PhotoTag("beach", "added", 0, score["beach"]),
        PhotoTag("sea", "kept", 3, score["sea"], "written as seas"),
        PhotoTag("flower", "kept", 2, score["flower"]),
        PhotoTag("dog", "removed", 1, 0.0, "written as dogs, doggy"),
        PhotoTag("nice", "untold", 6, score["nice"]),
        PhotoTag("london", "untold", 5, score["london"], "written as London"),
        PhotoTag("Nikon", "dropped", None, None, "not in WordNet"),
    ]


def test_a_path_is_told_with_each_of_its_tags() -> None:
    path = "Nature|Sea|Beach"
    collection = SimpleNamespace(
        vocabulary=VOCABULARY, raw_tags=lambda row: [path], tag_positions=one_row({"beach": 1, "sea": 1})
    )
    nothing = one_row({})
    changes = SimpleNamespace(
        added=nothing, removed=one_row({"sea": 0.1}), kept=one_row({"beach": 0.6}), untold=nothing
    )
    records = {path: TagRecord(path, 1, "merged", "beach", f"level of {path}", ("sea",))}
    found = photo_tags(collection, changes, np.full((1, len(VOCABULARY)), 0.5, np.float32), records, 0)
    assert [(one.tag, one.state, one.note) for one in found] == [
        ("beach", "kept", f"written as {path}"),
        ("sea", "removed", f"written as {path}"),
    ]
