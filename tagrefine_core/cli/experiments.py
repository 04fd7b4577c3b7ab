"""Commands of the experiments: benchmark, ablate, tune, noise, reproduce."""

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any, Literal

import typer

from tagrefine_core import workflow
from tagrefine_core.cli.results import ANNOTATIONS_HELP
from tagrefine_core.cli.session import Json, Session
from tagrefine_core.cli.settings import Backbone, Preset, Seed, Settings, Weights, configuration
from tagrefine_core.errors import ConfigError
from tagrefine_core.settings import read_settings

# The experiments load scikit-learn, and training loads PyTorch; both take seconds, so commands import them late.

__all__ = ["ablate", "benchmark", "noise", "reproduce", "tune"]

Name = Annotated[str, typer.Argument(metavar="NAME", help="The collection; it needs ground truth.")]
Methods = Annotated[
    str,
    typer.Option(
        help="Names with commas between them, all or all+; NAME+ has our targets and our scoring, NAME:KEY=VALUE is a variant."
    ),
]
MethodFiles = Annotated[
    list[Path] | None,
    typer.Option("--method-file", metavar="FILE.py", help="A method of your own; may be repeated."),
]
Out = Annotated[
    Path | None, typer.Option(metavar="DIR", help="Also write the tables there, as CSV, Markdown, LaTeX.")
]
Kind = Literal["annotation", "refinement"]


def benchmark(
    context: typer.Context,
    name: Name,
    task: Annotated[Kind, typer.Option(help="Tag new photos, or refine the tags of all.")],
    methods: Methods = "all",
    repeats: Annotated[int, typer.Option(min=1, help="Annotation has at most five.")] = 5,
    budget: Annotated[int, typer.Option(min=1, help="Settings tried for each method.")] = 12,
    tuning_seconds: Annotated[
        float, typer.Option(min=0, help="No further setting is tried when those of a method took so long.")
    ] = 1200,
    annotations: Annotated[
        Path | None,
        typer.Option(metavar="DIR", help=ANNOTATIONS_HELP),
    ] = None,
    preset: Preset = "default",
    backbone: Backbone = None,
    weights: Weights = None,
    mode: Annotated[
        Literal["all", "assigned"], typer.Option(help="Refinement ranks all labels, or the user's own.")
    ] = "all",
    seed: Seed = None,
    settings: Settings = None,
    method_file: MethodFiles = None,
    out: Out = None,
    json: Json = False,
) -> None:
    """Measure methods side by side on a collection, each tuned by the same budget; NAME+ has our targets and our scoring."""
    session = Session.of(context, json)
    config = configuration(context)
    session.store.collection(name)
    chosen = _methods(methods, method_file)
    with session.job(context, name) as job:
        from tagrefine_core import experiments
        from tagrefine_core.experiments.export import to_markdown, write_table

        table = experiments.benchmark(
            session.store,
            name,
            config,
            methods=chosen,
            repeats=repeats,
            budget=budget,
            seconds=tuning_seconds,
            annotations=annotations,
            mode=mode,
            table=job.table_id,
            progress=job.progress,
        )
        if out is not None:
            write_table(table, out, f"{task}-{name}")
        job.result = {"collection": name, "task": task, "table": table["id"], "rows": len(table["rows"])}
    notes = [
        f"{row['title']} is {row['status']}: {row['message']}" for row in table["rows"] if row["message"]
    ]
    notes += [f"{row['title']} is left out. {row['reason']}" for row in table["left_out"]]
    session.answer(table, "\n".join([to_markdown(table), *notes]))


