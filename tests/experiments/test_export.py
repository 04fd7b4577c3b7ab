import csv
import io

import pytest

from tagrefine_core.evaluation.published import METHODS, TABLES, published
from tagrefine_core.experiments.export import (
    grid_texts,
    settings_sentence,
    to_csv,
    to_latex,
    to_markdown,
    variant_table,
    write_grid,
    write_table,
)
from tagrefine_core.experiments.intervals import MEASURES
from tagrefine_core.experiments.table import row_of, stopped_row, value_of
from tagrefine_core.methods import method_class, names


def measured(name, low, high):
    """The row of two repeats whose measures are all ``low``, then all ``high``."""
    import numpy as np

    keys = ("miap", "miap_labelled", "map", "micro_auc", "macro_auc")
    results = [
        {
            "metrics": {**dict.fromkeys(keys, value), "per_label_ap": [value, None]},
            "parameters": {"k": 5},
            "fit_seconds": 1.0,
            "score_seconds": 2.0 * value,
            "peak_mb": 100 * value,
            "settings": None,
        }
        for value in (low, high)
    ]
    decided = [
        {
            "precision": 0.75,
            "f1_micro": value,
            "user_f1_micro": None,
            "added": {"precision": value / 2, "recall": None, "count": 100, "per_photo": 2 * value},
            "removed": None,
            "ece": {"pooled": 1 - value, "mean": value / 10},
        }
        for value in (low, high)
    ]
    return {**row_of(method_class(name), results, decided, np.full((3, 11), 0.25)), "published": None}


@pytest.fixture
def table():
    knn, nmf = measured("knn", 0.1, 0.3), measured("nmf", 0.5, 0.5)
    knn["published"] = published("mirflickr", "annotation", "knn")
    failed = {**stopped_row(method_class("cca"), "failed", "no words"), "published": None}
    return {
        "collection": "my_photos",
        "task": "annotation",
        "repeats": 2,
        "photos": 1000,
        "trained": 200,
        "measured": 700,
        "judged": 100,
        "budget": 12,
        "tuning_seconds": 600.0,
        "backbone": "small_cnn",
        "labels": ["sea", "sky"],
        "preset": "default",
        "differs": {},
        "notes": [],
        "rows": [knn, nmf, failed],
        "paired": [],
    }


@pytest.fixture
def with_ours(table):
    pairs = [
        {
            "method": "tagrefine",
            "against": "knn",
            "metric": "map",
            "difference": 0.5,
            "low": 0.25,
            "high": 0.75,
        },
        {
            "method": "tagrefine",
            "against": "knn",
            "metric": "micro_auc",
            "difference": -0.125,
            "low": -0.5,
            "high": 0.0,
        },
    ]
    ours = measured("tagrefine", 0.6, 0.8)
    return {**table, "rows": [*table["rows"], ours], "paired": pairs}


def test_a_row_by_hand(table):
    row = table["rows"][0]
    assert row["map"] == pytest.approx(0.2)
    assert row["map_sd"] == pytest.approx(0.02**0.5)
    assert row["seconds"] == pytest.approx(1.4) and row["peak_mb"] == 30
    assert row["per_label_ap"] == [pytest.approx(0.2), None]
    assert row["intervals"]["miap"] == (0.25, 0.25)
    decisions = row["decisions"]
    assert (decisions["f1_micro"], decisions["sd"]["f1_micro"]) == (
        pytest.approx(0.2),
        pytest.approx(0.02**0.5),
    )
    assert decisions["added"] == {
        "precision": pytest.approx(0.1),
        "recall": None,
        "count": 100,
        "per_photo": pytest.approx(0.4),
    }
    assert decisions["removed"] is None and decisions["sd"]["removed_recall"] is None
    assert decisions["ece"] == {"pooled": pytest.approx(0.8), "mean": pytest.approx(0.02)}
    assert decisions["intervals"]["added_per_photo"] == (0.25, 0.25)
    assert value_of(row, "map") == row["map"] and value_of(row, "ece_mean") == pytest.approx(0.02)
    assert value_of(row, "removed_precision") is None


def test_csv_has_every_number(table):
    knn, nmf, failed = csv.DictReader(io.StringIO(to_csv(table)))
    assert float(knn["map"]) == pytest.approx(0.2) and knn["published_map"] == "0.499"
    assert (knn["ap_sky"], knn["parameters"], nmf["map_low"]) == ("", "k=5", "0.25")
    assert float(knn["f1_micro"]) == pytest.approx(0.2) and nmf["added_precision_high"] == "0.25"
    assert (knn["removed_recall"], knn["added_recall"], failed["f1_micro"]) == ("", "", "")
    assert float(nmf["ece_pooled"]) == 0.5
    assert nmf["reconstruction"] == "True"
    assert (failed["status"], failed["message"], failed["map"]) == ("failed", "no words", "")


def test_markdown_marks_the_best(table):
    text = to_markdown(table)
    ranked, _, rest = text.partition("Labels handed out by one")
    handed_out, _, published = rest.partition("As published")
    assert "target precision of 0.75" in handed_out and "| removed P |" not in handed_out, "no row knows it"
    assert (
        "| NMF (reconstruction) | **0.500 ± 0.000** | **0.250 ± 0.000** | 1.000 ± 0.000 | **0.500** |"
        in handed_out
    )
    assert "| KNN | 0.200 ± 0.141 | 0.200 ± 0.141 |" in text
    assert "| NMF (reconstruction) | **0.500 ± 0.000** |" in text
    assert "| CCA | failed |" in text
    assert "| KNN | 0.243 | 0.499 | 0.785 | 0.926 |" in published
    widths = {line.count("|") for line in ranked.splitlines() if line.startswith("|")}
    assert widths == {8}


