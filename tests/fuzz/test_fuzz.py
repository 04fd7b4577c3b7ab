"""Ten thousand inputs nobody thought of: they are read, or refused in words; nothing hangs, nothing is written beside.

The inputs are the same in every run. An error that is none of `TagRefineError` fails, and so does a text that no report could show.
"""

import json
import random
import shutil
from collections.abc import Callable, Iterator
from contextlib import chdir
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import Image

from tagrefine_core import tags
from tagrefine_core.cli import main
from tagrefine_core.collections import Source, check_images, read_source
from tagrefine_core.collections.images import inspect_image, load_image
from tagrefine_core.errors import ImageError, TagRefineError
from tagrefine_core.metadata import read_keywords
from tagrefine_core.reading.cells import split_cells
from tagrefine_core.store import Store
from tests import fake_data

pytestmark = pytest.mark.filterwarnings("ignore::tagrefine_core.errors.TagRefineWarning")


def inputs(count: int) -> Callable[[Any], Any]:
    """Give a test so many inputs, the same ones each time; five seconds for one is a hang."""
    return settings(
        max_examples=count,
        derandomize=True,
        database=None,
        deadline=20_000,
        suppress_health_check=list(HealthCheck),
    )


# What people and programs write, and what they never meant to.
PIECES = st.sampled_from(
    [
        *",;|/\t\n\r\"'[]{}\\%+()<>\0\ufeff\x85\u2028\u202e、，é",
        *(
            "\r\n",
            "\\u00e9",
            "&amp;",
            "&#x1F;",
            "%20",
            ":1.2)",
            "e\u0301",
            "nan",
            "None",
            "NULL",
            "sep=",
            "12.0",
            "=cmd()",
            "../",
        ),
        *(
            "sea",
            "Sea",
            "dog",
            "lily_(flower)",
            "creature:dog",
            "Places|Italy",
            "file_name",
            "tags",
            "labels",
            "text",
        ),
    ]
)
WORDS = st.one_of(PIECES, st.text(max_size=6))
LINES = st.lists(WORDS, max_size=24).map("".join)
BYTES = st.one_of(
    LINES.map(lambda text: text.encode("utf-8", "replace")),
    LINES.map(lambda text: text.encode("utf-16")),
    LINES.map(lambda text: text.encode("cp1252", "replace")),
    st.binary(max_size=80),
)


@pytest.fixture
def room(tmp_path: Path) -> Iterator[Path]:
    """A folder to write into; nothing else may change beside it."""
    inside = tmp_path / "inside"
    for number in range(3):
        fake_data.save(inside / f"{number}.jpg", fake_data.picture(number))
    yield inside
    assert [path.name for path in tmp_path.iterdir()] == ["inside"]


def showable(source: Source) -> None:
    """Check that what was read fits together, and that a report and a database can hold it."""
    assert len(source.files) == len(source.tags) == len(source.users)
    for text in [issue.file + issue.reason for issue in source.issues]:
        text.encode()
    for row in source.tags:
        assert all(tag and "\n" not in tag for tag in row)
        "".join(row).encode()


def read(kind: str, path: Path) -> None:
    try:
        source = read_source(kind, path)
        json.dumps(source.files)
        showable(source)
        check_images(source.root, source.files, workers=1)
    except TagRefineError as error:
        assert str(error).strip()


@inputs(2500)
@given(st.lists(st.one_of(st.none(), LINES), max_size=8))
def test_cells(cells):
    split = split_cells(cells, where="table.csv")
    assert len(split.tags) == len(cells)
    for row in split.tags:
        assert all(isinstance(tag, str) and tag.strip() for tag in row)
        "".join(row).encode("utf-8", "surrogatepass")


@inputs(1800)
@given(
    content=st.one_of(
        BYTES, st.lists(BYTES, max_size=5).map(lambda rows: b"file_name,tags\n0.jpg,sea\n" + b"\n".join(rows))
    ),
    ending=st.sampled_from([".csv", ".tsv", ".jsonl", ".json", ".txt"]),
)
def test_tables(room, content, ending):
    table = room / f"table{ending}"
    table.write_bytes(content)
    read("table", table)
    table.unlink()


KEYS = st.one_of(st.sampled_from(["file_name", "tags", "images", "annotations", "id"]), WORDS)
PLAIN = st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), WORDS)
LISTS = st.lists(PLAIN, max_size=3)
OBJECTS = st.dictionaries(KEYS, st.one_of(PLAIN, LISTS), max_size=3)
NESTED = st.one_of(
    PLAIN,
    LISTS,
    OBJECTS,
    st.lists(OBJECTS, max_size=3),
    st.dictionaries(KEYS, st.one_of(OBJECTS, st.lists(OBJECTS, max_size=2)), max_size=3),
)


@inputs(900)
@given(value=NESTED, lines=st.booleans())
def test_json_tables(room, value, lines):
    rows = [{"file_name": "0.jpg", "tags": value}, value]
    table = room / ("table.jsonl" if lines else "table.json")
    table.write_text("\n".join(map(json.dumps, rows)) if lines else json.dumps(rows))
    read("table", table)
    table.unlink()


