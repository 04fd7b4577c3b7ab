"""``/photos/<run>``: what Browse shows, in windows, so that a page never carries a whole collection."""

from collections.abc import Callable, Mapping
from functools import wraps
from typing import Any, cast

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response
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
from pages.routes.answers import FRESH, answered, number
from tagrefine_core.errors import CollectionError, ConfigError, RunError
from tagrefine_core.refinement import PRECISION
from tagrefine_core.refinement.query import PhotoKind, PhotoOrder, PhotoQuery

__all__ = ["ROUTES", "photo_query"]

_LIMIT = 200  # photos an answer
_LONGEST = 200  # signs of a tag that somebody types


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
    """Open the run of the address, and answer with what is read of it."""

    @wraps(read)
    def told(request: Request) -> Response:
        return answered(lambda: read(request, _view(request)))

    return told


@_answers
def photos(request: Request, of: View) -> dict[str, Any]:
    """Answer with ``limit`` photos of a query from ``offset`` on, how many there are, and where the open ``photo`` is among them;
    with what is ``wrong`` where the search cannot be read.
    """
    asked = request.query_params
    offset, limit = int(number(asked, "offset", 0)), int(number(asked, "limit", 60))
    opened = int(number(asked, "photo", 0)) if asked.get("photo") else None
    query, selection = photo_query(asked), asked.get("selection", "")
    try:
        return window(of, query, offset, min(limit, _LIMIT), opened, selection)
    except (CollectionError, ConfigError) as error:  # half of the time, while somebody types
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
    return Response(rows.astype("<i4").tobytes(), media_type="application/octet-stream", headers=FRESH)


async def select(request: Request) -> Response:
    """Keep the photos whose bits are set, the first in the lowest bit of the first byte; answer with their name and what is on them."""
    bits = await request.body()
    return await run_in_threadpool(answered, lambda: select_photos(_view(request), bits))


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


def _view(request: Request) -> View:
    return view(request.path_params["run_id"], number(request.query_params, "precision", PRECISION))


def _row(request: Request, of: View) -> int:
    row = int(request.path_params["row"])
    if row >= of.collection.n:
        raise RunError(f"There is no photo {row}: {of.collection.name!r} has {of.collection.n:,}.")
    return row
