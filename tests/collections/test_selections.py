"""Selections: short names for many photos, the same for the same photos, and gone with the data they are rows of."""

import os

import numpy as np
import pytest

from tagrefine_core.collections import Collection, keep_selection, selected_rows
from tagrefine_core.collections import selections as module
from tagrefine_core.errors import CollectionError
from tests.fake_data import small_collection


@pytest.fixture
def collection(store, tmp_path) -> Collection:
    return small_collection(store, tmp_path)


def test_a_selection_comes_back(collection):
    last = collection.n - 1
    name = keep_selection(collection, [last, 0, 1, 0])
    assert name == keep_selection(collection, np.array([0, 1, last]))
    assert name != keep_selection(collection, [0, 1]) and len(name) == 16
    assert selected_rows(collection, name).tolist() == [0, 1, last]
    assert selected_rows(Collection.open(collection.store, collection.name), name).tolist() == [0, 1, last]


@pytest.mark.parametrize("rows", [[], [-1, 0], [0, 10_000]])
def test_what_is_no_selection_is_not_kept(collection, rows):
    with pytest.raises(CollectionError):
        keep_selection(collection, rows)
    assert not (collection.folder / "selections").exists()


@pytest.mark.parametrize("name", ["", "0123456789abcdef", "../../tags_indices", "0123456789ABCDEF", "x" * 16])
def test_an_unknown_name_says_what_to_do(collection, name):
    with pytest.raises(CollectionError, match="Select the photos again on the Map"):
        selected_rows(collection, name)


def test_those_not_used_for_longest_go(collection, monkeypatch):
    monkeypatch.setattr(module, "_KEPT", 2)
    names = [keep_selection(collection, [0]), keep_selection(collection, [1])]
    for age, name in zip((200, 100), names, strict=True):
        os.utime(collection.folder / "selections" / f"{name}.npy", (age, age))
    keep_selection(collection, [0])  # used again
    third = keep_selection(collection, [0, 1])
    assert selected_rows(collection, names[0]).tolist() == [0]
    assert selected_rows(collection, third).tolist() == [0, 1]
    with pytest.raises(CollectionError):
        selected_rows(collection, names[1])
