import numpy as np
import pytest

from tagrefine_core.config import train_config
from tagrefine_core.errors import CollectionError
from tagrefine_core.experiments.protocol import FITTED, repeat_split, validation_split
from tagrefine_core.runs.material import training_rows

CONFIG = train_config("default", seed=3)


def test_five_disjoint_fifths_train_and_the_rest_is_measured():
    splits = [repeat_split(103, CONFIG, "annotation", repeat) for repeat in range(5)]
    trained = np.concatenate([split.train for split in splits])
    assert len(trained) == len(set(trained)) == 100
    for split in splits:
        assert sorted([*split.train, *split.test]) == list(range(103))
    with pytest.raises(CollectionError, match="Part 5"):
        repeat_split(103, CONFIG, "annotation", 5)


def test_refinement_takes_all_photos():
    split = repeat_split(10, CONFIG, "refinement", 4)
    assert list(split.train) == list(split.test) == list(range(10))


def test_the_validation_fold_is_a_tenth_of_fold_0_and_is_not_fitted():
    whole = repeat_split(200, CONFIG, "annotation", 0).train
    split = validation_split(200, CONFIG, "annotation")
    assert len(split.train) == 36 and len(split.test) == 4
    assert sorted([*split.train, *split.test]) == list(whole)
    refining = validation_split(200, CONFIG, "refinement")
    assert list(refining.test) == list(split.test) and len(refining.train) == 200


def test_a_training_cut_shorter_leaves_out_the_validation_fold():
    config = train_config("default", seed=3, task="annotation", **{"run.train_fraction": 0.2 * FITTED})
    assert np.array_equal(training_rows(200, config), validation_split(200, CONFIG, "annotation").train)


def test_the_seed_draws_the_folds():
    other = train_config("default", seed=4)
    assert not np.array_equal(
        repeat_split(100, CONFIG, "annotation", 0).train, repeat_split(100, other, "annotation", 0).train
    )


def test_too_few_photos_to_choose_on():
    with pytest.raises(CollectionError, match="too few"):
        validation_split(9, CONFIG, "annotation")
