"""Collection, "What was cleaned": merges whose photos differ, and the button that keeps them apart."""

from collections.abc import Callable

import numpy as np
import pytest
from streamlit.testing.v1 import AppTest

from tagrefine_core.collections import Collection
from tagrefine_core.files import write_array
from tagrefine_core.runs.run import run_folder
from tagrefine_core.store import Store

OpenPage = Callable[..., AppTest]
EVIL = "<img src=x onerror=alert(1)>"


def words(page: AppTest) -> str:
    assert not page.exception
    return " ".join(element.value.replace("\\", "") for element in [*page.caption, *page.warning])


@pytest.fixture
def odd_home(small_home: Store) -> Store:
    """A home where half of the photos of a tag were written with a hostile word, and look like something else."""
    collection = Collection.open(small_home, "demo")
    column = int(np.bincount(collection.tags.indices).argmax())
    tag = collection.vocabulary[column]
    given = np.flatnonzero(collection.tags[:, column].toarray().ravel())
    odd = given[::2]
    assert len(odd) >= 8
    numbers = {raw: number for number, raw in enumerate(collection.spellings)}
    starts, flat = (np.load(collection.folder / f"raw_{name}.npy") for name in ("indptr", "indices"))
    for row in odd:
        own = flat[starts[row] : starts[row + 1]]
        own[own == numbers[tag]] = numbers["seas"]
    write_array(collection.folder / "raw_indices.npy", flat)
    with small_home.transaction() as connection:
        connection.execute(
            "UPDATE raw_tags SET raw = ?, count = ?, tag = ? WHERE raw = 'seas'", (EVIL, len(odd), tag)
        )
    features = np.random.default_rng(0).normal(scale=0.1, size=(collection.n, 8))
    features[given, 0] += 1
    features[odd, 0] -= 2
    for run in small_home.runs("demo"):
        write_array(run_folder(small_home.home, run.id) / "features.npy", features.astype(np.float16))
    return small_home


def test_a_merge_is_shown_with_its_photos_and_kept_apart(odd_home: Store, open_page: OpenPage) -> None:
    page = open_page("collection", collection="demo")
    bodies = " ".join(element.proto.body for element in page.get("html"))
    assert "plural of sea" in bodies and "/thumbnails/" in bodies
    assert "look unlike" in words(page)
    assert "<img src=x" not in bodies.lower()
    page.button(key=f"apart_{EVIL}").click().run()
    assert list(odd_home.tag_aliases(odd_home.collection("demo").id)) == [EVIL]
    assert "look alike" in words(page), "what was decided is not asked again"


def test_without_a_run_of_this_import_it_is_said(small_home: Store, open_page: OpenPage) -> None:
    assert "train first" in words(open_page("collection", collection="fresh"))
    assert "as far as there are enough" in words(open_page("collection", collection="demo"))
