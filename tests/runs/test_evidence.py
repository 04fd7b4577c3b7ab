"""What a score is made of: parts that sum to it, each against a second implementation by loops, over runs of every kind."""

from math import exp, log

import numpy as np
import pytest
from scipy import sparse
from scipy.special import expit, logit

from tagrefine_core import workflow
from tagrefine_core.collections import Collection
from tagrefine_core.errors import RunError
from tagrefine_core.files import write_array
from tagrefine_core.model.implied import certain, with_implied
from tagrefine_core.model.posterior import final_scores
from tagrefine_core.progress import silent
from tagrefine_core.runs.evidence import evidence_of, keep_relations
from tagrefine_core.runs.run import Run
from tagrefine_core.training.scoring import smooth_all
from tagrefine_core.workflow.verdicts import Answer, decide

QUICK = {"phi0.epochs": 2, "constraints.epochs": 1, "neighbors.m": 4}
KINDS = {
    "default": ("default", {}),
    "fast": ("fast", {}),
    "small": ("small", QUICK),
    "small, averaged": ("small", {**QUICK, "scoring.smooth": 0.4, "scoring.crossfit": 3}),
    "annotation": ("default", {"task": "annotation", "run.train_fraction": 0.5, "neighbors.m": 4}),
    "paper": ("paper", QUICK),
    "paper, averaged": ("paper", {**QUICK, "scoring.smooth": 0.3}),
}


@pytest.fixture(scope="module", params=[*KINDS, "learned from verdicts"])
def any_run(request, studio, real, default_run):
    if request.param == "default":
        return default_run
    if request.param == "learned from verdicts":
        collection = Collection.open(studio, "studio")
        decide(studio, collection, [Answer(3, "tree", "accept"), Answer(9, "tree", "reject")], by="ann")
        run = workflow.train_collection(studio, "studio", start=default_run.id, with_verdicts=True)
        studio.curation.undo(collection.id)
        assert (run.scores != default_run.scores).any()
        return run
    preset, settings = KINDS[request.param]
    return workflow.train_collection(studio, "studio", real(preset, **settings))


@pytest.fixture(scope="module")
def linked_run(studio, default_run):
    """The default run as if its tags implied each other as strongly as those of a large vocabulary do."""
    run, collection = Run(studio, studio.run(default_run.id)), Collection.open(studio, "studio")
    links = np.triu(np.random.default_rng(4).random(run.implied.shape), 1)
    run.__dict__["implied"] = sparse.csr_matrix(np.where(links < 0.7, links, 0).astype(np.float32))
    averaged = np.empty_like(run.logits)
    smooth_all(np.array(run.logits), run.features, run.rows, run.config, out=averaged, progress=silent)
    written = with_implied(collection.tags, certain(run.implied))
    evidence = run.config.scoring.evidence
    run.__dict__["scores"] = final_scores(averaged, run.calibration, written, evidence=evidence)
    return run


def everything(run, collection):
    for row in range(collection.n):
        for column in range(len(collection.vocabulary)):
            yield row, column, evidence_of(run, collection, row, column)


def naive(run, collection, row, column):
    """Return the four parts and the look-alikes with their weights, in double precision and by loops."""
    scoring, calibration = run.config.scoring, run.calibration
    features = np.asarray(run.features, dtype=np.float64)
    near = sorted((sum((features[row] - features[other]) ** 2), other) for other in run.rows if other != row)[
        :20
    ]
    middle = np.median([squared for squared, _ in near])
    gamma = {other: exp(-squared / middle) for squared, other in near}
    weights = {other: scoring.smooth * one / sum(gamma.values()) for other, one in gamma.items()}
    alone = float(run.logits[row, column])
    together = (1 - scoring.smooth) * alone + sum(
        weight * float(run.logits[other, column]) for other, weight in weights.items()
    )
    if calibration is None:
        return alone, together - alone, 0.0, 0.0, weights
    grid = [-13.9 + 0.2 * number for number in range(110)]
    fits = lambda z: float(np.interp(z, grid, calibration.curve[column]))
    tags = user = 0.0
    if run.config.task == "refinement" and scoring.evidence:
        ratios = [
            log(rho / given) for rho, given in zip(calibration.reported, calibration.given, strict=True)
        ]
        common = sum(given * ratio for given, ratio in zip(calibration.given, ratios, strict=True))
        common /= sum(calibration.given)
        said = scoring.evidence * max(0, (ratios[column] + max(ratios[column], common)) / 2)
        if calibration.unseen is not None and calibration.unseen[column]:
            said = logit(0.9) - logit(calibration.given[column])
        silence = log(1 - calibration.reported[column])
        given = collection.tags[[row]].indices.tolist()
        speak = [float(run.implied[tag, column]) for tag in given if run.implied[tag, column] >= 0.35]
        user = said if column in given else silence
        tags = 0.0 if column in given else max(speak, default=0.0) * (said - silence)
    return fits(alone), fits(together) - fits(alone), tags, user, weights


