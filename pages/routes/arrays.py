"""``/arrays/<digest>``: large arrays for components, as raw little-endian bytes in C order.

A page publishes an array and hands its address to a component, which fetches it once: the address is the
content's hash, so browsers keep it for good and a changed array has another address.
"""

from collections import OrderedDict
from hashlib import blake2b
from threading import Lock
from typing import Any

import numpy as np
from numpy.typing import NDArray
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response

__all__ = ["array", "array_url"]

_BUDGET = 256 * 2**20  # bytes of arrays kept; the least recently used go first
_kept: OrderedDict[str, bytes] = OrderedDict()
_lock = Lock()


def array_url(values: NDArray[Any]) -> str:
    """Publish an array and return its address; dtype and shape travel with the component's other data.

    Parameters
    ----------
    values : ndarray
        Of a bool, integer or float type.
    """
    if values.dtype.kind not in "biuf":
        raise TypeError(f"only numbers can be published, got {values.dtype}")
    content = np.ascontiguousarray(values, dtype=values.dtype.newbyteorder("<")).tobytes()
    digest = blake2b(content, digest_size=16).hexdigest()
    with _lock:
        _kept[digest] = content
        _kept.move_to_end(digest)
        while len(_kept) > 1 and sum(map(len, _kept.values())) > _BUDGET:
            _kept.popitem(last=False)
    return f"/arrays/{digest}"


async def array(request: Request) -> Response:
    """Answer with the bytes of a published array, or 404 when it was dropped (a page run publishes it again)."""
    digest = request.path_params["digest"]
    with _lock:
        content = _kept.get(digest)
        if content is not None:
            _kept.move_to_end(digest)
    if content is None:
        return PlainTextResponse("no such array; reload the page", status_code=404)
    headers = {"ETag": f'"{digest}"', "Cache-Control": "private, max-age=31536000, immutable"}
    if headers["ETag"] in request.headers.get("if-none-match", ""):
        return Response(status_code=304, headers=headers)
    return Response(content, media_type="application/octet-stream", headers=headers)