def test_a_table_of_before_has_nothing_handed_out(table):
    old = [{key: value for key, value in row.items() if key != "decisions"} for row in table["rows"]]
    knn, *_ = csv.DictReader(io.StringIO(to_csv({**table, "rows": old})))
    assert (knn["f1_micro"], knn["ece_mean"]) == ("", "") and float(knn["map"]) == pytest.approx(0.2)
    assert "handed out" not in to_markdown({**table, "rows": old})


def test_paired_differences_stand_in_every_form(with_ours):
    knn, nmf, *_ = csv.DictReader(io.StringIO(to_csv(with_ours)))
    assert (knn["ahead_map"], knn["ahead_map_low"], knn["ahead_map_high"]) == ("0.5", "0.25", "0.75")
    assert knn["ahead_miap"] == nmf["ahead_map"] == ""
    row = "KNN | - | +0.500 [+0.250, +0.750] | -0.125 [-0.500, +0.000] | -"
    second = to_markdown(with_ours).split("TagRefine less each other method")[1].split("As published")[0]
    assert f"| {row} |" in second and "NMF" not in second
    assert row.replace("|", "&") in to_latex(with_ours) and r"95 \% intervals" in to_latex(with_ours)


def test_settings_of_ours_are_said(table):
    assert settings_sentence(table) == "TagRefine with preset default."
    other = {**table, "preset": "paper", "differs": {"phi0.lr": 0.1, "task": "x"}, "notes": ["It is so."]}
    sentence = "TagRefine with preset paper but for phi0.lr=0.1, task=x. It is so."
    assert settings_sentence(other) == sentence
    assert sentence in to_markdown(other) and sentence.replace("_", "\\_") in to_latex(other)


def test_latex_is_booktabs_and_escaped(table):
    text = to_latex(table)
    assert r"\toprule" in text and r"\bottomrule" in text and r"my\_photos" in text
    assert r"\textbf{0.500 $\pm$ 0.000}" in text
    rows = [line for line in text.split(r"\end{table}")[0].splitlines() if line.endswith(r"\\")]
    assert {line.count("&") for line in rows} == {6}


def test_files(table, tmp_path):
    files = write_table(table, tmp_path / "new", "annotation")
    assert [file.name for file in files] == ["annotation.csv", "annotation.md", "annotation.tex"]
    assert files[1].read_text() == to_markdown(table)


def test_variants(tmp_path):
    keys = ("miap", "miap_labelled", "map", "micro_auc", "macro_auc")
    rows = [
        {"variant": "all", "status": "done", "message": "", **dict.fromkeys(keys, 0.5)},
        {"variant": "a|b", "status": "failed", "message": "no", **dict.fromkeys(keys)},
    ]
    assert "| all | **0.500** |" in variant_table(rows, key="variant")
    assert "| a\\|b (failed) |" in variant_table(rows, key="variant")
    files = write_grid(rows, tmp_path, "ablation", key="variant")
    assert list(csv.DictReader(files[0].read_text().splitlines()))[1]["map"] == ""
    texts = grid_texts(rows, "50% of a_b", key="variant")
    assert texts["csv"] == files[0].read_text()
    assert r"\caption{50\% of a\_b}" in texts["tex"] and texts["tex"].count(r"\begin") == 2


def test_published_numbers_stand_beside_their_methods_only():
    assert published("nuswide", "refinement", "tagrefine")["macro_auc"] == 0.950
    assert published("mirflickr", "annotation", "cca")["miap"] is None
    assert published("table", "annotation", "knn") is None
    assert published("mirflickr", "refinement", "knn") is None
    assert set(METHODS) <= set(names())
    assert {title for rows in TABLES.values() for title in rows} == set(METHODS.values())


def test_wider_labels_have_a_table_of_their_own(table):
    assert "nobody looked at" not in to_markdown(table)
    for row, value in zip(table["rows"], (0.25, 0.5, None), strict=True):
        row["wider"] = value and {
            name: number for key in MEASURES for name, number in ((key, value), (f"{key}_sd", None))
        }
    pair = {
        "method": "tagrefine",
        "against": "knn",
        "metric": "map",
        "difference": 0.1,
        "low": 0.05,
        "high": 0.2,
    }
    table["wider"] = {"labels": ["food", "sky"], "paired": [pair]}
    _, _, text = to_markdown(table).partition("nobody looked at while choosing settings (food, sky)")
    assert "| KNN | 0.250 | 0.250 | 0.250 | 0.250 | +0.100 [+0.050, +0.200] |" in text
    assert "| NMF (reconstruction) | **0.500** | **0.500** | **0.500** | **0.500** | - |" in text
    assert "CCA" not in text.split("As published")[0], "what failed has nothing to show"


def test_how_methods_were_tuned_is_said(table):
    text = to_markdown(table)
    assert (
        "up to 12 settings and 10 minutes, judged on 100 photos by mAP, none of which is measured here"
        in text
    )
    assert (
        "TagRefine is its preset as it is" in text
        and "trained on 20% of 1,000 photos and measured on 700" in text
    )
