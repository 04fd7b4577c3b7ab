"""Metrics: ablation, noise curves, and precision and recall of one tag."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from streamlit.testing.v1 import AppTest

from pages.metrics.one_tag import thinned
from pages.metrics.studies import variant_name
from tagrefine_core.collections import Collection
from tagrefine_core.experiments import MEASURES
from tagrefine_core.experiments.ablation import variants_of
from tagrefine_core.experiments.keeping import experiments_folder, write_result
from tagrefine_core.settings import read_settings, train_config
from tagrefine_core.store import Store
from tests.app.conftest import set_config

OpenPage = Callable[..., AppTest]


def measured(value: float | None, **more: object) -> dict[str, object]:
    row: dict[str, object] = {"status": "done" if value is not None else "failed", "message": "", **more}
    return row | dict.fromkeys(MEASURES, value) | dict.fromkeys([f"{name}_sd" for name in MEASURES])


@pytest.fixture
def studied(small_home: Store) -> Store:
    """Add an ablation in which one variant failed, and noise curves of two methods."""
    head = {"collection": "demo", "data_hash": small_home.collection("demo").data_hash, "seed": 0}
    head |= {"preset": "small", "differs": {"scoring.smooth": 0.3}}
    head |= {"created": "2026-01-02T03:04:05+00:00", "state": "partial", "task": "refinement", "repeats": 1}
    values = {"all": 0.6, "phi0": 0.5, "vis + sem": 0.59, "refresh static": 0.55, "alpha 0.5": None}
    values["no closed form"] = 0.58
    rows = [measured(value, variant=name, settings={}, seconds=1.0) for name, value in values.items()]
    folder = experiments_folder(small_home.home)
    write_result(folder / "ablations" / "0.json", {**head, "rows": rows})
    curves = {
        method: [measured(value, kind="missing", rate=rate) for rate, value in ((0.0, 0.9), (0.5, 0.4))]
        for method in ("user_tags", "knn")
    }
    titles = {"user_tags": "UserTags", "knn": "<b>KNN"}
    noise = {
        **head,
        "clean": "tags",
        "kinds": ["missing"],
        "rates": [0.0, 0.5],
        "titles": titles,
        "curves": curves,
    }
    write_result(folder / "noise" / "0" / "curves-0.json", noise)
    return small_home


def shown(page: AppTest) -> str:
    assert not page.exception and not page.error
    return " ".join(element.value for element in [*page.markdown, *page.caption])


def test_ablation_and_noise_are_drawn_with_what_is_missing(studied: Store, open_page: OpenPage) -> None:
    page = open_page("metrics", collection="demo", run="run-new")
    text = shown(page)
    assert "The three constraints" in text and "Keeping neighbors" in text and "What we added" in text
    assert "Use and meaning" not in text, "its only variant failed"
    assert "meaning counts 0.5 failed" in text.replace("\\", "")
    assert "trained once" in text
    words = "settings: Small, but with “Share of neighbors” 0.3 (scoring.smooth)."
    assert text.replace("\\", "").count(words) == 2
    assert "taken for the truth" in text
    buttons = page.get("download_button")
    labels = [button.label for button in buttons]
    assert labels.count("LaTeX") == 2 < labels.count("CSV")
    # A file that is only written when its button is pressed is lost when a job's progress redraws the page.
    assert all(button.proto.url and not button.proto.deferred_file_id for button in buttons)
    assert len(page.get("plotly_chart")) >= 5


def test_experiments_start_with_the_settings_of_the_run(
    small_home: Store, open_page: OpenPage, started: list[Any]
) -> None:
    changed = {"network.normalize": False, "network.image_size": None, "scoring.smooth": 0.3}
    config = train_config("small", **changed)
    set_config(small_home, "run-new", config)
    page = open_page("metrics", collection="demo", run="run-new")
    assert "Nothing has been measured yet" in shown(page)
    page.button(key="start_ablate").click().run()
    page.button(key="start_noise").click().run()
    settings = ["network.image_size=none", "network.normalize=false", "scoring.smooth=0.3"]
    assert started == [
        ("ablate", "demo", {"preset": "small", "settings": settings}),
        ("noise", "demo", {"preset": "small", "settings": settings}),
    ]
    assert train_config("small", **read_settings(settings)) == config
    assert page.button(key="start_ablate").disabled
    assert "Measuring the parts of the model" in shown(page)


def test_model_is_taken_apart_at_the_task_of_the_run(
    small_home: Store, open_page: OpenPage, started: list[Any]
) -> None:
    set_config(small_home, "run-new", train_config("small", task="annotation"))
    page = open_page("metrics", collection="demo", run="run-new")
    page.button(key="start_ablate").click().run()
    page.button(key="start_noise").click().run()
    assert started == [
        ("ablate", "demo", {"preset": "small", "task": "annotation"}),
        ("noise", "demo", {"preset": "small"}),
    ]


def test_precision_and_recall_follow_the_chosen_tag(small_home: Store, open_page: OpenPage) -> None:
    collection = Collection.open(small_home, "demo")
    label = collection.labels[2]
    page = open_page("metrics", collection="demo", run="run-new", label=label)
    assert page.selectbox(key="label").value == label
    count = int((collection.truth[:, 2] == 1).sum())
    assert f"{label} · {count} photos" in page.selectbox(key="label").options
    assert not page.exception


def test_outdated_run_has_no_curves(small_home: Store, open_page: OpenPage) -> None:
    with small_home.transaction() as connection:
        connection.execute("UPDATE runs SET data_hash = 'before' WHERE id = 'run-new'")
    page = open_page("metrics", collection="demo", run="run-new")
    assert "earlier state" in shown(page)


def test_thinned_curves_keep_both_ends() -> None:
    recall, precision = np.linspace(0, 1, 5000), np.linspace(1, 0.2, 5000)
    short = thinned(recall, precision)
    assert len(short[0]) == len(short[1]) <= 400
    assert (short[0][0], short[0][-1], short[1][-1]) == (0.0, 1.0, 0.2)
    few = thinned(recall[:3], precision[:3])
    assert len(few[0]) == 3


def test_every_variant_of_an_ablation_has_words() -> None:
    names = set(variants_of(train_config("default")))
    assert "no calibration" in names
    assert not {name for name in names if variant_name(name) == name}


def test_variants_are_named_in_words() -> None:
    assert variant_name("vis in training only") == "look-alike photos only while it learns"
    assert variant_name("constraints in neither") == "all three not at all"
    assert variant_name("all") == "the whole model"
    assert variant_name("alpha 0.5") == "meaning counts 0.5"
    assert variant_name("no calibration") == "scores of how likely a tag is given, not of how likely it fits"
    assert variant_name("refresh static") == "looked up once, at the start"
