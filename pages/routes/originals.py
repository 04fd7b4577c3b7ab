"""``/originals/<collection id>/<row>``: photos as they lie on disk where a browser shows them as we would, else as a JPEG of ours.

The address holds numbers only, as that of thumbnails does. What is sent is always a picture, whatever the file is called.
"""

from hashlib import blake2b

from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response

from pages.opening import collection_by_id
from tagrefine_core.collections import for_browsers
from tagrefine_core.errors import TagRefineError

__all__ = ["original", "original_url"]


def original_url(collection_id: int, row: int, *, data_hash: str) -> str:
    """Return the address of a photo in full size; of other data of the collection, another address."""
    return f"/originals/{collection_id}/{row}?v={data_hash[:12]}"


def original(request: Request) -> Response:
    """Answer with a photo, 304 when the browser has it, 404 when there is none that can be shown."""
    row = int(request.path_params["row"])
    try:
        collection = collection_by_id(int(request.path_params["collection_id"]))
        if row >= collection.n:
            return PlainTextResponse("no such photo", status_code=404)
        content, mime = for_browsers(collection.image_path(row))
    except (TagRefineError, OSError, OverflowError):
        return PlainTextResponse("this photo cannot be shown", status_code=404)
    # Always asked for anew: the file may have changed since.
    headers = {
        "ETag": f'"{blake2b(content, digest_size=12).hexdigest()}"',
        "Cache-Control": "private, no-cache",
    }
    if headers["ETag"] in request.headers.get("if-none-match", ""):
        return Response(status_code=304, headers=headers)
    return Response(content, media_type=mime, headers=headers)
