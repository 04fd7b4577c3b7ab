"""All that the paper reports, on a collection that is there: tables, ablation, and figures as files."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import plotly.graph_objects as go

from tagrefine_core.collections import Collection
from tagrefine_core.config import TrainConfig
from tagrefine_core.experiments.ablation import GROUPS, ablate
from tagrefine_core.experiments.benchmark import benchmark, comparison_config
from tagrefine_core.experiments.examples import before_and_after, neighbor_trace, side_by_side
from tagrefine_core.experiments.export import (
    SHOWN,
    grid_csv,
    grid_markdown,
    write_grid,
    write_table,
    write_text,
)
from tagrefine_core.experiments.keeping import write_result
from tagrefine_core.experiments.protocol import Task
from tagrefine_core.progress import Progress, silent
from tagrefine_core.runs.launch import train
from tagrefine_core.runs.run import Run
from tagrefine_core.store import Store

__all__ = ["reproduce"]


def reproduce(
    store: Store,
    name: str,
    out: Path,
    *,
    methods: Sequence[str] | None = None,
    preset: str = "paper",
    backbone: str | None = None,
    weights: str | None = None,
    repeats: int = 5,
    budget: int = 12,
    settings: Mapping[str, Any] | None = None,
    groups: Sequence[str] = GROUPS,
    seed: int = 0,
    progress: Progress = silent,
) -> list[Path]:
    """Compare methods in both tasks, ablate the model, train one run, and write it all into a folder.

    Stopped by Cancelled, the same call goes on; files of an earlier call are replaced.

    Parameters
    ----------
    store : Store
    name : str
        A collection with ground truth.
    out : Path
        Folder, made when missing.
    methods, preset, backbone, weights, repeats, budget, seed, progress
        As in `tagrefine_core.experiments.benchmark`.
    settings : mapping, optional
        Training settings of ablation and run, laid over the preset.
    groups : sequence of str
        Of the ablation; without any, only the whole model is trained.

    Returns
    -------
    list of Path
        ``annotation.*``, ``refinement.*`` and ``ablation.*`` (CSV, Markdown, LaTeX), ``ablation.html``,
        ``figure1.*`` (tags before and after), ``figure3-TASK.*`` (methods side by side),
        ``figure4.json`` and ``figure4.html`` (neighbors while training).

    Raises
    ------
    LabelError, ConfigError, CollectionError, WeightsError
        As for benchmarks and training.
    """
    collection = Collection.open(store, name)
    given = {"backbone": backbone, "weights": weights, **(settings or {})}
    over = {key: value for key, value in given.items() if value is not None}
    config = comparison_config(preset, task="refinement", seed=seed, **over)  # a mistake is known now
    out = Path(out)
    written: list[Path] = []
    tasks: tuple[Task, ...] = ("annotation", "refinement")
    for task in tasks:
        table = benchmark(
            store,
            name,
            task=task,
            methods=methods,
            repeats=repeats,
            budget=budget,
            preset=preset,
            backbone=backbone,
            weights=weights,
            seed=seed,
            progress=progress,
        )
        written += write_table(table, out, task)
        written += _photos(side_by_side(store, collection, table), out, f"figure3-{task}")
    ablation = ablate(store, name, preset=preset, settings=over, groups=groups, seed=seed, progress=progress)
    written += write_grid(ablation["rows"], out, "ablation", key="variant")
    written.append(_html(_bars(ablation["rows"]), out / "ablation.html"))
    run = _trained(store, collection, config, progress)
    written += _photos(before_and_after(collection, run), out, "figure1")
    trace = neighbor_trace(collection, run)
    write_result(out / "figure4.json", trace)
    return [*written, out / "figure4.json", _html(_curve(trace["precision"]), out / "figure4.html")]


def _trained(store: Store, collection: Collection, config: TrainConfig, progress: Progress) -> Run:
    """Return a run of these settings: a finished one, a stopped one that goes on, or a new one."""
    alike = [
        run
        for run in store.runs(collection.name)
        if run.config == config.model_dump() and run.data_hash == collection.data_hash
    ]
    finished = [run.id for run in alike if run.state == "finished"]
    if finished:
        return Run.open(store, finished[0])
    stopped = [run.id for run in alike if run.state in ("cancelled", "interrupted")]
    return train(store, collection, config, resume=stopped[0] if stopped else None, progress=progress)


def _photos(rows: Sequence[Mapping[str, str]], out: Path, name: str) -> list[Path]:
    cells = [[value.replace("|", "\\|").replace("\n", " ") for value in row.values()] for row in rows]
    markdown = grid_markdown(list(rows[0]), cells) if rows else "No photo has anything to show."
    return [
        write_text(out / f"{name}.csv", grid_csv(rows)),
        write_text(out / f"{name}.md", markdown + "\n"),
    ]


def _bars(rows: Sequence[Mapping[str, Any]]) -> go.Figure:
    figure = go.Figure()
    for key, title in SHOWN.items():
        figure.add_bar(name=title, x=[row["variant"] for row in rows], y=[row[key] for row in rows])
    return figure.update_layout(yaxis_range=[0, 1], title="Ablation")


def _curve(points: Sequence[Mapping[str, float]]) -> go.Figure:
    steps = [point["step"] for point in points]
    figure = go.Figure()
    figure.add_scatter(x=steps, y=[point["mean"] for point in points], name="mean")
    for limit in ("low", "high"):
        figure.add_scatter(
            x=steps, y=[point[limit] for point in points], name=f"95 % {limit}", line={"dash": "dot"}
        )
    return figure.update_layout(
        title="Neighbors that share a label with their photo", xaxis_title="iteration", yaxis_title="share"
    )


def _html(figure: go.Figure, path: Path) -> Path:
    """Write a page of one figure that needs no network."""
    return write_text(path, figure.to_html(include_plotlyjs=True))