def ablate(
    context: typer.Context,
    name: Name,
    task: Annotated[
        Kind, typer.Option(help="Refine the tags of all photos, or tag new ones.")
    ] = "refinement",
    preset: Preset = "default",
    backbone: Backbone = None,
    weights: Weights = None,
    settings: Settings = None,
    groups: Annotated[
        str,
        typer.Option(help="Of constraints, additions, features, refresh, alpha, with commas between them."),
    ] = "constraints,additions,features,refresh,alpha",
    repeats: Annotated[int, typer.Option(min=1, help="Training parts or seeds to average over.")] = 1,
    seed: Seed = None,
    out: Out = None,
    json: Json = False,
) -> None:
    """Train with parts of the model switched off or exchanged, and measure what each is worth."""
    session = Session.of(context, json)
    config = configuration(context)
    session.store.collection(name)
    with session.job(context, name) as job:
        from tagrefine_core import experiments
        from tagrefine_core.experiments.export import (
            paired_variants,
            settings_sentence,
            variant_table,
            write_grid,
            write_text,
        )

        answer = experiments.ablate(
            session.store,
            name,
            config,
            groups=_words(groups, "--groups"),
            repeats=repeats,
            progress=job.progress,
        )
        if out is not None:
            write_grid(answer["rows"], out, f"ablation-{name}", key="variant")
            write_text(out / f"ablation-{name}-paired.md", paired_variants(answer["paired"]) + "\n")
        job.result = {"collection": name, "task": task, "rows": len(answer["rows"])}
    over = "photos and repeats" if repeats > 1 else "photos"
    text = [
        settings_sentence(answer),
        variant_table(answer["rows"], key="variant"),
        f"Paired differences with 95 % intervals over {over}:",
        paired_variants(answer["paired"]),
    ]
    session.answer(answer, "\n\n".join(text))


def tune(
    context: typer.Context,
    name: Name,
    grid: Annotated[
        list[str], typer.Option(metavar="NAME=V1,V2,...", help="Values to try of a setting; may be repeated.")
    ],
    random: Annotated[
        int | None, typer.Option(min=1, help="Try only so many settings, drawn from the grid.")
    ] = None,
    task: Annotated[Kind, typer.Option(help="Tag new photos, or refine the tags of all.")] = "annotation",
    preset: Preset = "default",
    backbone: Backbone = None,
    weights: Weights = None,
    settings: Settings = None,
    metric: Annotated[str, typer.Option(help="What the validation fold is judged by.")] = "map",
    seed: Seed = None,
    json: Json = False,
) -> None:
    """Search training settings by a validation fold that no benchmark measures in annotation."""
    session = Session.of(context, json)
    config = configuration(context)
    session.store.collection(name)
    wanted = {
        key: _words(str(values), "--grid") for key, values in read_settings(grid, option="--grid").items()
    }
    with session.job(context, name) as job:
        from tagrefine_core import experiments

        answer = experiments.tune(
            session.store,
            name,
            wanted,
            config,
            random=random,
            metric=metric,
            progress=job.progress,
        )
        job.result = {key: answer[key] for key in ("collection", "task", "metric", "best", "set")}
    lines = [
        f"{'-' if trial['metrics'] is None else trial['metrics'][metric]}  {trial['settings']}  {trial['message']}"
        for trial in answer["trials"]
    ]
    session.answer(answer, "\n".join([*lines, f"Best: {answer['set'] or 'none, since all failed'}"]))


