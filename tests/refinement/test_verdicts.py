"""Verdicts in force: caught up with step by step they are what reading the whole log gives."""

import random
from pathlib import Path

import numpy as np
import pytest

from tagrefine_core.collections import Collection
from tagrefine_core.refinement import verdicts as module
from tagrefine_core.refinement.verdicts import ACCEPT, REJECT, Verdicts, verdicts_of
from tagrefine_core.store import CollectionRecord, Entry, Store, TagRecord

FILES = [f"now/{number}.jpg" for number in range(6)]
# Photos that lay elsewhere once, and one that is gone.
NAMES = [*FILES, "once/0.jpg", "once/1.jpg", "before/1.jpg", "gone.jpg"]
TAGS = ["car", "dog", "sea"]
WORDS = [*TAGS, "auto", "hund", "new word"]


@pytest.fixture
def collection(home: Path) -> Collection:
    """Six photos and three tags."""
    store = Store(home)
    record = CollectionRecord(0, "c", "table", "x", len(FILES), len(TAGS), 0, 0, "h", "")
    store.write_collection(
        record,
        images=[(file, 8, 8, None) for file in FILES],
        vocabulary=TAGS,
        label_columns=[],
        raw_tags=[],
        issues=[],
    )
    return Collection.open(store, "c")


def told(verdicts: Verdicts) -> tuple[object, ...]:
    matrix = verdicts.matrix
    assert matrix.has_sorted_indices and matrix.dtype == np.int8
    return (
        *(part.tolist() for part in (matrix.indptr, matrix.indices, matrix.data)),
        verdicts.words,
        verdicts.lost,
        verdicts.version,
        verdicts.names,
    )


@pytest.mark.parametrize("seed", range(4))
def test_after_any_steps_they_are_as_read_anew(collection: Collection, seed: int) -> None:
    rng, log = random.Random(seed), collection.store.curation
    names = (
        NAMES if seed % 2 else FILES
    )  # in the one all is caught up with, in the other some has to be read anew

    def entry() -> Entry:
        if rng.random() < 0.05:
            return Entry("alias", "", rng.choice(["auto", "hund"]), rng.choice(["car", "dog", None]))
        if rng.random() < 0.05:
            return Entry("rule", "", rng.choice(TAGS), rng.choice(["leave", "judge", None]))
        said = rng.choice(["accept", "reject", "unsure", None])
        return Entry("verdict", rng.choice(names), rng.choice(WORDS), said)

    for _ in range(30):
        for _ in range(rng.choice([1, 1, 1, 3])):
            if (chance := rng.random()) < 0.2:
                log.undo(collection.id)
            elif chance < 0.3:
                log.redo(collection.id)
            else:
                log.add(collection.id, [entry() for _ in range(rng.choice([1, 1, 4]))], by="ann")
        anew = verdicts_of(Collection.open(collection.store, "c"))
        assert told(verdicts_of(collection)) == told(anew)


def test_nothing_is_read_anew_for_one_more_verdict(
    collection: Collection, monkeypatch: pytest.MonkeyPatch
) -> None:
    log = collection.store.curation
    log.add(collection.id, [Entry("verdict", file, "dog", "accept") for file in FILES], by="ann")
    before = verdicts_of(collection)
    assert verdicts_of(collection) is before
    read = []
    values = type(log).values
    monkeypatch.setattr(
        type(log), "values", lambda *given, **more: read.append(more.get("files")) or values(*given, **more)
    )
    log.add(collection.id, [Entry("verdict", FILES[2], "dog", "reject")], by="ann")
    after = verdicts_of(collection)
    assert after.matrix[2, 1] == -1 and before.matrix[2, 1] == 1
    assert [files for files in read if files is not None] == [{FILES[2]}]


def test_many_entries_at_once_and_a_shortened_log_are_read_anew(
    collection: Collection, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "_CAUGHT_UP", 3)
    log = collection.store.curation
    verdicts_of(collection)
    log.add(collection.id, [Entry("verdict", file, "sea", "accept") for file in FILES], by="ann")
    assert verdicts_of(collection).matrix.nnz == len(FILES)
    with collection.store.transaction() as connection:
        connection.execute("DELETE FROM curation_standing")
        connection.execute("DELETE FROM curation_steps")
    assert len(verdicts_of(collection)) == 0


def test_what_was_said_of_a_tag_that_another_import_merged_counts_for_the_other(home: Path) -> None:
    store = Store(home)

    def imported(tags: list[str], records: list[TagRecord]) -> Collection:
        record = CollectionRecord(0, "c", "table", "x", len(FILES), len(tags), 0, 0, str(tags), "")
        images = [(file, 8, 8, None) for file in FILES]
        store.write_collection(
            record, images=images, vocabulary=tags, label_columns=[], raw_tags=records, issues=[]
        )
        return Collection.open(store, "c")

    before = imported(["eye", "hot_eyes", "sea"], [])
    log = store.curation
    for row, (tag, verdict) in enumerate([("hot_eyes", "accept"), ("eye", "reject"), ("sea", "accept")]):
        log.add(before.id, [Entry("verdict", FILES[row], tag, verdict)], by="me")
    log.add(before.id, [Entry("verdict", FILES[1], "hot_eyes", "accept")], by="me")
    after = imported(["eye", "sea"], [TagRecord("Hot Eyes", 3, "merged", "eye", "plural of eye")])
    found = verdicts_of(after)
    assert found.words == {}
    assert found.matrix[:3].toarray().tolist() == [[ACCEPT, 0], [REJECT, 0], [0, ACCEPT]], (
        "said of the tag itself stands above"
    )
    log.add(after.id, [Entry("alias", "", "hot_eyes", "sea")], by="me")
    said = verdicts_of(after).matrix
    assert said[0].toarray().ravel().tolist() == [0, ACCEPT], "what people said of names comes first"
