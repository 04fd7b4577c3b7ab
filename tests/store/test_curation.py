"""The log of what people decide: what is in force, undo and redo, two who write at once, a kill."""

import random
import signal
import sqlite3
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

import pytest

from tagrefine_core.store import CollectionRecord, Entry, Store


def verdict(file, tag, value):
    return Entry("verdict", file, tag, value)


@pytest.fixture
def log(store):
    return store.curation


@pytest.fixture
def number(store):
    return write(store)


def write(store, name="c"):
    record = CollectionRecord(0, name, "table", "x", 0, 1, 0, 0, "h", "")
    return store.write_collection(
        record, images=[], vocabulary=["dog"], label_columns=[], raw_tags=[], issues=[]
    ).id


def test_the_last_word_about_a_tag_of_a_photo_is_in_force(log, number):
    log.add(number, [verdict("a", "dog", "accept"), verdict("b", "dog", "reject")], by="ann", run="r1")
    log.add(number, [verdict("a", "dog", "unsure")], by="bob")
    assert log.values(number, "verdict") == [("a", "dog", "unsure"), ("b", "dog", "reject")]
    first, second = log.in_force(number, "verdict")
    assert (first.file, first.by, first.run, first.step) == ("b", "ann", "r1", 1)
    assert (second.file, second.by, second.run, second.step) == ("a", "bob", None, 2)
    assert [one.value for one in log.history(number, file="a")] == ["unsure", "accept"]
    assert log.in_force(number, "verdict", file="a", tag="cat") == []


def test_of_two_entries_about_the_same_in_one_step_the_last_counts(log, number):
    log.add(number, [verdict("a", "dog", "accept"), verdict("a", "dog", "reject")], by="ann")
    assert log.values(number, "verdict") == [("a", "dog", "reject")]


def test_what_is_taken_back_is_not_in_force_and_stays_in_the_history(log, number):
    log.add(number, [verdict("a", "dog", "accept")], by="ann")
    log.add(number, [verdict("a", "dog", None)], by="ann")
    assert log.values(number, "verdict") == []
    assert [one.value for one in log.history(number, tag="dog")] == [None, "accept"]
    log.undo(number)
    assert log.values(number, "verdict") == [("a", "dog", "accept")]


def test_undo_and_redo_survive_a_restart_and_say_what_they_did(store, log, number):
    log.add(number, [verdict("a", "dog", "accept")], by="ann")
    log.add(number, [verdict("b", "dog", "reject"), verdict("c", "dog", "reject")], by="ann")
    again = Store(store.home).curation
    step = again.undo(number)
    assert (step.kind, step.of, step.size) == ("undo", 2, 2)
    assert step.entries == (verdict("b", "dog", "reject"), verdict("c", "dog", "reject"))
    assert again.undo(number).of == 1 and again.undo(number) is None
    assert again.values(number, "verdict") == []
    assert [again.redo(number).of, again.redo(number).of, again.redo(number)] == [1, 2, None]
    assert len(again.values(number, "verdict")) == 3
    assert [one.undone for one in again.history(number)] == [False, False, False]


def test_nothing_is_redone_after_something_new_was_decided(log, number):
    log.add(number, [verdict("a", "dog", "accept")], by="ann")
    log.undo(number)
    log.add(number, [verdict("b", "dog", "accept")], by="ann")
    assert log.redo(number) is None
    log.undo(number)
    assert log.redo(number).of == 3  # steps: do, undo, do, undo


def test_each_person_undoes_their_own_steps(log, number):
    log.add(number, [verdict("a", "dog", "accept")], by="ann")
    log.add(number, [verdict("a", "dog", "reject")], by="bob")
    assert log.undo(number, by="ann").of == 1
    assert log.values(number, "verdict") == [("a", "dog", "reject")], "bob's word stands"
    assert log.undo(number, by="ann") is None
    assert log.redo(number, by="bob") is None
    assert log.redo(number, by="ann").of == 1
    assert log.undo(number, by="bob").of == 2
    assert log.values(number, "verdict") == [("a", "dog", "accept")]


