"""Commands that begin: import, demo, train."""

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Literal

import typer

from tagrefine_core import workflow
from tagrefine_core.cli.results import MEASURES, measures
from tagrefine_core.cli.session import Json, Session
from tagrefine_core.cli.settings import Backbone, Seed, Settings, Weights, given_settings
from tagrefine_core.config import TrainConfig
from tagrefine_core.errors import ConfigError, RunError
from tagrefine_core.presets import PRESETS
from tagrefine_core.settings import train_config

__all__ = ["demo", "import_photos", "setup", "train"]

_SHOWN = 10  # tags that moved


def setup(context: typer.Context, json: Json = False) -> None:
    """Get WordNet, which tags are cleaned with: from this machine, its packages, or NLTK's download."""
    session = Session.of(context, json)
    from tagrefine_core.tags import wordnet

    with session.job(context, "") as job:
        found = wordnet.install(lambda step: job.progress(step, 0, 0))
        job.result = {"wordnet": found.version, "source": found.source}
    session.answer(job.result, f"WordNet {found.version} is ready.")


def demo(
    context: typer.Context,
    images: Annotated[
        int, typer.Option(min=100, help="How many pictures to make; a few hundred are too few to learn from.")
    ] = 1200,
    seed: Annotated[int, typer.Option(min=0, help="The same seed gives the same pictures and run.")] = 0,
    backbone: Annotated[
        Literal["efficientnet_lite", "small_cnn"],
        typer.Option(help="What looks at them; small_cnn learns to see from nothing (preset small)."),
    ] = "efficientnet_lite",
    json: Json = False,
) -> None:
    """Make the demo collection, train on it and compare the refined tags with the users' tags."""
    session = Session.of(context, json)
    store = session.store
    config = train_config("small" if backbone == "small_cnn" else "default", seed=seed)
    with session.job(context, "demo") as job:
        collection = workflow.make_demo(store, images=images, seed=seed, progress=job.progress)
        run = workflow.train_collection(
            store, collection.name, config, run_id=job.run_id, progress=job.progress
        )
        job.result = {
            "collection": collection.name,
            "run": run.id,
            "user_tags": workflow.evaluate_user_tags(store, collection.name).as_dict(),
            "refined": workflow.evaluate_run(store, run.id).as_dict(),
        }
    before, after = job.result["user_tags"], job.result["refined"]
    lines = [f"Run {run.id} of collection {collection.name!r}", f"{'':<10} user tags  refined"]
    lines += [f"{title:<10} {before[key]:9.3f}  {after[key]:7.3f}" for key, title in MEASURES.items()]
    session.answer(job.result, "\n".join(lines))


def import_photos(
    context: typer.Context,
    kind: Annotated[Literal["mirflickr", "nuswide", "table", "folder"], typer.Argument(metavar="KIND")],
    source: Annotated[
        Path, typer.Argument(help="The folder; for 'table' the CSV or JSONL file or its folder.")
    ],
    name: Annotated[str, typer.Option(help="What to call the collection.")],
    min_fraction: Annotated[
        float, typer.Option(min=0, max=1, help="Drop tags on a smaller part of the photos than this.")
    ] = 0.001,
    labels: Annotated[
        Literal["strict", "wide", "all"] | None,
        typer.Option(
            help="Ground truth of mirflickr: the 14 strict labels (default), the 24 wider ones, all 38."
        ),
    ] = None,
    thumbnails: Annotated[bool, typer.Option(help="Make all thumbnails now, not when first seen.")] = False,
    train: Annotated[
        bool,
        typer.Option("--train", help="Learn from them as soon as they are in, by preset default."),
    ] = False,
    json: Json = False,
) -> None:
    """Import photos with their tags. KIND is mirflickr, nuswide, table or folder."""
    session = Session.of(context, json)
    if replaced := workflow.what_is_replaced(session.store, name):
        session.note(replaced)
    with session.job(context, name) as job:
        collection = workflow.import_collection(
            session.store,
            kind,
            source,
            name,
            min_fraction=min_fraction,
            labels=labels,
            thumbnails=thumbnails,
            progress=job.progress,
        )
        record = collection.record
        job.result = {
            "collection": record.name,
            "images": record.images,
            "tags": record.tags,
            "labels": record.labels,
            "skipped": record.skipped,
        }
        learned = ""
        if train:
            run = workflow.train_collection(
                session.store, record.name, train_config(), run_id=job.run_id, progress=job.progress
            )
            job.result["run"] = run.id
            learned = f" Run {run.id} has learned from them."
    session.answer(
        job.result,
        f"Collection {record.name!r}: {record.images:,} photos, {record.tags:,} tags, "
        f"{record.labels:,} labels with ground truth; {record.skipped:,} photos skipped.{learned}",
    )
    if advice := workflow.too_little(collection):
        session.note(advice)


