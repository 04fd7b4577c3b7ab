"""Change the keywords inside a photo: XMP and IPTC in step, all else as it is."""

from collections.abc import Callable, Sequence

from tagrefine_core.errors import DataError
from tagrefine_core.metadata.editing import EMPTY, edited
from tagrefine_core.metadata.embedded import read_embedded_bytes, write_embedded
from tagrefine_core.metadata.fresh import write_fresh
from tagrefine_core.metadata.keywords import levels, packet_keywords
from tagrefine_core.metadata.xmp import parse

__all__ = ["embedded_edited"]


def embedded_edited(
    data: bytes,
    becomes: Callable[[str], str | None],
    tags: Sequence[str],
    is_path: Callable[[str], bool] = lambda tag: "|" in tag,
) -> bytes:
    """Return the content of a photo with other keywords.

    IPTC is only written where it has keywords already, as the Metadata Working Group advises: what is in no field is written to XMP.

    Parameters
    ----------
    data : bytes
        Of the photo.
    becomes, tags, is_path
        As `tagrefine_core.metadata.editing.edited` takes them.

    Raises
    ------
    DataError
        When its format cannot hold keywords, it is damaged, or they cannot be changed safely.
    """
    packet, words = read_embedded_bytes(data)
    new = edited(packet or EMPTY, becomes, tags, is_path)
    kept = [after for word in words if (after := becomes(word)) is not None]
    flat = [tag for tag in tags if not is_path(tag) and len(tag.encode()) <= 64]
    iptc = list(dict.fromkeys([*kept, *flat])) if words else []
    if new == (packet or EMPTY) and iptc == words:
        return data
    wanted = _written(new)
    for write in (write_embedded, write_fresh):
        try:
            written = write(data, new, iptc if words else None)
            found, found_iptc = read_embedded_bytes(written)
            if _written(found) == wanted and len(found_iptc) == len(iptc):
                return written
        except DataError:
            if write is write_fresh:
                raise
    raise DataError("its keywords could not be written.")


def _written(packet: bytes) -> set[tuple[str, ...]]:
    # The library that writes photos takes a packet away that holds nothing any more.
    return {levels(tag) for tag in packet_keywords(parse(packet))} if packet else set()
