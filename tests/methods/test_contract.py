"""What holds for every method, ours and a user's own."""

import importlib
import inspect
import warnings
from pathlib import Path

import numpy as np
import pytest
from scipy.sparse import csr_matrix

from tagrefine_core import methods
from tagrefine_core.errors import ConfigError, DataError, TagRefineWarning, UnsupportedTask
from tagrefine_core.methods import VARIANTS, Method, create, load_file, method_class, names, registry
from tagrefine_core.settings import train_config

# By the registry: a method that is named there is held to the contract. Not what happens to be installed beside it.
CONTRACT = sorted(set(names()) - set(registry._installed()))
# What starts from random numbers gets others when its tags, or its images, come in another order.
DRAWS_BY_TAG = {"random_guess", "multi_cnn", "phi0", "paper", "paper+bce", "tagrefine", "tagrefine_tuned"}
DRAWS_BY_IMAGE = DRAWS_BY_TAG | {"nmf", "wdnl", "wdmf"}
QUICK = {
    "multi_cnn": {"epochs": 3},
    "tagrefine": {
        "config": train_config(
            "default",
            **{"constraints.epochs": 1, "scoring.crossfit": 2, "run.device": "cpu"},
        )
    },
    "wdnl": {"rounds": 2},
    "wdmf": {"rounds": 2},
}


def quick(name, **params):
    """Make a method with few iterations; that it learned little does not matter here."""
    return create(name, **{**QUICK.get(name, {}), **params})


def photos(n=40, c=5, d=6, seed=0):
    """Three kinds of photo, each with tags of its own; some tags are missing, one photo has none."""
    generator = np.random.default_rng(seed)
    kind = np.arange(n) % 3
    features = generator.normal(size=(n, d)) * 0.2 + np.eye(3, d)[kind] + 1.0
    tags = (generator.random((n, c)) < np.eye(3, c)[kind] * 0.7 + 0.1).astype(np.uint8)
    tags[n - 1] = 0
    tags[0, :3] = 1
    return features.astype(np.float32), tags


def fitted(name, features, tags, **params):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", TagRefineWarning)  # no words, few photos: said, and tested elsewhere
        return quick(name, **params).fit(features, tags)


def refined(method, features, tags, **options):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", TagRefineWarning)
        return method.refine(features, tags, **options)


def test_every_module_of_methods_is_in_the_registry():
    """A method that nobody named would be held to nothing."""
    written = {
        found.name
        for path in Path(methods.__path__[0]).glob("*.py")
        for found in vars(importlib.import_module(f"tagrefine_core.methods.{path.stem}")).values()
        if inspect.isclass(found) and issubclass(found, Method) and found.name
    }
    assert written == set(CONTRACT)


@pytest.mark.parametrize("name", CONTRACT)
def test_scores_have_the_right_shape_and_are_reproducible(name):
    features, tags = photos()
    one, other = fitted(name, features, tags), fitted(name, features.copy(), csr_matrix(tags))
    scores = refined(one, features, tags)
    assert scores.shape == (40, 5) and scores.dtype == np.float32
    assert not np.isnan(scores).any() and not np.isposinf(scores).any()
    np.testing.assert_array_equal(scores, refined(other, features, csr_matrix(tags)))
    assigned = refined(one, features, tags, mode="assigned")
    assert np.isneginf(assigned[tags == 0]).all()
    np.testing.assert_array_equal(assigned[tags == 1], scores[tags == 1])


@pytest.mark.parametrize("name", CONTRACT)
def test_annotate_looks_at_the_features_alone_or_says_that_it_cannot(name):
    features, tags = photos()
    new, _ = photos(n=7, seed=1)
    method = fitted(name, features, tags)
    if not method.annotates:
        with pytest.raises(UnsupportedTask, match=method.title.split()[0]):
            method.annotate(new)
        return
    scores = method.annotate(new)
    assert scores.shape == (7, 5) and not np.isnan(scores).any()
    if name != "random_guess":
        np.testing.assert_allclose(method.annotate(new[::-1])[::-1], scores, atol=1e-4)
    assert method.annotate(new[:1]).shape == (1, 5)


@pytest.mark.parametrize("name", sorted(set(CONTRACT) - DRAWS_BY_TAG))
def test_the_order_of_tags_does_not_matter(name):
    features, tags = photos()
    order = np.array([3, 0, 4, 2, 1])
    plain = refined(fitted(name, features, tags), features, tags)
    moved = refined(fitted(name, features, tags[:, order]), features, tags[:, order])
    np.testing.assert_allclose(moved, plain[:, order], rtol=1e-3, atol=1e-4)


