"""Change the keywords of XMP, and nothing else: what is not a keyword stays as it is, byte for byte."""

import re
from collections.abc import Callable, Iterable, Sequence
from xml.sax.saxutils import escape

from tagrefine_core.errors import DataError
from tagrefine_core.metadata.keywords import (
    ALONE,
    ARRAYS,
    FIELDS,
    items_of,
    levels,
    packet_keywords,
    same_name,
    stands_alone,
)
from tagrefine_core.metadata.xmp import RDF, Element, Packet, parse
from tagrefine_core.reading.text import clean

__all__ = ["EMPTY", "edited"]

EMPTY = (
    '<?xpacket begin="\ufeff" id="W5M0MpCehiHzreSzNTczkc9d"?>\n<x:xmpmeta xmlns:x="adobe:ns:meta/">\n'
    f' <rdf:RDF xmlns:rdf="{RDF}">\n  <rdf:Description rdf:about="">\n  </rdf:Description>\n </rdf:RDF>\n'
    '</x:xmpmeta>\n<?xpacket end="w"?>\n'
).encode()
"""XMP that says nothing yet."""

_HIERARCHICAL = {"digiKam:TagsList": "/", "lr:hierarchicalSubject": "|"}
_IN_STEP = (*_HIERARCHICAL, "MicrosoftPhoto:LastKeywordXMP")
_SPACE = b" \t\r\n"
_NO_XML = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]")  # what XML 1.0 cannot hold
_ATTRIBUTE = re.compile(rb"\s+([^\s=\"'<>/]+)\s*=\s*(?:\"[^\"]*\"|'[^']*')")

_Edit = tuple[int, int, bytes]


def edited(
    data: bytes,
    becomes: Callable[[str], str | None],
    tags: Sequence[str],
    is_path: Callable[[str], bool] = lambda tag: "|" in tag,
    *,
    alone: bool = False,
) -> bytes:
    """Return XMP with other keywords.

    Parameters
    ----------
    data : bytes
        A packet, or the content of an ``.xmp`` file.
    becomes : callable
        From a keyword that is there to what it shall be, None where it shall go.
    tags : sequence of str
        What shall be there besides; those that are there already, in whichever field, are not written again. A path goes to the
        hierarchical fields, another tag to ``dc:subject`` and to what other fields there are.
    is_path : callable
        Whether a tag is a path of levels, ``A|B`` or ``A/B``.
    alone : bool
        Whether it shall say that these are all keywords of its photo (`tagrefine_core.metadata.keywords.ALONE`).

    Raises
    ------
    DataError
        When it cannot be read, says that it must not be changed, or holds keywords in a form that cannot be changed safely.
    """
    packet = parse(data)
    change = _Change(packet, becomes, tags, is_path)
    edits = change.edits(alone=alone and not stands_alone(packet))
    if not edits:
        return data
    if packet.fixed:
        raise DataError("its XMP says that it must not be changed (end='r').")
    text, place = bytearray(), 0
    for start, stop, new in sorted(edits, key=lambda edit: edit[:2]):
        text += packet.text[place:start] + new
        place = stop
    written = packet.written(bytes(text + packet.text[place:]))
    # The whole point is that a file is never spoiled, so what was written is read again.
    if {levels(tag) for tag in packet_keywords(parse(written))} != change.wanted:
        raise DataError("its keywords are in a form that cannot be changed safely.")
    return written


