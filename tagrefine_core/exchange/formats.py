"""Formats of an export with a file of its own for each photo: text and XMP beside it, or the photo itself."""

from abc import ABC, abstractmethod
from collections import Counter
from collections.abc import Sequence
from contextlib import suppress
from functools import cache
from pathlib import Path, PurePosixPath
from typing import ClassVar

from tagrefine_core.collections.folder import photo_files
from tagrefine_core.collections.sidecars import files_beside
from tagrefine_core.errors import DataError
from tagrefine_core.exchange.tagging import PhotoTags, Spellings
from tagrefine_core.exchange.text import changed_text, new_text, text_tags
from tagrefine_core.metadata import levels, read_keywords
from tagrefine_core.metadata.editing import EMPTY, edited
from tagrefine_core.metadata.embedded import read_embedded_bytes
from tagrefine_core.metadata.embedding import embedded_edited
from tagrefine_core.metadata.keywords import packet_keywords
from tagrefine_core.metadata.xmp import parse
from tagrefine_core.reading.cells import cut_list

__all__ = ["Embedded", "Format", "TextFiles", "XmpFiles"]


class Format(ABC):
    """How the tags of a photo are written.

    Attributes
    ----------
    elsewhere : dict of str to list of str
        Place, in words, to the photos that `look_elsewhere` found to hold a removed tag there too.

    Parameters
    ----------
    root : Path
        Where the photos lie.
    files : sequence of str, length N
        All photos of the collection, relative to it.
    spellings : Spellings
    out : Path or None
        Where files go, with the photos' own folders; None: beside the photos.
    """

    endings: ClassVar[tuple[str, ...]] = ()
    """Of the files beside ``IMG.jpg``: ``IMG.jpg`` with the ending, then ``IMG`` with it."""

    def __init__(self, root: Path, files: Sequence[str], spellings: Spellings, out: Path | None) -> None:
        self.root, self.out = root, out
        self._spellings = spellings
        self._files = files
        self._beside = cache(self._find_beside)
        self.elsewhere: dict[str, list[str]] = {}

    def path(self, file: str) -> Path:
        """Return where the file of a photo is, or will be."""
        if self.out is None and (there := self.beside(file, self.endings)) is not None:
            return there
        return (self.out or self.root) / f"{file}{self.endings[0]}"

    def beside(self, file: str, endings: tuple[str, ...]) -> Path | None:
        """Return the file of one of the endings that an import reads for a photo; one that several photos share is none's."""
        return self._beside(endings).get(file)

    @abstractmethod
    def content(self, photo: PhotoTags, current: bytes | None) -> bytes | None:
        """Return what a photo's file shall hold; None: there need not be one.

        Parameters
        ----------
        photo : PhotoTags
        current : bytes or None
            What it holds; None: it is not there.

        Raises
        ------
        DataError
            When it cannot be changed safely, and why.
        """

    @abstractmethod
    def tags(self, photo: PhotoTags, current: bytes) -> list[str]:
        """Return the tags that a photo's file holds; DataError when it cannot be read."""

    def look_elsewhere(self, photo: PhotoTags, path: Path) -> None:
        """Note a photo that holds a removed tag in another place than ``path``: an import reads all of them."""
        if not photo.gone:
            return
        held: dict[str, Sequence[str]] = {}
        own = self.root / photo.file_name
        # An .xmp file of ours stands for what is inside the photo.
        if path != own and not isinstance(self, XmpFiles):
            held["inside the photo"] = read_keywords(own).tags
        xmp = self.beside(photo.file_name, XmpFiles.endings)
        if xmp is not None and xmp != path:
            held["in an .xmp file"] = read_keywords(xmp).tags
        text = self.beside(photo.file_name, TextFiles.endings)
        if text is not None and text != path:
            with suppress(DataError, OSError):
                held["in a text file"] = text_tags(text.read_bytes(), [*self._known(photo), *photo.after])
        for place, tags in held.items():
            if any(self._spellings.becomes(tag, photo.gone) != tag for tag in tags):
                self.elsewhere.setdefault(place, []).append(photo.file_name)

    def _known(self, photo: PhotoTags) -> list[str]:
        """Return what a text file may hold: the photo's own tags, and rejected ones that an earlier export added."""
        return [*photo.before, *photo.gone, *map(self._spellings.usual, photo.gone)]

    def _find_beside(self, endings: tuple[str, ...]) -> dict[str, Path]:
        there = [file for file in photo_files(self.root) if PurePosixPath(file).suffix.lower() in endings]
        there.sort(key=lambda file: (endings.index(PurePosixPath(file).suffix.lower()), file))
        found = files_beside(self._files, there, (), what="files").files
        uses = Counter(found)
        return {
            photo: self.root / file
            for photo, file in zip(self._files, found, strict=True)
            if file is not None and uses[file] == 1
        }


