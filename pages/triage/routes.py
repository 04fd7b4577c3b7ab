"""``/triage/<run>``: questions in windows, what answers say so far, and many decided at once. Answers themselves go to ``/verdicts``."""

from collections.abc import Callable, Mapping
from typing import Any

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import Route

from pages.triage.deck import Asked, accept_all, asked, glance, sample_of_all, so_far, window
from tagrefine_core.errors import ConfigError, RunError, TagRefineError
from tagrefine_core.refinement import PRECISION

__all__ = ["ROUTES"]


def _told(run_id: str, values: Mapping[str, Any], tell: Callable[[Asked], dict[str, Any]]) -> Response:
    """Answer with JSON, and in plain words where that fails."""
    try:
        of = asked(
            run_id,
            str(values.get("queue", "missing")),
            str(values.get("tag") or "") or None,
            _number(values, "precision", PRECISION),
        )
        return JSONResponse(tell(of), headers={"Cache-Control": "no-store"})
    except RunError as error:
        return PlainTextResponse(str(error), status_code=404)
    except TagRefineError as error:
        return PlainTextResponse(str(error), status_code=400)


def _gets(tell: Callable[[Asked, Mapping[str, Any]], dict[str, Any]]) -> Callable[[Request], Response]:
    def answer(request: Request) -> Response:
        values = request.query_params
        return _told(request.path_params["run_id"], values, lambda of: tell(of, values))

    return answer


async def _accept(request: Request) -> Response:
    try:
        sent = await request.json()
    except ValueError:
        sent = None
    if not isinstance(sent, dict) or not isinstance(sent.get("key"), str):
        return PlainTextResponse(
            "What was sent is no JSON object with a key and a probability.", status_code=400
        )

    def accept(of: Asked) -> dict[str, Any]:
        by = None if sent.get("by") is None else str(sent["by"])
        return accept_all(of, _number(sent, "above", 2.0), by=by, key=str(sent["key"]))

    return await run_in_threadpool(_told, request.path_params["run_id"], sent, accept)


def _number(values: Mapping[str, Any], name: str, default: float) -> float:
    try:
        value = float(values.get(name, default))
    except (TypeError, ValueError):
        value = float("nan")
    if not 0 <= value < 2**31:  # NaN and infinity fail too
        raise ConfigError(f"{name}={values.get(name)!r} must be a number from 0.")
    return value


ROUTES = [
    Route(
        "/triage/{run_id:str}/questions",
        _gets(lambda of, values: window(of, skip=int(_number(values, "skip", 0)))),
        methods=["GET"],
    ),
    Route("/triage/{run_id:str}/so-far", _gets(lambda of, _: so_far(of)), methods=["GET"]),
    Route("/triage/{run_id:str}/glance", _gets(lambda of, _: glance(of)), methods=["GET"]),
    Route(
        "/triage/{run_id:str}/all",
        _gets(lambda of, values: sample_of_all(of, _number(values, "above", 1.0))),
        methods=["GET"],
    ),
    Route("/triage/{run_id:str}/all", _accept, methods=["POST"]),
]
