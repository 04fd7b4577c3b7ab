"""How our routes read what is sent to them and answer: with JSON or bytes, and in plain words where that fails."""

import json
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray
from starlette.responses import JSONResponse, PlainTextResponse, Response

from tagrefine_core.errors import ConfigError, RunError, TagRefineError

__all__ = ["FRESH", "answered", "number", "sent_by", "sent_object", "sent_rows"]

FRESH = {"Cache-Control": "no-store"}
"""Headers of an answer that is another one as soon as somebody decides."""

_MOST = 2**31


def answered(
    work: Callable[[], dict[str, Any] | Response],
    missing: type[TagRefineError] | tuple[type[TagRefineError], ...] = RunError,
) -> Response:
    """Answer with what work returns, as JSON where it is no answer yet, and in plain words where it fails.

    Parameters
    ----------
    missing : classes of errors
        Which say that what the address names is not there: 404. All others of ours are 400.
    """
    try:
        found = work()
    except missing as error:
        return PlainTextResponse(str(error), status_code=404)
    except TagRefineError as error:
        return PlainTextResponse(str(error), status_code=400)
    return found if isinstance(found, Response) else JSONResponse(found, headers=FRESH)


def number(values: Mapping[str, Any], name: str, default: float) -> float:
    """Read a number from 0 on; ConfigError where it is none."""
    try:
        value = float(values.get(name, default))
    except (TypeError, ValueError, OverflowError):
        value = float("nan")
    if not 0 <= value < _MOST:  # NaN and infinity fail too
        raise ConfigError(f"{name}={values.get(name)!r} must be a number from 0.")
    return value


def sent_object(body: bytes, *, keyed: bool = False) -> dict[str, Any]:
    """Read a JSON object, with the key of a step where it has to be ``keyed``; ConfigError where it is none."""
    try:
        sent = json.loads(body)
    except (ValueError, RecursionError):
        sent = None
    if not isinstance(sent, dict):
        raise ConfigError("What was sent is no JSON object.")
    if keyed and not (isinstance(sent.get("key"), str) and sent["key"]):
        raise ConfigError("What was sent has no key.")
    return sent


def sent_by(sent: Mapping[str, Any]) -> str | None:
    """Read who sends it; None where that is not said."""
    return None if sent.get("by") is None else str(sent["by"])


def sent_rows(bits: bytes, photos: int) -> NDArray[np.int64]:
    """Read the rows whose bits are set, the first photo in the lowest bit of the first byte.

    Raises
    ------
    ConfigError
        When there are not as many bits as photos, in whole bytes.
    """
    size = -(-photos // 8)
    if len(bits) != size:
        raise ConfigError(f"{photos} photos take {size} bytes; got {len(bits)}.")
    return np.flatnonzero(np.unpackbits(np.frombuffer(bits, np.uint8), count=photos, bitorder="little"))
