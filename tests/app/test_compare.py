"""Compare: what can be started, and what it shows of finished, unfinished and outdated comparisons."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from streamlit.testing.v1 import AppTest

from pages.compare.board import board, full_title, name_cell
from pages.compare.found import measured_with, protocol, table_id, table_names
from pages.compare.handed_out import handed_out, legend
from pages.compare.photos import Duel, duel, pictures, top_labels
from pages.compare.starting import ALL
from pages.components.methods import methods_of
from pages.components.words import METHODS, VARIANTS, sentence, title_words
from tagrefine_core.collections import Collection
from tagrefine_core.evaluation import average_precision
from tagrefine_core.experiments import benchmark, scores_of, tables
from tagrefine_core.experiments.table import add_published, stopped_row
from tagrefine_core.methods import VARIANTS as VARIANT_NAMES
from tagrefine_core.methods import method_class, names
from tagrefine_core.settings import train_config
from tagrefine_core.store import Store
from tests.app.conftest import set_config

OpenPage = Callable[..., AppTest]

MEASURED = ("random_guess", "user_tags", "knn", "tag_vote")


@pytest.fixture(scope="module")
def compared_files(small_home_files: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Compare four methods on the demo collection, really; a fifth was too large."""
    home = tmp_path_factory.mktemp("compared") / "home"
    shutil.copytree(small_home_files, home)
    store = Store(home)
    benchmark(store, "demo", train_config("small"), methods=MEASURED, repeats=2, budget=1)
    path = table_file(store)
    table = json.loads(path.read_text(encoding="utf-8"))
    table["rows"].append(
        stopped_row(method_class("kcca"), "too large", "It needs <b>9 GB</b>.") | {"published": None}
    )
    table["left_out"] = [{"method": "nmf", "title": "NMF", "reason": "It cannot do refinement."}]
    path.write_text(json.dumps(table), encoding="utf-8")
    return home