def test_parts_sum_to_the_log_odds_of_the_score_of_every_photo_and_tag(studio, any_run):
    run, collection = any_run, Collection.open(studio, "studio")
    for row, column, one in everything(run, collection):
        parts = one.parts
        assert parts.total == parts.picture + parts.neighbors + parts.tags + parts.user
        assert log(one.score / (1 - one.score)) == pytest.approx(parts.total, abs=1e-5)
        assert one.score == pytest.approx(float(run.scores[row, column]), abs=1e-6)


def test_parts_and_look_alikes_by_loops(studio, any_run):
    run, collection = any_run, Collection.open(studio, "studio")
    assert (run.look_alikes is None) == (not run.config.scoring.smooth)
    moved = 0
    for row in range(0, collection.n, 5):
        for column in range(len(collection.vocabulary)):
            one = evidence_of(run, collection, row, column)
            *parts, weights = naive(run, collection, row, column)
            found = [one.parts.picture, one.parts.neighbors, one.parts.tags, one.parts.user]
            assert found == pytest.approx(parts, abs=2e-4)
            assert {near.row: near.weight for near in one.neighbors} == pytest.approx(weights, abs=1e-5)
            shares = [near.weight for near in one.neighbors]
            assert shares == sorted(shares, reverse=True)
            for near in one.neighbors:
                assert near.image == collection.files[near.row]
                assert near.carries == bool(collection.tags[near.row, column])
            moved += abs(one.parts.neighbors) > 0.001
    assert (moved > 20) == bool(run.config.scoring.smooth)


def test_what_a_run_does_not_count_adds_nothing(studio, any_run):
    run, collection = any_run, Collection.open(studio, "studio")
    counts = run.config.task == "refinement" and run.config.scoring.calibrated
    for _, _, one in everything(run, collection):
        assert one.calibrated == run.config.scoring.calibrated and one.counts_words == counts
        if counts:
            assert one.parts.user >= 0 if one.written else one.parts.user < 0
            assert one.parts.tags >= 0 and ("not count" not in "".join(one.in_words.values()))
        else:
            assert one.parts.tags == one.parts.user == 0 and one.implied_by is None
            assert "which this run does not count" in one.in_words["user"]


def test_who_speaks_for_a_tag_by_loops(studio, linked_run):
    collection = Collection.open(studio, "studio")
    names, implied = collection.vocabulary, linked_run.implied.toarray()
    tally = {"implied": 0, "too weak": 0, "not by the first": 0, "written": 0}
    for row, column, one in everything(linked_run, collection):
        given = collection.tags[[row]].indices.tolist()
        assert one.written == (column in given)
        if not row % 5:
            *parts, _ = naive(linked_run, collection, row, column)
            found = [one.parts.picture, one.parts.neighbors, one.parts.tags, one.parts.user]
            assert found == pytest.approx(parts, abs=2e-4)
        speakers = [(implied[tag, column], names[tag]) for tag in given if implied[tag, column] > 0]
        strong = [pair for pair in speakers if pair[0] >= 0.35]
        if column in given or not strong:
            assert one.implied_by is None and one.relation is None and one.parts.tags == 0
            tally["too weak"] += bool(speakers)
            tally["written"] += column in given and bool(strong)
        else:
            assert one.implied_by == max(strong)[1] and one.implied_by in one.in_words["tags"]
            tally["implied"] += 1
            tally["not by the first"] += max(strong)[1] != names[given[0]]
    assert min(tally.values()) > 5, tally


