"""The frame: navigation, deep links, the current collection and run, empty states, strangers' text."""

import re

import pytest

from pages.components.bars import bars
from pages.components.header import ago, duration
from pages.components.text import chip, plain
from tagrefine_core.store import Store

PAGES = ("collection", "train", "browse", "neighbors", "tags", "metrics", "compare", "annotate")
OWN = ("collection", "train", "metrics", "compare", "annotate")
EVIL = "![x](http://evil.example/a.png)"


@pytest.mark.parametrize("name", PAGES)
def test_every_page_works_in_an_empty_home_and_says_what_to_do(
    empty_home: Store, open_page, name: str
) -> None:
    page = open_page(name)
    assert not page.exception and not page.error
    assert page.title[0].value
    assert page.button, "an empty state has a button"


@pytest.mark.parametrize("name", PAGES)
@pytest.mark.parametrize("collection", ["demo", "fresh", "unchecked"])
def test_every_page_works_with_any_collection(
    small_home: Store, open_page, name: str, collection: str
) -> None:
    page = open_page(name, collection=collection)
    assert not page.exception
    assert page.session_state["collection"] == collection


@pytest.mark.parametrize("name", OWN)
def test_no_page_lets_a_tag_become_markdown_or_html(small_home: Store, open_page, name: str) -> None:
    page = open_page(name, collection="demo")
    for element in [*page.markdown, *page.caption, *page.error, *page.warning, *page.info]:
        assert EVIL not in element.value
        assert "<b>bold" not in element.value


def test_choice_comes_from_the_address_and_goes_back_to_it(small_home: Store, open_page) -> None:
    page = open_page("metrics", collection="demo", run="run-old")
    assert page.session_state["run"] == "run-old"
    names = page.selectbox(key="run").options
    assert len(set(names)) == 2, "runs of the same minute have names of their own"
    page.selectbox(key="run").select_index(0).run()
    assert page.query_params["run"] == "run-new"


def test_unknown_names_in_the_address_fall_back_to_the_newest(small_home: Store, open_page) -> None:
    page = open_page("metrics", collection="../../etc", run="nothing")
    assert (page.session_state["collection"], page.session_state["run"]) == ("demo", "run-new")
    assert not page.exception


def test_only_finished_runs_can_be_looked_at(small_home: Store, open_page) -> None:
    assert len(open_page("metrics", collection="demo").selectbox(key="run").options) == 2
    assert "run" not in open_page("metrics", collection="fresh").session_state


def test_other_collection_takes_its_own_run(small_home: Store, open_page) -> None:
    page = open_page("train", collection="demo")
    page.selectbox(key="collection").select("unchecked").run()
    assert page.session_state["run"] == "run-unchecked"


@pytest.mark.parametrize(
    "text", [EVIL, "<b>x</b>", "a_b_c *d* `e`", "1. x", "# x", ":red[x]", "$x$", "a\n\nb", "[a](b)"]
)
def test_plain_escapes_all_that_markdown_reads(text: str) -> None:
    escaped = plain(text)
    assert re.sub(r"\\(.)", r"\1", escaped) == " ".join(text.split())
    assert not re.search(r"(?<!\\)[*_`\[\]()<>#:$!|~.+-]", re.sub(r"\\\\", "", escaped))


def test_html_pieces_escape_tags() -> None:
    assert (
        chip("<b>", "added")
        == '<span class="tr-chip tr-added"><span class="tr-sign">+ </span>&lt;b&gt;</span>'
    )
    assert "<img" not in bars([('<img src="x">', 0.5)], sure=True)
    assert "width:20%" in bars([("sea", 0.2)], sure=False)
    assert "tr-fitting" in bars([("sea", 0.2)], sure=True) and "tr-fitting" not in bars(
        [("sea", 0.9)], sure=False
    )


def test_lengths_of_time_are_told_in_words() -> None:
    assert [duration(seconds) for seconds in (None, 0, 40, 200, 7500)] == [
        "",
        "1 s",
        "40 s",
        "3 min",
        "2 h 5 min",
    ]
    assert ago("2020-03-04T12:00:00+00:00") == "4 Mar 2020"


def test_shell_never_loads_torch(small_home: Store) -> None:
    """A page that imports PyTorch paints two seconds later."""
    import subprocess
    import sys

    code = (
        "import sys; from streamlit.testing.v1 import AppTest;"
        "test = AppTest.from_file('pages/shell.py', default_timeout=60).run();"
        "[test.switch_page(f'{name}/page.py').run() for name in ('collection', 'train', 'metrics', 'annotate')];"
        "sys.exit('torch' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-W", "ignore", "-c", code], check=False).returncode == 0
