"""A tiny data set in every import format, and pictures with everything that can be wrong with one."""

import csv
import json
import struct
import zlib
from collections.abc import Iterable, Mapping, Sequence
from io import BytesIO
from pathlib import Path

import numpy as np
from PIL import Image

from tagrefine_core.collections import Collection, ImageChecks, Source, write_collection
from tagrefine_core.store import Store, TagRecord

TAGS = {
    1: ["Sunset", "sea", "nikon"],
    2: ["clouds", "sky"],
    5: [],
    9: ["café", "girl", "Clouds"],
    12: ["dog", "sea", "sky"],
}
"""User tags of the photos of `mirflickr`, by number; the gaps are on purpose."""

TRUTH = {"clouds": [2, 9, 9999], "female": [9], "dog": [12], "sea": [1, 12]}
"""Photo numbers by label; photo 9999 does not exist."""


def picture(seed: int = 0, size: tuple[int, int] = (32, 24)) -> Image.Image:
    """A smooth colorful RGB picture, another one for each seed."""
    rng = np.random.default_rng(seed)
    corners = Image.fromarray(rng.integers(0, 256, (3, 3, 3), dtype=np.uint8))
    return corners.resize(size, Image.Resampling.BICUBIC)


def save(path: Path, image: Image.Image | None = None, **options: object) -> Path:
    """Store a picture, its folder made when missing."""
    path.parent.mkdir(parents=True, exist_ok=True)
    (image or picture(len(path.name))).save(path, **options)
    return path


def write(path: Path, text: str | bytes, encoding: str = "utf-8") -> Path:
    """Store a text with its line ends as they are, its folder made when missing."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(text if isinstance(text, bytes) else text.encode(encoding))
    return path


def mirflickr(
    folder: Path,
    *,
    tags: Mapping[int, Sequence[str]] = TAGS,
    truth: Mapping[str, Iterable[int]] = TRUTH,
    images: str = "mirflickr",
    tag_folder: str = "meta/tags",
    annotations: str = "annotations",
    strict: bool = True,
    line_end: str = "\r\n",
    encoding: str = "utf-8",
) -> Path:
    """Write MIRFLICKR-25K's layout; a photo with an empty list has an empty file of tags."""
    for number, words in tags.items():
        save(folder / images / f"im{number}.jpg", picture(number))
        text = "".join(word + line_end for word in words)
        write(folder / images / tag_folder / f"tags{number}.txt", text, encoding)
    for label, numbers in truth.items():
        lines = "".join(f"{number}\n" for number in numbers)
        write(folder / annotations / f"{label}{'_r1' if strict else ''}.txt", lines)
        if strict:  # the wider file of the same label lists more
            write(folder / annotations / f"{label}.txt", lines + "".join(f"{number}\n" for number in tags))
    return folder


NUS_PHOTOS = {
    "actor/0001_2124494179.jpg": (["actor", "sky"], {"clouds"}),
    "beach/0002_300.jpg": (["sea", "sand", "zzqx"], {"birds", "clouds"}),
    "beach/0003_77.jpg": (["zzqx"], set()),
    "zebra/0001_41.jpg": (["zebra", "Grass", "sky"], {"dancing"}),
}
"""Photos of `nuswide` with their tags and concepts; no tag of the third is a word."""


def nuswide(folder: Path, *, missing: Iterable[str] = (), line_end: str = "\r\n") -> Path:
    """Write NUS-WIDE's layout with four photos and four concepts."""
    for seed, file in enumerate(NUS_PHOTOS):
        if file not in set(missing):
            save(folder / "Flickr" / file, picture(seed))
    write(folder / "ImageList/Imagelist.txt", "".join(f.replace("/", "\\") + line_end for f in NUS_PHOTOS))
    lines = (
        f"{file[:-4].rpartition('_')[2]}      {' '.join(tags)} " for file, (tags, _) in NUS_PHOTOS.items()
    )
    write(folder / "NUS_WID_Tags/All_Tags.txt", "".join(line + line_end for line in reversed(list(lines))))
    concepts = ["birds", "clouds", "dancing", "zebra"]
    write(folder / "ConceptsList/Concepts81.txt", "".join(concept + line_end for concept in concepts))
    for concept in concepts:
        column = "".join(f"{int(concept in labels)}{line_end}" for _, labels in NUS_PHOTOS.values())
        write(folder / f"Groundtruth/AllLabels/Labels_{concept}.txt", column)
    return folder


