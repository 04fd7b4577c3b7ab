"""Any method with our targets and our scoring: against the steps written out, and what must not leak."""

import warnings
from typing import ClassVar

import numpy as np
import pytest
from scipy.sparse import csr_matrix
from scipy.special import ndtri
from scipy.stats import rankdata

from tagrefine_core.errors import ConfigError, TagRefineWarning
from tagrefine_core.methods import Method, create, method_class, named, names
from tagrefine_core.methods.centered import Centered
from tagrefine_core.methods.equal_terms import on_equal_terms
from tagrefine_core.model.implied import certain, with_implied
from tagrefine_core.model.posterior import final_scores, smoothed
from tagrefine_core.model.visualness import Visualness
from tagrefine_core.neighbors.search import nearest
from tagrefine_core.settings import train_config
from tagrefine_core.training.scoring import calibrate
from tests.methods.test_contract import photos as few_photos
from tests.training.data import WORDS, photos

QUICK = {
    "multi_cnn": {"epochs": 2},
    "phi0": {"epochs": 2},
    "wdnl": {"rounds": 1},
    "wdmf": {"rounds": 1},
    "tagprop": {"rounds": 1},
}
OTHERS = [name for name in names() if not name.startswith("tagrefine")]


def hinting_photos(n):
    """Photos of the country that look much like birds, so that the name they share hints at birds and is not as good as written."""
    features, tags = photos(n=n)
    birds, country = features[2::4], features[3::4]
    country += 0.75 * (birds[: len(country)] - country)
    return features, tags


def assert_some_links_only_hint(links):
    assert 0 < certain(links).nnz < links.nnz, "or nothing is tested"


class Recorder(Method):
    """Scores by the first features, and what it was given to learn from."""

    name, title, reference = "recorder", "Recorder", "test"
    fits: ClassVar[list] = []

    def _fit(self, features, tags, users):
        self.fits.append((len(features), tags.toarray(), users))

    def _score(self, features, tags, *, own):
        assert tags is None, "scores of a photo that was fitted come from a fit without it"
        return np.asarray(features[:, : self.tags_.shape[1]])


class Weighted(Recorder):
    name, title, weighted = "weighted", "Weighted", True


@pytest.mark.parametrize("name", OTHERS)
def test_every_method_can_be_on_equal_terms(name):
    features, tags = few_photos()
    new, given = few_photos(n=7, seed=1)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", TagRefineWarning)
        method = create(f"{name}+", **QUICK.get(name, {})).fit(features, tags)
        scores = [method.refine(features, tags), method.refine(new, given)]
        if method.annotates:
            scores.append(method.annotate(new))
    assert method.name == f"{name}+" and method.probabilities
    assert (method.annotates, method.refines) == (method.core.annotates, method.core.refines)
    for found in scores:
        assert found.dtype == np.float32 and ((found >= 0) & (found <= 1)).all()
    assert set(method.core().get_params()) <= set(method.get_params())


def test_names_with_a_plus():
    kind = method_class("knn+:k=3")
    assert (kind.name, kind.title, kind.fixed) == ("knn+:k=3", "KNN+ (k=3)", {"k": 3})
    assert "k" not in kind.grid(1000) and create("knn+:k=3").get_params()["k"] == 3
    assert method_class("paper+bce").name == "paper+bce", "a preset's own name is no plus"
    assert method_class("paper+bce+").core.name == "paper+bce"
    assert named(["all+"]) == [f"{name}+" for name in OTHERS] and named(["all"]) == names()
    for name in ("tagrefine+", "tagrefine_tuned+", "knn++"):
        with pytest.raises(ConfigError, match="already"):
            method_class(name)
    with pytest.raises(ConfigError, match="no method 'nope'"):
        method_class("nope+")
    with pytest.raises(ConfigError, match="no parameter 'color'"):
        method_class("knn+:color=red")


def test_a_core_learns_from_implied_tags_and_never_scores_what_it_has_seen():
    features, tags = hinting_photos(n=50)
    for kind in (Recorder, Weighted):
        kind.fits.clear()
        users = [f"user {row}" for row in range(50)]
        method = on_equal_terms(kind)(vocabulary=WORDS).fit(features, tags, users=users)
        assert_some_links_only_hint(method.implied_)
        whole, *parts = kind.fits
        wanted = with_implied(tags, method.implied_).toarray()
        if kind is Recorder:
            wanted = (with_implied(tags, certain(method.implied_)).toarray() > 0).astype(float)
        np.testing.assert_array_equal(whole[1], wanted)
        assert [size for size, _, _ in parts] == [40] * 5
        left_out = [{*users} - {*theirs} for _, _, theirs in parts]
        assert set.union(*left_out) == {*users} and sum(map(len, left_out)) == 50
        for _, taught, theirs in parts:
            np.testing.assert_array_equal(taught, wanted[[users.index(user) for user in theirs]])


