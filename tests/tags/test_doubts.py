"""Two spellings of one thing are written on one photo; two things are not, or only by chance."""

import numpy as np
import pytest

from tagrefine_core.tags import build_vocabulary


def told(photos, wordnet, labels=(), aliases=None):
    found = build_vocabulary(photos, labels, min_fraction=0, wordnet=wordnet, aliases=aliases or {})
    return {one.raw: (one.tag, one.reason) for one in found.decisions}


OTHERS = [["sky"]] * 400


def test_colors_and_color_on_one_photo_are_one(wordnet):
    photos = [["colors", "color"]] * 3 + [["colors"]] * 10 + [["color"]] * 10 + OTHERS
    assert told(photos, wordnet)["colors"] == ("color", "written together with color")
    found = build_vocabulary(photos, [], min_fraction=0, wordnet=wordnet)
    np.testing.assert_array_equal(found.frequency, [23, 400])
    assert told(photos, wordnet)["color"][0] == "color"


@pytest.mark.parametrize(("together", "apart"), [(0, 10), (2, 10), (3, 40)])
def test_glasses_and_glass_on_few_photos_stay_two(wordnet, together, apart):
    photos = [["glasses", "glass"]] * together + [["glasses"]] * apart + [["glass"]] * apart + OTHERS * 10
    assert told(photos, wordnet)["glasses"][0] == "glasses"


def test_what_is_on_most_photos_is_together_by_chance(wordnet):
    photos = [["colors", "color"]] * 20 + [["colors"]] * 10 + [["color"]] * 10
    assert told(photos, wordnet)["colors"][0] == "colors"


def test_an_accent_is_dropped_where_both_are_written(wordnet):
    alone = [["piñata"]] * 5 + OTHERS
    tag, reason = told(alone, wordnet)["piñata"]
    assert tag is None and reason == "not in WordNet, which has pinata without its marks"
    both = [["piñata", "pinata"]] * 3 + alone
    assert told(both, wordnet)["piñata"] == ("pinata", "written together with pinata")


def test_labels_and_what_people_said_stay(wordnet):
    photos = [["colors", "color"]] * 9 + OTHERS
    assert told(photos, wordnet, labels=["colors"])["colors"][0] == "colors"
    assert told(photos, wordnet, aliases={"colors": "colors"})["colors"][0] == "colors"


def test_several_tags_of_one_spelling(wordnet):
    photos = [["Places|Italy|Rome", "dog"], ["Rome"], ["Italy", "Places|Italy|Zzgrblx"]]
    found = build_vocabulary(photos, ["italy"], min_fraction=0, wordnet=wordnet)
    assert found.tags == ("dog", "italy", "place", "rome")
    np.testing.assert_array_equal(found.matrix.toarray(), [[1, 1, 1, 1], [0, 0, 0, 1], [0, 1, 1, 0]])
    records = {one.raw: one for one in found.decisions}
    path = records["Places|Italy|Rome"]
    assert (path.outcome, path.tag, path.above) == ("merged", "rome", ("italy", "place"))
    assert path.reason == "level of Places|Italy|Rome"
    assert records["Places|Italy|Zzgrblx"].tags == ("italy", "place")


def test_a_level_on_too_few_photos_is_none(wordnet):
    photos = [["Places|Italy|Rome"], ["Places|Italy|Venice"], ["Italy"]]
    found = build_vocabulary(photos, [], min_fraction=0.5, wordnet=wordnet)
    assert found.tags == ("italy", "place")
    assert {one.raw: one.tags for one in found.decisions}["Places|Italy|Rome"] == ("italy", "place")


def test_a_label_and_an_alias_are_of_the_whole_path(wordnet):
    photos = [["Places|Italy|Rome"], ["Rome"]]
    found = build_vocabulary(photos, ["Places|Italy|Rome"], min_fraction=0, wordnet=wordnet)
    assert {one.raw: one.tags for one in found.decisions}["Places|Italy|Rome"] == ("places|italy|rome",)
    said = build_vocabulary(
        photos, [], min_fraction=0, wordnet=wordnet, aliases={"places|italy|rome": "rome"}
    )
    assert said.tags == ("rome",)
    moved = build_vocabulary(
        photos, [], min_fraction=0, wordnet=wordnet, aliases={"rome": "roma", "place": ""}
    )
    assert {one.raw: one.tags for one in moved.decisions}["Places|Italy|Rome"] == ("roma", "italy")
