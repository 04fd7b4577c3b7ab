"""Exports from end to end: what tags photos get, where they are written, that nothing else is touched, and the way back."""

import json
import resource
import shutil
import stat
import subprocess
from collections.abc import Iterator, Mapping
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from tagrefine_core import workflow
from tagrefine_core.collections import Collection, Source, check_images, write_collection
from tagrefine_core.errors import Cancelled, ConfigError, DataError
from tagrefine_core.exchange.carrying import check_room
from tagrefine_core.exchange.formats import TextFiles
from tagrefine_core.exchange.tagging import Spellings
from tagrefine_core.exchange.text import new_text
from tagrefine_core.metadata import read_keywords
from tagrefine_core.reading.cells import split_cells
from tagrefine_core.store import Store, TagRecord
from tagrefine_core.workflow import Export
from tests.fake_data import picture
from tests.metadata.test_keywords import array, needs, packet

VOCABULARY = ("animal", "bird", "dog", "new_york", "owl", "sea")
RECORDS = (
    TagRecord("Dog", 4, "merged", "dog", ""),
    TagRecord("dogs", 1, "merged", "dog", ""),
    TagRecord("Animals|Birds|Owl", 2, "merged", "owl", "", ("bird", "animal")),
    TagRecord("what:sea", 1, "merged", "sea", ""),
    TagRecord("sea", 2, "kept", "sea", ""),
    TagRecord("nikon", 3, "dropped", None, ""),
)
TAGS = {
    "a.jpg": ["nikon", "Dog", "sea"],
    "b/ä.jpg": ["Animals|Birds|Owl", "Dog", "dogs"],
    "c.png": ["what:sea", "nikon"],
    "d.jpg": [],
}
FILES = list(TAGS)


@pytest.fixture
def store(tmp_path: Path) -> Store:
    """A home with a collection of four photos whose tags were written as people write them."""
    root = tmp_path / "photos"
    for number, file in enumerate(FILES):
        (root / file).parent.mkdir(parents=True, exist_ok=True)
        picture(number).save(root / file)
    store = Store(tmp_path / "home")
    source = Source("folder", root, FILES, list(TAGS.values()), [None] * len(FILES))
    write_collection(
        store,
        source,
        check_images(root, FILES, workers=1),
        name="mine",
        kind="folder",
        vocabulary=VOCABULARY,
        label_columns=np.arange(0),
        decisions=RECORDS,
    )
    return store


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return tmp_path / "photos"


def say(store: Store, file: str, **tags: str) -> None:
    for tag, verdict in tags.items():
        workflow.verdict(store, "mine", file, tag, verdict)


def exported(store: Store, form: str, out: Path | None = None, **options: object) -> dict[str, object]:
    asked = Export("mine", form, out, **options)  # type: ignore[arg-type]
    plan = asked.plan(store)
    document = plan.as_dict()
    document["undo"] = asked.carry_out(store, plan)
    again = asked.plan(store).as_dict()
    assert (again["files"], again["changed"]) == (0, 0), "a second export changes nothing"
    assert again["refused"] == document["refused"], "what was written can be read"
    return document


def content(folder: Path) -> dict[str, bytes]:
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


def rows(path: Path) -> Mapping[str, list[str]]:
    return {row["file_name"]: row["tags"] for row in map(json.loads, path.read_text().splitlines())}


def test_the_users_order_and_spelling_stay_and_new_tags_are_spelled_as_most_do(
    store: Store, tmp_path: Path
) -> None:
    say(store, "a.jpg", sea="reject", owl="accept", new_york="accept")
    say(store, "c.png", dog="accept", nikon="reject")
    document = exported(store, "jsonl", tmp_path / "out")
    assert rows(tmp_path / "out" / "metadata.jsonl") == {
        "a.jpg": ["nikon", "Dog", "new york", "owl"],
        "b/ä.jpg": ["Animals|Birds|Owl", "Dog", "dogs"],
        "c.png": ["what:sea", "Dog"],
        "d.jpg": [],
    }
    assert (document["changed"], document["added"], document["removed"]) == (2, 3, 2)