def test_the_steps_written_out():
    """k-NN, step by step, without blocks and without the functions that share the work."""
    features, tags = hinting_photos(n=60)
    method = create("knn+", vocabulary=WORDS, k=5).fit(features, tags)
    assert_some_links_only_hint(method.implied_)
    targets = with_implied(tags, method.implied_).toarray()
    unit = features / np.linalg.norm(features, axis=1, keepdims=True)
    cosines = unit.astype(np.float64) @ unit.T
    np.fill_diagonal(cosines, -np.inf)
    votes = np.stack([targets[np.argsort(-row, kind="stable")[:5]].mean(axis=0) for row in cosines])
    deviation = votes.std(axis=0)
    known = ((votes - votes.mean(axis=0)) / np.where(deviation > 0, deviation, np.inf)).astype(np.float32)
    np.testing.assert_allclose(method.known_, known, atol=2e-4)

    config = train_config("default")
    raised = np.sign(features) * np.abs(features).astype(np.float64) ** config.network.power
    raised /= np.linalg.norm(raised, axis=1, keepdims=True)
    seen = raised - raised.mean(axis=0)
    seen = (seen / np.linalg.norm(seen, axis=1, keepdims=True)).astype(np.float16).astype(np.float64)
    far = ((seen[:, None] - seen) ** 2).sum(axis=2)
    np.fill_diagonal(far, np.inf)
    order = np.argsort(far, axis=1, kind="stable")[:, :20]
    around = smoothed(
        known, order, np.take_along_axis(far, order, axis=1), known, smooth=config.scoring.smooth
    )
    # Places of the photos as normal deviates, around the log-odds of the tag.
    rates = np.clip(tags.toarray().mean(axis=0), 1 / 120, 1 - 1 / 120)
    places = ndtri((rankdata(around, axis=0) - 0.5) / 60)
    wanted_logits = places + np.log(rates / (1 - rates))
    assert np.abs(method.logits_ - wanted_logits).mean() < 0.15, "but for the knots in between"
    for column in range(tags.shape[1]):
        order_of = np.argsort(around[:, column], kind="stable")
        assert (np.diff(method.logits_[order_of, column]) >= -1e-3).all(), "the order of the photos stays"
    links = certain(method.implied_)
    told = Visualness.measure([(method.logits_, tags)], tags.shape[1]).unseen
    calibration = calibrate(method.logits_, np.arange(60), tags, links, told)
    wanted = final_scores(
        method.logits_, calibration, with_implied(tags, links), evidence=config.scoring.evidence
    )
    np.testing.assert_allclose(method.refine(features, tags), wanted, atol=1e-6)


def test_probabilities_and_logits_are_averaged_as_log_odds():
    features, tags = photos(n=50)
    new, _ = photos(n=4, seed=2)
    for name, parameters in (("ridge+", {}), ("multi_cnn+", {"epochs": 3})):
        method = create(name, vocabulary=WORDS, **parameters).fit(features, tags)
        plain = method.core_.annotate(new).astype(np.float64)
        if method.core.scale == "probability":
            plain = np.log(np.clip(plain, 1e-5, 1 - 1e-5)) - np.log1p(-np.clip(plain, 1e-5, 1 - 1e-5))
        near, squared = nearest(
            method.centered_.directions(new).astype(np.float16),
            method.centered_.directions(features).astype(np.float16),
            20,
        )
        smooth = smoothed(plain, near, squared, method.known_, smooth=train_config("default").scoring.smooth)
        wanted = final_scores(smooth, method.calibration_, None, evidence=0)
        np.testing.assert_allclose(method.annotate(new), wanted, atol=1e-5)


def test_what_the_user_wrote_counts_for_his_photo_and_not_for_a_new_one():
    features, tags = photos(n=60)
    method = create("ridge+", vocabulary=WORDS).fit(features, tags)
    new, _ = photos(n=5, seed=3)
    none, every = csr_matrix((5, tags.shape[1])), csr_matrix(np.ones((5, tags.shape[1])))
    alone = method.annotate(new)
    assert (method.refine(new, none) <= alone + 1e-6).all() and (
        method.refine(new, every) >= alone - 1e-6
    ).all()
    assert (method.refine(new, every) > method.refine(new, none)).any()


def test_without_words_no_tag_implies_another():
    features, tags = photos(n=50)
    with pytest.warns(TagRefineWarning, match=r"KNN\+ lets no tag imply another"):
        assert not create("knn+", k=5).fit(features, tags).implied_.nnz


def test_centered_features_by_hand():
    centered = Centered.of(np.array([[2.0, 0.0], [0.0, 3.0]]))
    np.testing.assert_allclose(centered.mean, [0.5, 0.5])
    given, half = np.array([[5.0, 0.0], [0.0, 0.0]]), np.sqrt(0.5)
    np.testing.assert_allclose(centered.seen(given), [[0.5, -0.5], [-0.5, -0.5]], rtol=1e-6)
    np.testing.assert_allclose(centered.directions(given), [[half, -half], [-half, -half]], rtol=1e-6)


def test_features_to_a_power_by_hand():
    # Roots first, their sign kept, then unit length: (9, -16) -> (3, -4) -> (.6, -.8), and (1, 0) stays.
    given = np.array([[9.0, -16.0], [1.0, 0.0]])
    centered = Centered.of(given, power=0.5)
    np.testing.assert_allclose(centered.mean, [0.8, -0.4])
    np.testing.assert_allclose(centered.seen(given), [[-0.2, -0.4], [0.2, 0.4]], rtol=1e-6)
