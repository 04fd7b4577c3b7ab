"""Collection, Train and Metrics: what they show and what their buttons do."""

import os

import pandas as pd
import pytest
from streamlit.testing.v1 import AppTest

from pages.collection.importing import import_options
from pages.components.percent import percent
from pages.metrics.published import MEASURES, TABLES, published
from pages.train.starting import CARDS
from tagrefine_core import jobs, workflow
from tagrefine_core.errors import CollectionError, JobError
from tagrefine_core.presets import PRESETS
from tagrefine_core.settings import train_config
from tagrefine_core.store import Store
from tests.app.conftest import EVIL, add_collection, set_config


def _error(page) -> str:
    return page.error[0].value.replace("\\", "")


def _texts(page) -> str:
    return " ".join(element.value for element in [*page.markdown, *page.caption, *page.info, *page.warning])


# Collection


def test_empty_home_offers_the_demo_and_one_click_starts_it(empty_home: Store, open_page, started) -> None:
    page = open_page("collection")
    page.button(key="empty_do").click().run()
    assert started == [("demo", "demo", {})]
    assert "Making the demo collection" in _texts(page)


def test_photos_that_nothing_was_learned_from_lead_on_to_training(
    empty_home: Store, open_page, started
) -> None:
    add_collection(empty_home, "mine", with_truth=False)
    page = open_page("collection")
    assert "little to learn from" in _texts(page)
    page.button(key="learn").click().run()
    assert started == [("train", "mine", {"preset": "default"})]
    assert "learn" not in {button.key for button in open_page("collection").button}, "it trains"