def test_the_relation_is_that_of_wordnet(studio, linked_run, monkeypatch):
    collection = Collection.open(studio, "studio")
    place = {tag: column for column, tag in enumerate(collection.vocabulary)}
    links = np.zeros(linked_run.implied.shape, dtype=np.float32)
    links[place["daisy"], place["flower"]] = 1.0
    run = Run(studio, studio.run(linked_run.id))
    run.__dict__["implied"] = sparse.csr_matrix(links)
    averaged = np.empty_like(run.logits)
    smooth_all(np.array(run.logits), run.features, run.rows, run.config, out=averaged, progress=silent)
    written = with_implied(collection.tags, run.implied)
    run.__dict__["scores"] = final_scores(
        averaged, run.calibration, written, evidence=run.config.scoring.evidence
    )
    tags = collection.tags.toarray()
    row = int(np.flatnonzero((tags[:, place["daisy"]] > 0) & (tags[:, place["flower"]] == 0))[0])
    one = evidence_of(run, collection, row, place["flower"])
    assert (one.implied_by, one.relation) == ("daisy", "kind") and one.parts.tags > 0
    assert one.in_words["tags"] == "other tags: daisy (a kind of it)"


def test_what_tags_are_to_each_other_is_kept_with_the_run(studio, default_run, linked_run, monkeypatch):
    collection = Collection.open(studio, "studio")
    assert (linked_run.folder / "relations.json").exists(), "the training leaves it"
    expected = [
        (row, column, one.relation)
        for row, column, one in everything(linked_run, collection)
        if one.implied_by is not None
    ]
    keep_relations(linked_run, collection)
    monkeypatch.setattr("tagrefine_core.runs.evidence.relation", None)  # WordNet is not asked any more
    again = Run(studio, studio.run(default_run.id))
    again.__dict__.update({name: linked_run.__dict__[name] for name in ("implied", "scores")})
    for row, column, relation in expected[:40]:
        assert evidence_of(again, collection, row, column).relation == relation
    monkeypatch.undo()
    keep_relations(default_run, collection)


def test_whom_scoring_asked_is_kept_and_not_searched_again(studio, default_run, monkeypatch):
    collection = Collection.open(studio, "studio")
    kept = Run(studio, studio.run(default_run.id))
    one = evidence_of(kept, collection, 7, 2)
    monkeypatch.setattr("tagrefine_core.runs.evidence.nearest_to", None)
    assert evidence_of(Run(studio, studio.run(default_run.id)), collection, 7, 2) == one
    assert [near.row for near in one.neighbors] != sorted(near.row for near in one.neighbors)
    assert sum(near.weight for near in one.neighbors) == pytest.approx(kept.config.scoring.smooth)


def test_a_run_that_kept_none_is_searched_by_the_same_rule(studio, default_run):
    collection = Collection.open(studio, "studio")
    older = Run(studio, studio.run(default_run.id))
    older.__dict__["look_alikes"] = None
    for row in range(0, collection.n, 7):
        one, other = evidence_of(default_run, collection, row, 1), evidence_of(older, collection, row, 1)
        assert [near.row for near in one.neighbors] == [near.row for near in other.neighbors]
        assert one.parts.total == pytest.approx(other.parts.total, abs=1e-5)


def test_scores_that_were_put_together_otherwise_are_not_explained(studio, default_run, tmp_path):
    collection = Collection.open(studio, "studio")
    other = Run(studio, studio.run(default_run.id))
    other.__dict__["scores"] = expit(logit(np.asarray(default_run.scores, dtype=np.float64)) + 0.1)
    with pytest.raises(RunError, match=r"earlier TagRefine.*Train again"):
        evidence_of(other, collection, 0, 0)
    damaged = Run(studio, studio.run(default_run.id))
    damaged.folder = tmp_path
    write_array(tmp_path / "neighbors.npy", np.zeros((66, 20), dtype=np.int32))
    with pytest.raises(RunError, match=r"neighbors_squared\.npy is gone"):
        evidence_of(damaged, collection, 0, 0)
