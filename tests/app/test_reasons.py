"""Browse's "why": true of every tag of every photo, whatever state it is in."""

import re
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from scipy import sparse
from scipy.special import expit, logit

from pages.browse.reasons import Decision, reason
from pages.browse.view import photo, view, why
from pages.components.percent import percent
from tagrefine_core.files import write_array
from tagrefine_core.refinement import changes
from tagrefine_core.refinement.verdicts import ACCEPT, REJECT, UNSURE
from tagrefine_core.runs.evidence import Evidence, Parts
from tagrefine_core.runs.run import run_folder
from tagrefine_core.settings import train_config
from tagrefine_core.store import Store
from tagrefine_core.workflow.verdicts import Answer, decide
from tests.app.conftest import UNTOLD, VOCABULARY, set_config

TYPICAL = Evidence(
    score=0.72,
    parts=Parts(picture=1.4, neighbors=0.3, tags=0.0, user=-0.8),
    neighbors=(),
    calibrated=True,
    counts_words=True,
    written=False,
    implied_by=None,
    relation=None,
)
ADDED = Decision(state="added", verdict=0, limit=0.54, told=True, rule=None, visualness=0.9)
KEPT = replace(ADDED, state="kept", limit=0.46)
ABSENT = replace(ADDED, state="absent", limit=0.8)
UNJUDGED = replace(ADDED, state="untold", told=False, limit=-np.inf, visualness=0.26)


def parts(picture: float, neighbors: float, tags: float, user: float) -> Parts:
    return Parts(picture=picture, neighbors=neighbors, tags=tags, user=user)


SPEAKS = "The picture and its look-alikes speak for “sea”; that the user did not write it speaks against it."


@pytest.mark.parametrize(
    ("decision", "changed", "expected"),
    [
        (ADDED, {}, f"{SPEAKS} It is added, since 72 % reaches the limit of 54 %."),
        (
            ADDED,
            {"implied_by": "beach", "relation": "part", "parts": parts(-0.4, 0.01, 2.1, -0.8)},
            "“beach” (a part of it) speaks for “sea”; that the user did not write it and the picture speak against it. "
            "It is added, since 72 % reaches the limit of 54 %.",
        ),
        (
            replace(KEPT, state="removed"),
            {"written": True, "score": 0.2, "parts": parts(-3.0, -0.3, 0.0, 1.9)},
            "The user's word speaks for “sea”; the picture and its look-alikes speak against it. "
            "It is removed, since 20 % is not above the limit of 46 %.",
        ),
        (
            replace(KEPT, rule="judge"),
            {"written": True, "parts": parts(0.4, 0.0, 0.0, 0.6)},
            "The user's word and the picture speak for “sea”. It stays, since 72 % is above the limit of 46 %. "
            "Your list says to judge it.",
        ),
        (
            UNJUDGED,
            {"written": True, "parts": parts(0.04, -0.04, 0.0, 0.0)},
            "Nothing speaks for or against “sea”. A picture cannot tell this tag, so it stays as the user wrote it.",
        ),
        (
            replace(UNJUDGED, state="absent", visualness=0.7),
            {"parts": parts(-2.0, -0.1, 0.0, -0.5)},
            "The picture, that the user did not write it and its look-alikes speak against “sea”. "
            "It is not certain that a picture can tell this tag, so it is never added.",
        ),
        (
            replace(UNJUDGED, rule="leave"),
            {"written": True, "parts": parts(1.0, 0.0, 0.0, 0.0)},
            "The picture speaks for “sea”. Your list says to leave it alone, so it stays as the user wrote it.",
        ),
        (
            replace(ABSENT, limit=0.721),
            {"score": 0.7204},
            f"{SPEAKS} It is not added, since 72.0 % is below the limit of 72.1 %.",
        ),
        (replace(ABSENT, limit=np.inf), {}, f"{SPEAKS} At this promise it is never added."),
        (
            replace(ABSENT, verdict=ACCEPT),
            {},
            f"{SPEAKS} A person said that it fits, which counts above all else.",
        ),
        (
            replace(UNJUDGED, verdict=REJECT),
            {},
            f"{SPEAKS} A person said that it does not fit, which counts above all else.",
        ),
        (
            replace(KEPT, verdict=UNSURE, rule="judge"),
            {},
            f"{SPEAKS} A person was not sure, so that it is left as the user wrote it.",
        ),
        (
            replace(KEPT, limit=-np.inf),
            {"written": True, "parts": parts(1.0, 0.0, 0.0, 0.0)},
            "The picture speaks for “sea”. At this promise it is never removed.",
        ),
    ],
)
def test_every_state_in_full(decision: Decision, changed: dict[str, Any], expected: str) -> None:
    assert reason("sea", replace(TYPICAL, **changed), decision).replace("\u00a0", " ") == expected


