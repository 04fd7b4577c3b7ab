"""``/bench/<collection>``: one tag's photos by probability, what every limit would do, and what is said of a tag everywhere."""

from collections.abc import Callable, Mapping
from typing import Any

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from pages.routes.answers import answered, number, sent_by, sent_object
from pages.tags.bench import Opened, accept_above, opened, photos, rows, sample_above, say, told
from tagrefine_core.errors import CollectionError, RunError

__all__ = ["ROUTES"]


Tell = Callable[[Opened, Mapping[str, Any]], dict[str, Any]]


def _answer(request: Request, tell: Tell, read: Callable[[], Mapping[str, Any]]) -> Response:
    """Answer with what is told of the tag that was asked for."""

    def work() -> dict[str, Any]:
        values = read()
        return tell(opened(request.path_params["collection_id"], values), values)

    return answered(work, (CollectionError, RunError))


def _gets(tell: Tell) -> Callable[[Request], Response]:
    return lambda request: _answer(request, tell, lambda: request.query_params)


def _posts(tell: Tell) -> Callable[[Request], Any]:
    async def answer(request: Request) -> Response:
        body = await request.body()
        return await run_in_threadpool(_answer, request, tell, lambda: sent_object(body, keyed=True))

    return answer


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
                of, int(number(sent, "limit", 256)), by=sent_by(sent), key=sent["key"]
            )
        ),
        methods=["POST"],
    ),
    Route(
        "/bench/{collection_id:int}/say",
        _posts(
            lambda of, sent: say(
                of, str(sent.get("what")), sent.get("value"), by=sent_by(sent), key=sent["key"]
            )
        ),
        methods=["POST"],
    ),
]