@inputs(900)
@given(
    st.dictionaries(
        st.sampled_from(["0.txt", "0.jpg.txt", "1.caption", "2.json", "0.jpg.xmp", "1.xmp", "x.txt"]),
        BYTES,
        max_size=4,
    )
)
def test_sidecars(room, sidecars):
    for name, content in sidecars.items():
        (room / name).write_bytes(content)
    read("folder", room)
    for name in sidecars:
        (room / name).unlink()


XMP = b"""<?xpacket begin="" id="W5M0MpCehiHzreSzNTczkc9d"?><x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF
 xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#"><rdf:Description rdf:about="" xmlns:dc="http://purl.org/dc/elements/1.1/"
 xmlns:lr="http://ns.adobe.com/lightroom/1.0/"><dc:subject><rdf:Bag><rdf:li>sea</rdf:li><rdf:li>dog</rdf:li></rdf:Bag></dc:subject>
 <lr:hierarchicalSubject><rdf:Bag><rdf:li>A|B</rdf:li></rdf:Bag></lr:hierarchicalSubject></rdf:Description></rdf:RDF></x:xmpmeta>"""

DAMAGE = st.lists(
    st.tuples(st.sampled_from(["cut", "put", "swap", "twice"]), st.floats(0, 1), st.binary(max_size=6)),
    min_size=1,
    max_size=4,
)


def damaged(content: bytes, damage: list[tuple[str, float, bytes]]) -> bytes:
    for how, place, put in damage:
        at = int(place * len(content))
        content = {
            "cut": content[:at],
            "put": content[:at] + put + content[at + len(put) :],
            "swap": content[at:] + content[:at],
            "twice": content[:at] + content[at // 2 :],
        }[how]
    return content


@inputs(1200)
@given(DAMAGE)
def test_xmp(room, damage):
    sidecar = room / "0.xmp"
    sidecar.write_bytes(damaged(XMP, damage))
    found = read_keywords(sidecar)
    "".join([*found.tags, found.note]).encode()
    sidecar.unlink()


def pictures() -> list[bytes]:
    """The same picture in every format that Pillow writes here."""
    made = []
    for name, options in (
        ("JPEG", {}),
        ("PNG", {}),
        ("GIF", {}),
        ("WEBP", {}),
        ("TIFF", {}),
        ("BMP", {}),
        ("PPM", {}),
    ):
        file = BytesIO()
        fake_data.picture(1).save(file, name, **options)
        made.append(file.getvalue())
    return made


PICTURES = pictures()
WORDNET = tags.load()  # takes seconds, which are not an input's


@inputs(1500)
@given(st.sampled_from(PICTURES), DAMAGE, st.sampled_from([".jpg", ".png", ".tif", ".gif"]))
def test_pictures(room, whole, damage, ending):
    path = room / f"x{ending}"
    path.write_bytes(damaged(whole, damage))
    for look in (inspect_image, load_image, read_keywords):
        try:
            found = look(path)
        except ImageError as error:
            assert str(error)
        else:
            assert not isinstance(found, Image.Image) or found.mode == "RGB"
    path.unlink()


@inputs(700)
@given(st.lists(st.lists(WORDS.filter(str.strip), max_size=5, unique=True), min_size=1, max_size=6))
def test_tags(rows):
    found = tags.build_vocabulary(rows, (), min_fraction=0.001, wordnet=WORDNET)
    assert found.matrix.shape == (len(rows), len(found.tags))
    assert {decision.raw for decision in found.decisions} == {tag for row in rows for tag in row}


COMMANDS = (
    "collections", "runs", "jobs", "tags", "evaluate", "refine", "cancel", "delete", "name", "explain", "verdict", "verdicts", "undo",
    "always", "limit", "alias", "suspicious", "duplicates", "annotate", "train", "benchmark", "import",
)  # fmt: skip
ARGUMENTS = st.one_of(
    st.sampled_from(
        [
            "--json",
            "--out",
            "--home",
            "--set",
            "--by",
            "--yes",
            "--run",
            "holiday",
            "folder",
            "table",
            "r1",
            "9" * 30,
            "-1",
        ]
    ),
    st.sampled_from(
        ["/dev/null", "x" * 300, "~x/y", "nan", "1e999", "\ud800", "\0", "", "seed=1", "phi0.lr=", "accept"]
    ),
    st.text(max_size=5),
)


@inputs(500)
@given(command=st.sampled_from(COMMANDS), arguments=st.lists(ARGUMENTS, max_size=4))
def test_arguments(room, command, arguments):
    # Nothing that would begin long work, and nothing that names a place beside the room.
    with chdir(room):
        status = main(
            ["--home", str(room / "home"), command, *(word for word in arguments if word != "--home")]
        )
    assert status in (0, 2)


def test_what_lies_in_a_home_may_be_anything(room):
    home = room / "home"
    Store(home)
    rng = random.Random(0)
    for part in (
        "runs/x/scores.npy",
        "cache/features/k/done.json",
        "collections/5/a/truth.npy",
        "experiments/k/table-1.json",
    ):
        (home / part).parent.mkdir(parents=True, exist_ok=True)
        (home / part).write_bytes(rng.randbytes(100))
    for words in ("runs", "collections", "jobs", "doctor"):
        assert main(["--home", str(home), words]) == 0
    shutil.rmtree(home)
