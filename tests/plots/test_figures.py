"""Figures say what the tables say."""

import math

import plotly.graph_objects as go

from tagrefine_core.plots import (
    label_precision,
    measures,
    printed,
    reliability_diagram,
    run_curves,
    tag_frequencies,
    tags_per_photo,
    training_points,
)
from tagrefine_core.store import EpochRecord


def _names(figure: go.Figure) -> list[str]:
    return [trace.name for trace in figure.data if trace.name]


def test_tags_per_photo_counts_photos_and_shares_the_last_bar() -> None:
    bar = tags_per_photo([0, 1, 1, 3, 9, 12], longest=4).data[0]
    assert list(bar.x) == ["0", "1", "2", "3", "4+"]
    assert list(bar.y) == [1, 2, 0, 1, 2]


def test_tag_frequencies_are_sorted_cut_escaped_and_keep_the_order_of_ties() -> None:
    bar = tag_frequencies(["sea", "<b>", "2007", "sky"], [3, 9, 3, 1], top=3).data[0]
    assert list(bar.y) == ["2007", "sea", "&lt;b&gt;"]
    assert list(bar.x) == [3, 3, 9]


def test_tags_with_ground_truth_have_a_color_of_their_own() -> None:
    bar = tag_frequencies(["sea", "sky"], [2, 1], labels=["sky"]).data[0]
    assert bar.marker.color[0] != bar.marker.color[1]


def _epochs() -> list[EpochRecord]:
    # The store sorts by step, which each stage counts from zero.
    return [
        EpochRecord("phi0", 1, 10, {"loss": 3.0}),
        EpochRecord("constraints", 1, 10, {"loss": 1.0, "vis": math.nan}),
        EpochRecord("phi0", 2, 20, {"loss": 2.0, "vis": None}),
    ]


def test_curves_run_on_through_both_stages_and_leave_out_what_was_never_measured() -> None:
    figure = run_curves({"": _epochs()}, {"loss": "sum", "vis": "neighbors", "sem": "tags"})
    assert [annotation.text for annotation in figure.layout.annotations] == ["sum"]
    assert list(figure.data[0].x) == [10, 20, 30]
    assert list(figure.data[0].y) == [3.0, 2.0, 1.0]
    assert figure.layout.shapes[0].x0 == 20


def test_each_value_has_a_figure_and_a_scale_of_its_own() -> None:
    epochs = [
        EpochRecord("phi0", 1, 4, {"loss": 2.0, "q50": 0.5}),
        EpochRecord("phi0", 2, 8, {"loss": 1.0, "q50": 0.5}),
    ]
    figure = run_curves({"a": epochs, "b": epochs}, {"loss": "sum", "q50": "agreed"})
    assert [(trace.name, trace.yaxis) for trace in figure.data] == [
        ("a", "y"),
        ("b", "y"),
        ("a", "y2"),
        ("b", "y2"),
    ]
    assert [trace.showlegend for trace in figure.data] == [True, True, False, False], "named once"
    assert figure.data[0].line.color == figure.data[2].line.color != figure.data[1].line.color
    low, high = figure.layout.yaxis2.range
    assert low < 0.5 < high <= 1.0, "what stands still is not drawn from one below to one above"


def test_points_within_an_epoch_are_drawn_where_they_are() -> None:
    points = ((2, {"loss": 4.0}), (4, {"loss": 2.0}))
    epochs = [
        EpochRecord("phi0", 1, 4, {"loss": 3.0, "q50": 0.5}, points),
        EpochRecord("constraints", 1, 3, {"loss": 9.0, "q50": 0.6}),  # of an earlier TagRefine: no points
    ]
    assert [(stage, step, at) for stage, step, at in training_points(epochs)] == [
        ("phi0", 2, {"loss": 4.0}),
        ("phi0", 4, {"loss": 2.0}),
        ("phi0", 4, {"q50": 0.5}),
        ("constraints", 7, {"loss": 9.0, "q50": 0.6}),
    ]
    loss, agreed = run_curves({"": epochs}, {"loss": "sum", "q50": "agreed"}).data
    assert (list(loss.x), list(loss.y)) == ([2, 4, 7], [4.0, 2.0, 9.0])
    assert (list(agreed.x), list(agreed.y)) == ([4, 7], [0.5, 0.6])


def test_curves_of_nothing_are_an_empty_figure() -> None:
    assert not run_curves({"": []}, {"loss": "sum"}).data


def test_a_run_is_named_by_what_somebody_called_it_and_not_by_what_that_does() -> None:
    figure = run_curves({"<b>mine</b>": _epochs(), "b": _epochs()}, {"loss": "sum"})
    assert _names(figure) == ["&lt;b&gt;mine&lt;/b&gt;", "b"]


def test_what_is_saved_is_on_white_paper_with_its_title() -> None:
    figure = run_curves({"": _epochs()}, {"loss": "sum"})
    paper = printed(figure, title="Losses of <me>", about="demo · run 1")
    assert paper.layout.paper_bgcolor == paper.layout.plot_bgcolor == "#ffffff"
    assert "Losses of &lt;me&gt;" in paper.layout.title.text and "demo · run 1" in paper.layout.title.text
    assert figure.layout.paper_bgcolor == "rgba(0,0,0,0)" and not figure.layout.title.text, (
        "the one on the page stays"
    )
    assert paper.layout.height > figure.layout.height


def test_measures_leave_out_what_is_undefined() -> None:
    figure = measures(
        {"users": {"map": 0.2, "auc": None}, "run": {"map": 0.7, "auc": math.nan}},
        {"map": "mAP", "auc": "AUC"},
    )
    assert [list(trace.x) for trace in figure.data] == [[0.2], [0.7]]
    assert list(figure.layout.yaxis.categoryarray) == ["AUC", "mAP"]


def test_label_precision_sorts_by_the_run_and_joins_before_to_after() -> None:
    figure = label_precision(["sea", "sky", "dog"], [0.1, None, 0.3], [0.5, 0.9, None])
    lines, before, after = figure.data
    assert (list(after.y), list(after.x)) == (["sea", "sky"], [0.5, 0.9])
    assert (list(before.y), list(before.x)) == (["sea"], [0.1])
    assert list(lines.x) == [0.1, 0.5, None]


def test_label_precision_without_user_tags() -> None:
    assert len(label_precision(["sea"], None, [0.5]).data) == 1


def test_the_reliability_diagram_leaves_out_empty_bins_and_grows_with_their_count() -> None:
    figure = reliability_diagram([0.1, math.nan, 0.9, None], [0.2, math.nan, 0.8, None], [1000, 0, 10, 0])
    diagonal, dots = figure.data
    assert list(diagonal.x) == list(diagonal.y) == [0, 1]
    assert (list(dots.x), list(dots.y), list(dots.customdata)) == ([0.1, 0.9], [0.2, 0.8], [1000, 10])
    assert dots.marker.size[0] > dots.marker.size[1] >= 5
    assert not reliability_diagram([None], [None], [0]).data[1].x
