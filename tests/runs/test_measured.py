"""How right a run's tags are: on the photos that it is measured on, and with hidden tags scored anew by the model itself."""

import itertools
import json
import shutil
from dataclasses import replace

import numpy as np
import pytest
from scipy import sparse

from tagrefine_core import workflow
from tagrefine_core.collections import Collection
from tagrefine_core.errors import ConfigError
from tagrefine_core.evaluation import evaluate_decisions, reliability
from tagrefine_core.evaluation.hidden import hide_one
from tagrefine_core.files import write_array, write_sparse
from tagrefine_core.model.visualness import Visualness
from tagrefine_core.runs import measured, refined
from tagrefine_core.runs.run import Run
from tagrefine_core.store import Store
from tagrefine_core.training.fitted import Fitted
from tests.runs.test_default import ANNOTATION

PRECISION = 0.5


@pytest.fixture(scope="module")
def collection(studio):
    return Collection.open(studio, "studio")


@pytest.fixture(scope="module")
def annotating(studio, real):
    return workflow.train_collection(studio, "studio", real(**ANNOTATION))


@pytest.fixture(scope="module")
def seeing_run(studio, real):
    """A run that takes every tag for one that pictures show, though these are too few photos to tell."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Visualness, "unseen", property(lambda self: np.zeros(len(self.value), dtype=bool)))
        return workflow.train_collection(studio, "studio", real())


@pytest.fixture
def judged(studio, collection):
    """All tags on the curator's list, so that something is added and removed on these few photos."""
    workflow.set_tag_rules(studio, "studio", collection.vocabulary, "judge")
    yield
    workflow.set_tag_rules(studio, "studio", collection.vocabulary, None)


def lists(changes, collection):
    """Go through all photos; return the tags handed out as they are exported."""
    final = np.zeros(collection.tags.shape, dtype=bool)
    for row in range(collection.n):
        final[row, changes.refined(row)[0]] = True
    return final


def without(run, collection, hidden):
    """Take the hidden tags away and let the model score all photos anew, (N, C)."""
    left = collection.tags.tolil()
    for row, column in zip(*hidden, strict=True):
        left[row, column] = 0
    return Fitted.load(run.folder).scores(
        sparse.csr_matrix(left) if run.config.task == "refinement" else None
    )


def between(limits, scores):
    """Limits between every two scores that no rounding error exchanges."""
    ordered = np.sort(scores)
    for low, high in itertools.pairwise(ordered):
        if high - low > 1e-4:
            yield replace(limits, add=np.full(len(limits.add), (low + high) / 2))


@pytest.mark.usefixtures("judged")
def test_what_is_measured_is_what_is_handed_out(studio, seeing_run, collection):
    found = workflow.measure_handed_out(studio, seeing_run.id, precision=PRECISION)
    changes = refined.changes_of(seeing_run, collection, PRECISION)
    assert changes.added.nnz and changes.removed.nnz
    columns = collection.label_columns
    given = collection.tags.toarray() > 0
    expected = evaluate_decisions(given[:, columns], lists(changes, collection)[:, columns], collection.truth)
    for choice in ("added", "removed", "final", "user"):
        for part in ("hits", "chosen", "wanted"):
            one, other = (getattr(getattr(of, choice), part) for of in (found.decisions, expected))
            np.testing.assert_array_equal(one, other, err_msg=f"{choice} {part}")
    assert found.amounts.added == changes.added.nnz and found.amounts.removed == changes.removed.nnz
    assert found.expected.added.total == changes.added.nnz
    assert found.amounts.untouched == pytest.approx(1 - changes.changed / collection.n)
    scores = np.array(seeing_run.scores)[:, columns]
    assert found.reliability.pooled == pytest.approx(reliability(scores, collection.truth).pooled)


@pytest.fixture(scope="module")
def implying(studio, default_run, tmp_path_factory):
    """The same run, had its networks seen that whoever writes "sea" as good as writes "ocean"."""
    home = tmp_path_factory.mktemp("implying") / "home"
    shutil.copytree(studio.home, home)
    run = Run.open(Store(home), default_run.id)
    collection = Collection.open(run.store, "studio")
    sea, ocean = (collection.vocabulary.index(tag) for tag in ("sea", "ocean"))
    assert collection.tags[:, [sea, ocean]].toarray().min(axis=1).any(), "some wrote both"
    links = default_run.implied.tolil()
    links[sea, ocean] = links[ocean, sea] = 0.6
    write_sparse(run.folder / "implied.npz", sparse.csr_matrix(links))
    write_array(run.folder / "scores.npy", Fitted.load(run.folder).scores(collection.tags))
    return run


def test_hidden_tags_score_as_if_nobody_had_given_them(implying):
    collection = Collection.open(implying.store, "studio")
    rows = np.arange(collection.n)
    hidden = hide_one(collection.tags, rows)
    scores = without(implying, collection, hidden)[hidden]
    changes = refined.changes_of(implying, collection, PRECISION)
    others = sum(changes.added[row].nnz for row in hidden.rows)
    asked = 0
    for limits in between(refined.limits_of(implying, collection, PRECISION), scores):
        found = measured.hidden_of(implying, collection, changes, limits, rows)
        back = scores >= limits.add[hidden.columns]
        np.testing.assert_array_equal(
            found.hits, np.bincount(hidden.columns[back], minlength=len(found.hits))
        )
        assert found.asked.sum() == len(back) and found.additions == back.sum() + others
        asked += 1
    assert asked > 40
    # The other tags of a photo do say something, and so did the hidden one.
    alone = Fitted.load(implying.folder).scores(sparse.csr_matrix(collection.tags.shape, dtype=np.uint8))
    assert (alone[hidden] < scores - 1e-3).any()
    assert (np.array(implying.scores)[hidden] > scores + 1e-3).any()


