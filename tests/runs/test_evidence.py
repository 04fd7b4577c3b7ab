"""What a decision rests on, of runs with every step of preset default: taken apart as the score was put together."""

import numpy as np
import pytest
from scipy import sparse
from scipy.special import expit

from tagrefine_core import workflow
from tagrefine_core.collections import Collection
from tagrefine_core.model.implied import certain, with_implied
from tagrefine_core.model.posterior import final_scores
from tagrefine_core.progress import silent
from tagrefine_core.runs.evidence import evidence_of, links_of
from tagrefine_core.runs.refined import limits_of, visualness_of
from tagrefine_core.runs.run import Run
from tagrefine_core.training.scoring import smooth_all


@pytest.fixture(scope="module")
def annotating_run(studio, real):
    return workflow.train_collection(
        studio, "studio", real(**{"task": "annotation", "run.train_fraction": 0.5, "neighbors.m": 4})
    )


def all_evidence(run, collection):
    links, limits = links_of(run), limits_of(run, collection)
    columns = range(len(collection.vocabulary))
    return [
        evidence_of(run, collection, row, columns, limits, links=links, rules={})
        for row in range(collection.n)
    ]


@pytest.fixture(scope="module")
def linked_run(studio, default_run):
    """The default run as if its tags implied each other as strongly as those of a large vocabulary do."""
    run, collection = Run(studio, studio.run(default_run.id)), Collection.open(studio, "studio")
    links = np.triu(np.random.default_rng(4).random(run.implied.shape), 1)
    run.__dict__["implied"] = sparse.csr_matrix(np.where(links < 0.7, links, 0).astype(np.float32))
    written = with_implied(collection.tags, certain(run.implied))
    run.__dict__["scores"] = final_scores(
        smoothed(run), run.calibration, written, evidence=run.config.scoring.evidence
    )
    return run


def smoothed(run):
    out = np.empty_like(run.logits)
    smooth_all(np.array(run.logits), run.features, run.rows, run.config, out=out, progress=silent)
    return out


@pytest.mark.parametrize("which", ["default_run", "linked_run"])
def test_pictures_alone_are_the_scores_without_what_users_wrote(studio, which, request):
    run, collection = request.getfixturevalue(which), Collection.open(studio, "studio")
    found = all_evidence(run, collection)
    pictures = np.array([[one.picture for one in row] for row in found])
    np.testing.assert_allclose(pictures, expit(run.calibration.fits(smoothed(run))), atol=2e-3)
    scores = np.array([[one.score for one in row] for row in found])
    np.testing.assert_array_equal(scores, run.scores)
    assert np.abs(scores - pictures).max() > 0.05, "what users wrote moved something"


def test_who_speaks_for_a_tag_by_loops(studio, linked_run):
    collection = Collection.open(studio, "studio")
    names = collection.vocabulary
    implied = linked_run.implied.toarray()
    tally = {"implied": 0, "too weak": 0, "not by the first": 0}
    for row, tags in enumerate(all_evidence(linked_run, collection)):
        given = collection.tags[[row]].indices.tolist()
        for column, one in enumerate(tags):
            assert one.written == (column in given)
            speakers = [(implied[tag, column], names[tag]) for tag in given if implied[tag, column] > 0]
            strong = [pair for pair in speakers if pair[0] >= 0.35]
            if column in given or not strong:
                assert one.implied_by is None
                tally["too weak"] += bool(speakers)
            else:
                assert one.implied_by == max(strong)[1]
                tally["implied"] += 1
                tally["not by the first"] += max(strong)[1] != names[given[0]]
    assert min(tally.values()) > 5, tally


def test_limits_list_and_visualness_are_those_of_the_tag(studio, default_run):
    collection = Collection.open(studio, "studio")
    limits, seen = limits_of(default_run, collection), visualness_of(default_run, collection)
    columns = [3, 0]
    rules = {collection.vocabulary[3]: "leave"}
    first, second = evidence_of(
        default_run, collection, 5, columns, limits, links=links_of(default_run), rules=rules
    )
    assert (first.rule, second.rule) == ("leave", None)
    for column, one in zip(columns, (first, second), strict=True):
        assert (one.add, one.remove, one.told) == (
            limits.add[column],
            limits.remove[column],
            limits.told[column],
        )
        assert (one.visualness, one.low, one.high) == (
            seen.value[column],
            seen.low[column],
            seen.high[column],
        )


def test_a_run_that_looks_at_no_tags_names_none(studio, annotating_run):
    collection = Collection.open(studio, "studio")
    assert annotating_run.implied.nnz and not links_of(annotating_run).nnz
    for tags in all_evidence(annotating_run, collection):
        for one in tags:
            assert one.picture is None and one.implied_by is None and one.calibrated


def test_a_run_without_calibration_promises_nothing(studio, default_run):
    record = studio.run(default_run.id)
    config = default_run.config.replaced({"scoring.calibrated": False, "scoring.evidence": 0.0})
    plain = Run(studio, record)
    plain.__dict__["config"] = config
    (one,) = evidence_of(
        plain,
        collection := Collection.open(studio, "studio"),
        0,
        [0],
        limits_of(plain, collection),
        links=links_of(plain),
        rules={},
    )
    assert not one.calibrated and one.picture is None
