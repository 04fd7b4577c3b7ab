"""Open questions: whatever is answered and withdrawn, those that a look at all scores would ask next."""

from typing import Any

import numpy as np
import pytest
from scipy import sparse

from tagrefine_core.refinement import questions as module
from tagrefine_core.refinement import suspicious
from tagrefine_core.refinement.questions import Questions, open_questions, sure_ones
from tagrefine_core.refinement.suspicious import SuspectKind
from tagrefine_core.refinement.verdicts import Verdicts


class Photos:
    """What a queue asks of a collection."""

    def __init__(self, tags: sparse.csr_matrix) -> None:
        self.tags = tags


def asked(kind: SuspectKind, rng: np.random.Generator) -> Questions:
    scores = rng.choice(np.linspace(0, 1, 30, dtype=np.float32), (60, 8))
    tags = sparse.csr_matrix((rng.random(scores.shape) < 0.5).astype(np.uint8))
    photos: Any = Photos(tags)
    return Questions(scores, photos, kind, np.arange(8) != 3)


def answers(said: np.ndarray) -> Verdicts:
    return Verdicts(sparse.csr_matrix(said), {}, 0, 1)


@pytest.mark.parametrize("kind", ["wrong", "missing"])
def test_they_are_what_a_look_at_all_scores_finds(kind: SuspectKind, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_KEPT", 40)
    rng = np.random.default_rng(5)
    questions = asked(kind, rng)
    said = np.zeros((60, 8), dtype=np.int8)
    for step in range(80):
        verdicts = answers(said)
        scores, tags = questions.scores, questions.collection.tags
        all_open = suspicious(scores, tags, kind, told=questions.told, decided=verdicts.matrix, top=40)
        top = int(rng.integers(1, 15))
        least = float(rng.random())
        sure = all_open.where(all_open.scores >= least)
        for found, expected in (
            (open_questions(questions, verdicts, top=top), all_open.where(slice(top))),
            (sure_ones(questions, verdicts, above=least), sure),
            (open_questions(questions, verdicts, top=top, least=least), sure.where(slice(top))),
        ):
            for mine, plain in zip(found, expected, strict=True):
                np.testing.assert_array_equal(mine, plain)
        if step % 5 == 4:
            rows, columns = np.nonzero(said)
            back = rng.permutation(len(rows))[:6]
            said[rows[back], columns[back]] = 0
        else:
            said[all_open.rows[:12], all_open.columns[:12]] = rng.choice([-1, 1, 2], len(all_open.rows[:12]))


def test_once_more_than_a_queue_is_answered_nobody_looks_at_all_scores_for_every_question(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(module, "_KEPT", 40)
    looks = []
    monkeypatch.setattr(
        module, "suspicious", lambda *given, **more: looks.append(kind) or suspicious(*given, **more)
    )
    kind: SuspectKind = "missing"
    questions = asked(kind, np.random.default_rng(6))
    said = np.zeros((60, 8), dtype=np.int8)
    for _ in range(60):
        found = open_questions(questions, answers(said), top=5)
        said[found.rows[0], found.columns[0]] = 1
        assert not len(sure_ones(questions, answers(said), above=1.1).rows)
    assert len(looks) == 2, "the queue of the beginning, and one when it ran short"
