"""XMP as a tree that knows where in the text each element stands, so that one can be changed and all else stays byte for byte.

XMP is RDF in XML (ISO 16684-1). Properties are children, or attributes, of the ``rdf:Description`` elements directly below ``rdf:RDF``.
"""

import codecs
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from xml.parsers import expat

from tagrefine_core.errors import DataError

__all__ = ["RDF", "Element", "Packet", "parse"]

RDF = "http://www.w3.org/1999/02/22-rdf-syntax-ns#"
"""The namespace of RDF."""

_MARKS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32-le"),
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
_DECLARED = re.compile(rb"<\?xml[^>]{1,200}?encoding\s{0,9}=\s{0,9}[\"']([A-Za-z0-9._-]{1,40})[\"']")
_TAG = re.compile(rb"<(?:[^>\"']|\"[^\"]*\"|'[^']*')*>")
_LARGEST = 2**26
_DEEPEST = 200


@dataclass(eq=False)
class Element:
    """One element.

    Attributes
    ----------
    name : str
        Namespace and local name, with a space between.
    attributes : dict of str to str
        By names as ``name``; those without a namespace by their local name.
    start : int
        Where its ``<`` stands, in bytes of `Packet.text`.
    close : int
        Where its end tag begins; of an empty-element tag, where it ends.
    prefixes : dict of str to str
        The namespaces in scope, by prefix.
    text : str
        Directly below it.
    children : list of Element
    """

    name: str
    attributes: dict[str, str]
    start: int
    prefixes: dict[str, str]
    close: int = -1
    text: str = ""
    children: list["Element"] = field(default_factory=list)


@dataclass(frozen=True)
class Packet:
    """A packet of XMP, or the content of an ``.xmp`` file.

    Attributes
    ----------
    text : bytes
        In UTF-8, whatever it is written in.
    encoding : str
        What it is written in.
    mark, tail : bytes
        The byte order mark before it, and zero bytes behind it.
    root : Element
    fixed : bool
        Whether it says that it must not be changed.
    """

    text: bytes
    encoding: str
    mark: bytes
    tail: bytes
    root: Element
    fixed: bool

    @property
    def descriptions(self) -> Iterator[Element]:
        """What holds the properties."""
        pending = [self.root]
        while pending:
            element = pending.pop()
            if element.name == f"{RDF} RDF":
                yield from element.children
            else:
                pending += reversed(element.children)

    def opened(self, element: Element) -> tuple[int, bool]:
        """Return where the tag that begins an element ends, and whether it is all of the element: ``<a/>``."""
        found = _TAG.match(self.text, element.start)
        if found is None:  # expat has read it
            raise DataError("the XMP is not well-formed.")
        return found.end(), found[0].endswith(b"/>")

    def end(self, element: Element) -> int:
        """Return where an element ends."""
        opened, empty = self.opened(element)
        return opened if empty else self.text.index(b">", element.close) + 1

    def written(self, text: bytes) -> bytes:
        """Return another text, UTF-8, as this packet is written."""
        return self.mark + text.decode().encode(self.encoding, "xmlcharrefreplace") + self.tail


def parse(data: bytes) -> Packet:
    """Read XMP.

    Raises
    ------
    DataError
        When it is too large, in an unknown encoding, not well-formed, or has a document type (XMP has none, and one could make a few
        bytes expand to gigabytes).
    """
    if len(data) > _LARGEST:
        raise DataError(f"the XMP has {len(data) / 2**20:,.0f} MB; at most {_LARGEST // 2**20} MB are read.")
    mark, encoding = next(((mark, name) for mark, name in _MARKS if data.startswith(mark)), (b"", ""))
    body = data[len(mark) :]
    if not encoding:
        wide = {b"<\0": "utf-16-le", b"\0<": "utf-16-be"}
        declared = _DECLARED.match(body)
        encoding = wide.get(body[:2]) or (declared[1].decode() if declared else "utf-8")
    try:
        text = body.decode(encoding)
        same = text.encode(encoding) == body
    except (LookupError, UnicodeError, ValueError):
        same = False
    if not same:
        raise DataError(f"the XMP is not valid {encoding}.")
    kept = text.rstrip("\0")
    reader = _Reader(kept.encode())
    return Packet(
        kept.encode(), encoding, mark, text[len(kept) :].encode(encoding), reader.read(), reader.fixed
    )


class _Reader:
    """Builds the tree from expat's events."""

    def __init__(self, text: bytes) -> None:
        self.fixed = False
        self._text = text
        self._open = [Element("", {}, 0, {"xml": "http://www.w3.org/XML/1998/namespace"})]
        self._declared: dict[str, str] = {}
        self._parser = expat.ParserCreate("utf-8", " ")
        self._parser.buffer_text = True
        self._parser.StartNamespaceDeclHandler = self._declare
        self._parser.StartElementHandler = self._start
        self._parser.EndElementHandler = self._end
        self._parser.CharacterDataHandler = self._characters
        self._parser.ProcessingInstructionHandler = self._instruction
        self._parser.StartDoctypeDeclHandler = self._doctype

    def read(self) -> Element:
        try:
            self._parser.Parse(self._text, True)
        except expat.ExpatError as error:
            raise DataError(f"the XMP is not well-formed ({error}).") from error
        return self._open[0]

    def _declare(self, prefix: str | None, uri: str | None) -> None:
        self._declared[prefix or ""] = uri or ""

    def _start(self, name: str, attributes: dict[str, str]) -> None:
        above = self._open[-1]
        if len(self._open) > _DEEPEST:
            raise DataError("the XMP is nested too deeply.")
        prefixes = above.prefixes | self._declared if self._declared else above.prefixes
        self._declared = {}
        element = Element(name, attributes, self._parser.CurrentByteIndex, prefixes)
        above.children.append(element)
        self._open.append(element)

    def _end(self, _name: str) -> None:
        self._open.pop().close = self._parser.CurrentByteIndex

    def _characters(self, text: str) -> None:
        self._open[-1].text += text

    def _instruction(self, target: str, data: str) -> None:
        if target == "xpacket" and re.search(r"end\s*=\s*[\"']r", data):
            self.fixed = True

    def _doctype(self, *_: object) -> None:
        raise DataError("the XMP has a document type, which XMP never has.")
