"""The keywords of a photo: the union of the fields that photo managers write."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path

from tagrefine_core.errors import DataError
from tagrefine_core.metadata.embedded import IPTC_BYTES, read_embedded
from tagrefine_core.metadata.xmp import RDF, Element, Packet, parse
from tagrefine_core.reading.text import clean

__all__ = [
    "ALONE",
    "ARRAYS",
    "FIELDS",
    "Keywords",
    "items_of",
    "levels",
    "packet_keywords",
    "read_keywords",
    "same_name",
    "stands_alone",
]

FIELDS = {
    "dc:subject": "http://purl.org/dc/elements/1.1/ subject",
    "digiKam:TagsList": "http://www.digikam.org/ns/1.0/ TagsList",
    "lr:hierarchicalSubject": "http://ns.adobe.com/lightroom/1.0/ hierarchicalSubject",
    "MicrosoftPhoto:LastKeywordXMP": "http://ns.microsoft.com/photo/1.0/ LastKeywordXMP",
    "mediapro:CatalogSets": "http://ns.iview-multimedia.com/mediapro/1.0/ CatalogSets",
}
"""The fields of XMP that hold keywords, in the order they are read, with their namespace and name."""

ARRAYS = tuple(f"{RDF} {kind}" for kind in ("Bag", "Seq", "Alt"))
"""What a property of several values holds them in."""

ALONE = "tagrefine:ns:xmp/1.0/ KeywordsAreAll"
"""A property of ours: what an ``.xmp`` file names are all keywords of its photo, also where more are inside the photo, which is not touched."""


@dataclass(frozen=True)
class Keywords:
    """Keywords of one photo.

    Attributes
    ----------
    tags : list of str
        As written, each once: those of ``dc:subject`` first, then of the other fields; paths as ``A|B|C`` or ``A/B/C``.
    note : str
        What could not be read, for the import report; empty: nothing.
    alone : bool
        Whether they take the place of those inside the photo (`ALONE`), rather than stand beside them.
    """

    tags: list[str] = field(default_factory=list)
    note: str = ""
    alone: bool = False


def read_keywords(path: Path) -> Keywords:
    """Read the keywords of a photo (XMP and IPTC inside it) or of an ``.xmp`` file.

    What is damaged is noted, never raised; the photo is only opened for reading.
    """
    try:
        if path.suffix.lower() == ".xmp":
            if not path.is_file():  # a named pipe would wait for ever
                return Keywords(note="it is no file")
            packet = parse(path.read_bytes())
            return Keywords(packet_keywords(packet), alone=stands_alone(packet))
        inside, iptc = read_embedded(path)
    except OSError as error:
        return Keywords(note=f"it cannot be read ({error.strerror})")
    except DataError as error:
        return Keywords(note=str(error).rstrip("."))
    found: list[str] = []
    note = ""
    if inside:
        try:
            found = packet_keywords(parse(inside))
        except DataError as error:
            note = str(error).rstrip(".")
    return Keywords(_once([*found, *(word for word in iptc if not _cut_short(word, found))]), note)


def packet_keywords(packet: Packet) -> list[str]:
    """Return the keywords of a packet, each once."""
    texts = []
    for name in FIELDS.values():
        for description in packet.descriptions:
            if (value := _attribute(description, name)) is not None:
                texts.append(value)
            for child in description.children:
                if same_name(child.name, name):
                    texts += [text for text, _ in items_of(child)]
    return _once(texts)


def stands_alone(packet: Packet) -> bool:
    """Tell whether a packet says that its keywords are all there are."""
    return any(child.name == ALONE for description in packet.descriptions for child in description.children)


def items_of(prop: Element) -> Iterator[tuple[str, Element | None]]:
    """Yield the values of a property with the element of each: of its Bag, Seq or Alt; else its own text, with None."""
    array = next((child for child in prop.children if child.name in ARRAYS), None)
    if array is not None:
        for item in array.children:
            yield _value(item), item
    elif text := _value(prop):
        yield text, None


@lru_cache(maxsize=2**16)
def levels(tag: str) -> tuple[str, ...]:
    """Return the levels of a path, whichever mark separates them; of a flat tag itself.

    Examples
    --------
    >>> levels("Places|Italy") == levels("Places/Italy") == ("Places", "Italy")
    True
    """
    return tuple(tag.replace("|", "/").split("/"))


def _value(item: Element) -> str:
    """Return the text of an item, which may stand in an ``rdf:value`` beside qualifiers."""
    for inner in (item, *item.children):
        if (value := inner.attributes.get(f"{RDF} value")) is not None:
            return value
        for child in inner.children:
            if child.name == f"{RDF} value":
                return child.text
    return item.text or item.attributes.get(f"{RDF} resource", "")


def _attribute(description: Element, name: str) -> str | None:
    return next((value for key, value in description.attributes.items() if same_name(key, name)), None)


def same_name(name: str, field_name: str) -> bool:
    """Tell whether a name is that of a field; Microsoft's namespace is also written without its last slash."""
    return name == field_name or name.replace(" ", "/ ") == field_name


def _once(texts: Iterable[str]) -> list[str]:
    """Return texts as tags, those of one spelling or of the same levels once: with pipes, which are surer than slashes, if one has them."""
    found: dict[tuple[str, ...], str] = {}
    for text in texts:
        if tag := clean(" ".join(text.split())):
            known = found.setdefault(levels(tag), tag)
            if "|" in tag and "|" not in known:
                found[levels(tag)] = tag
    return list(found.values())


def _cut_short(word: str, tags: Iterable[str]) -> bool:
    """Tell whether a keyword of IPTC is the beginning of a longer one, cut where IPTC ends."""
    return len(word.encode()) > IPTC_BYTES - 4 and any(tag.startswith(word) and tag != word for tag in tags)