TABLE = [
    {"file_name": "photos/a.jpg", "tags": ["Sunset", "new york"], "labels": ["sea"], "user": "ann"},
    {"file_name": "photos/b.jpg", "tags": ["dog", "dogs", "sea"], "labels": ["dog", "sea"], "user": "bob"},
    {"file_name": "photos/c.jpg", "tags": [], "labels": [], "user": None},
    {"file_name": "photos/d.jpg", "tags": ["sky"], "labels": None, "user": "ann"},
]
"""Rows of `table`; nobody judged the last photo."""


def table(
    folder: Path,
    name: str = "metadata.jsonl",
    *,
    rows: Sequence[Mapping[str, object]] = TABLE,
    lists: str = "json",
    encoding: str = "utf-8",
    delimiter: str = ",",
) -> Path:
    """Write pictures and a table of them; ``lists`` is "json", "python" or the text between entries."""
    for seed, row in enumerate(rows):
        save(folder / str(row["file_name"]), picture(seed))
    if name.endswith(".jsonl"):
        return write(folder / name, "".join(json.dumps(row) + "\n" for row in rows), encoding)

    def cell(value: object) -> object:
        if isinstance(value, list):
            return {"json": json.dumps, "python": repr}.get(lists, lists.join)(value)
        return value

    with (folder / name).open("w", encoding=encoding, newline="") as file:
        writer = csv.DictWriter(file, list(rows[0]), delimiter=delimiter)
        writer.writeheader()
        for row in rows:
            shown = {key: cell(value) for key, value in row.items()}
            writer.writerow({**shown, "labels": "?" if row["labels"] is None else shown["labels"]})
    return folder / name


def sidecars(folder: Path) -> Path:
    """Write photos in sub-folders, with sidecars of both names and one without any."""
    save(folder / "img10.jpg", picture(1))
    write(folder / "img10.txt", "Sea, new york,\n sunset\r\n\r\n")
    save(folder / "img2.png", picture(2))
    write(folder / "img2.png.txt", "dog")
    write(folder / "img2.txt", "not this one")
    save(folder / "trip/sky.webp", picture(3))
    write(folder / "trip/sky.txt", "\ufeffsky,café", "utf-8")
    save(folder / "trip/untagged.jpg", picture(4))
    write(folder / "notes.txt", "no photo of this name")
    save(folder / ".hidden/x.jpg", picture(5))
    return folder


def encoded(image: Image.Image, format: str, **options: object) -> bytes:
    """A picture as the bytes of a file."""
    buffer = BytesIO()
    image.save(buffer, format, **options)
    return buffer.getvalue()