class _Change:
    """Finds out where a packet has to be changed."""

    def __init__(
        self,
        packet: Packet,
        becomes: Callable[[str], str | None],
        tags: Sequence[str],
        is_path: Callable[[str], bool],
    ) -> None:
        self._packet = packet
        self._tag_becomes, self._is_path = becomes, is_path
        self._homes: dict[Element, list[bytes]] = {}  # what is written anew, and where
        self._descriptions = list(packet.descriptions)
        there = {new for text in packet_keywords(packet) if (new := becomes(text)) is not None}
        found = {levels(tag) for tag in there}
        wanted = dict.fromkeys(one for tag in tags if (one := _one_line(tag)))
        self._new = [tag for tag in wanted if levels(tag) not in found]
        self.wanted = found | {levels(tag) for tag in self._new}
        if any(_NO_XML.search(tag) for tag in self._new):
            raise DataError("one of its tags has a character that XML cannot hold.")

    def edits(self, *, alone: bool) -> list[_Edit]:
        present = {
            name
            for name in FIELDS
            for description in self._descriptions
            if any(same_name(child.name, FIELDS[name]) for child in description.children)
        }
        paths = [tag for tag in self._new if self._is_path(tag)]
        flat = [tag for tag in self._new if not self._is_path(tag)]
        hierarchical = [name for name in _HIERARCHICAL if name in present] or list(_HIERARCHICAL)
        found: list[_Edit] = []
        for name in FIELDS:
            new = []
            if name == "dc:subject" or (name in _IN_STEP and name in present):
                new += flat
            if name in hierarchical:
                new += [_HIERARCHICAL[name].join(levels(tag)) for tag in paths]
            found += self._edit_field(name, new)
        if alone:
            namespace, _, local = ALONE.encode().partition(b" ")
            said = b'<tagrefine:%s xmlns:tagrefine="%s">True</tagrefine:%s>' % (local, namespace, local)
            self._homes.setdefault(self._first_description(), []).append(said)
        return found + [self._inside(element, contents) for element, contents in self._homes.items()]

    def _becomes(self, text: str) -> str | None:
        return self._tag_becomes(_one_line(text))

    def _edit_field(self, name: str, new: list[str]) -> list[_Edit]:
        """Change the field wherever it stands, what is new at the first place."""
        found: list[_Edit] = []
        for description in self._descriptions:
            for key, value in description.attributes.items():
                if same_name(key, FIELDS[name]) and (new or self._becomes(value) != _one_line(value)):
                    found.append(self._without_attribute(description, name))
                    kept = self._becomes(value)
                    self._write(description, name, [*([kept] if kept is not None else []), *new])
                    new = []
            for child in description.children:
                if same_name(child.name, FIELDS[name]):
                    found += self._edit_property(child, new)
                    new = []
        if new:
            self._write(self._first_description(), name, new)
        return found

    def _write(self, description: Element, name: str, texts: list[str]) -> None:
        if texts:
            self._homes.setdefault(description, []).append(self._property(description, name, texts))

    def _edit_property(self, prop: Element, new: list[str]) -> list[_Edit]:
        packet = self._packet
        values = [(text, self._becomes(text), item) for text, item in items_of(prop)]
        if not new and all(after == _one_line(text) for text, after, _ in values):
            return []
        array = next((child for child in prop.children if child.name in ARRAYS), None)
        kept = [after for _, after, _ in values if after is not None]
        if not kept and not new:
            return [(self._before(prop.start), packet.end(prop), b"")]
        if array is None or not array.children:
            if prop.attributes or (prop.children and array is None):
                raise DataError("its keywords are in a form that cannot be changed safely.")
            opened, _ = packet.opened(prop)
            tag = packet.text[prop.start : opened].rstrip(b"/>").rstrip()
            inner = self._bag(prop.prefixes, [*kept, *new])
            return [(prop.start, packet.end(prop), tag + b">" + inner + b"</" + _name(tag) + b">")]
        return self._edit_array(array, values, new)

    def _edit_array(
        self, array: Element, values: list[tuple[str, str | None, Element | None]], new: list[str]
    ) -> list[_Edit]:
        packet, found = self._packet, []
        seen = {after for text, after, _ in values if after == _one_line(text)}
        for text, after, item in values:
            assert item is not None  # an array's values are items
            if after == _one_line(text):
                continue
            if after is None or after in seen:  # what is cut off may leave what is there already
                found.append((self._before(item.start), packet.end(item), b""))
                continue
            seen.add(after)
            found.append((item.start, packet.end(item), _element(self._tag_of(item), after)))
        last = array.children[-1]
        margin = packet.text[self._before(last.start) : last.start]
        added = b"".join(margin + _element(self._tag_of(last), text) for text in new)
        return [*found, (packet.end(last), packet.end(last), added)] if added else found

    def _without_attribute(self, description: Element, name: str) -> _Edit:
        packet = self._packet
        namespace, _, local = FIELDS[name].partition(" ")
        for at in _ATTRIBUTE.finditer(packet.text, description.start, packet.opened(description)[0]):
            prefix, _, bare = at[1].decode().rpartition(":")
            if bare == local and description.prefixes.get(prefix, "").rstrip("/") == namespace.rstrip("/"):
                return at.start(), at.end(), b""
        raise DataError("its keywords are in a form that cannot be changed safely.")

    def _first_description(self) -> Element:
        if not self._descriptions:
            raise DataError("its XMP describes nothing (it has no rdf:Description).")
        return self._descriptions[0]

    def _property(self, inside: Element, name: str, texts: list[str]) -> bytes:
        namespace, _, local = FIELDS[name].partition(" ")
        prefix = _prefix(inside.prefixes, namespace)
        declared = b""
        if prefix is None:
            prefix = name.partition(":")[0].encode()
            declared = b' xmlns:%s="%s"' % (prefix, namespace.encode())
        tag = prefix + b":" + local.encode()
        return b"<%s%s>%s</%s>" % (tag, declared, self._bag(inside.prefixes, texts), tag)

    def _bag(self, prefixes: dict[str, str], texts: Iterable[str]) -> bytes:
        prefix = _prefix(prefixes, RDF)
        if prefix is None:
            raise DataError("its XMP has no prefix for RDF.")
        items = b"".join(_element(prefix + b":li", text) for text in texts)
        return b"<%s:Bag>%s</%s:Bag>" % (prefix, items, prefix)

    def _inside(self, element: Element, contents: list[bytes]) -> _Edit:
        """Return how to put something at the end of an element, with the margin of what is there."""
        packet = self._packet
        opened, empty = packet.opened(element)
        if empty:
            tag = packet.text[element.start : opened]
            return opened - 2, opened, b">" + b"".join(contents) + b"</" + _name(tag) + b">"
        at = self._before(element.close)
        margin = b""
        if element.children:
            first = element.children[0].start
            margin = packet.text[self._before(first) : first]
        elif at > opened - 1 and at < element.close:
            margin = packet.text[at : element.close] + b" "
        return at, at, b"".join(margin + content for content in contents)

    def _before(self, place: int) -> int:
        """Return where the white space before a place begins."""
        return len(self._packet.text[:place].rstrip(_SPACE))

    def _tag_of(self, element: Element) -> bytes:
        return _name(self._packet.text[element.start : self._packet.opened(element)[0]])


def _one_line(text: str) -> str:
    """Return the text of a value as the tag that it is read as."""
    return clean(" ".join(text.split()))


def _prefix(prefixes: dict[str, str], namespace: str) -> bytes | None:
    return next((prefix.encode() for prefix, uri in prefixes.items() if prefix and uri == namespace), None)


def _name(tag: bytes) -> bytes:
    """Return the name in a tag, with its prefix."""
    return re.split(rb"[\s/>]", tag[1:], maxsplit=1)[0]


def _element(tag: bytes, text: str) -> bytes:
    return b"<%s>%s</%s>" % (tag, escape(text).encode(), tag)
