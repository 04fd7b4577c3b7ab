"""Browse's "why": true of every tag of every photo, whatever state it is in."""

import re
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from scipy import sparse

from pages.browse.reasons import reason
from pages.browse.view import photo, view
from pages.components.percent import percent
from tagrefine_core.refinement import changes
from tagrefine_core.runs.evidence import Evidence
from tagrefine_core.runs.run import run_folder
from tagrefine_core.settings import train_config
from tagrefine_core.store import Store
from tests.app.conftest import UNTOLD, VOCABULARY, set_config

TYPICAL = Evidence(
    score=0.72,
    calibrated=True,
    picture=0.8,
    written=False,
    implied_by=None,
    add=0.54,
    remove=0.46,
    told=True,
    rule=None,
    visualness=0.8,
    low=0.6,
    high=0.9,
)


def told(tag: str, state: Any, **changed: Any) -> str:
    return reason(tag, state, replace(TYPICAL, **changed)).replace("\u00a0", " ")


@pytest.mark.parametrize(
    ("state", "changed", "expected"),
    [
        (
            "added",
            {},
            "“sea” fits with a probability of 72 %. At this promise it is added from 54 % on. By pictures alone it would "
            "be 80 %; that the user did not write it speaks against it. A picture can tell this tag (visualness 0.80, 0.60 "
            "to 0.90).",
        ),
        (
            "added",
            {"implied_by": "beach"},
            "“sea” fits with a probability of 72 %. At this promise it is added from 54 % on. By pictures alone it would "
            "be 80 %; the user did not write it, but “beach”, which implies it. A picture can tell this tag (visualness "
            "0.80, 0.60 to 0.90).",
        ),
        (
            "removed",
            {"written": True, "score": 0.2, "picture": 0.1},
            "“sea” fits with a probability of 20 %. At this promise what the user wrote is removed at 46 % and below. By "
            "pictures alone it would be 10 %; that the user wrote it speaks for it. A picture can tell this tag "
            "(visualness 0.80, 0.60 to 0.90).",
        ),
        (
            "kept",
            {"written": True, "rule": "judge", "visualness": 0.2, "low": 0.1, "high": 0.3},
            "“sea” fits with a probability of 72 %. At this promise what the user wrote stays above 46 %. By pictures alone "
            "it would be 80 %; that the user wrote it speaks for it. Your list says: always judge it (visualness 0.20, "
            "0.10 to 0.30).",
        ),
        (
            "untold",
            {"written": True, "told": False, "visualness": 0.18, "low": 0.1, "high": 0.26, "picture": 0.7201},
            "“sea” fits with a probability of 72 %. A picture cannot tell this tag (visualness 0.18, 0.10 to 0.26), so it "
            "stays as the user wrote it. By pictures alone it would be 72 %; that the user wrote it changes little.",
        ),
        (
            "absent",
            {"told": False, "add": np.inf, "visualness": 0.5, "low": 0.399, "high": 0.7},
            "“sea” fits with a probability of 72 %. It is not certain that a picture can tell this tag (visualness 0.50, "
            "0.399 to 0.70; 0.400 has to be beyond doubt), so it is never added. By pictures alone it would be 80 %; that "
            "the user did not write it speaks against it.",
        ),
        (
            "untold",
            {"written": True, "told": False, "rule": "leave", "picture": None},
            "“sea” fits with a probability of 72 %. Your list says: always leave it alone, so it stays as the user wrote "
            "it. The user wrote it, which this run does not count.",
        ),
        (
            "absent",
            {"calibrated": False, "picture": None, "add": 0.721},
            "The network finds “sea” likely to 72.0 %. At this promise it would be added from 72.1 % on. The user did not "
            "write it. A picture can tell this tag (visualness 0.80, 0.60 to 0.90).",
        ),
        (
            "absent",
            {"add": np.inf, "picture": 0.7},
            "“sea” fits with a probability of 72 %. At this promise it is never added. By pictures alone it would be 70 %; "
            "that the user did not write it speaks against it. A picture can tell this tag (visualness 0.80, 0.60 to "
            "0.90).",
        ),
        (
            "kept",
            {"written": True, "remove": -np.inf, "picture": 0.7},
            "“sea” fits with a probability of 72 %. At this promise it is never removed. By pictures alone it would be "
            "70 %; that the user wrote it speaks for it. A picture can tell this tag (visualness 0.80, 0.60 to 0.90).",
        ),
    ],
)
def test_every_state_in_full(state: str, changed: dict[str, Any], expected: str) -> None:
    assert told("sea", state, **changed) == expected


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
    sparse.save_npz(run_folder(small_home.home, "run-new") / "implied.npz", sparse.csr_matrix(implied))
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
        for one in photo(of, row)["scores"]:
            column, text = VOCABULARY.index(one["tag"]), one["reason"]
            assert f"“{one['tag']}”" in text
            score, *others = numbers(text)
            assert score == pytest.approx(float(of.run.scores[row, column]), abs=0.006)
            own = column in given
            judged = {"leave": column not in (1, 6), "judge": True, None: column != 6}[rule]
            limit = float((of.limits.remove if own else of.limits.add)[column])
            if not judged:
                assert one["limit"] is None
                assert ("stays as the user wrote it" if own else "is never added") in text
                assert ("Your list says: always leave it alone" in text) == (column == 1)
                assert ("A picture cannot tell" in text) == (column == 6) == ("0.10 to 0.26" in text)
                state = "untold"
            else:
                assert one["limit"] == limit and others[0] == pytest.approx(limit, abs=0.006)
                assert ("Your list says: always judge it" in text) == (column == 6)
                assert "A picture cannot tell" not in text
                state = next(
                    words
                    for words, holds in {
                        "is removed at": own and score <= others[0],
                        "stays above": own and score > others[0],
                        "is added from": not own and score >= others[0],
                        "would be added from": not own and score < others[0],
                    }.items()
                    if holds
                )
                assert state in text
            tally[state] = tally.get(state, 0) + 1
            speakers = [
                (implied[tag, column], VOCABULARY[tag]) for tag in given if implied[tag, column] >= 0.35
            ]
            if speakers and not own:
                assert f"the user did not write it, but “{max(speakers)[1]}”, which implies it" in text
                tally["implied"] = tally.get("implied", 0) + 1
            else:
                assert "implies" not in text
                assert f"the user {'wrote' if own else 'did not write'} it" in text
                if not own:
                    assert others[-1] >= score - 0.011, "what was not written is no likelier for it"
    assert len(tally) == 6 - (rule == "judge") and min(tally.values()) >= 3, tally


def test_what_users_wrote_is_not_said_to_count_where_it_does_not(small_home: Store) -> None:
    set_config(small_home, "run-new", train_config("small", task="annotation"))
    with small_home.transaction() as connection:  # the page opens a run again when it has finished anew
        connection.execute("UPDATE runs SET finished = 'later' WHERE id = 'run-new'")
    links = sparse.csr_matrix(np.ones((len(VOCABULARY),) * 2, dtype=np.float32))
    sparse.save_npz(run_folder(small_home.home, "run-new") / "implied.npz", links)
    of = view("run-new")
    for row in range(of.collection.n):
        for one in photo(of, row)["scores"]:
            assert "implies" not in one["reason"] and "alone it would" not in one["reason"]
            assert "The user" in one["reason"]


def test_scores_that_are_no_probabilities_are_not_called_so(small_home: Store) -> None:
    config = train_config("small").replaced({"scoring.calibrated": False, "scoring.evidence": 0.0})
    set_config(small_home, "run-new", config)
    of = view("run-new")
    shown = photo(of, 3)
    assert not shown["calibrated"]
    for one in shown["scores"]:
        assert "probability" not in one["reason"] and "likely to" in one["reason"]