def bomb(width: int, height: int) -> bytes:
    """A PNG of a few bytes whose header promises ``width`` x ``height`` pixels."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n"
        + chunk(b"IHDR", header)
        + chunk(b"IDAT", zlib.compress(b"\0" * 999))
        + chunk(b"IEND", b"")
    )


def broken_pictures(folder: Path) -> dict[str, str]:
    """Write files that are no good pictures, and return a word of the reason for each."""
    jpeg = encoded(picture(1, (400, 300)), "JPEG")
    png = encoded(picture(2, (400, 300)), "PNG")
    files = {
        "empty.jpg": (b"", "empty"),
        "text.jpg": (b"This is not a picture.", "not a picture"),
        "page.png": (b"<html><script>alert(1)</script></html>", "not a picture"),
        "drawing.jpg": (b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\nshowpage\n", "not a picture"),
        "cut.jpg": (jpeg[: len(jpeg) // 2], "truncated"),
        "cut_end.jpg": (jpeg[:-20], "truncated"),
        "cut_header.jpg": (jpeg[:30], "truncated"),
        "cut.png": (png[: len(png) // 2], "truncated"),
        "cut.gif": (encoded(picture(3, (300, 300)), "GIF")[:4000], "truncated"),
        "cut.webp": (encoded(picture(4, (300, 300)), "WEBP", lossless=True)[:-400], "damaged"),
        "bomb.png": (bomb(60_000, 60_000), "too large"),
        "big_bomb.png": (bomb(13_000, 13_000), "truncated"),
        "crc.png": (png[:60] + bytes([png[60] ^ 255]) + png[61:], "damaged"),
    }
    for name, (data, _) in files.items():
        write(folder / name, data)
    (folder / "folder.jpg").mkdir()
    return {
        **{name: reason for name, (_, reason) in files.items()},
        "folder.jpg": "not a file",
        "gone.jpg": "missing",
    }


def unusual_pictures(folder: Path) -> dict[str, tuple[int, int]]:
    """Write good pictures of unusual kinds, and return the size that a viewer shows for each."""
    base = picture(7, (40, 30))
    gray = np.linspace(0, 65535, 40 * 30).reshape(30, 40)
    exif = Image.Exif()
    exif[0x0112] = 6
    red, blue = (Image.new("RGB", (40, 30), color) for color in ("red", "blue"))
    save(folder / "cmyk.jpg", base.convert("CMYK"))
    save(folder / "gray.jpg", base.convert("L"))
    save(folder / "16bit.png", Image.fromarray(gray.astype(np.uint16)))
    save(folder / "16bit.tif", Image.fromarray(gray.astype(np.uint16)))
    save(folder / "float.tif", Image.fromarray(gray.astype(np.float32)))
    save(folder / "palette.png", base.quantize(16))
    save(folder / "palette_clear.png", base.quantize(16), transparency=bytes([0, 128] + [255] * 14))
    save(folder / "bits.png", base.convert("1"))
    save(folder / "clear.png", Image.new("RGBA", (40, 30), (255, 0, 0, 0)))
    save(folder / "gray_clear.png", Image.new("LA", (40, 30), (0, 0)))
    save(folder / "animated.gif", red, save_all=True, append_images=[blue], duration=50)
    save(folder / "animated.webp", red, save_all=True, append_images=[blue], lossless=True)
    save(folder / "turned.jpg", base, exif=exif)
    save(folder / "turned.png", base, exif=exif)
    save(folder / "turned.tif", base, tiffinfo={0x0112: 6})
    save(folder / "bad_exif.jpg", base, exif=b"Exif\0\0II*\0\x08\0\0\0\xff\xff broken")
    save(folder / "one_pixel.png", base.resize((1, 1)))
    save(folder / "wide.jpg", base.resize((900, 2)))
    names = sorted(file.name for file in folder.iterdir())
    sizes = {"one_pixel.png": (1, 1), "wide.jpg": (900, 2)}
    return {name: sizes.get(name, (30, 40) if "turned" in name else (40, 30)) for name in names}


def small_collection(
    store: Store,
    folder: Path,
    *,
    name: str = "small",
    tags: Sequence[Sequence[str]] = (("sea", "Sky"), ("dog",), (), ("sky", "sea", "zzqx")),
    labels: Sequence[str] = ("sea", "dog"),
    truth: Sequence[Sequence[int]] | None = ((1, 0), (0, 1), (0, 0), (1, -1)),
) -> Collection:
    """Write a collection without an importer and without WordNet: every lower-case word but "zzqx" is a tag."""
    for row in range(len(tags)):
        save(folder / f"{row}.jpg", picture(row))
    counts = {raw: sum(raw in words for words in tags) for words in tags for raw in words}
    vocabulary = sorted({raw.lower() for raw in counts} - {"zzqx"} | set(labels))
    decisions = [
        TagRecord(raw, count, "dropped", None, "not in WordNet")
        if raw == "zzqx"
        else TagRecord(raw, count, "kept" if raw.islower() else "merged", raw.lower(), "in WordNet")
        for raw, count in counts.items()
    ]
    files = [f"{row}.jpg" for row in range(len(tags))]
    matrix = None if truth is None else np.array(truth, dtype=np.int8)
    used = tuple(labels) if truth is not None else ()
    n = len(files)
    return write_collection(
        store,
        Source("folder", folder, files, [list(words) for words in tags], [None] * n, used, matrix),
        ImageChecks(np.arange(n), np.full((n, 2), 32, np.int32), np.full(n, 999), []),
        name=name,
        kind="folder",
        vocabulary=vocabulary,
        label_columns=np.array([vocabulary.index(label) for label in used], dtype=np.int64),
        decisions=decisions,
    )