def test_job_that_cannot_start_is_told(empty_home: Store, open_page, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> None:
        raise JobError("Job 1 cannot be started: no room.")

    monkeypatch.setattr(jobs, "start", refuse)
    page = open_page("collection")
    page.button(key="empty_do").click().run()
    assert "no room" in page.error[0].value


def test_failed_job_is_told_once_and_can_be_tried_again(empty_home: Store, open_page, started) -> None:
    job = empty_home.create_job("import", "holiday", {"kind": "folder", "source": "/photos"})
    empty_home.update_job(job, state="failed", message="There is no folder /photos.")
    page = open_page("collection")
    assert "no folder" in page.error[0].value
    page.button(key=f"dismiss_{job}").click().run()
    assert not page.error
    page = open_page("collection")
    page.button(key=f"again_{job}").click().run()
    assert started == [("import", "holiday", {"kind": "folder", "source": "/photos"})]


def test_job_of_an_older_version_is_told_but_not_tried_again(empty_home: Store, open_page) -> None:
    job = empty_home.create_job("import", "holiday", {})
    with empty_home.transaction() as connection:
        connection.execute("UPDATE jobs SET options = 'null'")
    empty_home.update_job(job, state="failed", message="There is no folder /photos.")
    page = open_page("collection")
    assert "no folder" in page.error[0].value
    assert {button.key for button in page.button} & {f"again_{job}", f"dismiss_{job}"} == {f"dismiss_{job}"}


def test_cancel_stops_a_job(small_home: Store, open_page) -> None:
    job = small_home.create_job("import", "holiday", {"kind": "folder", "source": "/photos"})
    page = open_page("collection", collection="demo")
    page.button(key=f"cancel_{job}").click().run()
    assert small_home.job(job).state == "cancelled"
    assert not page.exception


def test_collection_page_counts_photos_tags_and_what_was_dropped(small_home: Store, open_page) -> None:
    page = open_page("collection", collection="demo")
    assert {metric.label: metric.value for metric in page.metric}["Photos"] == "40"
    cleaned, report = (frame.value for frame in page.dataframe)
    assert "nikon" in set(cleaned["What users wrote"])
    assert list(report["Reason"]) == ["is truncated", "is turned"]
    page.text_input(key="raw_search").input("plural").run()
    assert list(page.dataframe[0].value["What users wrote"]) == ["seas"]


def test_import_finds_out_what_a_folder_is(small_home: Store) -> None:
    photos = small_home.home / "photos" / "demo"
    assert import_options("auto", f" {photos} ", "") == ("demo", {"kind": "folder", "source": str(photos)})
    assert import_options("table", str(photos), "my photos") == (
        "my photos",
        {"kind": "table", "source": str(photos)},
    )


@pytest.mark.parametrize(
    ("source", "name", "words"),
    [
        ("", "", "first"),
        ("/no/where", "", "no file or folder"),
        ("{home}", "", "does not look like"),
        ("{photos}", "../x", "name"),
    ],
)
def test_import_refuses_what_cannot_work(small_home: Store, source: str, name: str, words: str) -> None:
    empty = small_home.home / "empty"
    empty.mkdir()
    source = source.format(home=empty, photos=small_home.home / "photos" / "demo")
    with pytest.raises(CollectionError, match=words):
        import_options("auto", source, name)


def test_import_dialog_opens(small_home: Store, open_page) -> None:
    page = open_page("collection", collection="demo")
    page.button(key="import").click().run()
    assert [box.label for box in page.text_input][-2:] == [
        "Where is it on this machine?",
        "What shall the collection be called?",
    ]


@pytest.mark.parametrize("begun", [True, False], ids=["begun here", "seen at work"])
def test_what_an_import_made_is_chosen_whenever_it_ends(small_home: Store, open_page, begun: bool) -> None:
    job = small_home.create_job("import", "fresh", {"kind": "folder", "source": "/photos"})
    if begun:
        small_home.update_job(job, state="finished")
    else:
        small_home.update_job(job, state="running", pid=os.getpid())
    page = open_page("collection", collection="demo")
    assert page.title[0].value == "demo"  # another visitor's, or not at its end
    if begun:
        page.session_state["_followed"] = {job}
    # Between two runs of the page: no run sees it go from work to end.
    small_home.update_job(job, state="finished")
    assert page.run().title[0].value == "fresh"
    page.selectbox(key="collection").select("demo").run()
    assert page.title[0].value == "demo"  # said once, the visitor's choice stays


# Train


def test_every_preset_has_its_card() -> None:
    assert list(CARDS) and set(CARDS) == set(PRESETS)


def test_start_passes_the_preset_and_only_what_was_changed(small_home: Store, open_page, started) -> None:
    page = open_page("train", collection="fresh")
    page.button(key="choose_small").click().run()
    page.number_input(key="set_small_constraints.epochs").set_value(3).run()
    page.button(key="start").click().run()
    assert started == [("train", "fresh", {"preset": "small", "settings": ["constraints.epochs=3"]})]


def test_weights_file_must_exist(small_home: Store, open_page) -> None:
    page = open_page("train", collection="fresh")
    page.selectbox(key="weights_source").select("file").run()
    assert page.button(key="start").disabled
    page.text_input(key="weights_file").input("/nowhere/weights.pth").run()
    assert "no weights file" in page.error[0].value.replace("\\", "")


def test_settings_that_contradict_each_other_are_told(small_home: Store, open_page) -> None:
    page = open_page("train", collection="fresh")
    page.number_input(key="set_default_neighbors.s").set_value(13).run()
    words = "“Photos in a batch” (neighbors.s) must be a multiple of “Photos in a group” (neighbors.m)"
    assert words in page.error[0].value.replace("\\", "")
    assert page.button(key="start").disabled


def test_settings_without_effect_are_told_beside_the_button(small_home: Store, open_page, started) -> None:
    page = open_page("train", collection="fresh")
    assert "no effect" not in _texts(page)
    page.number_input(key="set_default_run.part").set_value(2).run()
    page.number_input(key="set_default_constraints.alpha").set_value(0.7).run()
    page.number_input(key="set_default_scoring.evidence").set_value(0.5).run()
    page.toggle(key="set_default_scoring.calibrated").set_value(False).run()
    lines = [text.value.replace("\\", "") for text in page.caption]
    assert "“Which part” 2 (run.part) has no effect with “Task” Clean up given tags (task)." in lines
    assert (
        "“Meaning of tags” 0.7 (constraints.alpha) has no effect with “Exact last layer” 1 (scoring.closed_form) "
        "on a frozen backbone without “Feature layer” (network.adapter)." in lines
    )
    assert (
        "“Weight of the own tag” 0.5 (scoring.evidence) has no effect with “Scores tell what fits” off"
        " (scoring.calibrated)." in lines
    )
    assert not page.error
    settings = [
        "constraints.alpha=0.7",
        "run.part=2",
        "scoring.calibrated=false",
        "scoring.evidence=0.5",
    ]
    page.button(key="start").click().run()
    ((command, collection, options),) = started
    assert (command, collection, options["preset"]) == ("train", "fresh", "default")
    assert sorted(options["settings"]) == settings


def test_weights_follow_the_network(small_home: Store, open_page, started) -> None:
    page = open_page("train", collection="fresh")
    page.button(key="choose_small").click().run()
    assert "weights_source" not in {box.key for box in page.selectbox}
    page.selectbox(key="set_small_network.backbone").set_value("resnet50").run()
    assert page.selectbox(key="weights_source").value == "imagenet"
    page.button(key="start").click().run()
    settings = ["network.weights=imagenet", "network.backbone=resnet50"]
    assert started == [("train", "fresh", {"preset": "small", "settings": settings})]
    page = open_page("train", collection="fresh")
    page.selectbox(key="set_default_network.backbone").set_value("small_cnn").run()
    assert "weights_source" not in {box.key for box in page.selectbox} and not page.error
    assert "gives random tags" in page.warning[0].value, "it begins with nothing, and only new layers learn"


def test_compared_runs_list_the_settings_that_differ(small_home: Store, open_page) -> None:
    changed = {"neighbors.refresh": "static", "network.adapter": None, "scoring.smooth": 0.3}
    set_config(small_home, "run-old", train_config("small", **changed))
    page = open_page("train", collection="demo")
    box = page.multiselect(key="compared")
    box.set_value(["run-new", "run-old"]).run()
    differ = page.dataframe[0].value
    assert list(differ.index) == [
        ("Renewing of features", "neighbors.refresh"),
        ("Share of neighbors", "scoring.smooth"),
    ]
    assert differ.loc[("Share of neighbors", "scoring.smooth")].tolist() == ["0", "0.3"]
    box.set_value(["run-new", "run-dead"]).run()
    assert "same settings" in _texts(page)


def test_runs_show_their_state_and_a_dead_one_can_be_resumed(small_home: Store, open_page, started) -> None:
    small_home.set_run_state("run-old", "running")  # no process trains it
    page = open_page("train", collection="demo")
    assert small_home.run("run-old").state == "interrupted"
    page.button(key="resume_run-dead").click().run()
    assert started == [("train", "demo", {"resume": "run-dead"})]


def test_killed_training_goes_on_where_it_stopped(small_home: Store, open_page, started) -> None:
    job = small_home.create_job("train", "demo", {"preset": "small"}, run_id="run-dead")
    small_home.update_job(job, state="interrupted")
    page = open_page("train", collection="demo")
    assert "go on where it stopped" in page.error[0].value
    page.button(key=f"again_{job}").click().run()
    assert started == [("train", "demo", {"resume": "run-dead"})]


def test_killed_demo_goes_on_where_its_progress_is_seen(small_home: Store, open_page, started) -> None:
    job = small_home.create_job("demo", "demo", {}, run_id="run-dead")
    small_home.update_job(job, state="interrupted")
    page = open_page("collection", collection="demo")
    page.button(key=f"again_{job}").click().run()
    assert started == [("train", "demo", {"resume": "run-dead"})]
    assert page.title[0].value == "Train"
    small_home.set_run_state("run-dead", "finished")
    assert not open_page("collection", collection="demo").error


def test_killed_training_whose_run_was_deleted_begins_anew(small_home: Store, open_page, started) -> None:
    job = small_home.create_job("train", "demo", {"preset": "small"}, run_id="run-gone")
    small_home.update_job(job, state="interrupted")
    open_page("train", collection="demo").button(key=f"again_{job}").click().run()
    assert started == [("train", "demo", {"preset": "small"})]


def test_job_that_cannot_be_tried_again_says_why(small_home: Store, open_page, started) -> None:
    job = small_home.create_job("import", "holiday", {"kind": "folder", "source": "/photos"})
    small_home.update_job(job, state="failed", message="There is no folder /photos.")
    page = open_page("collection", collection="demo")
    other = small_home.create_job("benchmark", "holiday", {"task": "refinement"})
    page.button(key=f"again_{job}").click().run()
    assert f"Job {other} compares methods on 'holiday'" in _error(page)
    assert not started


def test_live_run_shows_epoch_and_speed_and_blocks_a_second_start(
    small_home: Store, open_page, started
) -> None:
    import psutil

    shell = psutil.Process(os.getppid())  # any process but this one, which plays the app
    small_home.set_run_state("run-dead", "running")
    job = small_home.create_job("train", "demo", {}, run_id="run-dead")
    small_home.update_job(
        job,
        state="running",
        pid=shell.pid,
        pid_started=shell.create_time(),
        stage="Training",
        done=5,
        total=10,
    )
    page = open_page("train", collection="demo")
    assert {metric.label: metric.value for metric in page.metric} == {
        "Stage": "2 of 2",
        "Epochs done": f"3 of {train_config('small').constraints.epochs}",
        "Photos per second": "100",
        "mAP on watched photos": "0.700",
    }
    assert page.button(key="start").disabled


@pytest.mark.parametrize(
    ("preset", "stage", "curves"),
    [("default", "1 of 1", "begin after the first epoch"), ("fast", None, "Nothing is learned step by step")],
)
def test_a_run_before_its_first_epoch_counts_the_stages_that_it_has(
    small_home: Store, open_page, preset: str, stage: str | None, curves: str
) -> None:
    with small_home.transaction() as connection:
        connection.execute("DELETE FROM epochs WHERE run_id = 'run-dead'")
    small_home.create_job("train", "demo", {}, run_id="run-dead")
    set_config(small_home, "run-dead", train_config(preset))
    page = open_page("train", collection="demo")
    assert {metric.label: metric.value for metric in page.metric}.get("Stage") == stage
    assert curves in _texts(page)


def test_job_whose_run_is_not_there_yet_shows_its_progress(small_home: Store, open_page) -> None:
    small_home.create_job("train", "demo", {}, run_id="run-to-come")
    page = open_page("train", collection="demo")
    assert "Training on demo" in _texts(page) and not page.metric and not page.exception


def test_run_that_is_being_trained_is_not_deleted(small_home: Store) -> None:
    job = small_home.create_job("train", "demo", {"resume": "run-dead"}, run_id="run-dead")

    def dialog(run: str) -> None:
        from pages.state import store
        from pages.train.runs import delete_dialog

        if any(record.id == run for record in store().runs()):
            delete_dialog(store().run(run))

    page = AppTest.from_function(dialog, args=("run-dead",)).run()
    page.button(key="delete_for_good").click().run()
    assert f"Job {job} trains on 'demo'. Wait for it, or cancel it." in _error(page)
    assert small_home.run("run-dead")
    page = AppTest.from_function(dialog, args=("run-old",)).run()
    page.button(key="delete_for_good").click().run()
    assert not page.exception and not page.error
    assert "run-old" not in [run.id for run in small_home.runs()]


@pytest.mark.parametrize("command", ["import", "benchmark", "refine"])
def test_collection_that_a_job_works_on_is_not_deleted(small_home: Store, command: str) -> None:
    def dialog() -> None:
        from pages.collection.importing import delete_dialog
        from pages.opening import open_collection
        from pages.state import store

        for record in store().collections():
            if record.name == "fresh":
                delete_dialog(open_collection(record))

    page = AppTest.from_function(dialog).run()
    page.text_input(key="delete_name").input("fresh").run()
    job = small_home.create_job(command, "fresh", {})  # after the dialog was opened
    page.button(key="delete_for_good").click().run()
    assert f"Job {job} " in _error(page) and "cancel it" in _error(page)
    assert small_home.collection("fresh")
    opened = AppTest.from_function(dialog).run()
    assert f"Job {job} " in _error(opened) and not opened.button, "said before a name is typed"
    small_home.update_job(job, state="finished")
    page.run()
    page.text_input(key="delete_name").input("fresh").run()
    page.button(key="delete_for_good").click().run()
    assert "fresh" not in [record.name for record in small_home.collections()]


# Metrics


def test_metrics_stand_side_by_side_with_the_users_tags(small_home: Store, open_page) -> None:
    page = open_page("metrics", collection="demo", run="run-new")
    stored = small_home.run("run-new").metrics
    values = {metric.label: metric.value for metric in page.metric}
    assert [metric.label for metric in page.metric][-4:] == ["MiAP", "mAP", "MicroAUC", "MacroAUC"]
    assert values["mAP"] == f"{stored['map']:.3f}"
    box = page.multiselect(key="beside")
    box.select(box.options[0]).run()
    assert [frame.value.shape for frame in page.dataframe if "users' tags" in frame.value.columns] == [(6, 3)]


def test_the_headline_is_the_ranking_and_the_lists(small_home: Store, open_page) -> None:
    page = open_page("metrics", collection="demo", run="run-new", precision="0.6")
    stored = small_home.run("run-new").metrics
    found = workflow.measure_handed_out(small_home, "run-new", precision=0.6)
    first, second = page.metric[:2]
    assert (first.label, first.value) == (
        "MiAP of photos that show a checked tag",
        f"{stored['miap_labelled']:.3f}",
    )
    assert (second.label, second.value) == ("F1 of the tags handed out", f"{found.decisions.final.f1:.3f}")
    values = {metric.label: metric.value for metric in page.metric}
    assert values["Additions a photo"] == f"{found.amounts.added_per_photo:.1f}"
    assert values["Additions that are right"] == percent(found.decisions.added.precision)
    assert values["Missing tags found"] == percent(found.decisions.added.recall)
    assert values["Removals that are right"] == percent(found.decisions.removed.precision)
    assert values["Wrong tags found"] == percent(found.decisions.removed.recall)
    table = next(frame.value for frame in page.dataframe if "F1 before" in frame.value.columns)
    assert set(table.index) == {"sea", "sky", "sunset", "flower"}
    assert table["Added"].sum() == found.decisions.added.chosen.sum()
    assert "(scoring.crossfit), so that each photo" in _texts(page).replace("\\", ""), (
        "why hidden tags cannot be asked for"
    )
    # Another promise, and a tag that the curator wants left alone, change what is handed out.
    page.select_slider(key="precision").set_value("0.9").run()
    strict = {metric.label: metric.value for metric in page.metric}
    assert strict["Additions a photo"] != values["Additions a photo"]
    workflow.set_tag_rules(small_home, "demo", ["sea", "sky", "sunset", "flower", "dog"], "leave")
    page.run()
    left = {metric.label: metric.value for metric in page.metric}
    assert left["Additions that are right"] == "–" and left != strict


def test_hidden_tags_are_told_in_words_and_tag_by_tag(small_home: Store, open_page) -> None:
    set_config(small_home, "run-new", train_config("small", scoring={"crossfit": 5}))
    page = open_page("metrics", collection="demo", run="run-new")
    hidden = workflow.measure_handed_out(small_home, "run-new").hidden
    words = _texts(page).replace("\\", "")
    assert f"From each of {hidden.asked.sum()} photos" in words
    assert f"{percent(hidden.recall)} (" in words
    table = next(frame.value for frame in page.dataframe if "Hidden on photos" in frame.value.columns)
    assert table["Hidden on photos"].sum() == hidden.asked.sum()
    assert table["Found again"].sum() == hidden.hits.sum()
    assert EVIL in set(table["Tag"])


def test_measures_that_are_missing_are_computed_once(small_home: Store, open_page) -> None:
    record = small_home.collection("demo")
    with small_home.transaction() as connection:
        connection.execute("DELETE FROM metrics WHERE subject IN ('user_tags', 'run-new')")
    page = open_page("metrics", collection="demo", run="run-new")
    assert not page.exception
    assert small_home.metrics(record.id, "user_tags") and small_home.metrics(record.id, "run-new")


def test_without_ground_truth_the_page_tells_what_is_expected(small_home: Store, open_page) -> None:
    page = open_page("metrics", collection="unchecked")
    assert "Nobody has checked" in page.info[0].value
    found = workflow.measure_handed_out(small_home, "run-unchecked")
    values = {metric.label: metric.value for metric in page.metric}
    assert values["Additions expected to be right"] == percent(found.expected.added.precision)
    assert values["Removals expected to be right"] == percent(found.expected.removed.precision)
    assert values["Photos left as they are"] == percent(found.amounts.untouched)
    assert list(values)[-4:] == [
        "Tags kept",
        "Tags added",
        "Tags removed",
        "Tags that a picture cannot tell",
    ]
    assert "F1 of the tags handed out" not in values and not page.exception


@pytest.mark.parametrize("precision", [0.5, 0.9])
def test_what_changes_without_ground_truth_is_what_the_promise_makes(
    small_home: Store, open_page, precision: float
) -> None:
    small_home.set_tag_rules(small_home.collection("unchecked").id, {"sea": "leave"})
    page = open_page("metrics", collection="unchecked", precision=str(precision))
    changes = workflow.changes_of(small_home, "run-unchecked", precision)
    values = {metric.label: metric.value for metric in page.metric}
    for name, matrix in (
        ("Tags kept", changes.kept),
        ("Tags added", changes.added),
        ("Tags removed", changes.removed),
        ("Tags that a picture cannot tell", changes.untold),
    ):
        assert values[name] == f"{matrix.nnz:,}", name


def test_of_a_run_of_earlier_photos_no_lists_are_measured(small_home: Store, open_page) -> None:
    with small_home.transaction() as connection:
        connection.execute("UPDATE runs SET data_hash = 'another' WHERE id = 'run-new'")
    page = open_page("metrics", collection="demo", run="run-new")
    assert not page.exception and "imported anew" in page.warning[0].value
    assert "F1 of the tags handed out" not in {metric.label for metric in page.metric}


def test_published_tables_are_marked_and_whole(small_home: Store, open_page) -> None:
    assert [len(rows) for rows in TABLES.values()] == [9, 9, 6, 6]
    table = published("Table 4: refinement, MIRFLICKR")
    assert list(table.columns) == list(MEASURES)
    assert table.loc["Our model", "mAP"] == 0.633
    assert pd.isna(published("Table 2: annotation, MIRFLICKR").loc["CCA", "MiAP"])
    page = open_page("metrics", collection="demo")
    assert "printed in the paper" in _texts(page)
