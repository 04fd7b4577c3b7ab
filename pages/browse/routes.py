"""``/photos/<run>``: what Browse shows, in windows, so that a page never carries a whole collection."""

from collections.abc import Callable, Mapping
from functools import wraps
from typing import Any, cast

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import Route

from pages.browse.editing import complete, select_photos
from pages.browse.view import (
    View,
    card,
    found,
    neighbors,
    photo,
    tags_to_choose,
    view,
    where_in_photo,
    why,
    window,
)
from tagrefine_core.errors import CollectionError, ConfigError, RunError, TagRefineError
from tagrefine_core.refinement import PRECISION
from tagrefine_core.refinement.query import PhotoKind, PhotoOrder, PhotoQuery

__all__ = ["ROUTES", "photo_query"]

_LIMIT = 200  # photos an answer
_LONGEST = 200  # signs of a tag that somebody types
_FRESH = {"Cache-Control": "private, no-cache"}


def photo_query(values: Mapping[str, str]) -> PhotoQuery:
    """Read a query from an address; ConfigError where it asks for what there is not."""
    like, seed = values.get("like", ""), values.get("seed") or "0"
    if not (seed.isdecimal() and len(seed) < 10):
        raise ConfigError(f"seed={seed!r} must be a number from 0 with at most nine digits.")
    return PhotoQuery(
        search=values.get("search", ""),
        tag=values.get("tag") or None,
        kind=cast(PhotoKind, values.get("kind") or "any"),
        order=cast(PhotoOrder, values.get("order") or ("likeness" if like else "convincing")),
        like=like,
        seed=int(seed),
    )


def _answers(read: Callable[[Request, View], dict[str, Any] | Response]) -> Callable[[Request], Response]:
    """Open the run of the address, answer with JSON or what was read, and with plain words where that fails."""

    @wraps(read)
    def told(request: Request) -> Response:
        try:
            of = view(request.path_params["run_id"], _number(request, "precision", PRECISION))
            answer = read(request, of)
            return answer if isinstance(answer, Response) else JSONResponse(answer, headers=_FRESH)
        except RunError as error:
            return PlainTextResponse(str(error), status_code=404)
        except TagRefineError as error:
            return PlainTextResponse(str(error), status_code=400)

    return told


@_answers
def photos(request: Request, of: View) -> dict[str, Any]:
    """Answer with ``limit`` photos of a query from ``offset`` on, how many there are, and where the open ``photo`` is among them;
    with what is ``wrong`` where the search cannot be read.
    """
    offset, limit = int(_number(request, "offset", 0)), int(_number(request, "limit", 60))
    opened = int(_number(request, "photo", -1)) if request.query_params.get("photo") else None
    query, selection = photo_query(request.query_params), request.query_params.get("selection", "")
    try:
        return window(of, query, max(0, offset), min(max(0, limit), _LIMIT), opened, selection)
    except (
        CollectionError,
        ConfigError,
    ) as error:  # what somebody types is wrong half of the time, while they type
        return {"wrong": str(error)}


@_answers
def tags(_: Request, of: View) -> dict[str, Any]:
    """Answer with all tags and their counts, those that matter most first."""
    return {"tags": list(tags_to_choose(of).items())}


@_answers
def one_photo(request: Request, of: View) -> dict[str, Any]:
    """Answer with one photo in full."""
    return photo(of, _row(request, of), request.query_params.get("tag"))


@_answers
def near_photos(request: Request, of: View) -> dict[str, Any]:
    """Answer with the nearest neighbors of one photo."""
    return neighbors(of, _row(request, of))


@_answers
def why_tag(request: Request, of: View) -> dict[str, Any]:
    """Answer with why a photo gets a tag or does not."""
    return why(of, _row(request, of), request.query_params.get("tag", ""))


@_answers
def where_tag(request: Request, of: View) -> dict[str, Any]:
    """Answer with where in a photo a tag is seen; the first answer takes seconds."""
    return where_in_photo(of, _row(request, of), request.query_params.get("tag", ""))


@_answers
def cards(request: Request, of: View) -> dict[str, Any]:
    """Answer with photos of the grid by their ``rows``, as they are now; ``tag`` is the one that is asked for."""
    rows = [int(row) for row in request.query_params.get("rows", "").split(",") if row.isdecimal()][:_LIMIT]
    of.collection.check_rows(rows)
    return {"photos": [card(of, row, request.query_params.get("tag")) for row in rows]}


@_answers
def words(request: Request, of: View) -> dict[str, Any]:
    """Answer with what a text that is typed may become, and which tag it is already."""
    return complete(of, request.query_params.get("text", "")[:_LONGEST])


@_answers
def found_rows(request: Request, of: View) -> Response:
    """Answer with the rows of all photos that are found, in their order, int32."""
    rows = found(of, photo_query(request.query_params), request.query_params.get("selection", "")).rows
    return Response(rows.astype("<i4").tobytes(), media_type="application/octet-stream", headers=_FRESH)


async def select(request: Request) -> Response:
    """Keep the photos whose bits are set, the first in the lowest bit of the first byte; answer with their name and what is on them."""
    bits = await request.body()

    def keep(_: Request, of: View) -> dict[str, Any]:
        return select_photos(of, bits)

    return await run_in_threadpool(_answers(keep), request)


ROUTES = [
    Route("/photos/{run_id:str}/cards", cards, methods=["GET"]),
    Route("/photos/{run_id:str}/rows", found_rows, methods=["GET"]),
    Route("/photos/{run_id:str}/words", words, methods=["GET"]),
    Route("/photos/{run_id:str}/selections", select, methods=["POST"]),
    Route("/photos/{run_id:str}", photos, methods=["GET"]),
    Route("/photos/{run_id:str}/tags", tags, methods=["GET"]),
    Route("/photos/{run_id:str}/{row:int}", one_photo, methods=["GET"]),
    Route("/photos/{run_id:str}/{row:int}/neighbors", near_photos, methods=["GET"]),
    Route("/photos/{run_id:str}/{row:int}/why", why_tag, methods=["GET"]),
    Route("/photos/{run_id:str}/{row:int}/where", where_tag, methods=["GET"]),
]


def _row(request: Request, of: View) -> int:
    row = int(request.path_params["row"])
    if row >= of.collection.n:
        raise RunError(f"There is no photo {row}: {of.collection.name!r} has {of.collection.n:,}.")
    return row


def _number(request: Request, name: str, default: float) -> float:
    try:
        value = float(request.query_params.get(name, default))
    except ValueError:
        value = float("nan")
    if not 0 <= value < 2**31:  # NaN and infinity fail too
        raise ConfigError(f"{name}={request.query_params.get(name)!r} must be a number from 0.")
    return value