def test_random_steps_against_a_naive_fold(log, number):
    rng = random.Random(3)
    done, undone, steps = [], [], {}
    for _ in range(400):
        move = rng.choices(["do", "undo", "redo"], [3, 2, 2])[0]
        if move == "do":
            entries = [
                verdict(rng.choice("abc"), rng.choice(["dog", "sea"]), rng.choice(["accept", "reject", None]))
                for _ in range(rng.randint(1, 3))
            ]
            step = log.add(number, entries, by=rng.choice(["ann", "bob"]))
            steps[step] = entries
            done.append(step)
            undone.clear()
        elif move == "undo":
            found = log.undo(number)
            assert (found and found.of) == (done[-1] if done else None)
            if done:
                undone.append(done.pop())
        else:
            found = log.redo(number)
            assert (found and found.of) == (undone[-1] if undone else None)
            if undone:
                done.append(undone.pop())
        state = {}
        for step in sorted(done):
            for _, file, tag, value in steps[step]:
                state[file, tag] = value
        assert log.values(number, "verdict") == sorted(
            (file, tag, value) for (file, tag), value in state.items() if value is not None
        )


def test_a_step_that_is_sent_twice_is_there_once(log, number):
    first = log.add(number, [verdict("a", "dog", "accept")], by="ann", key="k1")
    log.add(number, [verdict("a", "dog", "reject")], by="ann", key="k2")
    assert log.add(number, [verdict("a", "dog", "accept")], by="ann", key="k1") == first
    assert log.values(number, "verdict") == [("a", "dog", "reject")]
    assert log.version(number) == 2


def test_another_window_hears_what_changed(log, number):
    log.add(number, [verdict("a", "dog", "accept")], by="ann")
    seen = log.version(number)
    log.add(number, [verdict("b", "dog", "reject")], by="bob")
    log.undo(number, by="ann")
    assert sorted(log.changed_since(number, seen)) == [
        ("verdict", "a", "dog", None),
        ("verdict", "b", "dog", "reject"),
    ]
    assert log.changed_since(number, log.version(number)) == []


def test_collections_do_not_mix(store, log, number):
    other = write(store, "other")
    log.add(number, [verdict("a", "dog", "accept")], by="ann", key="k")
    log.add(other, [verdict("a", "dog", "reject")], by="ann", key="k")
    assert log.undo(number).of == 1 and log.values(other, "verdict") == [("a", "dog", "reject")]
    assert [step.id for step in log.steps(number)] == [3, 1]
    store.delete_collection("c")
    assert log.history(number) == [] and len(log.history(other)) == 1


def test_what_is_no_verdict_is_refused_and_nothing_written(log, number):
    with pytest.raises(sqlite3.IntegrityError):
        log.add(number, [verdict("a", "dog", "accept"), verdict("b", "dog", "perhaps")], by="ann")
    assert log.version(number) == 0 and log.history(number) == []


def test_two_who_write_at_once_lose_nothing(store, number):
    def decide(who):
        log = Store(store.home).curation
        for place in range(30):
            log.add(number, [verdict(f"{who}{place}", "dog", "accept")], by=who)

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(decide, "abcd"))
    assert len(store.curation.values(number, "verdict")) == 120


def test_what_was_answered_is_there_after_a_kill(store, number):
    script = (
        "import sys; from tagrefine_core.store import Entry, Store\n"
        "log = Store(sys.argv[1]).curation\n"
        "for place in range(10**6):\n"
        "    log.add(int(sys.argv[2]), [Entry('verdict', str(place), 'dog', 'accept')], by='ann')\n"
        "    print(place, flush=True)\n"
    )
    command = [sys.executable, "-c", script, str(store.home), str(number)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        told = [process.stdout.readline().strip() for _ in range(25)]
        process.send_signal(signal.SIGKILL)
        told += [line for line in process.stdout.read().split("\n") if line]
    kept = {file for file, _, _ in store.curation.values(number, "verdict")}
    assert set(told) <= kept and len(told) >= 25
    assert store.curation.undo(number) is not None


def test_many_entries_are_one_step(log, number):
    log.add(
        number, (verdict(f"{place}", "dog", "accept") for place in range(5000)), by="ann", note="all above .9"
    )
    step = log.undo(number)
    assert step.size == 5000 and len(step.entries) == 100 and step.note == "all above .9"
    assert log.values(number, "verdict") == []
