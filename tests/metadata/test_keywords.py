"""Keywords of photos and .xmp files, in the forms that photo managers write."""

import os
import random
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from PIL import Image
from PIL.PngImagePlugin import PngInfo

from tagrefine_core.metadata import Keywords, read_keywords
from tagrefine_core.metadata.embedding import embedded_edited

RDF = "xmlns:rdf='http://www.w3.org/1999/02/22-rdf-syntax-ns#'"
DC = "xmlns:dc='http://purl.org/dc/elements/1.1/'"
LR = "xmlns:lr='http://ns.adobe.com/lightroom/1.0/'"
DIGIKAM = "xmlns:digiKam='http://www.digikam.org/ns/1.0/'"


def packet(properties: str, attributes: str = "") -> str:
    return (
        "<?xpacket begin='\ufeff' id='W5M0MpCehiHzreSzNTczkc9d'?>\n<x:xmpmeta xmlns:x='adobe:ns:meta/'>\n"
        f"<rdf:RDF {RDF}>\n<rdf:Description rdf:about='' {DC} {LR} {DIGIKAM} {attributes}>\n{properties}\n"
        "</rdf:Description>\n</rdf:RDF>\n</x:xmpmeta>\n<?xpacket end='w'?>"
    )


def array(name: str, *items: str, kind: str = "Bag") -> str:
    return (
        f"<{name}><rdf:{kind}>{''.join(f'<rdf:li>{item}</rdf:li>' for item in items)}</rdf:{kind}></{name}>"
    )


def photo(path: Path, xmp: str = "") -> Path:
    options: dict[str, Any] = {}
    if xmp and path.suffix == ".png":
        options["pnginfo"] = PngInfo()
        options["pnginfo"].add_itxt("XML:com.adobe.xmp", xmp)
    elif xmp:
        options = {"tiffinfo": {700: xmp.encode()}} if path.suffix == ".tif" else {"xmp": xmp.encode()}
    Image.new("RGB", (64, 48), (200, 90, 30)).save(path, **options)
    return path


def needs(program: str) -> pytest.MarkDecorator:
    return pytest.mark.skipif(shutil.which(program) is None, reason=f"{program} is not installed")


@pytest.mark.parametrize(
    ("properties", "attributes", "tags"),
    [
        (array("dc:subject", "beach", "sea"), "", ["beach", "sea"]),
        (array("dc:subject", "beach", "sea", kind="Seq"), "", ["beach", "sea"]),
        (array("dc:subject", "beach", kind="Alt"), "", ["beach"]),
        ("<dc:subject>beach</dc:subject>", "", ["beach"]),
        ("", "dc:subject='beach'", ["beach"]),
        (
            "<dc:subject><rdf:Bag><rdf:li><rdf:Description rdf:value='beach'/></rdf:li>"
            "<rdf:li rdf:parseType='Resource'><rdf:value>sea</rdf:value></rdf:li></rdf:Bag></dc:subject>",
            "",
            ["beach", "sea"],
        ),
        (
            array("dc:subject", "Rock &amp; Roll", " a\n  b ", "", "caf&#xe9;"),
            "",
            ["Rock & Roll", "a b", "café"],
        ),
        ("<dc:subject/>" + array("dc:title", "no keyword"), "", []),
        # A keyword of something else inside: of a region, not of the photo.
        (
            "<lr:region rdf:parseType='Resource'>" + array("dc:subject", "inner") + "</lr:region>",
            "",
            [],
        ),
    ],
)
def test_every_form_of_an_array_is_read(
    tmp_path: Path, properties: str, attributes: str, tags: list[str]
) -> None:
    path = tmp_path / "a.xmp"
    path.write_text(packet(properties, attributes), encoding="utf-8")
    assert read_keywords(path) == Keywords(tags)


def test_fields_are_joined_and_one_path_is_read_once(tmp_path: Path) -> None:
    path = tmp_path / "a.xmp"
    both = (
        array("lr:hierarchicalSubject", "Places|Italy|Rome", "dog")
        + array("digiKam:TagsList", "Places/Italy/Rome", "People/Ann")
        + array("dc:subject", "Rome", "dog", "dog")
    )
    path.write_text(packet(both), encoding="utf-8")
    assert read_keywords(path).tags == ["Rome", "dog", "Places|Italy|Rome", "People/Ann"]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be"])
def test_every_encoding_that_xmp_allows_is_read(tmp_path: Path, encoding: str) -> None:
    path = tmp_path / "a.XMP"
    text = packet(array("dc:subject", "café", "日本")).replace("\ufeff", "")
    path.write_bytes(
        text.removeprefix("<?xpacket begin='' id='W5M0MpCehiHzreSzNTczkc9d'?>\n").encode(encoding)
    )
    assert read_keywords(path).tags == ["café", "日本"]


def test_other_prefixes_and_several_descriptions(tmp_path: Path) -> None:
    path = tmp_path / "a.xmp"
    path.write_text(
        "<r:RDF xmlns:r='http://www.w3.org/1999/02/22-rdf-syntax-ns#'><r:Description r:about=''/>"
        "<r:Description r:about='' xmlns:k='http://purl.org/dc/elements/1.1/'><k:subject><r:Bag><r:li>sea</r:li>"
        "</r:Bag></k:subject></r:Description></r:RDF>"
    )
    assert read_keywords(path).tags == ["sea"]