def test_a_removed_level_takes_the_path_along(store: Store, tmp_path: Path) -> None:
    say(store, "b/ä.jpg", owl="reject")
    exported(store, "jsonl", tmp_path / "out")
    assert rows(tmp_path / "out" / "metadata.jsonl")["b/ä.jpg"] == ["Animals|Birds", "Dog", "dogs"]


@pytest.mark.parametrize("form", ["csv", "jsonl", "coco", "imagefolder"])
def test_a_table_comes_back_as_it_was_written(store: Store, root: Path, tmp_path: Path, form: str) -> None:
    say(store, "a.jpg", sea="reject", owl="accept")
    out = tmp_path / "out"
    exported(store, form, out)
    if form != "imagefolder":
        shutil.copytree(root, out, dirs_exist_ok=True)
    workflow.import_collection(store, "table", out, "again")
    again, once = Collection.open(store, "again"), Collection.open(store, "mine")
    assert not again.labels
    for file in FILES:
        tags = ["nikon", "Dog", "owl"] if file == "a.jpg" else once.raw_tags(once.row_of(file))
        # The record of spellings is replaced in this test, the spellings themselves are not.
        assert again.raw_tags(again.row_of(file)) == tags


def test_coco_names_every_tag_once(store: Store, tmp_path: Path) -> None:
    exported(store, "coco", tmp_path)
    document = json.loads((tmp_path / "coco.json").read_text())
    names = {one["id"]: one["name"] for one in document["categories"]}
    files = {one["id"]: one["file_name"] for one in document["images"]}
    found: dict[str, list[str]] = {file: [] for file in FILES}
    for one in document["annotations"]:
        found[files[one["image_id"]]].append(names[one["category_id"]])
    assert found == TAGS and len(names) == len(set(names.values()))


def test_tags_of_coco_come_back_as_tags_and_not_as_ground_truth(
    store: Store, root: Path, tmp_path: Path
) -> None:
    out = tmp_path / "out"
    exported(store, "coco", out)
    shutil.copytree(root, out, dirs_exist_ok=True)
    workflow.import_collection(store, "table", out, "again")
    again = Collection.open(store, "again")
    assert {file: again.raw_tags(row) for row, file in enumerate(again.files)} == TAGS
    assert again.truth is None


def test_text_files_in_a_folder_mirror_the_photos(store: Store, root: Path, tmp_path: Path) -> None:
    before = content(root)
    say(store, "a.jpg", sea="reject", owl="accept")
    exported(store, "txt", tmp_path / "out")
    assert content(tmp_path / "out") == {
        "a.jpg.txt": b"nikon, Dog, owl\n",
        "b/ä.jpg.txt": b"Animals|Birds|Owl, Dog, dogs\n",
        "c.png.txt": b"what:sea, nikon\n",
    }
    assert content(root) == before


@pytest.mark.parametrize(
    "tags",
    [
        ["rock; roll", "dog"],
        ["Washington, D.C."],
        ["Places|Italy"],
        ["Places|Italy", "dog"],
        ["(a, b)", "dog"],
        ["lily (x", "rose)"],
        ['5" screen', '7" tablet', "a, b"],
        ['say "a, b"'],
        ["tab\tx", "dog,"],
        ["A / B", ":)", "it's"],
        ['"quoted"', "'so'"],
    ],
)
def test_a_text_file_tells_its_tags_apart(tags: list[str]) -> None:
    files = [new_text(tags).decode(), "sea, sky\n", "sea, sun\n", "dog\n"]
    assert split_cells(files, where=".").tags[0] == tags


def test_tags_that_no_text_file_tells_apart_are_refused() -> None:
    with pytest.raises(DataError, match="told apart"):
        new_text(["a\nb", "c"])


