import numpy as np
import pytest

from tagrefine_core.errors import CollectionError
from tagrefine_core.experiments.protocol import JUDGED, repeat_split, validation_split
from tagrefine_core.settings import train_config

CONFIG = train_config("default", seed=3)


def test_five_disjoint_fifths_train_and_the_rest_but_the_judged_is_measured():
    splits = [repeat_split(103, CONFIG, "annotation", repeat) for repeat in range(5)]
    judged = validation_split(103, CONFIG, "annotation").test
    trained = np.concatenate([split.train for split in splits])
    assert len(trained) == len(set(trained)) == 100
    for split in splits:
        assert sorted(set(split.train) | set(split.test) | set(judged)) == list(range(103))
        assert not set(split.test) & (set(split.train) | set(judged))
    with pytest.raises(CollectionError, match="Part 5"):
        repeat_split(103, CONFIG, "annotation", 5)


def test_refinement_takes_all_photos():
    split = repeat_split(10, CONFIG, "refinement", 4)
    assert list(split.train) == list(split.test) == list(range(10))


def test_parameters_are_judged_on_500_photos_beside_the_first_part_where_there_are_enough():
    first = repeat_split(3000, CONFIG, "annotation", 0).train
    split = validation_split(3000, CONFIG, "annotation")
    assert np.array_equal(split.train, first), "fits are as large as those that are measured"
    assert len(split.test) == JUDGED == 500 and not set(split.test) & set(first)
    assert len(validation_split(200, CONFIG, "annotation").test) == 80, "half of what the first part leaves"
    refining = validation_split(3000, CONFIG, "refinement")
    assert np.array_equal(refining.test, split.test) and len(refining.train) == 3000


def test_the_seed_draws_the_folds():
    other = train_config("default", seed=4)
    assert not np.array_equal(
        repeat_split(100, CONFIG, "annotation", 0).train, repeat_split(100, other, "annotation", 0).train
    )


def test_too_few_photos_to_choose_on():
    with pytest.raises(CollectionError, match="too few"):
        validation_split(
            2, train_config("default", task="annotation", **{"run.train_fraction": 0.5}), "annotation"
        )