@pytest.fixture
def compared(compared_files: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Store:
    home = tmp_path / "home"
    shutil.copytree(compared_files, home)
    monkeypatch.setenv("TAGREFINE_HOME", str(home))
    return Store(home)


def table_file(store: Store) -> Path:
    (path,) = store.home.glob("experiments/*/table-*.json")
    return path


def change_table(store: Store, **values: Any) -> None:
    path = table_file(store)
    path.write_text(json.dumps(json.loads(path.read_text(encoding="utf-8")) | values), encoding="utf-8")


def shown(page: AppTest) -> str:
    assert not page.exception and not page.error
    return " ".join(element.value for element in [*page.markdown, *page.caption, *page.info, *page.warning])


def html_of(page: AppTest, part: str) -> str:
    return next((element.proto.body for element in page.get("html") if part in element.proto.body), "")


# Starting


def test_every_method_has_its_sentence() -> None:
    assert set(METHODS) == set(names())
    assert sentence("mine", "Me, 2026") == "Me, 2026" and sentence("mine")


def test_methods_are_offered_for_what_they_can_do() -> None:
    offered = methods_of()
    assert offered["user_tags"][1] == ("refinement",)
    assert offered["knn"][1] == ("annotation", "refinement")
    assert offered["wdnl"][0] == "WDNL (reconstruction)"
    assert offered["cca:variant=direct"][0] == "CCA (without look-alike photos)"


def test_every_variant_has_its_words() -> None:
    assert {name.split(":")[1] for name in VARIANT_NAMES} == set(VARIANTS)
    assert title_words("CCA (variant=other)") == "CCA (variant=other)"


def test_first_comparison_is_started_with_what_was_chosen(
    small_home: Store, open_page: OpenPage, started: list[Any]
) -> None:
    page = open_page("compare", collection="demo")
    assert "no comparison of these photos yet" in shown(page)
    page.pills(key="methods_refinement").set_value([ALL, "knn"]).run()
    assert page.pills(key="methods_refinement").value == ["knn"], "a method takes the place of all"
    page.pills(key="methods_refinement").set_value(["knn", "user_tags"]).run()
    page.number_input(key="repeats_refinement").set_value(2).run()
    page.button(key="start_benchmark").click().run()
    options = {"task": "refinement", "methods": "knn,user_tags", "repeats": 2, "budget": 6}
    options["preset"] = "default"
    assert started == [("benchmark", "demo", options)]
    assert "Comparing methods on demo" in shown(page)
    assert page.button(key="start_benchmark").disabled, "one at a time"


def test_comparison_takes_the_settings_of_the_run_unless_told_not_to(
    small_home: Store, open_page: OpenPage, started: list[Any]
) -> None:
    changed = {"scoring.smooth": 0.3, "network.normalize": False}
    set_config(small_home, "run-new", train_config("small", **changed))
    page = open_page("compare", collection="demo", run="run-new")
    assert not own_settings(page), "settings are laid over the preset that they belong to"
    page.selectbox(key="network").set_value("small").run()
    assert "“Share of neighbors” 0.3 (scoring.smooth)" in page.checkbox(key="own_settings").help.replace(
        "\\", ""
    )
    page.button(key="start_benchmark").click().run()
    options = {"task": "refinement", "methods": "all", "repeats": 3, "budget": 6, "preset": "small"}
    settings = ["network.normalize=false", "scoring.smooth=0.3"]
    assert started == [("benchmark", "demo", {**options, "settings": settings})]
    page = open_page("compare", collection="demo", run="run-new")
    small_home.update_job(small_home.jobs()[0].id, state="finished")
    page.run().selectbox(key="network").set_value("small").run()
    page.checkbox(key="own_settings").uncheck().run()
    page.button(key="start_benchmark").click().run()
    assert started[1] == ("benchmark", "demo", options)
    page = open_page("compare", collection="demo", run="run-old")
    page.selectbox(key="network").set_value("small").run()
    assert not own_settings(page), "as its preset says"


def own_settings(page: AppTest) -> list[Any]:
    return [box for box in page.checkbox if box.key == "own_settings"]


def test_each_method_is_also_measured_on_equal_terms_when_asked(
    small_home: Store, open_page: OpenPage, started: list[tuple[str, str, dict[str, Any]]]
) -> None:
    page = open_page("compare", collection="demo")
    page.checkbox(key="equal_terms").check().run()
    page.button(key="start_benchmark").click().run()
    assert started[0][2]["methods"] == "all,all+"
    small_home.update_job(small_home.jobs()[0].id, state="finished")
    page = open_page("compare", collection="demo")
    page.pills(key="methods_refinement").set_value(["knn", "cca:variant=direct", "tagrefine"]).run()
    page.checkbox(key="equal_terms").check().run()
    assert "5 methods" in shown(page)
    page.button(key="start_benchmark").click().run()
    assert started[1][2]["methods"] == "knn,cca:variant=direct,tagrefine,knn+,cca+:variant=direct"


def test_a_row_on_equal_terms_says_what_it_got() -> None:
    cell = name_cell("KNN+", "knn+", "someone", False)
    assert "our targets and scoring" in cell and "our targets" not in name_cell("KNN", "knn", "", False)
    assert "our targets and scoring" not in name_cell("Paper + BCE", "paper+bce", "", False)


def test_all_takes_the_place_of_single_methods_and_none_cannot_start(
    small_home: Store, open_page: OpenPage, started: list[Any]
) -> None:
    page = open_page("compare", collection="demo", task="annotation")
    pills = "methods_annotation"
    assert not any("UserTags" in option for option in page.pills(key=pills).options)
    page.pills(key=pills).set_value([ALL, "knn"]).run()
    page.pills(key=pills).set_value(["knn", ALL]).run()
    assert page.pills(key=pills).value == [ALL]
    page.pills(key=pills).set_value([]).run()
    assert page.button(key="start_benchmark").disabled
    assert page.number_input(key="repeats_annotation").max == 5


def test_without_true_labels_the_page_says_what_to_do(small_home: Store, open_page: OpenPage) -> None:
    page = open_page("compare", collection="unchecked")
    assert "true labels" in shown(page)
    assert page.button(key="empty_go")


# The table


def test_page_shows_table_and_reasons(compared: Store, open_page: OpenPage) -> None:
    page = open_page("compare", collection="demo")
    text = shown(page)
    table = html_of(page, 'class="tr-board"')
    for word in ("RandomGuess", "UserTags", "KNN", "TagVote", "too large", "left out"):
        assert word in table
    (found,) = tables(compared, "demo")
    assert all(f"{row['map']:.3f}" in table for row in found["rows"] if row["map"] is not None)
    assert "40 photos" in text and "95" in text and "describes them (small network" in text.replace("\\", "")
    assert "settings: Small." in text.replace("\\", "") and "small_cnn" not in text
    assert [button.label for button in page.get("download_button")] == ["CSV", "LaTeX", "Markdown"]
    assert page.get("plotly_chart"), "label by label comes first"


def test_unfinished_table_shows_what_is_there(compared: Store, open_page: OpenPage) -> None:
    change_table(compared, state="partial")
    assert "goes on where it was" in shown(open_page("compare", collection="demo"))
    compared.create_job("benchmark", "demo", {"task": "refinement"})
    page = open_page("compare", collection="demo")
    assert "so far" in shown(page) and "KNN" in html_of(page, 'class="tr-board"')
    change_table(compared, rows=[])
    assert "No method has been measured yet" in shown(open_page("compare", collection="demo"))


def test_table_of_other_data_is_marked_and_has_no_photos(compared: Store, open_page: OpenPage) -> None:
    change_table(compared, data_hash="before")
    page = open_page("compare", collection="demo", view="photos")
    assert "as they were" in shown(page)
    assert not html_of(page, 'class="tr-pair"')


def test_view_comes_from_the_address(compared: Store, open_page: OpenPage) -> None:
    page = open_page("compare", collection="demo", view="time")
    assert page.segmented_control(key="measure").value == "map"
    assert not html_of(page, 'class="tr-pair"')


def test_board_marks_best_and_tells_who_is_ahead(compared: Store) -> None:
    (table,) = tables(compared, "demo")
    done = [row for row in table["rows"] if row["status"] == "done"]
    best = max(done, key=lambda row: row["map"])
    assert f'<td class="best">{best["map"]:.3f}' in board(table)
    lines = {
        method: line
        for line in board(table).split("<tr")
        for method in ("KNN", "TagVote")
        if f">{method}<" in line
    }
    assert lines["KNN"].count("[") == 4, "without our model each has its own interval"

    pair = {"method": "tagrefine", "metric": "map", "difference": 0.1}
    table["paired"] = [
        pair | {"against": "knn", "low": 0.05, "high": 0.15},
        pair | {"against": "tag_vote", "low": -0.01, "high": 0.2},
    ]
    lines = {
        method: line
        for line in board(table).split("<tr")
        for method in ("KNN", "TagVote")
        if f">{method}<" in line
    }
    assert '<small class="ahead">+0.100 [+0.050, +0.150]</small>' in lines["KNN"]
    assert '<small class="open">+0.100 [-0.010, +0.200]</small>' in lines["TagVote"]


def test_second_table_tells_what_would_be_handed_out(compared: Store, open_page: OpenPage) -> None:
    (table,) = tables(compared, "demo")
    page = open_page("compare", collection="demo")
    text = html_of(page, "tags handed out")
    rows = {row["title"]: row["decisions"] for row in table["rows"] if row["decisions"]}
    assert set(rows) == {"RandomGuess", "UserTags", "KNN", "TagVote"} and "KCCA" not in text
    lines = {title: line for line in text.split("<tr") for title in rows if f">{title}<" in line}
    for title, decisions in rows.items():
        assert f">{decisions['f1_micro']:.3f}" in lines[title].replace('class="best"', "").replace(" >", ">")
        assert f"{decisions['ece']['pooled']:.3f}" in lines[title]
    assert "–" in lines["UserTags"], "without an addition there is no share of right ones"
    assert ">removed<" in text and ">added<" in text
    words = shown(page).replace("\\", "")
    assert "right in 75% of the cases" in words and "about the 4 labels only" in words
    assert "Added, found" in words

    new = handed_out(table | {"task": "annotation"})
    assert ">removed<" not in new and ">added<" in new
    assert "what a new photo would get" in legend(table | {"task": "annotation"})


def test_second_table_tells_who_is_ahead_but_not_in_the_number_of_additions(compared: Store) -> None:
    (table,) = tables(compared, "demo")
    pair = {"method": "tagrefine", "against": "knn", "difference": 0.1, "low": 0.05, "high": 0.15}
    table["paired"] = [pair | {"metric": "f1_micro"}, pair | {"metric": "added_per_photo"}]
    assert handed_out(table).count('<small class="ahead">') == 1
    values = [row["decisions"]["ece"]["pooled"] for row in table["rows"] if row["decisions"]]
    assert f'class="best">{min(values):.3f}' in handed_out(table), "of errors the least is the best"


def test_table_of_before_has_no_second_one(compared: Store, open_page: OpenPage) -> None:
    (table,) = tables(compared, "demo")
    old = [{key: value for key, value in row.items() if key != "decisions"} for row in table["rows"]]
    assert handed_out(table | {"rows": old}) == ""
    change_table(compared, rows=old)
    page = open_page("compare", collection="demo")
    assert "KNN" in html_of(page, 'class="tr-board"') and not html_of(page, "tags handed out")
    assert [button.label for button in page.get("download_button")] == ["CSV", "LaTeX", "Markdown"]


def test_board_labels_reconstructions_and_puts_published_numbers_beside(compared: Store) -> None:
    (table,) = tables(compared, "demo")
    assert "published" not in board(table)
    add_published(table["rows"], "mirflickr", "refinement")
    table["rows"][0] |= {"reconstruction": True, "title": "<i>Mine</i>"}
    text = board(table)
    assert '<td class="paper">0.323</td>' in text, "TagVote's mAP in Table 4"
    assert text.count("reconstruction</small>") == 1
    stopped = table | {"rows": [table["rows"][-1] | {"reconstruction": True}], "left_out": []}
    assert board(stopped).count("reconstruction</small>") == 1
    assert [full_title(row) for row in table["rows"][:2]] == ["<i>Mine</i> (reconstruction)", "UserTags"]
    assert "<i>Mine" not in text and "<b>9 GB" not in text


def test_board_names_a_variant_below_its_method(compared: Store) -> None:
    (table,) = tables(compared, "demo")
    table["rows"][0] |= {"method": "cca:variant=direct", "title": "CCA (variant=<direct>)"}
    text = board(table)
    assert ">CCA<small>variant=&lt;direct&gt;</small></th>" in text
    assert METHODS["cca"] in text and "A method of your own" not in text
    table["rows"][0] |= {"title": "CCA (variant=direct)"}
    assert ">CCA<small>without look-alike photos</small></th>" in board(table)


def test_tables_have_names_of_their_own(compared: Store) -> None:
    (table,) = tables(compared, "demo")
    shown = table_names([table, table | {"id": "another"}])
    assert len(set(shown.values())) == 2 and table_id(table) in shown
    assert "fifth" in protocol(table | {"task": "annotation"})


def test_heading_tells_settings_and_what_had_to_be_changed(compared: Store) -> None:
    (table,) = tables(compared, "demo")
    assert measured_with(table).startswith("TagRefine’s settings: Small. The backbone is frozen")
    assert "“What learns” everything (network.finetune)" in measured_with(table)
    differs = {"scoring.smooth": 0.3, "neighbors.refresh": "static"}
    words = measured_with(table | {"differs": differs, "notes": []})
    assert words == (
        "TagRefine’s settings: Small, but with “Share of neighbors” 0.3 (scoring.smooth), "
        "“Renewing of features” looked up once, at the start (neighbors.refresh)."
    )


# Two methods on the same photos


def test_photos_are_ordered_by_where_two_methods_differ(compared: Store) -> None:
    collection = Collection.open(compared, "demo")
    (table,) = tables(compared, "demo")
    found = duel(collection, table, "knn", "random_guess")
    assert found.rows.tolist() == list(range(40))
    for side, method in enumerate(("knn", "random_guess")):
        rows, scores = scores_of(compared, table, method)
        for place in range(40):
            expected = average_precision(scores[place : place + 1], collection.truth[rows[place]][None])[0]
            np.testing.assert_allclose(found.precision[side, place], expected, equal_nan=True)


def test_orders_leave_out_photos_that_say_nothing() -> None:
    precision = np.array([[0.5, 1.0, np.nan, 0.2, 0.3], [0.5, 0.1, np.nan, 0.8, 0.2]])
    found = Duel(np.arange(5), (np.empty((5, 0)), np.empty((5, 0))), precision)
    assert found.order("both").tolist() == [1, 3, 4]
    assert found.order("left").tolist() == [1, 4]
    assert found.order("right").tolist() == [3]


def test_top_labels_leave_out_what_a_method_knows_nothing_of() -> None:
    assert top_labels(np.array([0, 1, 0, 1], dtype=np.float32)) == [1, 3]
    assert top_labels(np.array([-np.inf, 0.1, 0.3], dtype=np.float32)) == [2, 1]
    assert top_labels(np.full(4, -np.inf, dtype=np.float32)) == []
    assert top_labels(np.arange(9, dtype=np.float32), top=2) == [8, 7]


def test_pictures_say_which_labels_are_true_and_escape_names(compared: Store) -> None:
    collection = Collection.open(compared, "demo")
    place = int(np.flatnonzero((collection.truth == 1).sum(axis=1) == 1)[0])
    label = int(np.flatnonzero(collection.truth[place] == 1)[0])
    scores = np.zeros((40, 4), dtype=np.float32)
    scores[place, label], scores[place, (label + 1) % 4] = 2, 1
    found = Duel(np.arange(40), (scores, -scores), np.zeros((2, 40)))
    collection.files[place] = '"><script>.png'
    text = pictures(collection, found, [place], ("<b>A</b>", "B"))
    right, wrong = collection.labels[label], collection.labels[(label + 1) % 4]
    assert f'tr-right">✓ {right}<' in text and f'tr-wrong">✗ {wrong}<' in text
    assert "<script>" not in text and "<b>A" not in text
    assert f"/thumbnails/{collection.id}/{place}?" in text


def test_page_draws_photos_of_two_methods(compared: Store, open_page: OpenPage) -> None:
    page = open_page("compare", collection="demo", view="photos", left="user_tags", right="random_guess")
    text = html_of(page, 'class="tr-pair"')
    assert text.count("<img") == 12
    assert "UserTags" in text and "RandomGuess" in text
    page.button(key="more").click().run()
    assert html_of(page, 'class="tr-pair"').count("<img") == 24