@pytest.mark.usefixtures("judged")
def test_an_annotating_run_is_measured_on_photos_it_did_not_learn_from(studio, annotating, collection):
    found = workflow.measure_handed_out(studio, annotating.id, precision=PRECISION)
    rows = np.setdiff1d(np.arange(collection.n), annotating.rows)
    assert 0 < len(rows) < collection.n and found.amounts.photos == len(rows)
    assert workflow.evaluate_run(studio, annotating.id).n_images == len(rows)
    changes = refined.changes_of(annotating, collection, PRECISION)
    columns = collection.label_columns
    expected = evaluate_decisions(
        (collection.tags.toarray() > 0)[rows][:, columns],
        lists(changes, collection)[rows][:, columns],
        collection.truth[rows],
    )
    np.testing.assert_array_equal(found.decisions.final.hits, expected.final.hits)
    assert found.amounts.added == sum(changes.added[row].nnz for row in rows)
    hidden = hide_one(collection.tags, rows)
    scores = without(annotating, collection, hidden)[hidden]
    for limits in between(refined.limits_of(annotating, collection, PRECISION), scores):
        again = measured.hidden_of(annotating, collection, changes, limits, rows)
        back = scores >= limits.add[hidden.columns]
        assert again.hits.sum() == back.sum() and again.asked.sum() == len(back)
    assert len(hidden.rows) == found.hidden.asked.sum() < len(rows)


def test_the_curators_list_counts(studio, default_run, collection):
    before = workflow.measure_handed_out(studio, default_run.id, precision=PRECISION)
    workflow.set_tag_rules(studio, "studio", collection.vocabulary, "leave")
    found = workflow.measure_handed_out(studio, default_run.id, precision=PRECISION)
    workflow.set_tag_rules(studio, "studio", collection.vocabulary, None)
    assert found.amounts.added == found.amounts.removed == 0 and found.amounts.untouched == 1
    assert np.isnan(found.decisions.added.precision) and found.decisions.final.f1 == found.decisions.user.f1
    assert found.hidden.recall == 0 and np.isnan(found.hidden.recall_told)
    again = workflow.measure_handed_out(studio, default_run.id, precision=PRECISION)
    assert again.as_dict() == before.as_dict(), "nothing is drawn differently"


def test_one_network_has_seen_what_would_be_hidden(studio, real, collection):
    run = workflow.train_collection(studio, "studio", real(**{"scoring.crossfit": 1, "phi0.epochs": 1}))
    found = workflow.measure_handed_out(studio, run.id)
    assert found.hidden is None and "crossfit=5" in found.why_not_hidden
    assert found.as_dict()["hidden"]["recall"] is None
    assert "crossfit=5" in found.as_dict()["hidden"]["reason"]


def test_scores_of_an_earlier_tagrefine_hold_the_hidden_tags(studio, real):
    settings = {"scoring.calibrated": False, "scoring.crossfit": 2, "phi0.epochs": 1}
    run = workflow.train_collection(studio, "studio", real(**settings))
    assert measured.why_not_hidden(run) is None, "without a calibration, scores hold no evidence"
    (run.folder / "visualness.npy").unlink()
    assert "earlier TagRefine" in measured.why_not_hidden(run)


def test_a_stored_zero_is_a_place():
    part = sparse.csr_matrix((np.array([0.0, 0.5], np.float32), ([0, 2], [1, 0])), shape=(3, 2))
    found = measured.label_places(part, np.array([2, 0]), np.array([1, 0]))
    assert found.tolist() == [[False, True], [True, False]]


def test_mistakes_are_named(studio, default_run):
    with pytest.raises(ConfigError, match="precision"):
        workflow.measure_handed_out(studio, default_run.id, precision=0.2)


def test_without_labels_there_are_counts_and_hidden_tags(pictures, tmp_path, real):
    folder = tmp_path / "pictures"
    shutil.copytree(pictures, folder)
    table = folder / "metadata.jsonl"
    rows = [json.loads(line) for line in table.read_text().splitlines()]
    for row in rows:
        del row["labels"]
    table.write_text("".join(json.dumps(row) + "\n" for row in rows))
    store = Store(tmp_path / "home")
    workflow.import_collection(store, "table", folder, "bare")
    run = workflow.train_collection(store, "bare", real(**{"phi0.epochs": 3, "scoring.crossfit": 2}))
    answer = workflow.measure_handed_out(store, run.id).as_dict()
    assert answer["added"]["precision"] is answer["f1_micro"] is answer["ece"]["mean"] is None
    assert answer["user_f1_micro"] is answer["by_tag"] is None
    assert answer["added"]["count"] == workflow.changes_of(store, run.id).added.nnz
    assert answer["photos"] == 66 and answer["hidden"]["photos"] > 0
