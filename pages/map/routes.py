"""``/maps/<run>``: colours of the photos on a map, and selections of them."""

from collections.abc import Callable
from functools import wraps
from typing import Any, cast

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from pages.map.view import Colour, View, colours, in_common, view
from pages.routes.answers import FRESH, answered, number, sent_rows
from tagrefine_core.collections import keep_selection, selected_rows
from tagrefine_core.refinement import PRECISION

__all__ = ["ROUTES"]


def _answers(read: Callable[[Request, View, bytes], Response | dict[str, Any]]) -> Callable[[Request], Any]:
    """Open the run of the address beside the event loop, and answer with what is read of it."""

    @wraps(read)
    async def answer(request: Request) -> Response:
        body = await request.body()

        def work() -> Response | dict[str, Any]:
            precision = number(request.query_params, "precision", PRECISION)
            return read(request, view(request.path_params["run_id"], precision), body)

        return await run_in_threadpool(answered, work)

    return answer


@_answers
def colour(request: Request, of: View, body: bytes) -> Response:
    """Answer with a byte for each photo: see `pages.map.view.colours`."""
    by = cast(Colour, request.query_params.get("by", ""))
    found = colours(of, by, request.query_params.get("tag"))
    return Response(found.tobytes(), media_type="application/octet-stream", headers=FRESH)


@_answers
def select(request: Request, of: View, body: bytes) -> dict[str, Any]:
    """Keep the photos whose bits are set; answer as `selection`, without rows."""
    rows = sent_rows(body, of.collection.n)
    return {"name": keep_selection(of.collection, rows), "tags": in_common(of, rows)}


@_answers
def selection(request: Request, of: View, body: bytes) -> dict[str, Any]:
    """Answer with the rows of a selection and with what its photos have in common."""
    name = request.path_params["name"]
    rows = selected_rows(of.collection, name)
    return {"name": name, "tags": in_common(of, rows), "rows": rows.tolist()}


ROUTES = [
    Route("/maps/{run_id:str}/colours", colour, methods=["GET"]),
    Route("/maps/{run_id:str}/selections", select, methods=["POST"]),
    Route("/maps/{run_id:str}/selections/{name:str}", selection, methods=["GET"]),
]
