"""``/bench/<collection>``: one tag's photos by probability, what every limit would do, and what is said of a tag everywhere."""

from collections.abc import Callable, Mapping
from typing import Any

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import Route

from pages.tags.bench import Opened, accept_above, number, opened, photos, rows, sample_above, say, told
from tagrefine_core.errors import CollectionError, RunError, TagRefineError

__all__ = ["ROUTES"]


def _answer(
    request: Request, values: Mapping[str, Any], tell: Callable[[Opened], dict[str, Any]]
) -> Response:
    """Answer with JSON, and in plain words where that fails."""
    try:
        of = opened(request.path_params["collection_id"], values)
        return JSONResponse(tell(of), headers={"Cache-Control": "no-store"})
    except (CollectionError, RunError) as error:
        return PlainTextResponse(str(error), status_code=404)
    except TagRefineError as error:
        return PlainTextResponse(str(error), status_code=400)


def _gets(tell: Callable[[Opened, Mapping[str, Any]], dict[str, Any]]) -> Callable[[Request], Response]:
    def answer(request: Request) -> Response:
        values = request.query_params
        return _answer(request, values, lambda of: tell(of, values))

    return answer


def _posts(tell: Callable[[Opened, Mapping[str, Any]], dict[str, Any]]) -> Callable[[Request], Any]:
    async def answer(request: Request) -> Response:
        try:
            sent = await request.json()
        except ValueError:
            sent = None
        if not isinstance(sent, dict) or not isinstance(sent.get("key"), str) or not sent["key"]:
            return PlainTextResponse("What was sent is no JSON object with a key.", status_code=400)
        return await run_in_threadpool(_answer, request, sent, lambda of: tell(of, sent))

    return answer


def _by(sent: Mapping[str, Any]) -> str | None:
    return None if sent.get("by") is None else str(sent["by"])


ROUTES = [
    Route("/bench/{collection_id:int}", _gets(lambda of, _: told(of)), methods=["GET"]),
    Route("/bench/{collection_id:int}/rows", _gets(lambda of, _: rows(of)), methods=["GET"]),
    Route(
        "/bench/{collection_id:int}/photos",
        _gets(
            lambda of, values: photos(
                of,
                str(values.get("side", "above")),
                int(number(values, "limit", 0)),
                int(number(values, "skip", 0)),
            )
        ),
        methods=["GET"],
    ),
    Route(
        "/bench/{collection_id:int}/all",
        _gets(lambda of, values: sample_above(of, int(number(values, "limit", 256)))),
        methods=["GET"],
    ),
    Route(
        "/bench/{collection_id:int}/all",
        _posts(
            lambda of, sent: accept_above(
                of, int(number(sent, "limit", 256)), by=_by(sent), key=str(sent["key"])
            )
        ),
        methods=["POST"],
    ),
    Route(
        "/bench/{collection_id:int}/say",
        _posts(
            lambda of, sent: say(
                of, str(sent.get("what")), sent.get("value"), by=_by(sent), key=str(sent["key"])
            )
        ),
        methods=["POST"],
    ),
]
