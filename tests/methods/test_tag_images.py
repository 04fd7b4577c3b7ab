import math

import numpy as np
import pytest
from scipy.sparse import csr_matrix

from tagrefine_core.errors import ConfigError, TagRefineWarning
from tagrefine_core.methods.tag_images import FEWEST, TagImages, checked_columns, draw
from tagrefine_core.tags import google_distance, load


def small_data(seed=0, images=80, columns=45):
    rng = np.random.default_rng(seed)
    topic = rng.integers(0, 3, images)
    chance = np.where(np.arange(columns) % 3 == topic[:, None], 0.3, 0.05)
    tags = (rng.random((images, columns)) < chance).astype(np.uint8)
    tags[:, 0], tags[:3, 1], tags[3:, 1] = 1, 1, 0
    return tags


def test_negatives_are_free_of_the_nearest_tags():
    tags = small_data()
    images = TagImages(csr_matrix(tags), None, seed=0)
    distance = google_distance(tags)
    for tag in range(2, tags.shape[1]):
        others = sorted(distance[tag, c] for c in range(tags.shape[1]) if c != tag)
        farthest = others[math.ceil(0.05 * tags.shape[1]) - 1]
        near = {
            c
            for c in range(tags.shape[1])
            if c == tag or (distance[tag, c] <= farthest and distance[tag, c] < 1)
        }
        tagged, negatives = images.split(tag)
        if not len(tagged):
            continue
        assert tagged.tolist() == [i for i in range(80) if tags[i, tag]]
        assert negatives.tolist() == [i for i in range(80) if not any(tags[i, c] for c in near)]


def test_tag_on_all_images_is_near_to_none_and_has_no_negatives():
    images = TagImages(csr_matrix(small_data()), None, seed=0)
    tagged, negatives = images.split(0)
    assert len(tagged) == 80 and not len(negatives)
    images.warn_of_fallbacks()  # nothing to warn of: the tag cannot be learned at all


def test_too_few_images_need_no_negatives():
    images = TagImages(csr_matrix(small_data()), None, seed=0)
    tagged, negatives = images.split(1)
    assert len(tagged) < FEWEST and not len(negatives)


def test_synonyms_and_hyponyms_are_no_negatives():
    words = ["animal", "dog", "car", "automobile", "sky"]
    tags = np.repeat(np.eye(5, dtype=np.uint8), 6, axis=0)
    images = TagImages(csr_matrix(tags), (words, load()), seed=0)
    without = {word: {words[tags[i].argmax()] for i in images.split(t)[1]} for t, word in enumerate(words)}
    assert without["animal"] == {"car", "automobile", "sky"}
    assert without["dog"] == {"animal", "car", "automobile", "sky"}
    assert without["car"] == without["automobile"] == {"animal", "dog", "sky"}


def test_all_other_images_serve_where_none_is_free_of_related_tags():
    tags = np.zeros((20, 2), dtype=np.uint8)
    tags[:6], tags[6:, 1] = 1, 1
    tags[10:, 0] = 0
    images = TagImages(csr_matrix(tags), (["dog", "puppy"], load()), seed=0)
    tagged, negatives = images.split(0)
    assert tagged.tolist() == list(range(6)) and negatives.tolist() == list(range(6, 20))
    with pytest.warns(TagRefineWarning, match="1 tags have no image"):
        images.warn_of_fallbacks()


def test_few_negatives_are_said():
    images = TagImages(csr_matrix(np.eye(40, 2, dtype=np.uint8).repeat(5, axis=0)), None, seed=0)
    images.warn_of_fallbacks()  # nothing was asked of it yet
    images.split(0)
    with pytest.warns(TagRefineWarning, match="1 tags have fewer than 1,000 images"):
        images.warn_of_fallbacks()


def test_draws_depend_on_seed_and_images_but_not_on_the_column():
    tags = small_data()
    order = np.random.default_rng(1).permutation(tags.shape[1])
    images = TagImages(csr_matrix(tags), None, seed=0)
    turned = TagImages(csr_matrix(tags[:, order]), None, seed=0)
    reseeded = TagImages(csr_matrix(tags), None, seed=1)
    for column, tag in enumerate(order):
        values = images.generator(tag).random(3)
        assert np.array_equal(values, turned.generator(column).random(3))
        assert not np.array_equal(values, reseeded.generator(tag).random(3))
        assert all(map(np.array_equal, images.split(tag), turned.split(column)))
    assert not np.array_equal(images.generator(2).random(3), images.generator(3).random(3))


def test_draw_takes_all_or_some_without_repeating():
    rows = np.array([2, 5, 7, 11])
    assert draw(np.random.default_rng(0), rows, 4).tolist() == rows.tolist()
    for seed in range(5):
        some = draw(np.random.default_rng(seed), rows, 3)
        assert len(set(some)) == 3 and set(some) < set(rows) and sorted(some) == some.tolist()


def test_columns_to_learn():
    assert checked_columns(None, 3).tolist() == [0, 1, 2]
    assert checked_columns([2, 0], 3).tolist() == [2, 0]
    for wrong in ([], [3], [-1], [1, 1], [[0]]):
        with pytest.raises(ConfigError, match="label_columns"):
            checked_columns(wrong, 3)
