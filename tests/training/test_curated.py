"""A fitted model learns from verdicts: what moves, what stays to the last bit, and what was before comes back."""

import copy

import numpy as np
import pytest
import scipy.sparse as sp
import torch
from scipy.special import expit

from tagrefine_core.errors import RunError
from tagrefine_core.model.correction import correct
from tagrefine_core.model.implied import certain, with_implied
from tagrefine_core.training.curated import Unlearned, learn_verdicts
from tagrefine_core.training.fit import fit, owners
from tagrefine_core.training.fitted import Fitted
from tests.training.data import BIRD, DOG, TURKEY, WORDS, everything_on, in_steps, inputs_of, photos


def said(tags, *cells):
    """Verdicts: (photo, tag, 1, -1 or 2)."""
    rows, columns, values = zip(*cells, strict=True) if cells else ((), (), ())
    return sp.csr_matrix((np.array(values, dtype=np.int8), (rows, columns)), shape=tags.shape)


@pytest.fixture(scope="module", params=["solved", "steps"])
def fitted(request):
    """Preset default on few photos; and a network for each part that learns by steps."""
    features, tags = photos()
    if request.param == "solved":
        config = everything_on(**{"scoring.crossfit": 4, "constraints.epochs": 2})
    else:
        config = in_steps(**{"scoring.crossfit": 3, "phi0.epochs": 2})
    return features, tags, fit(inputs_of(features), tags, config, vocabulary=WORDS)


@pytest.fixture
def model(fitted):
    """One that may be changed."""
    return copy.deepcopy(fitted[2])


# Birds that nobody tagged, countries that are tagged like one.
VERDICTS = [(2, BIRD, 1), (6, BIRD, -1), (10, BIRD, 1), (3, TURKEY, -1), (7, TURKEY, -1), (11, TURKEY, 2)]


def test_only_tags_that_were_asked_about_move(fitted, model):
    features, tags, before = fitted
    learn_verdicts(model, inputs_of(features), said(tags, *VERDICTS), tags)
    others = np.setdiff1d(np.arange(len(WORDS)), [BIRD, TURKEY])
    old, new = before.scores(tags), model.scores(tags)
    np.testing.assert_array_equal(new[:, others], old[:, others])
    assert (new[:, [BIRD, TURKEY]] != old[:, [BIRD, TURKEY]]).any(axis=0).all()
    assert new[3, TURKEY] < old[3, TURKEY] and new[7, TURKEY] < old[7, TURKEY]
    country = np.arange(len(tags.toarray())) % 4 == 3
    assert new[country, TURKEY].mean() < old[country, TURKEY].mean() - 0.02, (
        "look-alikes of what was rejected sink"
    )


def test_no_verdict_changes_no_bit(fitted, model):
    features, tags, before = fitted
    kept = learn_verdicts(model, inputs_of(features), said(tags, (0, DOG, 2)), tags)
    assert not len(kept.tags)
    np.testing.assert_array_equal(model.scores(tags), before.scores(tags))
    np.testing.assert_array_equal(model.logits, before.logits)


def test_what_was_before_comes_back_to_the_last_bit(fitted, model, tmp_path):
    features, tags, before = fitted
    kept = learn_verdicts(model, inputs_of(features), said(tags, *VERDICTS), tags)
    kept.save(tmp_path / "unlearned.npz")
    Unlearned.load(tmp_path / "unlearned.npz").put_back(model)
    np.testing.assert_array_equal(model.logits, before.logits)
    np.testing.assert_array_equal(model.scores(tags), before.scores(tags))
    new = torch.from_numpy(photos(n=5, seed=9)[0])
    np.testing.assert_array_equal(model.scores_of_new(new), before.scores_of_new(new))
    # So that the next verdicts are learned as if these had never been.
    learn_verdicts(model, inputs_of(features), said(tags, *VERDICTS[:3]), tags)
    other = copy.deepcopy(before)
    learn_verdicts(other, inputs_of(features), said(tags, *VERDICTS[:3]), tags)
    np.testing.assert_array_equal(model.scores(tags), other.scores(tags))