@pytest.mark.parametrize(
    ("content", "note"),
    [
        (b"", "well-formed"),
        (packet(array("dc:subject", "sea")).encode()[:-200], "well-formed"),
        (b"\xff\xfe<", "not valid utf-16-le"),
        (packet(array("dc:subject", "caf\xe9")).encode("latin-1", "replace"), "not valid utf-8"),
        (b"<?xml version='1.0' encoding='no-such-thing'?><a/>", "not valid no-such-thing"),
        (b"<!DOCTYPE a [<!ENTITY b 'c'>]><a>&b;</a>", "document type"),
        (b"<a>" * 300 + b"</a>" * 300, "nested too deeply"),
    ],
)
def test_a_damaged_or_hostile_sidecar_is_a_note(tmp_path: Path, content: bytes, note: str) -> None:
    path = tmp_path / "a.xmp"
    path.write_bytes(content)
    found = read_keywords(path)
    assert found.tags == [] and note in found.note and str(tmp_path) not in found.note


@pytest.mark.parametrize("ending", ["jpg", "png", "webp", "tif"])
def test_keywords_inside_photos(tmp_path: Path, ending: str) -> None:
    plain = photo(tmp_path / f"plain.{ending}")
    assert read_keywords(plain) == Keywords()
    told = photo(tmp_path / f"naïve told.{ending}", packet(array("dc:subject", "sea", "日本")))
    assert read_keywords(told) == Keywords(["sea", "日本"])


@pytest.mark.parametrize("ending", ["gif", "bmp", "ppm"])
def test_formats_without_keywords_have_none(tmp_path: Path, ending: str) -> None:
    assert read_keywords(photo(tmp_path / f"a.{ending}")) == Keywords()


@needs("exiftool")
@pytest.mark.parametrize(
    ("charset", "options"), [("utf-8", ["-IPTC:CodedCharacterSet=UTF8"]), ("utf-8", []), ("latin-1", [])]
)
def test_keywords_of_iptc_in_their_character_set(tmp_path: Path, charset: str, options: list[str]) -> None:
    path = photo(tmp_path / "a.jpg")
    subprocess.run(
        [
            "exiftool",
            "-q",
            "-charset",
            f"iptc={'utf8' if charset == 'utf-8' else 'latin'}",
            *options,
            "-IPTC:Keywords=café",
            "-IPTC:Keywords=sea",
            "-XMP-dc:Subject=sea",
            "-XMP-dc:Subject=sky",
            str(path),
        ],
        check=True,
    )
    assert read_keywords(path) == Keywords(["sea", "sky", "café"])


@needs("exiftool")
def test_what_iptc_cut_short_is_no_other_keyword(tmp_path: Path) -> None:
    path = photo(tmp_path / "a.jpg")
    long = "a keyword that is longer than the sixty-four bytes that IPTC lets it be"
    subprocess.run(
        ["exiftool", "-q", "-m", f"-IPTC:Keywords={long}", f"-XMP-dc:Subject={long}", str(path)], check=True
    )
    assert read_keywords(path) == Keywords([long])


def test_neither_a_pipe_nor_a_missing_file_holds_anyone_up(tmp_path: Path) -> None:
    for name in ("a.jpg", "b.xmp"):
        os.mkfifo(tmp_path / name)
        assert read_keywords(tmp_path / name) == Keywords(note="it is no file")
    assert read_keywords(tmp_path / "missing.jpg").note
    (tmp_path / "folder.xmp").mkdir()
    assert read_keywords(tmp_path / "folder.xmp").note


@pytest.mark.parametrize("ending", ["jpg", "png", "webp", "tif", "xmp"])
def test_garbled_bytes_are_read_or_noted(
    tmp_path: Path, ending: str, capfd: pytest.CaptureFixture[str]
) -> None:
    told = packet(array("dc:subject", "sea", "sky"))
    whole = told.encode() if ending == "xmp" else photo(tmp_path / f"whole.{ending}", told).read_bytes()
    draw = random.Random(3)
    changes: list[Callable[[bytearray, int], None]] = [
        lambda data, at: data.__setitem__(at, draw.randrange(256)),
        lambda data, at: data.__setitem__(
            slice(at, at + 4), draw.choice([b"\xff" * 4, b"\0" * 4, b"\x7f\xff\xff\xff"])
        ),
        lambda data, at: data.__delitem__(slice(at, at + draw.randrange(1, 60))),
        lambda data, at: data.__delitem__(slice(at, None)),
    ]
    path = tmp_path / f"garbled.{ending}"
    for _ in range(400):
        data = bytearray(whole)
        for _ in range(draw.choice([1, 2, 10])):
            if data:
                draw.choice(changes)(data, draw.randrange(len(data)))
        path.write_bytes(data)
        found = read_keywords(path)
        assert all(isinstance(tag, str) and tag for tag in found.tags)
    assert capfd.readouterr() == ("", "")


def test_a_photo_that_calls_something_else_dc_spoils_no_other(tmp_path: Path) -> None:
    """exiv2 remembers namespaces for the whole process."""
    good = photo(tmp_path / "good.jpg", packet(array("dc:subject", "sea")))
    for odd in ("dc/elements/1.2/", "dc/elements/1.1", "xx/elements/1.1/"):
        told = packet(array("dc:subject", "sea")).replace("dc/elements/1.1/", odd)
        read_keywords(photo(tmp_path / "bad.jpg", told))
    assert read_keywords(good) == Keywords(["sea"])
    done = embedded_edited(good.read_bytes(), lambda tag: tag, ["sky"])
    (tmp_path / "done.jpg").write_bytes(done)
    assert read_keywords(tmp_path / "done.jpg") == Keywords(["sea", "sky"])