@pytest.mark.parametrize(
    ("was", "becomes"),
    [
        (b"nikon; Dog; sea\r\n", b"nikon; Dog; owl\r\n"),
        (b"nikon\nDog\nsea", b"nikon\nDog\nowl"),
        (b"\xef\xbb\xbfsea,Dog,nikon\n", b"\xef\xbb\xbfDog,nikon,owl\n"),
        ("Dog, sea".encode("utf-16"), "Dog, owl".encode("utf-16")),
        (b'"nikon" Dog "sea"', b'"nikon" Dog owl'),
        (b"#nikon #Dog #sea", b"#nikon #Dog owl"),
        (b"sea", b"owl"),
        (b"", b"owl"),
    ],
)
def test_a_sidecar_keeps_its_own_form(store: Store, root: Path, was: bytes, becomes: bytes) -> None:
    (root / "a.TXT").write_bytes(was)
    (root / "a.TXT").chmod(0o640)
    say(store, "a.jpg", sea="reject", owl="accept")
    exported(store, "txt")
    assert (root / "a.TXT").read_bytes() == becomes
    assert stat.S_IMODE((root / "a.TXT").stat().st_mode) == 0o640
    assert not (root / "a.jpg.txt").exists()


def test_a_sidecar_that_says_more_than_tags_is_left(store: Store, root: Path) -> None:
    (root / "a.txt").write_text("nikon, Dog, sea and more words")
    say(store, "a.jpg", sea="reject")
    document = exported(store, "txt")
    assert (root / "a.txt").read_text() == "nikon, Dog, sea and more words"
    assert [one["file_name"] for one in document["left"]] == ["a.jpg"]  # type: ignore[attr-defined]


SIDECAR = packet(
    array("dc:subject", "Dog", "sea", "own word") + "\n<lr:weight>3</lr:weight>",
    "xmlns:crs='http://ns.adobe.com/camera-raw-settings/1.0/' crs:Exposure='+0.35'",
)


@pytest.mark.parametrize("name", ["a.jpg.xmp", "a.xmp", "A.XMP"])
def test_an_xmp_sidecar_changes_in_its_keywords_alone(store: Store, root: Path, name: str) -> None:
    (root / name).write_text(SIDECAR, encoding="utf-8")
    say(store, "a.jpg", sea="reject", owl="accept")
    photos = {file: data for file, data in content(root).items() if file in FILES}
    document = exported(store, "xmp")
    assert (root / name).read_text(encoding="utf-8") == SIDECAR.replace("<rdf:li>sea</rdf:li>", "").replace(
        "own word</rdf:li>", "own word</rdf:li><rdf:li>nikon</rdf:li><rdf:li>owl</rdf:li>"
    )
    assert {file: data for file, data in content(root).items() if file in FILES} == photos
    workflow.undo_export(store, str(document["undo"]))
    assert (root / name).read_text(encoding="utf-8") == SIDECAR
    assert sorted(content(root)) == sorted([*FILES, name])


@pytest.mark.parametrize("form", ["xmp", "txt"])
def test_what_an_export_writes_is_read_again(store: Store, root: Path, form: str) -> None:
    say(store, "a.jpg", sea="reject", owl="accept")
    exported(store, form)
    if form == "xmp":
        found = {file: read_keywords(root / f"{file}.xmp").tags for file in FILES[:3]}
        assert found["a.jpg"] == ["nikon", "Dog", "owl"]
        assert found["b/ä.jpg"] == ["Dog", "dogs", "Animals|Birds|Owl"]
        assert not (root / "d.jpg.xmp").exists()


def pixels(path: Path) -> bytes:
    with Image.open(path) as image:
        return image.convert("RGB").tobytes()


