"""Escapes that a harvester, a web form or a program left in text."""

import html
import re
from collections.abc import Callable
from html.entities import html5
from urllib.parse import unquote_to_bytes

__all__ = ["unescape"]

_ENTITY = re.compile(r"&(?:#\d{1,7}|#[xX][0-9a-fA-F]{1,6}|[A-Za-z][A-Za-z0-9]{1,31});")
_UNICODE = re.compile(r"(?:\\u[0-9a-fA-F]{4}|\\U[0-9a-fA-F]{8})+")
_BYTES = re.compile(r"(?:\\x[0-9a-fA-F]{2})+")
_PERCENT = re.compile(r"(?:%[0-9a-fA-F]{2})+")
_QUOTED = re.compile(r"\\([^\w\s])")


def unescape(text: str) -> str:
    r"""Undo HTML entities, backslash escapes and %-escapes; what is none of them, or no character, stays as it is.

    Escaped bytes are read as UTF-8, those of a backslash else as Latin-1, as Python and JavaScript write them.

    Examples
    --------
    >>> [unescape(text) for text in ("rock &amp; roll", "caf\\u00e9", "caf\\xe9", "caf%C3%A9", r"lily \(flower\)", "100%")]
    ['rock & roll', 'café', 'café', 'café', 'lily (flower)', '100%']
    """
    if "&" in text:
        text = _ENTITY.sub(_entity, text)
    if "\\" in text:
        text = _UNICODE.sub(_characters, text)
        text = _BYTES.sub(_decoded(lambda run: bytes.fromhex(run.replace("\\x", "")), "latin-1"), text)
        text = _QUOTED.sub(r"\1", text)
    if "%" in text:
        text = _PERCENT.sub(_decoded(unquote_to_bytes), text)
    return text


def _entity(found: re.Match[str]) -> str:
    # `html.unescape` would also read the beginning of a word: "&notaword;" as a sign and "aword;".
    return html.unescape(found[0]) if found[0][1] == "#" or found[0][1:] in html5 else found[0]


def _characters(run: re.Match[str]) -> str:
    r"""Return what a run of ``\uXXXX`` stands for: two surrogates are one character, as JSON writes them; half of one stays."""
    codes = (int(code, 16) for code in re.findall(r"\\[uU]([0-9a-fA-F]+)", run[0]))
    try:
        units = b"".join(
            code.to_bytes(2, "little") if code < 0x10000 else chr(code).encode("utf-16-le") for code in codes
        )
        return units.decode("utf-16-le")
    except (ValueError, OverflowError):
        return run[0]


def _decoded(
    to_bytes: Callable[[str], bytes], otherwise: str | None = None
) -> Callable[[re.Match[str]], str]:
    def decode(run: re.Match[str]) -> str:
        data = to_bytes(run[0])
        try:
            return data.decode()
        except UnicodeDecodeError:
            return run[0] if otherwise is None else data.decode(otherwise)

    return decode