@pytest.mark.parametrize(
    ("relation", "words"),
    [("synonym", "the same"), ("kind", "a kind of it"), ("part", "a part of it"), (None, "which implies it")],
)
def test_the_relation_of_another_tag_in_words(relation: Any, words: str) -> None:
    of = replace(TYPICAL, implied_by="puppy", relation=relation, parts=parts(0, 0, 1.5, 0))
    assert reason("dog", of, ADDED).startswith(f"“puppy” ({words}) speaks for “dog”. ")


@pytest.mark.parametrize(
    ("share", "expected"),
    [
        (0.0, "less than 0.1 %"),
        (0.0049, "0.5 %"),
        (0.2, "20 %"),
        (0.943, "94 %"),
        (0.9942, "99.4 %"),
        (1.0, "more than 99.9 %"),
    ],
)
def test_shares_in_percent(share: float, expected: str) -> None:
    assert percent(share).replace("\u00a0", " ") == expected


def numbers(text: str) -> list[float]:
    """Return the percentages of a sentence, as shares."""
    text = text.replace("less than 0.1\u00a0%", "0\u00a0%").replace("more than 99.9\u00a0%", "100\u00a0%")
    return [float(number) / 100 for number in re.findall(r"([\d.]+)\u00a0%", text)]


def imply(store: Store, implied: np.ndarray) -> None:
    """Let tags imply others, and be scored by it, in the run that has kept its logits."""
    folder = run_folder(store.home, "run-new")
    sparse.save_npz(folder / "implied.npz", sparse.csr_matrix(implied))
    of = view("run-new")
    strong = np.where(implied >= 0.35, implied, 0)
    given = of.collection.tags.toarray().astype(float)
    far = np.maximum(given, np.array([(strong * row[:, None]).max(axis=0) for row in given]))
    words = of.run.calibration.words(far, of.run.config.scoring.evidence)
    write_array(
        folder / "scores.npy", expit(np.asarray(of.run.logits, dtype=float) + words).astype(np.float32)
    )
    with store.transaction() as connection:  # the page opens a run again when it has finished anew
        connection.execute("UPDATE runs SET finished = 'later' WHERE id = 'run-new'")


@pytest.mark.parametrize("precision", [0.5, 0.75, 0.9])
@pytest.mark.parametrize("rule", [None, "leave", "judge"])
def test_sentence_is_true_of_every_tag_of_every_photo(
    small_home: Store, precision: float, rule: str | None
) -> None:
    """Against a second look at scores, limits, list and links; links below .35 do not count as evidence."""
    rng = np.random.default_rng(3)
    wide = (len(VOCABULARY), len(VOCABULARY))
    implied = np.where(rng.random(wide) < 0.6, rng.random(wide), 0).astype(np.float32)
    np.fill_diagonal(implied, 0)
    imply(small_home, implied)
    collection = small_home.collection("demo").id
    small_home.set_tag_rules(collection, {UNTOLD: "judge" if rule == "judge" else None})
    small_home.set_tag_rules(collection, {"sky": "leave" if rule == "leave" else None})
    of = view("run-new", precision)
    places = (np.arange(len(VOCABULARY)) - 3) / 100  # as if limits were tuned by tag
    limits = replace(of.limits, add=of.limits.add + places, remove=of.limits.remove + places)
    of = replace(of, limits=limits, changes=changes(of.run.scores, of.collection.tags, limits))
    tally: dict[str, int] = {}
    for row in range(of.collection.n):
        given = set(of.collection.tags[[row]].indices.tolist())
        bars = {one["tag"]: one["limit"] for one in photo(of, row)["scores"]}
        for column, tag in enumerate(VOCABULARY):
            told = why(of, row, tag)
            text, found = told["sentence"], float(of.run.scores[row, column])
            assert f"“{tag}”" in text and told["tag"] == tag
            values = [part["value"] for part in told["parts"]]
            assert sum(values) == pytest.approx(told["total"]) == pytest.approx(logit(told["score"]))
            assert told["score"] == pytest.approx(found, abs=1e-6)
            own = column in given
            judged = {"leave": column not in (1, 6), "judge": True, None: column != 6}[rule]
            limit = float((of.limits.remove if own else of.limits.add)[column])
            assert bars.get(tag, limit if judged else None) == (limit if judged else None)
            if not judged:
                assert not numbers(text)
                assert ("stays as the user wrote it" if own else "is never added") in text
                assert ("Your list says to leave it alone" in text) == (rule == "leave" and column == 1)
                assert ("A picture cannot tell" in text) == (column == 6)
                state = "untold"
            else:
                score, mark = numbers(text)
                assert score == pytest.approx(found, abs=0.006) and mark == pytest.approx(limit, abs=0.006)
                assert ("Your list says to judge it" in text) == (column == 6)
                state = next(
                    words
                    for words, holds in {
                        "is removed": own and score <= mark,
                        "stays": own and score > mark,
                        "is added": not own and score >= mark,
                        "is not added": not own and score < mark,
                    }.items()
                    if holds
                )
                assert f"It {state}, since" in text
            tally[state] = tally.get(state, 0) + 1
            speakers = [
                (implied[tag, column], VOCABULARY[tag]) for tag in given if implied[tag, column] >= 0.35
            ]
            if speakers and not own:
                speaks = f"“{max(speakers)[1]}” (which implies it)"
                assert (speaks in text) == (values[2] >= 0.05) and values[2] > 0
                assert told["parts"][2]["words"] == f"other tags: {max(speakers)[1]} (implies it)"
                tally["implied"] = tally.get("implied", 0) + 1
            else:
                assert values[2] == 0 and "implies" not in text
            assert told["parts"][3]["words"] == f"the user {'wrote' if own else 'did not write'} it"
            assert values[3] >= 0 if own else values[3] <= 0, "what was not written is no likelier for it"
    assert len(tally) == 6 - (rule == "judge") and min(tally.values()) >= 3, tally


