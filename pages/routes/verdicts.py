"""``/verdicts/<collection>``: what people decide is sent here and saved at once, without a run of the page.

A window sends steps in their order, each under a key of its own, and sends them again until it hears that they are saved; what another
window decided since is asked for by the number of the last step that is known.
"""

from collections.abc import Callable
from typing import Any, cast

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from pages.opening import collection_by_id, open_run
from pages.routes.answers import answered, sent_object
from tagrefine_core.collections import Collection, selected_rows
from tagrefine_core.errors import CollectionError, ConfigError
from tagrefine_core.refinement.verdicts import Verdict
from tagrefine_core.store import Decided, Step
from tagrefine_core.workflow.editing import edit
from tagrefine_core.workflow.verdicts import Answer, decide, user_name

__all__ = ["ROUTES", "step_words"]

_MOST = 200_000  # answers of one request
_HISTORY = 200
_TOLD = 200  # verdicts that a window hears one by one; of more it asks anew
_SHAPE = "A step has a key and answers, and each of these a row, a tag and a verdict; or a selection, a run, a precision and tags to add or remove."


def save(collection: Collection, sent: dict[str, Any]) -> dict[str, Any]:
    """Write steps down in their order: all, or an error tells of the first that is not, and those before it are on disk.

    A step has a ``key`` and a ``kind``: "do" with ``answers``, each of a row, a tag and a verdict; "edit" with a ``selection``, the ``run`` and
    ``precision`` that it was made with, and tags to ``add`` and ``remove``; "undo" or "redo", of this person's last.
    """
    steps = sent.get("steps")
    if not isinstance(steps, list) or not steps or not all(isinstance(step, dict) for step in steps):
        raise ConfigError("steps must be a list of what was decided.")
    given = [step.get("answers", []) for step in steps]
    if not all(isinstance(answers, list) for answers in given):
        raise ConfigError(_SHAPE)
    if sum(map(len, given)) > _MOST:
        raise ConfigError(f"At most {_MOST:,} answers can be sent at once.")
    saved = [_saved(collection, step) for step in steps]
    return {"saved": saved, "version": collection.store.curation.version(collection.id)}


def _saved(collection: Collection, step: dict[str, Any]) -> dict[str, Any]:
    log = collection.store.curation
    kind, key, by = step.get("kind", "do"), step.get("key"), str(step.get("by") or user_name())
    run = step.get("run")
    if not isinstance(key, str) or not key or not isinstance(run, str | None):
        raise ConfigError(_SHAPE)
    if kind in ("undo", "redo"):
        turned = (log.undo if kind == "undo" else log.redo)(collection.id, by=by, key=key)
        if turned is None:
            return {"key": key, "words": None, "changed": []}
        touched = news(collection, turned.id - 1)["changed"] if turned.size <= _TOLD else None
        return {"key": key, "words": step_words(turned), "changed": touched}
    if kind == "edit":
        return {"key": key, "did": _edited(collection, step, by, key)}
    try:
        answers = [
            Answer(int(one["row"]), str(one["tag"]), cast("Verdict | None", one["verdict"]))
            for one in step["answers"]
        ]
    except (TypeError, KeyError, ValueError, OverflowError) as error:
        raise ConfigError(_SHAPE) from error
    decide(
        collection.store,
        collection,
        answers,
        run=run,
        by=by,
        note=str(step.get("note", "")),
        key=key,
    )
    return {"key": key}


def _edited(collection: Collection, step: dict[str, Any], by: str, key: str) -> str:
    if (known := collection.store.curation.sent(collection.id, key)) is not None:
        return known.note  # sent again: by now the photos have the tag already
    add, remove, precision = step.get("add", ""), step.get("remove", ""), step.get("precision")
    if not (isinstance(add, str) and isinstance(remove, str) and isinstance(precision, int | float)):
        raise ConfigError(_SHAPE)
    rows = selected_rows(collection, str(step.get("selection", "")))
    run = open_run(collection.store.run(str(step.get("run"))))
    return edit(run, collection, rows, add=add, remove=remove, precision=precision, by=by, key=key).words


def news(collection: Collection, since: int) -> dict[str, Any]:
    """Return the verdicts that changed since a step, as they are now; None where they are too many to name."""
    log = collection.store.curation
    version = log.version(collection.id)
    changed = log.changed_since(collection.id, since, limit=_TOLD + 1) if version > since else []
    if len(changed) > _TOLD:
        return {"version": version, "changed": None}
    told = [(file, tag, value) for what, file, tag, value in changed if what == "verdict"]
    rows = collection.rows_of(file for file, _, _ in told)
    return {
        "version": version,
        "changed": [
            {"row": row, "tag": tag, "verdict": value}
            for (_, tag, value), row in zip(told, rows, strict=True)
            if row is not None
        ],
    }


def history(collection: Collection, row: int | None, tag: str | None) -> dict[str, Any]:
    """Return all that was ever said of a photo or a tag, the newest first."""
    if row is not None:
        collection.check_rows([row])
    file = None if row is None else collection.files[row]
    told = collection.store.curation.history(collection.id, file=file, tag=tag, limit=_HISTORY)
    return {"history": [_decided(one) for one in told]}


def step_words(step: Step) -> str:
    """Say in a few words what a step did."""
    if step.note or step.size > 1:
        return step.note or f"{step.size:,} answers"
    entry = step.entries[0]
    return f"{entry.tag}: {entry.value or 'taken back'}"


def _decided(one: Decided) -> dict[str, Any]:
    named = {"image": one.file, "tag": one.tag, "verdict": one.value, "by": one.by, "at": one.at}
    return {**named, "run": one.run, "undone": one.undone}


def _answers(request: Request, tell: Callable[[Collection], dict[str, Any]]) -> Response:
    """Open the collection of the address, and answer with what is told of it."""
    return answered(lambda: tell(collection_by_id(request.path_params["collection_id"])), CollectionError)


async def _save(request: Request) -> Response:
    body = await request.body()
    return await run_in_threadpool(_answers, request, lambda of: save(of, sent_object(body)))


def _news(request: Request) -> Response:
    since = request.query_params.get("since", "0")
    number = min(int(since), 2**62) if since.isdecimal() else 0
    return _answers(request, lambda of: news(of, number))


def _history(request: Request) -> Response:
    row, tag = request.query_params.get("row", ""), request.query_params.get("tag")
    number = int(row) if row.isdecimal() else None
    return _answers(request, lambda of: history(of, number, tag))


ROUTES = [
    Route("/verdicts/{collection_id:int}", _news, methods=["GET"]),
    Route("/verdicts/{collection_id:int}", _save, methods=["POST"]),
    Route("/verdicts/{collection_id:int}/history", _history, methods=["GET"]),
]