def train(
    context: typer.Context,
    name: Annotated[str, typer.Argument(metavar="NAME", help="The collection.")],
    preset: Annotated[str | None, typer.Option(help=f"One of: {', '.join(PRESETS)}.")] = None,
    task: Annotated[str | None, typer.Option(help="refinement or annotation.")] = None,
    backbone: Backbone = None,
    weights: Weights = None,
    finetune: Annotated[str | None, typer.Option(help="head, blocks:K or all.")] = None,
    refresh: Annotated[str | None, typer.Option(help="exact, shortlist, bank or static.")] = None,
    stage_epochs: Annotated[int | None, typer.Option(min=0, help="Epochs of each of the two stages.")] = None,
    seed: Seed = None,
    settings: Settings = None,
    start: Annotated[
        str | None,
        typer.Option(
            "--from",
            metavar="RUN",
            help="Start from a finished run: its settings, and its model as it is, not trained again.",
        ),
    ] = None,
    with_verdicts: Annotated[
        bool, typer.Option("--with-verdicts", help="Learn from what people accepted and rejected.")
    ] = False,
    resume: Annotated[
        str | None, typer.Option(metavar="RUN", help="Go on with a run that was stopped.")
    ] = None,
    json: Json = False,
) -> None:
    """Train on a collection and leave refined scores for all its photos."""
    session = Session.of(context, json)
    store = session.store
    labels = store.collection(name).labels
    given = given_settings(context)
    if resume and (start or with_verdicts):
        raise ConfigError(
            "--resume goes on with what the run began with; leave --from and --with-verdicts out."
        )
    before = resume or start
    config = (
        _known_config(session, name, before, preset, given)
        if before
        else train_config(preset or "default", **given)
    )

    with session.job(context, name) as job:
        run = workflow.train_collection(
            store,
            name,
            config,
            start=start,
            with_verdicts=with_verdicts,
            resume=resume,
            run_id=job.run_id,
            progress=job.progress,
        )
        if not session.first:
            return
        record = store.run(run.id)
        metrics = record.metrics
        if metrics is None and labels:
            metrics = workflow.evaluate_run(store, run.id).as_dict()
        job.result = {"run": record.id, "state": record.state, "metrics": metrics}
        moved = ""
        if start is not None:
            found = workflow.what_moved(store, start, run.id)
            job.result["moved"] = found.as_dict()
            moved = f"\n\n{_moved(found)}"
    session.answer(job.result, f"Run {record.id} of {name!r} is {record.state}.\n{measures(metrics)}{moved}")


def _moved(found: workflow.WhatMoved) -> str:
    """Return what moved, and what would be asked now, as lines."""
    lines = [f"{found.photos:,} photos have other tags than before."]
    lines += [
        f"{one.tag:<20} on {one.before:>6,}  +{one.gained:<6,} -{one.lost:,}" for one in found.tags[:_SHOWN]
    ]
    if found.questions:
        lines += ["Asked next:"]
        lines += [f"{one.probability:.2f} {one.kind:<8} {one.tag:<20} {one.image}" for one in found.questions]
    return "\n".join(lines)


def _known_config(
    session: Session, name: str, run_id: str, preset: str | None, given: Mapping[str, Any]
) -> TrainConfig:
    """Return the settings of a run that is gone on with or started from; what is given besides must say the same."""
    record = session.store.run(run_id)
    if record.collection != name:
        raise RunError(f"Run {run_id} is of collection {record.collection!r}, not of {name!r}.")
    config = TrainConfig(**record.config)
    wanted = config.replaced({**given, "preset": preset or config.preset}).flat()
    if changed := [name for name, value in config.flat().items() if wanted[name] != value]:
        raise ConfigError(
            f"Run {run_id} keeps its own settings; it has "
            + ", ".join(f"{name}={config.flat()[name]}" for name in changed)
            + ". Leave these options out, or start a new run."
        )
    return config