def test_the_order_of_verdicts_does_not_matter(fitted):
    features, tags, before = fitted
    scores = []
    for cells in (VERDICTS, VERDICTS[::-1]):
        model = copy.deepcopy(before)
        learn_verdicts(model, inputs_of(features), said(tags, *cells), tags)
        scores.append(model.scores(tags))
    np.testing.assert_array_equal(*scores)


def test_what_is_kept_scores_as_what_learned(fitted, model, tmp_path):
    """The averages are those of the logits that are kept, and new photos meet what was learned."""
    features, tags, _ = fitted
    learn_verdicts(model, inputs_of(features), said(tags, *VERDICTS), tags)
    learned = model.scores(tags)
    model.save(tmp_path)
    other = Fitted.load(tmp_path)
    np.testing.assert_array_equal(other.scores(tags), learned)
    new = torch.from_numpy(photos(n=7, seed=5)[0])
    np.testing.assert_array_equal(other.scores_of_new(new), model.scores_of_new(new))


def test_scores_by_plain_loops(fitted, model):
    """Photo by photo from the definition, on the way that a reader of the docstring would go."""
    features, tags, before = fitted
    learn_verdicts(model, inputs_of(features), said(tags, *VERDICTS), tags)
    config, calibration = before.config, before.calibration
    owner = owners(len(features), before.rows, config)
    read = np.stack(
        [
            before.networks[k].eval().represent(torch.from_numpy(features[[row]]))[0].detach().numpy()
            for row, k in enumerate(owner)
        ]
    ).astype(np.float64)
    around = before.look_alikes

    def averaged(values):
        found = np.empty_like(values)
        for row in range(len(values)):
            weight = np.exp(-around.squared[row] / np.median(around.squared[row]))
            mean = (weight[:, None] * values[around.rows[row]]).sum(axis=0) / weight.sum()
            found[row] = (1 - config.scoring.smooth) * values[row] + config.scoring.smooth * mean
        return found

    written = with_implied(tags, certain(before.implied)).toarray()
    words = calibration.words(written, config.scoring.evidence)
    z, looks = averaged(before.logits.astype(np.float64)), averaged(read)
    asked = [(row, value) for row, tag, value in VERDICTS if tag == BIRD]
    rows = [row for row, _ in asked]
    moved = correct(
        calibration, BIRD, z[rows, BIRD], looks[rows], words[rows, BIRD],
        np.array([value == 1 for _, value in asked]), size=float((read**2).sum(axis=1).mean()),
    )  # fmt: skip
    curve, _ = calibration.curve_of(BIRD, z[:, BIRD] + looks @ moved.weight)
    expected = expit(words[:, BIRD] + moved.offset + moved.slope * curve)
    np.testing.assert_allclose(model.scores(tags)[:, BIRD], expected, atol=2e-4)


def test_in_annotation_words_say_nothing(fitted, model):
    features, tags, before = fitted
    learn_verdicts(model, inputs_of(features), said(tags, *VERDICTS), None)
    other = copy.deepcopy(before)
    learn_verdicts(other, inputs_of(features), said(tags, *VERDICTS), tags)
    assert (model.scores()[:, BIRD] != other.scores()[:, BIRD]).any()


def test_scores_that_are_not_calibrated_cannot_learn():
    features, tags = photos()
    config = everything_on(**{"scoring.crossfit": 2, "constraints.epochs": 1, "scoring.calibrated": False})
    model = fit(inputs_of(features), tags, config, vocabulary=WORDS)
    with pytest.raises(RunError, match=r"scoring\.calibrated=true"):
        learn_verdicts(model, inputs_of(features), said(tags, *VERDICTS), tags)


def test_a_damaged_file_says_so(tmp_path):
    (tmp_path / "unlearned.npz").write_bytes(b"nothing")
    with pytest.raises(RunError, match="damaged"):
        Unlearned.load(tmp_path / "unlearned.npz")