@pytest.mark.parametrize("name", sorted(set(CONTRACT) - DRAWS_BY_IMAGE))
def test_the_order_of_images_does_not_matter(name):
    features, tags = photos()
    order = np.random.default_rng(3).permutation(len(features))
    plain = refined(fitted(name, features, tags), features, tags)
    moved = refined(fitted(name, features[order], tags[order]), features[order], tags[order])
    np.testing.assert_allclose(moved, plain[order], rtol=1e-3, atol=2e-4)


@pytest.mark.parametrize("name", CONTRACT)
def test_features_of_either_precision_give_the_same_ranking(name):
    features, tags = photos()
    single = refined(fitted(name, features, tags), features, tags)
    double = refined(fitted(name, features.astype(np.float64), tags), features.astype(np.float64), tags)
    np.testing.assert_allclose(single, double, rtol=1e-3, atol=1e-3)
    for one, other in zip(*(np.nan_to_num(scores, neginf=-99) for scores in (single, double)), strict=True):
        # Where two tags are further apart than rounding, they are in the same order.
        apart = one[:, None] - one > 0.01
        assert (other[:, None] - other)[apart].min(initial=1) > 0


@pytest.mark.parametrize("name", CONTRACT)
def test_features_may_lie_in_a_file_and_tags_be_of_any_kind(name, tmp_path):
    features, tags = photos()
    np.save(tmp_path / "features.npy", features)
    mapped = np.load(tmp_path / "features.npy", mmap_mode="r")
    plain = refined(fitted(name, features, tags), features, tags)
    for given in (tags.astype(bool), tags.astype(float), csr_matrix(tags.astype(np.int64)).tocoo()):
        np.testing.assert_array_equal(refined(fitted(name, mapped, given), mapped, given), plain)


@pytest.mark.parametrize("name", CONTRACT)
def test_other_images_than_those_of_fit_can_be_refined(name):
    features, tags = photos()
    new, given = photos(n=7, seed=1)
    users = [None if i % 5 == 0 else f"user {i % 4}" for i in range(len(features))]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", TagRefineWarning)
        method = quick(name).fit(features, tags, users=users)
    scores = refined(method, new, given)
    assert scores.shape == (7, 5) and not np.isnan(scores).any() and not np.isposinf(scores).any()
    with pytest.raises(DataError, match="40 images but 39 users"):
        quick(name).fit(features, tags, users=users[1:])


@pytest.mark.parametrize("name", CONTRACT)
@pytest.mark.parametrize(("n", "c"), [(1, 1), (2, 3), (9, 1)])
def test_tiny_and_odd_collections(name, n, c):
    features, tags = photos(n=12, c=5)
    features, tags = features[:n], tags[:n, :c].copy()
    tags[:, c - 1] = 1  # a tag on every photo
    if c > 1:
        tags[:, 0] = 0  # and one on none
    scores = refined(fitted(name, features, tags), features, tags)
    assert scores.shape == (n, c) and not np.isnan(scores).any()


@pytest.mark.parametrize("name", CONTRACT)
def test_wrong_input_is_told(name):
    features, tags = photos()
    with pytest.raises(DataError, match="not fitted"):
        quick(name).refine(features, tags)
    with pytest.raises(DataError, match="40 rows of features but 39"):
        quick(name).fit(features, tags[:-1])
    allowed = "only numbers from 0 to 1" if method_class(name).weighted else "only 0 and 1"
    for wrong in (tags * 2, tags * -0.5, tags * np.nan):
        with pytest.raises(DataError, match=allowed):
            quick(name).fit(features, wrong)
    if not method_class(name).weighted:
        with pytest.raises(DataError, match=allowed):
            quick(name).fit(features, tags * 0.5)
    spoiled = features.copy()
    spoiled[3, 1] = np.nan
    with pytest.raises(DataError, match="row 3"):
        quick(name).fit(spoiled, tags)
    method = fitted(name, features, tags)
    with pytest.raises(DataError, match="dimensions"):
        method.refine(features[:, :-1], tags)
    with pytest.raises(ConfigError, match="mode"):
        method.refine(features, tags, mode="some")
    with pytest.raises(ConfigError, match="no parameter 'nonsense'"):
        create(name, nonsense=1)