@pytest.mark.parametrize("in_place", [True, False])
def test_keywords_inside_photos_leave_the_pixels(
    store: Store, root: Path, tmp_path: Path, in_place: bool
) -> None:
    before, shown = content(root), {file: pixels(root / file) for file in FILES}
    say(store, "a.jpg", sea="reject", owl="accept")
    out = None if in_place else tmp_path / "out"
    document = exported(store, "xmp", out, embed=True)
    folder = root if in_place else tmp_path / "out"
    assert read_keywords(folder / "a.jpg").tags == ["nikon", "Dog", "owl"]
    assert {file: pixels(folder / file) for file in FILES} == shown
    if in_place:
        workflow.undo_export(store, str(document["undo"]))
    assert content(root) == before


def test_a_copy_is_one_of_the_photo_whatever_lies_there(store: Store, root: Path, tmp_path: Path) -> None:
    (tmp_path / "out").mkdir()
    picture(9).save(tmp_path / "out" / "a.jpg")
    exported(store, "xmp", tmp_path / "out", embed=True)
    assert pixels(tmp_path / "out" / "a.jpg") == pixels(root / "a.jpg")


def test_the_last_keyword_inside_a_photo_can_go(store: Store, root: Path) -> None:
    picture(0).save(root / "a.jpg", xmp=packet(array("dc:subject", "Dog", "sea")).encode())
    say(store, "a.jpg", nikon="reject", dog="reject", sea="reject")
    assert exported(store, "xmp", embed=True)["refused"] == 0
    assert read_keywords(root / "a.jpg").tags == []


def test_another_place_that_holds_a_removed_tag_is_said(store: Store, root: Path) -> None:
    picture(0).save(root / "a.jpg", xmp=SIDECAR.encode())
    say(store, "a.jpg", sea="reject")
    (note,) = Export("mine", "txt").plan(store).notes
    assert note.startswith("1 photo holds a removed tag inside the photo as well, such as a.jpg")
    assert Export("mine", "xmp", embed=True).plan(store).notes == []
    assert Export("mine", "xmp").plan(store).notes == [], "our .xmp file stands for what is inside"


@pytest.mark.parametrize("options", [{"form": "xmp"}, {"form": "txt"}, {"form": "xmp", "embed": True}])
@pytest.mark.parametrize("in_place", [True, False])
def test_what_an_export_added_goes_when_somebody_rejects_it(
    store: Store, root: Path, tmp_path: Path, options: Mapping[str, object], in_place: bool
) -> None:
    asked = {"out": None if in_place else tmp_path / "out", **options}
    (root / "a.jpg.txt").write_text("nikon, Dog, sea")
    say(store, "a.jpg", owl="accept", new_york="accept")
    exported(store, **asked)  # type: ignore[arg-type]
    say(store, "a.jpg", owl="reject", new_york="reject")
    exported(store, **asked)  # type: ignore[arg-type]
    name = "a.jpg" if "embed" in options else f"a.jpg.{options['form']}"
    path = (root if in_place else tmp_path / "out") / name
    tags = path.read_text().strip().split(", ") if options["form"] == "txt" else read_keywords(path).tags
    assert tags == ["nikon", "Dog", "sea"]


def test_nothing_is_touched_by_a_plan(store: Store, root: Path, tmp_path: Path) -> None:
    (root / "a.xmp").write_text(SIDECAR)
    before = content(tmp_path)
    for form in workflow.FORMATS:
        Export("mine", form, tmp_path / "out").plan(store)
    Export("mine", "xmp", embed=True).plan(store)
    after = content(tmp_path)
    assert {file: data for file, data in after.items() if "home/" not in file} == {
        file: data for file, data in before.items() if "home/" not in file
    }


def test_a_read_only_file_stops_all_before_the_first_is_written(store: Store, root: Path) -> None:
    (root / "c.png.txt").write_text("what:sea, nikon")
    (root / "c.png.txt").chmod(0o444)
    say(store, "a.jpg", owl="accept")
    say(store, "c.png", nikon="reject")
    asked = Export("mine", "txt")
    before = content(root)
    with pytest.raises(ConfigError, match=r"c\.png\.txt is read-only, so nothing was changed"):
        asked.carry_out(store, asked.plan(store))
    assert content(root) == before and workflow.exports(store) == []


