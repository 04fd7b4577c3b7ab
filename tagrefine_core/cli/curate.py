"""Commands for what people decide: verdicts on tags of photos, undone and redone, and the list of tags that are always judged or left."""

from dataclasses import asdict
from typing import Annotated, Literal

import typer

from tagrefine_core import workflow
from tagrefine_core.cli.session import Json, Session
from tagrefine_core.cli.tables import table
from tagrefine_core.errors import ConfigError
from tagrefine_core.store import Step

__all__ = ["alias", "always", "audit", "limit", "redo", "undo", "verdict", "verdicts"]

Collection = Annotated[str, typer.Argument(metavar="COLLECTION", help="Its name.")]
By = Annotated[str | None, typer.Option(metavar="NAME", help="Only what this person did.")]


def verdict(
    context: typer.Context,
    collection: Collection,
    image: Annotated[
        str, typer.Argument(metavar="IMAGE", help="The photo: its path, or its name where no other has it.")
    ],
    tag: Annotated[str, typer.Argument(metavar="TAG", help="The tag, in any spelling that users gave.")],
    said: Annotated[
        Literal["accept", "reject", "unsure"],
        typer.Argument(metavar="accept|reject|unsure", help="Whether it fits the photo."),
    ],
    run: Annotated[str | None, typer.Option(metavar="RUN", help="Whose evidence you looked at.")] = None,
    by: Annotated[
        str | None, typer.Option(metavar="NAME", help="Who says so; by default who is logged in.")
    ] = None,
    new: Annotated[bool, typer.Option("--new", help="The tag may be a word that nobody gave yet.")] = False,
    json: Json = False,
) -> None:
    """Say whether a tag fits a photo; that stands above every run."""
    session = Session.of(context, json)
    given = workflow.verdict(session.store, collection, image, tag, said, run=run, by=by, new=new)
    session.answer(asdict(given), f"{given.image}: {given.tag} {given.verdict}, saved.")


def verdicts(
    context: typer.Context,
    collection: Collection,
    tag: Annotated[str | None, typer.Option(metavar="TAG", help="Only those on this tag.")] = None,
    json: Json = False,
) -> None:
    """List the verdicts in force, the oldest first."""
    session = Session.of(context, json)
    rows = [asdict(one) for one in workflow.verdicts(session.store, collection, tag=tag)]
    session.answer(rows, table(rows, ("image", "tag", "verdict", "by", "at", "run")))


def undo(context: typer.Context, collection: Collection, by: By = None, json: Json = False) -> None:
    """Undo the last thing that was decided, as often as you like."""
    session = Session.of(context, json)
    step = workflow.undo(session.store, collection, by=by)
    session.answer(asdict(step), f"Undone: {_told(step)}.")


def redo(context: typer.Context, collection: Collection, by: By = None, json: Json = False) -> None:
    """Do again what was undone last."""
    session = Session.of(context, json)
    step = workflow.redo(session.store, collection, by=by)
    session.answer(asdict(step), f"Done again: {_told(step)}.")


def audit(
    context: typer.Context,
    run: Annotated[str, typer.Argument(metavar="RUN", help="The run; `runs` lists them.")],
    photos: Annotated[
        int | None,
        typer.Option(
            min=2, metavar="K", help="Draw a new sheet of K photos; without it the last one is told."
        ),
    ] = None,
    decoys: Annotated[
        int | None,
        typer.Option(min=1, help="With --photos: tags a photo that are not handed out, 8 by default."),
    ] = None,
    seed: Annotated[int | None, typer.Option(min=0, help="With --photos: of the draw.")] = None,
    json: Json = False,
) -> None:
    """Tell how right and complete a run's tags are, from your verdicts on photos and tags drawn blindly at random."""
    session = Session.of(context, json)
    if photos is None:
        if decoys is not None or seed is not None:
            raise ConfigError("--decoys and --seed draw a new sheet; add --photos.")
        sheet = workflow.audit(session.store, run)
    else:
        drawn = {} if decoys is None else {"decoys": decoys}
        sheet = workflow.new_audit(session.store, run, photos=photos, seed=seed, **drawn)
    session.answer(asdict(sheet), _audited(sheet))


