"""Merges to look at again: told by the photos of both sides, on a collection of known features."""

from types import SimpleNamespace

import numpy as np
import pytest

from tagrefine_core import workflow
from tagrefine_core.collections import Collection, ImageChecks, Source, write_collection
from tagrefine_core.store import Store, TagRecord

# Photos, the words on them, and which of three things they show.
GROUPS = (
    (20, ["glass"], 0),
    (20, ["glasses"], 1),
    (4, ["glass", "glasses"], 0),
    (20, ["dog"], 2),
    (20, ["dogs"], 2),
    (20, ["cat"], 0),
    (20, ["CAT"], 1),
    (5, ["doggy"], 1),
    (20, ["sea"], 0),
    (20, ["sae"], 1),
)
TAGS = {"glasses": "glass", "dogs": "dog", "CAT": "cat", "doggy": "dog", "sae": "sea"}


@pytest.fixture
def collection(tmp_path):
    tags = [words for count, words, _ in GROUPS for _ in range(count)]
    n = len(tags)
    spellings = sorted({word for words in tags for word in words})
    counts = {word: sum(word in words for words in tags) for word in spellings}
    decisions = [
        TagRecord(
            word, counts[word], "merged" if word in TAGS else "kept", TAGS.get(word, word), f"why {word}"
        )
        for word in spellings
    ]
    return write_collection(
        Store(tmp_path),
        Source("folder", tmp_path, [f"{row}.jpg" for row in range(n)], tags, [None] * n),
        ImageChecks(np.arange(n), np.full((n, 2), 9, np.int32), np.full(n, 9), []),
        name="c",
        kind="folder",
        vocabulary=["cat", "dog", "glass", "sea"],
        label_columns=np.zeros(0, np.int64),
        decisions=decisions,
    )


@pytest.fixture
def run():
    shows = np.repeat([thing for _, _, thing in GROUPS], [count for count, *_ in GROUPS])
    noise = np.random.default_rng(0).normal(scale=0.3, size=(len(shows), 16))
    return SimpleNamespace(features=(np.eye(16)[shows] + noise).astype(np.float16))


def test_only_merges_whose_photos_differ_are_listed(collection, run):
    found = workflow.doubtful_merges(collection, run)
    assert {one.spelling for one in found} == {"glasses", "sae"}, (
        "CAT is spelled like cat, doggies are too few, dogs look like a dog"
    )
    glasses = next(one for one in found if one.spelling == "glasses")
    assert (glasses.tag, glasses.reason) == ("glass", "why glasses")
    assert (glasses.photos, glasses.others) == (24, 20), "photos with both words are photos of the spelling"
    assert glasses.look < 0.5
    assert {*glasses.rows} <= {*range(20, 44)} and {*glasses.other_rows} <= {*range(20)}
    assert len(glasses.rows) == len(glasses.other_rows) == 3
    assert [one.look for one in found] == sorted(one.look for one in found)
    assert workflow.doubtful_merges(collection, run, top=1) == found[:1]


def test_what_somebody_decided_on_is_not_asked_again(collection, run):
    workflow.set_alias(collection.store, "c", "glasses", "glasses")
    again = Collection.open(collection.store, "c")
    assert [one.spelling for one in workflow.doubtful_merges(again, run)] == ["sae"]


def test_without_merges_there_is_nothing_to_review(collection, run):
    with collection.store.transaction() as connection:
        connection.execute("UPDATE raw_tags SET raw = lower(tag) WHERE outcome = 'merged'")
    assert workflow.doubtful_merges(Collection.open(collection.store, "c"), run) == []