@pytest.fixture
def small_disk() -> Iterator[None]:
    """No file of this process may be larger than 600 bytes, as on a disk that is full."""
    allowed = resource.getrlimit(resource.RLIMIT_FSIZE)
    yield
    resource.setrlimit(resource.RLIMIT_FSIZE, allowed)


def test_a_full_disk_stops_all_before_the_first_is_written(
    store: Store, root: Path, small_disk: None
) -> None:
    plan = Export("mine", "xmp").plan(store)
    before = content(root)
    resource.setrlimit(resource.RLIMIT_FSIZE, (600, resource.getrlimit(resource.RLIMIT_FSIZE)[1]))
    with pytest.raises(ConfigError, match=r"no room for .* so nothing was changed"):
        check_room(plan, root, store.home)
    assert content(root) == before


def test_an_export_that_was_stopped_goes_on_and_can_be_undone(store: Store, root: Path) -> None:
    say(store, "a.jpg", sea="reject")
    (root / "a.jpg.txt").write_text("nikon, Dog, sea")
    before = content(root)
    asked = Export("mine", "txt")
    plan = asked.plan(store)
    whole = plan.writes[1].content

    def stops(current: bytes | None) -> bytes:
        raise Cancelled

    object.__setattr__(plan.writes[1], "content", stops)
    with pytest.raises(Cancelled):
        asked.carry_out(store, plan)
    assert plan.written == 1 and (root / "a.jpg.txt").read_text() == "nikon, Dog"
    object.__setattr__(plan.writes[1], "content", whole)
    (first,) = workflow.exports(store)
    document = exported(store, "txt")
    assert document["files"] == 2
    workflow.undo_export(store, str(document["undo"]))
    assert workflow.exports(store) == [first]
    workflow.undo_export(store, first)
    assert content(root) == before and workflow.exports(store) == []


def test_what_somebody_changed_since_is_left_by_undo(store: Store, root: Path) -> None:
    document = exported(store, "txt")
    (root / "a.jpg.txt").write_text("mine now")
    found = workflow.undo_export(store, str(document["undo"]))
    assert found.left == [str(root / "a.jpg.txt")] and found.removed == 2
    assert (root / "a.jpg.txt").read_text() == "mine now"
    assert workflow.exports(store) == [document["undo"]], "what was kept of it stays"


def test_a_file_that_changed_since_the_plan_is_left(store: Store, root: Path) -> None:
    (root / "a.jpg.txt").write_text("nikon, Dog, sea")
    say(store, "a.jpg", sea="reject")
    asked = Export("mine", "txt")
    plan = asked.plan(store)
    (root / "a.jpg.txt").write_text("Dog, sea, nikon, new")
    asked.carry_out(store, plan)
    assert (root / "a.jpg.txt").read_text() == "Dog, sea, nikon, new"
    assert ("a.jpg.txt", "it was changed since it was compared; export again") in plan.refused
    assert plan.as_dict()["written"] == plan.as_dict()["files"] - 1


def test_a_file_that_is_gone_since_the_plan_stays_gone(store: Store, root: Path) -> None:
    (root / "a.jpg.txt").write_text("nikon, Dog, sea")
    say(store, "a.jpg", sea="reject")
    asked = Export("mine", "txt")
    plan = asked.plan(store)
    (root / "a.jpg.txt").unlink()
    number = asked.carry_out(store, plan)
    assert ("a.jpg.txt", "it was changed since it was compared; export again") in plan.refused
    assert number is not None and workflow.undo_export(store, number).left == []
    assert sorted(content(root)) == sorted(FILES)


