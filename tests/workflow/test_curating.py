"""The curator's list of tags that are always judged, or always left alone."""

import pytest

from tagrefine_core import workflow
from tagrefine_core.errors import CollectionError, ConfigError
from tagrefine_core.workflow import TagRule
from tests import fake_data

ROWS = fake_data.TABLE


@pytest.fixture
def own(store, tmp_path):
    """A home with the collection "own"."""
    workflow.import_collection(store, "table", fake_data.table(tmp_path / "first").parent, "own")
    return store


def test_tags_are_put_on_the_list_and_taken_off(own):
    workflow.set_tag_rules(own, "own", ["sea", "dog"], "leave")
    workflow.set_tag_rules(own, "own", ["dog"], "judge")
    assert workflow.tag_rules(own, "own") == [TagRule("dog", "judge", True), TagRule("sea", "leave", True)]
    workflow.set_tag_rules(own, "own", ["dog", "sky"], None)
    assert workflow.tag_rules(own, "own") == [TagRule("sea", "leave", True)]


def test_mistakes_are_named_and_change_nothing(own):
    workflow.set_tag_rules(own, "own", ["dog"], "leave")
    with pytest.raises(ConfigError, match=r"No tag of 'own': 'sunst' \(similar: sunset\)"):
        workflow.set_tag_rules(own, "own", ["sea", "sunst"], "judge")
    with pytest.raises(ConfigError, match="rule='never' is unknown; choose leave or judge"):
        workflow.set_tag_rules(own, "own", ["sea"], "never")
    with pytest.raises(ConfigError, match="'cow'"):
        workflow.set_tag_rules(own, "own", ["cow"], None)
    for ask in (
        lambda: workflow.tag_rules(own, "nothing"),
        lambda: workflow.set_tag_rules(own, "nothing", ["sea"], None),
    ):
        with pytest.raises(CollectionError, match="There is no collection 'nothing'"):
            ask()
    assert workflow.tag_rules(own, "own") == [TagRule("dog", "leave", True)]


def test_the_list_outlives_an_import_that_leaves_a_tag_out_and_brings_it_back(own, tmp_path):
    workflow.set_tag_rules(own, "own", ["sky", "sea"], "leave")
    without = [row | {"tags": [tag for tag in row["tags"] if tag != "sky"]} for row in ROWS]
    first = own.collection("own")
    workflow.import_collection(own, "table", fake_data.table(tmp_path / "second", rows=without).parent, "own")
    assert own.collection("own").data_hash != first.data_hash
    assert workflow.tag_rules(own, "own") == [TagRule("sea", "leave", True), TagRule("sky", "leave", False)]
    # A tag that is gone cannot be put on the list anew, but keeps its place until it is taken off.
    with pytest.raises(ConfigError, match="'sky'"):
        workflow.set_tag_rules(own, "own", ["sky"], "judge")
    workflow.import_collection(own, "table", tmp_path / "first", "own")
    assert workflow.tag_rules(own, "own") == [TagRule("sea", "leave", True), TagRule("sky", "leave", True)]
    workflow.import_collection(own, "table", tmp_path / "second", "own")
    workflow.set_tag_rules(own, "own", ["sky"], None)
    assert workflow.tag_rules(own, "own") == [TagRule("sea", "leave", True)]


def test_the_list_goes_with_the_collection(own, tmp_path):
    workflow.set_tag_rules(own, "own", ["sky"], "leave")
    workflow.delete_collection(own, "own")
    workflow.import_collection(own, "table", tmp_path / "first", "own")
    assert workflow.tag_rules(own, "own") == []
