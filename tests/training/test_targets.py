"""What a network is taught: the users' tags, and those that they imply by WordNet and by looks."""

import numpy as np
import pytest
from scipy.sparse import csr_matrix

from tagrefine_core.errors import TagRefineWarning
from tagrefine_core.methods import create
from tagrefine_core.model.implied import with_implied
from tagrefine_core.settings import train_config
from tagrefine_core.training.fit import fit
from tests.training.data import inputs_of, photos

WORDS = ("boy", "people", "turkey", "bird")
BOY, PEOPLE, TURKEY, BIRD = range(4)
# What is taught is known before the first step.
AT_ONCE = {"phi0.epochs": 0, "constraints.epochs": 0, "scoring.crossfit": 1, "run.device": "cpu"}


def travels(n=300):
    """Portraits tagged "boy" or "people" and never both; birds; and a country that is named like one."""
    generator = np.random.default_rng(0)
    kind = np.arange(n) % 3
    features = (np.eye(3, 12)[kind] + 0.2 * generator.normal(size=(n, 12))).astype(np.float32)
    tags = np.zeros((n, 4), dtype=np.uint8)
    portraits, birds, country = (np.flatnonzero(kind == k) for k in range(3))
    tags[portraits[::2], BOY] = tags[portraits[1::4], PEOPLE] = 1
    tags[birds, BIRD] = tags[country, TURKEY] = 1
    return features, csr_matrix(tags)


@pytest.mark.parametrize("implied", [1.0, 0.5, 0.0])
def test_a_tag_counts_for_what_it_implies_where_looks_agree(implied):
    features, tags = travels()
    config = train_config("default").replaced({**AT_ONCE, "constraints.implied": implied})
    rows = np.arange(3, 300)  # rows of the collection and of training differ
    links = fit(inputs_of(features), tags, config, vocabulary=WORDS, rows=rows).implied
    targets = with_implied(tags[rows], links).toarray()
    given = tags[rows].toarray()
    assert (targets >= given).all() and (targets[given == 1] == 1).all()
    boys = given[:, BOY] == 1
    assert targets[boys, PEOPLE].min() >= 0.7 * implied and targets[boys, PEOPLE].max() <= implied
    assert (targets[:, BOY] == given[:, BOY]).all()  # people need not be boys
    assert (targets[:, BIRD] == given[:, BIRD]).all()  # a turkey is a bird, but these photos show none


def ours(**settings):
    quick = {"phi0.epochs": 5, "constraints.epochs": 0, "scoring.crossfit": 1, "run.device": "cpu"}
    return train_config("default").replaced({**quick, **settings})


def test_ours_finds_people_whom_users_only_call_boys():
    features, tags = travels()
    portraits = np.arange(300) % 3 == 0
    taught, untaught = (
        create(
            "tagrefine",
            vocabulary=WORDS,
            config=ours(**{"constraints.implied": implied, "scoring.calibrated": False}),
        )
        .fit(features, tags)
        .annotate(features)[portraits, PEOPLE]
        .mean()
        for implied in (1.0, 0.0)
    )
    assert taught > untaught + 0.2


def test_without_words_it_says_what_changes():
    features, tags = photos()
    with pytest.warns(
        TagRefineWarning, match="No vocabulary was given, so TagRefine knows from their use alone"
    ):
        mute = create("tagrefine", config=ours(**{"phi0.epochs": 1})).fit(features, tags)
    assert not mute.fitted_.implied.nnz and np.isfinite(mute.annotate(features)).all()
    create("multi_cnn", epochs=1).fit(features, tags)  # which never asks for words