def test_a_photo_that_is_gone_since_the_plan_is_not_copied(store: Store, root: Path, tmp_path: Path) -> None:
    asked = Export("mine", "imagefolder", tmp_path / "out")
    plan = asked.plan(store)
    (root / "a.jpg").unlink()
    asked.carry_out(store, plan)
    assert [file for file, _ in plan.refused] == ["a.jpg"] and (tmp_path / "out" / "d.jpg").is_file()


def test_copies_of_photos_are_taken_away_unless_somebody_changed_them(store: Store, tmp_path: Path) -> None:
    out = tmp_path / "out"
    out.mkdir()
    (out / "c.png").write_bytes(b"another picture")
    document = exported(store, "imagefolder", out)
    (out / "a.jpg").write_bytes(b"edited")
    found = workflow.undo_export(store, str(document["undo"]))
    assert found.left == [str(out / "a.jpg")] and (found.restored, found.removed) == (1, 3)
    assert content(out) == {"a.jpg": b"edited", "c.png": b"another picture"}


def test_links_are_not_followed(store: Store, root: Path, tmp_path: Path) -> None:
    outside = tmp_path / "outside.txt"
    outside.write_text("nikon, Dog, sea")
    (root / "a.jpg.txt").symlink_to(outside)
    shutil.move(root / "b", tmp_path / "elsewhere")
    (root / "b").symlink_to(tmp_path / "elsewhere")
    say(store, "a.jpg", sea="reject")
    document = exported(store, "txt")
    assert {one["file_name"] for one in document["left"]} == {"a.jpg", "b/ä.jpg"}  # type: ignore[attr-defined]
    assert outside.read_text() == "nikon, Dog, sea" and [
        one.name for one in (tmp_path / "elsewhere").iterdir()
    ] == ["ä.jpg"]


def test_two_photos_of_one_stem_get_files_of_their_own(store: Store, root: Path) -> None:
    """One text file cannot say that only one of two photos loses a tag."""
    (root / "a.txt").write_text("nikon, Dog, sea")
    spellings = Spellings(RECORDS)
    alone, shared = (TextFiles(root, files, spellings, None) for files in (FILES, [*FILES, "a.png"]))
    assert alone.path("a.jpg") == root / "a.txt" and shared.path("a.jpg") == root / "a.jpg.txt"


@pytest.mark.parametrize(
    ("form", "options", "reason"),
    [
        ("csv", {}, "--in-place is for txt and xmp"),
        ("txt", {"embed": True}, "--embed writes XMP"),
        ("docx", {}, "no format"),
    ],
)
def test_options_that_do_not_fit_are_refused(
    store: Store, form: str, options: dict[str, bool], reason: str
) -> None:
    with pytest.raises(ConfigError, match=reason):
        Export("mine", form, **options).plan(store)


@pytest.mark.parametrize(("form", "options"), [("imagefolder", {}), ("xmp", {"embed": True})])
def test_no_copies_lie_below_the_photos(
    store: Store, root: Path, form: str, options: Mapping[str, bool]
) -> None:
    with pytest.raises(ConfigError, match="among the photos"):
        Export("mine", form, root / "b" / "out", **options).plan(store)


def test_the_folder_of_the_photos_is_no_place_for_copies(store: Store, root: Path) -> None:
    for form in ("txt", "xmp", "imagefolder"):
        with pytest.raises(ConfigError, match="--in-place"):
            Export("mine", form, root).plan(store)


