"""Annotate: tags that are sure, an answer where none is, and files that are no pictures."""

import io
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image
from streamlit.testing.v1 import AppTest

from pages import opening
from pages.annotate import uploads
from pages.components.bars import bars
from tagrefine_core import workflow
from tagrefine_core.collections import Collection
from tagrefine_core.runs.refined import limits_of
from tagrefine_core.runs.run import Run
from tagrefine_core.store import Store
from tests.app.conftest import UNTOLD, VOCABULARY

# By the brightness of a photo: three tags sure, one nearly; or nothing. The last tag is one that a picture cannot tell.
SURE = np.array([0.97, 0.2, 0.99, 0.45, 0.96, 0.01, 0.999], dtype=np.float32)
NOTHING = np.array([0.1, 0.2, 0.3, 0.02, 0.04, 0.0, 0.999], dtype=np.float32)


class Network:
    """Stands for a trained network, of which the small home has none: the rule behind it is the real one."""

    def __init__(self, store: Store) -> None:
        self.run = Run.open(store, "run-new")
        self.collection = Collection.open(store, "demo")
        self.tags = VOCABULARY
        self.seen: list[Path] = []

    def scores(self, images: Sequence[Path]) -> NDArray[np.float32]:
        self.seen.extend(images)
        return np.stack(
            [SURE if np.asarray(Image.open(image).convert("L")).mean() > 128 else NOTHING for image in images]
        )


@pytest.fixture
def network(small_home: Store, monkeypatch: pytest.MonkeyPatch) -> Network:
    network = Network(small_home)
    monkeypatch.setattr(workflow, "open_annotator", lambda store, run_id: network)
    opening._annotator.cache_clear()
    uploads.tag_photos.clear()
    return network


def picture(color: str, size: tuple[int, int] = (30, 30)) -> bytes:
    content = io.BytesIO()
    Image.new("RGB", size, color).save(content, "PNG")
    return content.getvalue()


def tagged(*contents: bytes, precision: float = 0.75) -> list[uploads.Tagged]:
    return uploads.tag_photos(
        "run-new",
        None,
        "data",
        VOCABULARY[:-1],
        {},
        precision,
        [str(hash(one)) for one in contents],
        contents,
    )


def test_page_waits_for_photos_and_says_where_tags_come_from(small_home: Store, open_page) -> None:
    page = open_page("annotate", collection="demo")
    assert not page.exception and "from the 7 that the network learned from demo" in page.caption[0].value
    assert not page.select_slider, "no promise before there is a photo"


def test_sure_tags_and_nothing_sure(network: Network) -> None:
    bright, dark = tagged(picture("white"), picture("black"))
    assert [tag for tag, _ in bright.sure] == ["sunset", "sea", "dog"]  # by probability
    assert [score for _, score in bright.sure] == pytest.approx([0.99, 0.97, 0.96])
    assert [tag for tag, _ in bright.doubtful] == ["flower", "sky", VOCABULARY[5]]
    assert dark.sure == []
    assert [tag for tag, _ in dark.doubtful] == ["sunset", "sky", "sea", "dog", "flower"]  # five at most


@pytest.mark.parametrize("precision", [0.5, 0.75, 0.9])
def test_sure_is_what_the_run_would_add_to_its_own_photos(
    small_home: Store, network: Network, precision: float
) -> None:
    collection = Collection.open(small_home, "demo")
    limits = limits_of(Run.open(small_home, "run-new"), collection, precision)
    (bright,) = tagged(picture("white"), precision=precision)
    expected = {tag for tag, score, limit in zip(VOCABULARY, SURE, limits.add, strict=True) if score >= limit}
    assert {tag for tag, _ in bright.sure} == expected and UNTOLD not in expected
    # Random scores: half of those above .5 are as probable as .75.
    assert ("flower" in expected) == (precision == 0.5)


def uploaded(open_page, **parameters: str) -> AppTest:
    page = open_page("annotate", collection="demo", **parameters)
    photos = [
        ("bright.png", picture("white"), "image/png"),
        ("dark.png", picture("black"), "image/png"),
        ("broken.png", b"no picture", "image/png"),
    ]
    page.file_uploader[0].set_value(photos).run()
    assert not page.exception
    return page


def drawn(page: AppTest, *, sure: bool) -> list[str]:
    """Return the bars of each photo that has any."""
    found = [element.proto.body for element in page.get("html")]
    return [
        text
        for text in found
        if "tr-bars" in text and ("tr-fitting" in text) == sure and "<style>" not in text
    ]


def test_page_says_what_is_sure_and_where_nothing_is(network: Network, open_page) -> None:
    page = uploaded(open_page)
    (sure,) = drawn(page, sure=True)
    assert "sunset" in sure and "99.0\u00a0%" in sure and UNTOLD not in sure
    assert len(drawn(page, sure=False)) == 2
    said = [element.value for element in page.markdown]
    assert sum("Nothing sure" in text for text in said) == 1
    assert [expander.label for expander in page.expander] == ["The likeliest that are not sure"] * 2
    assert "This file is" in page.error[0].value.replace("\\", "")
    assert "at which 3 of 4 tags that this run adds to its own photos are expected to be right" in (
        page.caption[0].value
    )


def test_promise_moves_what_is_sure(network: Network, open_page) -> None:
    page = uploaded(open_page, precision="0.5")
    sure, *_ = drawn(page, sure=True)
    assert "flower" in sure
    page.select_slider(key="precision").set_value("0.9").run()
    sure, *_ = drawn(page, sure=True)
    assert "flower" not in sure and page.query_params["precision"] == "0.9"
    assert "9 of 10 tags" in page.caption[0].value


def test_a_changed_list_is_seen_at_once(small_home: Store, network: Network, open_page) -> None:
    page = uploaded(open_page)
    small_home.set_tag_rules(small_home.collection("demo").id, {"sunset": "leave"})
    page.run()
    assert not any("sunset" in text for sure in (True, False) for text in drawn(page, sure=sure))


def test_bars_are_escaped_and_tell_percent() -> None:
    told = bars([("<i>x</i>", 0.943), ("sea", 0.0001)], sure=False)
    assert "&lt;i&gt;x" in told and "94\u00a0%" in told and "&lt;0.1\u00a0%" in told
    assert "width:94%" in told and "tr-fitting" not in told


def test_files_that_are_no_pictures_never_reach_the_network(network: Network) -> None:
    good = picture("red", (600, 300))
    answers = tagged(b"\xff\xd8 not a picture", good, b"", good[:200])
    assert [bool(answer.problem) for answer in answers] == [True, False, True, True]
    assert max(Image.open(io.BytesIO(answers[1].picture)).size) <= 480
    assert len(network.seen) == 1 and not network.seen[0].exists(), "the copy is gone afterwards"


def test_network_is_loaded_once_until_its_run_or_the_data_is_another(
    small_home: Store, network: Network, monkeypatch: pytest.MonkeyPatch
) -> None:
    loaded: list[str] = []

    def load(store: Store, run_id: str) -> Network:
        loaded.append(run_id)
        return network

    monkeypatch.setattr(workflow, "open_annotator", load)
    asked = [("run-old", "x"), ("run-old", "x"), ("run-new", "x"), ("run-new", "y")]
    for number, (run, data) in enumerate(asked):
        uploads.tag_photos(run, None, data, VOCABULARY, {}, 0.75, [f"new {number}"], [picture("red")])
    assert loaded == ["run-old", "run-new", "run-new"]