def noise(
    context: typer.Context,
    name: Name,
    methods: Methods = "all",
    kinds: Annotated[
        str, typer.Option(help="Of missing, wrong, swapped, with commas between them.")
    ] = "missing,wrong,swapped",
    rates: Annotated[str, typer.Option(help="Parts of the tags that are spoiled.")] = "0,0.2,0.4,0.6,0.8",
    clean: Annotated[
        Literal["labels", "tags"], typer.Option(help="What is taken as clean: ground truth or users' tags.")
    ] = "labels",
    budget: Annotated[int, typer.Option(min=1, help="Settings tried for each method.")] = 6,
    preset: Preset = "default",
    backbone: Backbone = None,
    weights: Weights = None,
    seed: Seed = None,
    settings: Settings = None,
    method_file: MethodFiles = None,
    out: Out = None,
    json: Json = False,
) -> None:
    """Spoil clean tags by known amounts, and measure what each method recovers."""
    session = Session.of(context, json)
    config = configuration(context)
    session.store.collection(name)
    chosen = _methods(methods, method_file)
    with session.job(context, name) as job:
        from tagrefine_core import experiments
        from tagrefine_core.experiments.export import settings_sentence, variant_table, write_grid

        answer = experiments.recover(
            session.store,
            name,
            config,
            methods=chosen,
            kinds=_words(kinds, "--kinds"),
            rates=_numbers(rates, "--rates"),
            clean=clean,
            budget=budget,
            progress=job.progress,
        )
        rows = [
            {"method": answer["titles"][method], "noise": f"{point['kind']} {point['rate']:g}", **point}
            for method, curve in answer["curves"].items()
            for point in curve
        ]
        if out is not None:
            write_grid(rows, out, f"noise-{name}", key="method", second="noise")
        job.result = {"collection": name, "methods": list(answer["curves"])}
    table = variant_table(rows, key="method", second="noise")
    session.answer(answer, f"{settings_sentence(answer)}\n\n{table}")


def reproduce(
    context: typer.Context,
    dataset: Annotated[Literal["mirflickr", "nuswide"], typer.Argument(metavar="mirflickr|nuswide")],
    data: Annotated[
        Path, typer.Option(metavar="DIR", help="The data set's folder; nothing is written there.")
    ],
    out: Annotated[Path, typer.Option(metavar="DIR", help="Where tables and figures go.")] = Path("results"),
    name: Annotated[
        str | None, typer.Option(help="What the collection is called; by default as the data set.")
    ] = None,
    methods: Methods = "all",
    preset: Preset = "paper",
    backbone: Backbone = None,
    weights: Weights = None,
    repeats: Annotated[int, typer.Option(min=1, help="Of the benchmarks; annotation has at most five.")] = 5,
    budget: Annotated[int, typer.Option(min=1, help="Settings tried for each method.")] = 12,
    settings: Settings = None,
    seed: Seed = None,
    json: Json = False,
) -> None:
    """Do the paper's experiments in one go: both tables, the ablation, and Figures 1, 3 and 4 as files."""
    session = Session.of(context, json)
    config = configuration(context)
    store, collection = session.store, name or dataset
    chosen = _methods(methods, None)
    imported = {record.name: record.kind for record in store.collections()}
    if imported.get(collection, dataset) != dataset:
        raise ConfigError(f"There is a collection {collection!r} that is no {dataset}. Give --name.")
    if not data.is_dir():
        raise ConfigError(f"There is no folder {data}.")
    with session.job(context, collection) as job:
        from tagrefine_core.experiments.reproduce import reproduce as run

        if collection not in imported:
            workflow.import_collection(store, dataset, data, collection, progress=job.progress)
        files = run(
            store,
            collection,
            out,
            config,
            methods=chosen,
            repeats=repeats,
            budget=budget,
            progress=job.progress,
        )
        job.result = {"collection": collection, "files": [str(file) for file in files]}
    session.answer(job.result, "\n".join(["Written:", *(str(file) for file in files)]))


def _methods(text: str, files: Sequence[Path] | None) -> list[str]:
    """Return the methods asked for; those of files are loaded first, and added."""
    from tagrefine_core.methods import load_file, named

    own = [name for file in files or () for name in load_file(file)]
    chosen = [word.strip() for word in text.split(",") if word.strip()]
    if not chosen:
        raise ConfigError("--methods takes names with commas between them, all, or all+.")
    return named([*chosen, *own])


def _words(text: str, option: str) -> list[Any]:
    words = [word.strip() for word in text.split(",") if word.strip()]
    if not words:
        raise ConfigError(f"{option} takes words with commas between them; got {text!r}.")
    return words


def _numbers(text: str, option: str) -> list[float]:
    try:
        return [float(word) for word in _words(text, option)]
    except ValueError:
        raise ConfigError(f"{option} takes numbers with commas between them; got {text!r}.") from None
