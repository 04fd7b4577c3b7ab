"""``/maps/<run>``: colours of the photos on a map, and selections of them."""

from collections.abc import Callable
from functools import wraps
from typing import Any, cast

import numpy as np
from numpy.typing import NDArray
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import Route

from pages.map.view import Colour, View, colours, in_common, view
from tagrefine_core.collections import keep_selection, selected_rows
from tagrefine_core.errors import ConfigError, TagRefineError
from tagrefine_core.refinement import PRECISION

__all__ = ["ROUTES"]


def _answers(read: Callable[[Request, View, bytes], Response]) -> Callable[[Request], Any]:
    """Open the run of the address beside the event loop, and answer in plain words where that fails."""

    @wraps(read)
    async def answer(request: Request) -> Response:
        body = await request.body()

        def work() -> Response:
            try:
                return read(request, view(request.path_params["run_id"], _precision(request)), body)
            except TagRefineError as error:
                return PlainTextResponse(str(error), status_code=400)

        return await run_in_threadpool(work)

    return answer


@_answers
def colour(request: Request, of: View, body: bytes) -> Response:
    """Answer with a byte for each photo: see `pages.map.view.colours`."""
    by = cast(Colour, request.query_params.get("by", ""))
    found = colours(of, by, request.query_params.get("tag"))
    return Response(
        found.tobytes(),
        media_type="application/octet-stream",
        headers={"Cache-Control": "private, no-cache"},
    )


@_answers
def select(request: Request, of: View, body: bytes) -> Response:
    """Keep the photos whose bits are set, the first photo in the lowest bit of the first byte; answer as `selection`, without rows."""
    if len(body) != -(-of.collection.n // 8):
        raise ConfigError(f"{of.collection.n} photos take {-(-of.collection.n // 8)} bytes; got {len(body)}.")
    bits = np.unpackbits(np.frombuffer(body, np.uint8), count=of.collection.n, bitorder="little")
    rows = np.flatnonzero(bits)
    return _told(of, keep_selection(of.collection, rows), rows)


@_answers
def selection(request: Request, of: View, body: bytes) -> Response:
    """Answer with the rows of a selection and with what its photos have in common."""
    name = request.path_params["name"]
    rows = selected_rows(of.collection, name)
    return _told(of, name, rows, rows=rows.tolist())


ROUTES = [
    Route("/maps/{run_id:str}/colours", colour, methods=["GET"]),
    Route("/maps/{run_id:str}/selections", select, methods=["POST"]),
    Route("/maps/{run_id:str}/selections/{name:str}", selection, methods=["GET"]),
]


def _told(of: View, name: str, chosen: NDArray[np.integer], **more: Any) -> Response:
    answer = {"name": name, "tags": in_common(of, chosen), **more}
    return JSONResponse(answer, headers={"Cache-Control": "private, no-cache"})


def _precision(request: Request) -> float:
    text = request.query_params.get("precision", str(PRECISION))
    try:
        return float(text)
    except ValueError:
        raise ConfigError(f"precision={text!r} must be a number.") from None
