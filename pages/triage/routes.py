"""``/triage/<run>``: questions in windows, what answers say so far, and many decided at once. Answers themselves go to ``/verdicts``."""

from collections.abc import Callable, Mapping
from typing import Any

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from pages.routes.answers import answered, number, sent_by, sent_object
from pages.triage.deck import Asked, accept_all, asked, glance, sample_of_all, so_far, window
from tagrefine_core.refinement import PRECISION

__all__ = ["ROUTES"]


def _asked(request: Request, values: Mapping[str, Any]) -> Asked:
    return asked(
        request.path_params["run_id"],
        str(values.get("queue", "missing")),
        str(values.get("tag") or "") or None,
        number(values, "precision", PRECISION),
    )


def _gets(tell: Callable[[Asked, Mapping[str, Any]], dict[str, Any]]) -> Callable[[Request], Response]:
    def answer(request: Request) -> Response:
        values = request.query_params
        return answered(lambda: tell(_asked(request, values), values))

    return answer


async def _accept(request: Request) -> Response:
    body = await request.body()

    def accept() -> dict[str, Any]:
        sent = sent_object(body, keyed=True)
        above = number(sent, "above", 2.0)
        return accept_all(_asked(request, sent), above, by=sent_by(sent), key=sent["key"])

    return await run_in_threadpool(answered, accept)


ROUTES = [
    Route(
        "/triage/{run_id:str}/questions",
        _gets(lambda of, values: window(of, skip=int(number(values, "skip", 0)))),
        methods=["GET"],
    ),
    Route("/triage/{run_id:str}/so-far", _gets(lambda of, _: so_far(of)), methods=["GET"]),
    Route("/triage/{run_id:str}/glance", _gets(lambda of, _: glance(of)), methods=["GET"]),
    Route(
        "/triage/{run_id:str}/all",
        _gets(lambda of, values: sample_of_all(of, number(values, "above", 1.0))),
        methods=["GET"],
    ),
    Route("/triage/{run_id:str}/all", _accept, methods=["POST"]),
]
