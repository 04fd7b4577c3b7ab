"""Figures of comparisons and experiments say what the tables say."""

import math

import plotly.graph_objects as go
import pytest

from tagrefine_core.plots import ablation_bars, label_dots, noise_curves, precision_recall, time_quality
from tagrefine_core.plots.frame import ACCENT


def traces(figure: go.Figure) -> dict[str, go.Scatter]:
    return {trace.name: trace for trace in figure.data if trace.name}


def test_label_dots_follow_the_first_method_and_span_all() -> None:
    figure = label_dots(["sea", "<b>", "sky"], {"A": [0.2, 0.9, None], "B": [0.4, math.nan, 0.3]}, ours="B")
    dots = traces(figure)
    assert (list(dots["A"].y), list(dots["A"].x)) == (["sea", "&lt;b&gt;"], [0.2, 0.9])
    assert (list(dots["B"].y), list(dots["B"].x)) == (["sea"], [0.4])
    assert dots["B"].marker.color == ACCENT and dots["A"].marker.color != ACCENT
    assert list(figure.data[0].x) == [0.2, 0.4, None, 0.9, 0.9, None]


def test_label_dots_of_nothing() -> None:
    assert len(label_dots(["sea"], {}).data) == 1


def test_time_quality_puts_methods_at_seconds_and_quality() -> None:
    figure = time_quality([("A", 0.0, 0.5, 10.0), ("<b>", 100.0, 0.7, 2.0)], measure="mAP", ours="A")
    (dots,) = figure.data
    assert list(dots.x) == [0.001, 100.0], "a logarithmic axis has no zero"
    assert dots.customdata[0][0] == 0.0, "the true seconds are told"
    assert list(dots.y) == [0.5, 0.7] and list(dots.text) == ["A", "&lt;b&gt;"]
    low, high = figure.layout.xaxis.range
    assert low < -3 and high > 2


def test_names_of_dots_side_by_side_stand_on_different_sides() -> None:
    points = [("Ann", 1.0, 0.5, 1.0), ("Bob", 1.01, 0.5, 1.0), ("Far", 100.0, 0.9, 1.0)]
    sides = time_quality(points, measure="mAP").data[0].textposition
    assert sides[0] != sides[1]
    assert sides[2] == "top center"


def test_ablation_bars_are_differences_to_the_whole_model() -> None:
    bars = ablation_bars(
        {"all": (0.5, None), "none": (0.3, 0.01), "gone": (None, None)}, whole="all", measure="mAP"
    )
    bar, values = bars.data
    assert list(bar.y) == ["none", "all"], "the first is on top"
    assert list(bar.x) == pytest.approx([-0.2, 0.0])
    assert list(bar.error_x.array) == [0.01, 0.0]
    assert [text.strip() for text in values.text] == ["0.300", "0.500"]
    assert list(values.x) == pytest.approx([-0.21, 0.0]), "beyond the deviation"
    assert list(values.textposition) == ["middle left", "middle right"]
    assert bars.layout.xaxis.range[0] < -0.25
    with pytest.raises(KeyError):
        ablation_bars({"none": (0.3, None)}, whole="all", measure="mAP")


def test_noise_curves_go_by_rate_and_leave_gaps() -> None:
    lines = traces(
        noise_curves(
            {"Ours": [(0.5, 0.4), (0.0, 0.9)], "Tags": [(0.0, 1.0), (0.5, None)]},
            measure="mAP",
            ours="Ours",
            spoiled="Tags",
        )
    )
    assert (list(lines["Ours"].x), list(lines["Ours"].y)) == ([0.0, 0.5], [0.9, 0.4])
    assert list(lines["Tags"].y) == [1.0, None]
    assert lines["Ours"].line.color == ACCENT and lines["Tags"].line.dash == "dot"


def test_precision_recall_has_a_line_for_guessing() -> None:
    figure = precision_recall(
        {"users": ([0.5, 1.0], [1.0, 0.25]), "ours": ([1.0], [0.5])}, base=0.25, ours="ours"
    )
    assert list(traces(figure)["users"].y) == [1.0, 0.25]
    assert traces(figure)["ours"].line.color == ACCENT
    assert figure.layout.shapes[0].y0 == 0.25