class TextFiles(Format):
    """Text beside a photo: in place the sidecar that the import read, by its own separator; else ``IMG.jpg.txt``."""

    endings: ClassVar[tuple[str, ...]] = (".txt", ".caption")

    def content(self, photo: PhotoTags, current: bytes | None) -> bytes | None:
        """See `Format.content`."""
        if self.out is not None or current is None:
            needed = photo.before or photo.after or current is not None
            return new_text(photo.after) if needed else None
        return changed_text(
            current, self._known(photo), lambda tag: self._spellings.becomes(tag, photo.gone), photo.after
        )

    def tags(self, photo: PhotoTags, current: bytes) -> list[str]:
        """See `Format.tags`."""
        if self.out is not None:
            return cut_list(current.decode("utf-8", "replace"))
        return text_tags(current, [*self._known(photo), *photo.after])


class XmpFiles(Format):
    """An ``.xmp`` file beside a photo: the one that is there, ``IMG.jpg.xmp`` or ``IMG.xmp``, else a new one."""

    endings: ClassVar[tuple[str, ...]] = (".xmp",)

    def content(self, photo: PhotoTags, current: bytes | None) -> bytes | None:
        """See `Format.content`."""
        if current is None:
            current = self._begins_with(photo)
            if current is None:
                return None
        return edited(
            current,
            lambda tag: self._spellings.becomes(tag, photo.gone),
            photo.after,
            self._spellings.is_path,
            alone=bool(photo.gone) and self._is_inside(photo),
        )

    def tags(self, photo: PhotoTags, current: bytes) -> list[str]:
        """See `Format.tags`."""
        return packet_keywords(parse(current))

    def _is_inside(self, photo: PhotoTags) -> bool:
        """Tell whether a photo holds a tag that does not fit, which an import would find again."""
        inside = read_keywords(self.root / photo.file_name).tags
        return any(self._spellings.becomes(tag, photo.gone) != tag for tag in inside)

    def _begins_with(self, photo: PhotoTags) -> bytes | None:
        """Return what a new file begins with; None where the photo says all that it would."""
        if self.out is not None and (beside := self.beside(photo.file_name, self.endings)) is not None:
            return beside.read_bytes()
        if not photo.before and not photo.after:
            return None
        if self.out is None and photo.after:
            inside = {levels(tag) for tag in read_keywords(self.root / photo.file_name).tags}
            if inside == {levels(tag) for tag in photo.after}:
                return None
        return EMPTY


class Embedded(Format):
    """The photo itself: keywords of XMP, and of IPTC where there are any; its pixels are not touched."""

    def path(self, file: str) -> Path:
        """See `Format.path`."""
        return (self.out or self.root) / file

    def content(self, photo: PhotoTags, current: bytes | None) -> bytes | None:
        """See `Format.content`."""
        # In another folder it is a copy, whatever lies there under its name.
        data = (self.root / photo.file_name).read_bytes() if current is None or self.out else current
        return embedded_edited(
            data,
            lambda tag: self._spellings.becomes(tag, photo.gone),
            photo.after,
            self._spellings.is_path,
        )

    def tags(self, photo: PhotoTags, current: bytes) -> list[str]:
        """See `Format.tags`."""
        packet, iptc = read_embedded_bytes(current)
        found = packet_keywords(parse(packet)) if packet else []
        return list(dict.fromkeys([*found, *iptc]))