def test_look_alikes_that_carry_the_tag_come_first_by_weight(small_home: Store) -> None:
    """The twenty nearest in the run's features, by a second search."""
    of = view("run-new")
    features = np.asarray(of.run.features, dtype=float)
    carried = of.collection.tags.toarray()
    for row in (3, 20):
        told = why(of, row, "dog")
        squared = ((features - features[row]) ** 2).sum(axis=1)
        nearest = [int(other) for other in np.argsort(squared, kind="stable") if other != row][:20]
        has = lambda other: bool(carried[other, VOCABULARY.index("dog")])
        expected = [other for other in nearest if has(other)] + [other for other in nearest if not has(other)]
        assert [one["row"] for one in told["look_alikes"]] == expected
        assert [one["carries"] for one in told["look_alikes"]] == list(map(has, expected))
        assert {one["weight"] for one in told["look_alikes"]} == {0.0}, "preset small averages with nobody"
        assert told["parts"][1]["words"] == f"look-alikes, {sum(map(has, nearest))} of 20 carry it"


def test_what_users_wrote_is_not_said_to_count_where_it_does_not(small_home: Store) -> None:
    set_config(small_home, "run-new", train_config("small", task="annotation"))
    links = np.ones((len(VOCABULARY),) * 2, dtype=np.float32)
    folder = run_folder(small_home.home, "run-new")
    sparse.save_npz(folder / "implied.npz", sparse.csr_matrix(links))
    of = view("run-new")
    write_array(folder / "scores.npy", expit(np.asarray(of.run.logits)))
    with small_home.transaction() as connection:
        connection.execute("UPDATE runs SET finished = 'later' WHERE id = 'run-new'")
    of = view("run-new")
    for row in range(of.collection.n):
        for tag in VOCABULARY:
            told = why(of, row, tag)
            assert "implies" not in told["sentence"] and "user" not in told["sentence"].split(". ")[0]
            assert [part["words"].endswith("which this run does not count") for part in told["parts"]] == [
                False, False, True, True
            ]  # fmt: skip


def test_scores_that_are_no_probabilities_are_not_called_so(small_home: Store) -> None:
    config = train_config("small").replaced({"scoring.calibrated": False, "scoring.evidence": 0.0})
    set_config(small_home, "run-new", config)
    of = view("run-new")
    write_array(of.run.folder / "scores.npy", expit(np.asarray(of.run.logits)))
    with small_home.transaction() as connection:
        connection.execute("UPDATE runs SET finished = 'later' WHERE id = 'run-new'")
    of = view("run-new")
    assert not photo(of, 3)["calibrated"]
    for tag in VOCABULARY:
        told = why(of, 3, tag)
        assert not told["calibrated"] and "probab" not in told["sentence"]
        assert told["parts"][0]["value"] == pytest.approx(
            float(of.run.logits[3, VOCABULARY.index(tag)]), abs=1e-6
        )


def test_what_a_person_said_is_told_and_stands_above_the_rest(small_home: Store) -> None:
    of = view("run-new")
    before = {tag: why(of, 5, tag) for tag in VOCABULARY}
    assert {told["verdict"] for told in before.values()} == {None}
    said = {"sea": "accept", "dog": "reject", UNTOLD: "unsure"}
    decide(small_home, of.collection, [Answer(5, tag, verdict) for tag, verdict in said.items()], by="ann")
    of = view("run-new")
    own = {VOCABULARY[column] for column in of.collection.tags[[5]].indices}
    for tag in VOCABULARY:
        told = why(of, 5, tag)
        assert told["verdict"] == said.get(tag) and told["parts"] == before[tag]["parts"]
        assert ("A person" in told["sentence"]) == (tag in said)
    assert why(of, 5, "sea")["state"] == ("kept" if "sea" in own else "added")
    assert why(of, 5, "dog")["state"] == ("removed" if "dog" in own else "absent")
