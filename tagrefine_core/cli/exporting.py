"""The command that takes tags to where photos live, and takes it back."""

from pathlib import Path
from typing import Annotated, Any, Literal

import typer

from tagrefine_core import workflow
from tagrefine_core.cli.session import Json, Session
from tagrefine_core.errors import ConfigError
from tagrefine_core.refinement import PRECISION
from tagrefine_core.store import Store

__all__ = ["export"]

_LISTED = 50  # photos in a list for people
_KEPT = 200  # photos in the record of a job


def export(
    context: typer.Context,
    name: Annotated[str | None, typer.Argument(metavar="COLLECTION", help="The collection.")] = None,
    run: Annotated[
        str | None,
        typer.Option(
            metavar="RUN",
            help="By default the best one, or the newest where none was measured; without any run only what people decided.",
        ),
    ] = None,
    precision: Annotated[
        float,
        typer.Option(metavar="P", help="Share of the changes that shall be right, from 0.5: 0.9 is 9 of 10."),
    ] = PRECISION,
    format: Annotated[
        Literal["csv", "jsonl", "txt", "coco", "xmp", "imagefolder"] | None,
        typer.Option(
            help="csv, jsonl, coco: one table. txt, xmp: a file for each photo. imagefolder: copies of the photos and a table."
        ),
    ] = None,
    out: Annotated[
        Path | None, typer.Option(metavar="DIR", help="Write into this folder, made when missing.")
    ] = None,
    in_place: Annotated[
        bool,
        typer.Option(
            "--in-place", help="Write beside the photos, into the .txt or .xmp files that are there."
        ),
    ] = False,
    embed: Annotated[
        bool, typer.Option("--embed", help="With xmp: write into the photos, or into copies of them in DIR.")
    ] = False,
    selection: Annotated[
        str | None, typer.Option(metavar="NAME", help="Only the photos of a selection made in the app.")
    ] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only say what would change.")] = False,
    undo: Annotated[
        str | None, typer.Option(metavar="NUMBER", help="Put back what an earlier export replaced.")
    ] = None,
    json: Json = False,
) -> None:
    """Write the refined tags to tables, text files, XMP or into photos: verdicts first, then what is sure enough.

    Tags keep their user's spelling and order; what a picture cannot tell and words that nobody knows stay. What is replaced is kept in
    the home folder before the first file is written.
    """
    session = Session.of(context, json)
    if undo is not None:
        if name or format or out or in_place:
            raise ConfigError("--undo takes the number of an export and nothing else.")
        _undo(session, undo)
        return
    asked = _asked(session.store, name, format, out, in_place, embed, run, precision, selection)
    with session.job(context, asked.collection, run_id=asked.run) as job:
        plan = asked.plan(session.store, job.progress)
        document = {**plan.as_dict(), "run": asked.run}
        number = None
        if not dry_run:
            try:
                number = asked.carry_out(session.store, plan, job.progress)
            except BaseException:
                if plan.written:
                    session.note(f"{plan.written:,} of {len(plan.writes):,} files were written.")
                raise
            document = {**plan.as_dict(), "run": asked.run, "undo": number}
        job.result = {**document, **plan.as_dict(listed=_KEPT)}
    lines = list(plan.lines(listed=_LISTED))
    if number is not None:
        lines.append(
            f"Written. What was replaced lies in {session.store.home / 'exports' / number}; "
            f"back again: {session.command('export', '--undo', number)}"
        )
    elif not dry_run:
        lines.append("Nothing to write: all is as it shall be.")
    session.answer(document, "\n".join(lines))


def _asked(
    store: Store,
    name: str | None,
    format: str | None,
    out: Path | None,
    in_place: bool,
    embed: bool,
    run: str | None,
    precision: float,
    selection: str | None,
) -> workflow.Export:
    if name is None or format is None:
        missing = "a collection" if name is None else "--format"
        raise ConfigError(f"export needs {missing}, such as: export COLLECTION --format xmp --out DIR.")
    if in_place == (out is not None):
        both = ", not both" if in_place else ""
        raise ConfigError(f"Say where to: --out DIR, or --in-place for the files beside the photos{both}.")
    store.collection(name)
    chosen = run or workflow.run_to_export(store, name)
    return workflow.Export(name, format, out, embed, chosen, precision, selection)


def _undo(session: Session, number: str) -> None:
    with session.display() as progress:
        found = workflow.undo_export(session.store, number, progress)
    document: dict[str, Any] = {
        "restored": found.restored,
        "removed": found.removed,
        "left": found.left,
    }
    text = f"{found.restored:,} files put back, {found.removed:,} taken away."
    if found.left:
        text += f" {len(found.left):,} were changed since and left, such as {found.left[0]}."
    session.answer(document, text)