@pytest.mark.parametrize("name", [name for name in CONTRACT if method_class(name).weighted])
def test_a_tag_that_counts_in_part_is_neither_given_nor_missing(name):
    features, tags = photos()
    doubtful, missing = tags.astype(np.float32), tags.copy()
    doubtful[::2, 0] *= 0.5
    missing[::2, 0] = 0
    found = []
    for taught in (tags, doubtful, missing):
        method = fitted(name, features, taught, **({"k": 5} if name in ("knn", "tag_vote") else {}))
        scores = method.annotate(features) if method.annotates else method.refine(features, taught)
        found.append(scores[:, 0])
    given, partly, not_given = found
    for other in (given, not_given):
        assert np.abs(partly - other).max() > 1e-4


@pytest.mark.parametrize("name", CONTRACT)
def test_it_is_named_and_its_memory_known(name):
    kind = method_class(name)
    assert kind.name == name and kind.title and kind.reference
    small, large = (create(name).peak_bytes(n, 100, 64) for n in (1_000, 100_000))
    assert 0 < small <= large
    for key, values in kind.grid(5_000).items():
        assert values and key in create(name).get_params()


def test_a_variant_is_the_method_with_a_parameter_set():
    features, tags = photos()
    kind = method_class("cca:variant=direct:q=2")
    assert (kind.name, kind.title) == ("cca:variant=direct:q=2", "CCA (variant=direct, q=2)")
    assert set(kind.grid(5_000)) == set(method_class("cca").grid(5_000)) - {"q"}
    np.testing.assert_array_equal(
        create("cca:variant=direct:q=2").fit(features, tags).annotate(features),
        create("cca", variant="direct", q=2).fit(features, tags).annotate(features),
    )
    assert create("knn:k=3", k=4).k == 4
    for name in VARIANTS:
        assert create(name).get_params() != create(name.split(":")[0]).get_params()
    with pytest.raises(ConfigError, match="CCA has no parameter 'color'"):
        method_class("cca:color=red")
    with pytest.raises(ConfigError, match="no method 'nope'"):
        method_class("nope:k=3")


MINE = (
    "import numpy as np\n"
    "from tagrefine_core.methods import Method\n"
    "class Mine(Method):\n"
    "    name, title, reference = 'mine_of_test', 'Mine', 'me'\n"
    "    def _fit(self, features, tags, users):\n"
    "        self.rate_ = np.asarray(tags.mean(axis=0)).reshape(-1)\n"
    "    def _score(self, features, tags, *, own):\n"
    "        return np.tile(self.rate_, (len(features), 1))\n"
)


def test_a_method_of_an_installed_package(tmp_path, monkeypatch):
    (tmp_path / "package_of_test.py").write_text(MINE)
    information = tmp_path / "package_of_test-1.0.dist-info"
    information.mkdir()
    (information / "METADATA").write_text("Metadata-Version: 2.1\nName: package-of-test\nVersion: 1.0\n")
    (information / "entry_points.txt").write_text(
        "[tagrefine.methods]\nmine_of_test = package_of_test:Mine\n"
    )
    monkeypatch.syspath_prepend(str(tmp_path))
    registry._installed.cache_clear()
    try:
        assert "mine_of_test" in names()
        features, tags = photos()
        scores = create("mine_of_test").fit(features, tags).annotate(features[:1])
        np.testing.assert_allclose(scores[0], tags.mean(axis=0))
    finally:
        monkeypatch.undo()
        registry._installed.cache_clear()
    assert "mine_of_test" not in names()


def test_a_method_of_ones_own(tmp_path, monkeypatch):
    monkeypatch.setattr(registry, "_own", {})  # other tests shall not see it
    path = tmp_path / "mine.py"
    path.write_text(MINE)
    assert load_file(path) == ["mine_of_test"] and "mine_of_test" in names()
    features, tags = photos()
    np.testing.assert_allclose(
        create("mine_of_test").fit(features, tags).annotate(features)[0], tags.mean(axis=0)
    )
    with pytest.raises(ConfigError, match="no file"):
        load_file(tmp_path / "none.py")
    (tmp_path / "empty.py").write_text("x = 1\n")
    with pytest.raises(ConfigError, match="holds no method"):
        load_file(tmp_path / "empty.py")
    (tmp_path / "wrong.py").write_text("1 / 0\n")
    with pytest.raises(ConfigError, match="ZeroDivisionError"):
        load_file(tmp_path / "wrong.py")
    path.write_text(path.read_text().replace("mine_of_test", "knn"))
    with pytest.raises(ConfigError, match="taken"):
        load_file(path)
    with pytest.raises(ConfigError, match="no method 'nope'"):
        create("nope")
