"""Commands that list, stop and delete, and the one that background jobs begin with."""

import os
import sys
from typing import Annotated, Any, Literal

import typer

from tagrefine_core import workflow
from tagrefine_core.cli.options import values_of
from tagrefine_core.cli.session import Json, Session
from tagrefine_core.cli.tables import table
from tagrefine_core.errors import ConfigError, JobError
from tagrefine_core.jobs import background

__all__ = ["cancel", "collections", "delete", "jobs", "name", "runs", "work"]


def collections(context: typer.Context, json: Json = False) -> None:
    """List the collections."""
    session = Session.of(context, json)
    rows = [
        {
            "collection": record.name,
            "kind": record.kind,
            "images": record.images,
            "tags": record.tags,
            "labels": record.labels,
            "skipped": record.skipped,
            "created": record.created,
        }
        for record in session.store.collections()
    ]
    session.answer(rows, table(rows, ("collection", "kind", "images", "tags", "labels", "created")))


def runs(
    context: typer.Context,
    collection: Annotated[str | None, typer.Option(help="Only the runs of this collection.")] = None,
    json: Json = False,
) -> None:
    """List the training runs, the newest first."""
    session = Session.of(context, json)
    if collection is not None:
        session.store.collection(collection)
    records = background.run_states(session.store, collection)
    best = {
        run.id
        for name in {record.collection for record in records}
        if (run := workflow.best_run(session.store, name))
    }
    rows = [
        {
            "run": record.id,
            "title": record.title,
            "note": record.note,
            "kept": record.kept,
            "best": record.id in best,
            "collection": record.collection,
            "state": record.state,
            "created": record.created,
            "finished": record.finished,
            "message": record.message,
            "seed": record.seed,
            "preset": record.config.get("preset"),
            "config": record.config,
            # One number a measure; `evaluate RUN` has those of every label.
            "metrics": record.metrics
            and {k: v for k, v in record.metrics.items() if not isinstance(v, list | dict)},
            "miap": (record.metrics or {}).get("miap"),
        }
        for record in records
    ]
    lines = [row | {"": _marks(row)} for row in rows]
    session.answer(
        rows, table(lines, ("run", "collection", "state", "preset", "miap", "created", "", "title", "note"))
    )


def name(
    context: typer.Context,
    run: Annotated[str, typer.Argument(metavar="RUN", help="The run; `runs` lists them.")],
    title: Annotated[
        str | None, typer.Option(help="What to call it, in a few words; empty to take it back.")
    ] = None,
    note: Annotated[str | None, typer.Option(help="Whatever you want to remember of it.")] = None,
    keep: Annotated[
        bool | None, typer.Option("--keep/--no-keep", help="Whether it is kept from being deleted.")
    ] = None,
    json: Json = False,
) -> None:
    """Give a run a title and a note, and keep it from being deleted."""
    session = Session.of(context, json)
    session.store.run(run)
    if title is None and note is None and keep is None:
        raise ConfigError(
            f"Say what: --title, --note, --keep or --no-keep, such as: name {run} --title final."
        )
    record = workflow.name_run(session.store, run, title=title, note=note, kept=keep)
    document = {"run": record.id, "title": record.title, "note": record.note, "kept": record.kept}
    words = [f"“{record.title}”" if record.title else "no title", record.note, "kept" if record.kept else ""]
    session.answer(document, f"Run {record.id}: {', '.join(filter(None, words))}.")


def jobs(context: typer.Context, json: Json = False) -> None:
    """List the latest jobs, the newest first."""
    session = Session.of(context, json)
    rows = [
        {
            "job": job.id,
            "command": job.command,
            "collection": job.collection,
            "options": job.options,
            "run": job.run_id,
            "table": job.table_id,
            "state": job.state,
            "stage": job.stage,
            "done": job.done,
            "total": job.total,
            "seconds_left": job.seconds_left,
            "message": job.message,
            "created": job.created,
            "finished": job.finished,
        }
        for job in background.jobs(session.store)
    ]
    session.answer(rows, table(rows, ("job", "command", "collection", "state", "stage", "done", "total")))


def cancel(
    context: typer.Context,
    job: Annotated[int, typer.Argument(metavar="JOB", help="Its number; `jobs` lists them.")],
    json: Json = False,
) -> None:
    """Ask a job to stop at its next safe point; asked again ten seconds later, end it at once."""
    session = Session.of(context, json)
    record = background.cancel(session.store, job)
    state = "asked to stop" if record.state in ("starting", "running") else record.state
    session.answer({"job": job, "state": record.state}, f"Job {job} is {state}.")


def delete(
    context: typer.Context,
    what: Annotated[Literal["collection", "run"], typer.Argument(metavar="collection|run")],
    name: Annotated[str, typer.Argument(metavar="NAME", help="The collection's name or the run's id.")],
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
    json: Json = False,
) -> None:
    """Delete a collection with its runs, or one run. The photos themselves are never touched."""
    session = Session.of(context, json)
    store = session.store
    store.collection(name) if what == "collection" else store.run(name)
    if not yes:
        if not sys.stdin.isatty():
            raise ConfigError(f"Add --yes to delete the {what} {name!r}.")
        typer.confirm(f"Delete the {what} {name!r}?", abort=True, err=True)
    (workflow.delete_collection if what == "collection" else workflow.delete_run)(store, name)
    session.answer({"deleted": name}, f"The {what} {name!r} is deleted.")


def work(context: typer.Context, job: Annotated[int, typer.Argument(metavar="JOB")]) -> None:
    """Do the work of a recorded job, as `tagrefine_core.jobs.start` asks."""
    session = Session.of(context)
    record = session.store.job(job)
    group = context.parent.command if context.parent else None
    command = getattr(group, "commands", {}).get(record.command)
    if command is None:
        raise JobError(f"There is no command '{record.command}', which job {job} asks for.")
    values = values_of(record, [parameter.name for parameter in command.params])
    session.job_id = job
    os.nice(5)  # the app that asked for the work stays quick
    # As if they were the defaults: checked and converted as the words of a command line are, but never read as such.
    with command.make_context(record.command, [], parent=context.parent, default_map=values) as inner:
        command.invoke(inner)


def _marks(row: dict[str, Any]) -> str:
    return ", ".join(word for word in ("best", "kept") if row[word])
