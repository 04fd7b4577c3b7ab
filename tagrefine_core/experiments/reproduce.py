"""All that the paper reports, on a collection that is there: tables, ablation, and figures as files."""

from collections.abc import Mapping, Sequence
from pathlib import Path

from tagrefine_core.collections import Collection
from tagrefine_core.config import TrainConfig
from tagrefine_core.experiments.ablation import GROUPS, ablate
from tagrefine_core.experiments.benchmark import benchmark
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
from tagrefine_core.plots.paper import ablation_figure, page_of, precision_figure
from tagrefine_core.progress import Progress, silent
from tagrefine_core.runs.launch import train
from tagrefine_core.runs.run import Run
from tagrefine_core.store import Store

__all__ = ["reproduce"]


def reproduce(
    store: Store,
    name: str,
    out: Path,
    config: TrainConfig,
    *,
    methods: Sequence[str] | None = None,
    repeats: int = 5,
    budget: int = 12,
    groups: Sequence[str] = GROUPS,
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
    config : TrainConfig
        Of our own method in the tables, of the ablation and of the run; its task is not read.
    methods, repeats, budget, progress
        As in `tagrefine_core.experiments.benchmark`.
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
    config = config.replaced({"task": "refinement"})
    out = Path(out)
    written: list[Path] = []
    for task in ("annotation", "refinement"):
        table = benchmark(
            store,
            name,
            config.replaced({"task": task}),
            methods=methods,
            repeats=repeats,
            budget=budget,
            progress=progress,
        )
        written += write_table(table, out, task)
        written += _photos(side_by_side(store, collection, table), out, f"figure3-{task}")
    ablation = ablate(store, name, config, groups=groups, progress=progress)
    written += write_grid(ablation["rows"], out, "ablation", key="variant")
    written.append(write_text(out / "ablation.html", page_of(ablation_figure(ablation["rows"], SHOWN))))
    run = _trained(store, collection, config, progress)
    written += _photos(before_and_after(collection, run), out, "figure1")
    trace = neighbor_trace(collection, run)
    write_result(out / "figure4.json", trace)
    curve = write_text(out / "figure4.html", page_of(precision_figure(trace["points"])))
    return [*written, out / "figure4.json", curve]


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