@needs("exiftool")
@needs("exiv2")
@pytest.mark.parametrize("writer", ["exiftool", "exiv2"])
def test_two_other_programs_read_what_is_written(store: Store, root: Path, writer: str) -> None:
    """On a photo that other programs wrote: theirs stays, keywords of XMP and IPTC are in step."""
    path = root / "a.jpg"
    if writer == "exiftool":
        subprocess.run(
            [
                "exiftool",
                "-q",
                "-overwrite_original",
                "-XMP-dc:Subject=Dog",
                "-XMP-dc:Subject=sea",
                "-XMP-xmp:Rating=4",
                "-IPTC:Keywords=Dog",
                "-IPTC:Keywords=sea",
                "-IPTC:City=Zürich",
                "-EXIF:Artist=Ann",
                "-charset",
                "iptc=latin",
                str(path),
            ],
            check=True,
        )
    else:
        commands = ["add Xmp.dc.subject XmpBag Dog", "add Xmp.dc.subject XmpBag sea", "set Xmp.xmp.Rating 4"]
        commands += ["add Iptc.Application2.Keywords Dog", "add Iptc.Application2.Keywords sea"]
        commands += ["set Iptc.Application2.City Zuerich", "set Exif.Image.Artist Ann"]
        subprocess.run(["exiv2", *(part for one in commands for part in ("-M", one)), str(path)], check=True)
    say(store, "a.jpg", sea="reject", owl="accept")
    exported(store, "xmp", embed=True)
    (told,) = json.loads(
        subprocess.run(
            ["exiftool", "-j", "-G1", "-charset", "iptc=utf8", "-all", "-validate", str(path)],
            check=True,
            capture_output=True,
        ).stdout
    )
    assert set(told["XMP-dc:Subject"]) == set(told["IPTC:Keywords"]) == {"Dog", "nikon", "owl"}
    assert told["XMP-xmp:Rating"] == 4 and told["IFD0:Artist"] == "Ann"
    assert told["IPTC:City"] == ("Zürich" if writer == "exiftool" else "Zuerich")
    assert "error" not in str(told["ExifTool:Validate"]).lower()
    shown = subprocess.run(["exiv2", "-Pkt", str(path)], check=False, capture_output=True, text=True).stdout
    iptc = {line.split()[-1] for line in shown.splitlines() if "Application2.Keywords" in line}
    (subject,) = (line.split(maxsplit=1)[1] for line in shown.splitlines() if "Xmp.dc.subject" in line)
    assert iptc == set(subject.strip().split(", ")) == {"Dog", "nikon", "owl"}


@needs("exiftool")
@needs("exiv2")
@pytest.mark.parametrize("writer", ["exiftool", "exiv2", "us"])
def test_two_other_programs_read_our_sidecars(store: Store, root: Path, writer: str) -> None:
    path = root / "a.jpg.xmp"
    if writer == "exiftool":
        subprocess.run(
            [
                "exiftool",
                "-q",
                "-XMP-dc:Subject=Dog",
                "-XMP-dc:Subject=sea",
                "-XMP-lr:HierarchicalSubject=Animals|Dog",
                "-XMP-xmp:Rating=4",
                "-o",
                str(path),
            ],
            check=True,
        )
    elif writer == "exiv2":
        photo = root / "a.jpg"
        subprocess.run(
            ["exiv2", "-M", "add Xmp.dc.subject XmpBag Dog", "-M", "set Xmp.xmp.Rating 4", str(photo)],
            check=True,
        )
        subprocess.run(["exiv2", "-eX", str(photo)], check=True)
        (root / "a.xmp").rename(path)
    say(store, "a.jpg", sea="reject", owl="accept")
    exported(store, "xmp")
    (told,) = json.loads(
        subprocess.run(["exiftool", "-j", "-G1", str(path)], check=True, capture_output=True).stdout
    )
    assert set(told["XMP-dc:Subject"]) == {"Dog", "nikon", "owl"}
    if writer != "us":
        assert told["XMP-xmp:Rating"] == 4
    if writer == "exiftool":
        assert told["XMP-lr:HierarchicalSubject"] == ["Animals|Dog", "nikon", "owl"]
    shown = subprocess.run(["exiv2", "-PXkt", str(path)], check=True, capture_output=True, text=True).stdout
    assert {"Dog", "nikon", "owl"} <= set(shown.replace(",", " ").split())