def _audited(sheet: workflow.AuditSheet) -> str:
    """Return an audit as lines: what is known, and what is to be answered."""
    found = sheet.result
    lines = [f"Audit {sheet.number}: {found.photos:,} of {sheet.drawn:,} photos answered."]
    if found.photos > 1:
        lines += [
            f"{name:<10}{share.value:.3f} ({share.low:.3f} to {share.high:.3f})"
            for name, share in (("precision", found.precision), ("recall", found.recall))
        ]
    if sheet.open:
        lines += ["Say of each whether it fits (on Triage, or with `verdict`):"]
        lines += [f"{image}: {', '.join(tags)}" for image, tags in sheet.open]
    return "\n".join(lines)


def always(
    context: typer.Context,
    collection: Annotated[str, typer.Argument(metavar="COLLECTION", help="Its name.")],
    rule: Annotated[
        Literal["leave", "judge", "measure"] | None,
        typer.Argument(
            metavar="leave|judge|measure",
            help="leave: never add or remove these tags. judge: do, whatever a picture can tell. "
            "measure: off the list. Without it the list is shown.",
        ),
    ] = None,
    tags: Annotated[
        list[str] | None, typer.Argument(metavar="TAG...", help="Tags of the collection.")
    ] = None,
    json: Json = False,
) -> None:
    """Keep a list of tags that are always left alone, or always judged, through all runs and imports."""
    session = Session.of(context, json)
    session.store.collection(collection)
    if rule is not None:
        if not tags:
            raise ConfigError(f"Name the tags, such as: always {collection} {rule} dog cat.")
        workflow.set_tag_rules(session.store, collection, tags, None if rule == "measure" else rule)
    rows = [asdict(one) for one in workflow.tag_rules(session.store, collection)]
    lines = [row | {"note": "" if row["known"] else "no tag of the collection now"} for row in rows]
    session.answer(rows, table(lines, ("tag", "rule", "note")))


def limit(
    context: typer.Context,
    collection: Collection,
    tag: Annotated[str | None, typer.Argument(metavar="TAG", help="A tag of the collection.")] = None,
    probability: Annotated[
        str | None,
        typer.Argument(metavar="P|off", help="Add it from this probability on; off: as the promise says."),
    ] = None,
    json: Json = False,
) -> None:
    """Keep limits of single tags through all runs and imports: from which probability on a tag is added. Without TAG they are listed."""
    session = Session.of(context, json)
    session.store.collection(collection)
    if tag is not None:
        if probability is None:
            raise ConfigError(
                f"Say from which probability on, such as: limit {collection} {tag} 0.6, or off."
            )
        workflow.set_tag_limit(session.store, collection, tag, _probability(probability))
    rows = [asdict(one) for one in workflow.tag_limits(session.store, collection)]
    lines = [row | {"note": "" if row["known"] else "no effect now"} for row in rows]
    session.answer(rows, table(lines, ("tag", "limit", "note")))


def alias(
    context: typer.Context,
    collection: Collection,
    name: Annotated[
        str | None, typer.Argument(metavar="NAME", help="A tag, or a spelling that users gave.")
    ] = None,
    tag: Annotated[
        str | None,
        typer.Argument(
            metavar="TAG", help="What it counts for; '' leaves it out, NAME itself splits it off."
        ),
    ] = None,
    off: Annotated[bool, typer.Option("--off", help="Take back what was said of NAME.")] = False,
    json: Json = False,
) -> None:
    """Merge, rename or split tags: which tag a name counts for, from the next import on. Without NAME all aliases are listed."""
    session = Session.of(context, json)
    session.store.collection(collection)
    if name is not None:
        if (tag is None) != off:
            raise ConfigError(f"Say what it counts for, such as: alias {collection} {name} TAG, or --off.")
        workflow.set_alias(session.store, collection, name, tag)
    rows = [asdict(one) for one in workflow.aliases(session.store, collection)]
    lines = [row | {"note": "from the next import on" if row["waits"] else ""} for row in rows]
    session.answer(rows, table(lines, ("name", "tag", "note")))


def _probability(text: str) -> float | None:
    if text == "off":
        return None
    try:
        return float(text)
    except ValueError:
        raise ConfigError(f"{text!r} is no probability; use a number such as 0.6, or off.") from None


def _told(step: Step) -> str:
    """Say what a step did, in a line."""
    if step.size > 1:
        return f"{step.note or 'a step'} ({step.size:,} entries)"
    if step.note:
        return step.note
    _, file, tag, value = step.entries[0]
    return f"{tag} {value or 'taken back'}" + (f" on {file}" if file else "")
