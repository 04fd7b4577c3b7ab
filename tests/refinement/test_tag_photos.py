"""The photos that speak for a tag and against it."""

import numpy as np
import pytest

from tagrefine_core.errors import ConfigError
from tagrefine_core.refinement.tag_photos import tag_photos

#                  0    1    2    3    4    5    6    7
SCORES = np.array([0.9, 0.1, 0.5, 0.5, 0.7, 0.8, 0.2, 0.8])
GIVEN = np.array([1, 1, 1, 1, 1, 0, 0, 0], dtype=bool)


def test_hand_case():
    found = tag_photos(SCORES, GIVEN, top=2)
    assert found.surest.tolist() == [0, 4]
    assert found.doubtful.tolist() == [1, 2], "of two alike the first"
    assert found.missing.tolist() == [5, 7]


def test_no_photo_speaks_both_for_and_against():
    found = tag_photos(SCORES, GIVEN, top=4)
    assert found.surest.tolist() == [0, 4, 2] and found.doubtful.tolist() == [1, 3]
    found = tag_photos(SCORES, np.arange(8) == 0)
    assert found.surest.tolist() == [0] and found.doubtful.tolist() == []


def test_a_tag_of_nobody_and_a_tag_of_all():
    nobody = tag_photos(SCORES, np.zeros(8, dtype=bool), top=3)
    assert [rows.tolist() for rows in nobody] == [[], [], [0, 5, 7]]
    everybody = tag_photos(SCORES, np.ones(8, dtype=bool), top=3)
    assert [rows.tolist() for rows in everybody] == [[0, 5, 7], [1, 6, 2], []]


def test_mistakes_are_named():
    with pytest.raises(ConfigError, match="top must be at least 1, got 0"):
        tag_photos(SCORES, GIVEN, top=0)
