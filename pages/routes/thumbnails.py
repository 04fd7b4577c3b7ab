"""``/thumbnails/<collection id>/<row>?size=256``: small pictures, made when first asked for.

The address holds numbers only, so no path of a visitor's choosing ever reaches the disk.
"""

from hashlib import blake2b
from typing import Any

from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response

from pages.opening import collection_by_id
from tagrefine_core.collections import Collection
from tagrefine_core.errors import TagRefineError

__all__ = ["SIZES", "named_photo", "thumbnail", "thumbnail_url"]

SIZES = (128, 256, 512, 1024)
"""Longer sides in pixels; a fixed few, so that the cache cannot be blown up by an address."""


def thumbnail_url(collection_id: int, row: int, *, size: int = 256, data_hash: str = "") -> str:
    """Return the address of a thumbnail; with the collection's ``data_hash`` browsers keep it without asking again."""
    version = f"&v={data_hash[:12]}" if data_hash else ""
    return f"/thumbnails/{collection_id}/{row}?size={size}{version}"


def named_photo(collection: Collection, row: int, *, size: int = 256) -> dict[str, Any]:
    """Return a photo as components take it: ``row``, ``file``, and the address of its ``picture``."""
    picture = thumbnail_url(collection.id, row, size=size, data_hash=collection.data_hash)
    return {"row": row, "file": collection.files[row], "picture": picture}


def thumbnail(request: Request) -> Response:
    """Answer with a thumbnail, 304 when the browser has it, 404 when there is no such photo."""
    size = request.query_params.get("size", "256")
    if size not in {str(allowed) for allowed in SIZES}:
        return PlainTextResponse(f"size must be one of {', '.join(map(str, SIZES))}", status_code=400)
    row = int(request.path_params["row"])
    try:
        collection = collection_by_id(int(request.path_params["collection_id"]))
        if row >= collection.n:
            return PlainTextResponse("no such photo", status_code=404)
        content = collection.thumbnail(row, size=int(size))
    except (TagRefineError, OSError, OverflowError):
        return PlainTextResponse("this photo cannot be shown", status_code=404)
    # Without a matching version the row may hold another photo tomorrow: the browser asks, the hash answers.
    current = request.query_params.get("v") == collection.data_hash[:12]
    headers = {
        "ETag": f'"{blake2b(content, digest_size=12).hexdigest()}"',
        "Cache-Control": "private, max-age=31536000, immutable" if current else "private, no-cache",
    }
    if headers["ETag"] in request.headers.get("if-none-match", ""):
        return Response(status_code=304, headers=headers)
    return Response(content, media_type="image/jpeg", headers=headers)
