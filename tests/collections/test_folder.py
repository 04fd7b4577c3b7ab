import json
import os
import unicodedata

import pytest

from tagrefine_core import workflow
from tagrefine_core.collections import check_images, guess_kind, read_source
from tagrefine_core.errors import CollectionError
from tagrefine_core.store import Store
from tests import fake_data

PACKET = (
    '<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">'
    '<rdf:Description xmlns:dc="http://purl.org/dc/elements/1.1/" xmlns:lr="http://ns.adobe.com/lightroom/1.0/">'
    "<dc:subject><rdf:Bag>{}</rdf:Bag></dc:subject>"
    "<lr:hierarchicalSubject><rdf:Bag>{}</rdf:Bag></lr:hierarchicalSubject>"
    "</rdf:Description></rdf:RDF></x:xmpmeta>"
)


def packet(*words, paths=()):
    items = ["".join(f"<rdf:li>{text}</rdf:li>" for text in texts) for texts in (words, paths)]
    return PACKET.format(*items).encode()


def photo(path, *words, seed=None, **options):
    options |= {"xmp": packet(*words)} if words else {}
    return fake_data.save(path, fake_data.picture(len(path.name) if seed is None else seed), **options)


def read(folder):
    source = read_source("folder", folder)
    return dict(zip(source.files, source.tags, strict=True)), [
        (issue.file, issue.reason) for issue in source.issues
    ]


def test_a_photo_has_the_tags_of_all_its_sources_in_their_order(tmp_path):
    photo(tmp_path / "a_77_o.jpg", "Sea", "boat", "Places/Italy")
    fake_data.write(tmp_path / "a_77_o.txt", "beach, sea, beach")
    fake_data.write(tmp_path / "a_77_o.xmp", packet("sky", "beach", paths=["Places|Italy"]))
    fake_data.write(tmp_path / "json/photo_77.json", json.dumps({"id": "77", "tags": [{"tag": "dog"}]}))
    photo(tmp_path / "b.jpg", "cat")
    tags, issues = read(tmp_path)
    # What one source says twice stays; what another repeats, in whatever case or spelling of levels, does not.
    assert tags["a_77_o.jpg"] == ["beach", "sea", "beach", "sky", "Places|Italy", "dog", "boat"]
    assert tags["b.jpg"] == ["cat"]
    assert (
        ".",
        "tags come from text files (1 photos), XMP files (1 photos), Flickr's files (1 photos), "
        "keywords inside the photos (2 photos)",
    ) in issues


@pytest.mark.parametrize(
    ("name", "sidecar"),
    [
        ("IMG_1.JPG", "IMG_1.TXT"),
        ("IMG_1.JPG", "img_1.jpg.Txt"),
        ("a.jpg", "a.caption"),
        ("a.jpg", "A.JPG.Caption"),
        ("a.b.jpg", "a.b.txt"),
        ("a.jpg.jpg", "a.jpg.txt"),
        ("Straße.jpg", "STRASSE.txt"),
        (unicodedata.normalize("NFD", "Café.jpg"), unicodedata.normalize("NFC", "café.txt")),
    ],
)
def test_names_fit_whatever_their_case_and_form(tmp_path, name, sidecar):
    photo(tmp_path / name)
    fake_data.write(tmp_path / sidecar, "sky, sea")
    assert read(tmp_path)[0] == {name: ["sky", "sea"]}
    fake_data.write(tmp_path / f"{name}.xmp", packet("dog"))
    assert read(tmp_path)[0][name][-1] == "dog"


def test_the_sidecar_of_the_full_name_counts_first_and_shared_ones_count_for_all(tmp_path):
    for name in ("x.jpg", "x.png", "y.jpg", "z.jpg"):
        photo(tmp_path / name, seed=ord(name[0]) + len(name[2:]))
    for name, text in {"x.txt": "sky", "x.jpg.txt": "dog", "y.txt": "cat", "y.caption": "no"}.items():
        fake_data.write(tmp_path / name, text)
    fake_data.write(tmp_path / "z.txt", "sea")
    photo(tmp_path / "z.png")
    fake_data.write(tmp_path / "readme.txt", "hello")
    tags, issues = read(tmp_path)
    assert tags == {
        "x.jpg": ["dog"], "x.png": ["sky"], "y.jpg": ["cat"], "z.jpg": ["sea"], "z.png": ["sea"],
    }  # fmt: skip
    said = dict(issues)
    assert said["y.caption"].startswith("left out: its photo has another of the text files")
    assert said["z.txt"].startswith("one file for several photos")
    assert said["readme.txt"] == "there is no photo of this name beside it"
    assert "x.txt" not in said


def test_photos_whose_names_differ_in_case_keep_their_own_sidecars(tmp_path):
    for name, tag in (("A.jpg", "sky"), ("a.jpg", "sea")):
        photo(tmp_path / name, seed=ord(name[0]))
        fake_data.write(tmp_path / f"{name}.txt", tag)
    if len(list(tmp_path.iterdir())) < 4:
        pytest.skip("the file system knows no case")
    tags, issues = read(tmp_path)
    assert tags == {"A.jpg": ["sky"], "a.jpg": ["sea"]}
    assert len(issues) == 1


def test_many_alike_are_one_note(tmp_path):
    photo(tmp_path / "a.jpg", "sky")
    for number in range(7):
        fake_data.write(tmp_path / f"gone{number}.txt", "x")
    assert (
        ".",
        "there is no photo of this name beside it (7 files: gone0.txt, gone1.txt, gone2.txt and 4 more)",
    ) in read(tmp_path)[1]


def test_sidecars_of_raw_photos_are_missed_by_nobody(tmp_path):
    photo(tmp_path / "a.jpg", "sky")
    fake_data.write(tmp_path / "raw.nef", b"x")
    fake_data.write(tmp_path / "raw.xmp", packet("dog"))
    assert [file for file, _ in read(tmp_path)[1]] == ["raw.nef", "."]


def test_flickr_s_export_wherever_its_files_lie(tmp_path):
    names = ["sunset-at-sea_9732128037_o.jpg", "2634391576_a1b2_o.jpg", "img_2013_11_o.png", "other.jpg"]
    for name in names:
        photo(tmp_path / "photos" / name)
    for number, tags in {
        "9732128037": ["new york", "machine:tag=1"],
        "2634391576": [],
        "11": ["sky"],
        "404": ["x"],
    }.items():
        content = {"id": number, "name": "t", "tags": [{"tag": tag, "user": "u"} for tag in tags]}
        fake_data.write(tmp_path / f"part1/photo_{number}.json", json.dumps(content))
    fake_data.write(tmp_path / "part1/photo_5.json", "{")
    fake_data.write(tmp_path / "part1/photo_6.json", '{"id": "6", "tags": [1]}')
    fake_data.write(tmp_path / "part1/albums.json", "{}")
    tags, issues = read(tmp_path)
    assert tags == {
        "photos/2634391576_a1b2_o.jpg": [],
        "photos/img_2013_11_o.png": ["sky"],
        "photos/other.jpg": [],
        "photos/sunset-at-sea_9732128037_o.jpg": ["new york", "machine:tag=1"],
    }
    said = dict(issues)
    assert said["part1/photo_404.json"] == "its photo is not here"
    assert "is not JSON" in said["part1/photo_5.json"]
    assert "is not what Flickr exports" in said["part1/photo_6.json"]
    assert "2 of 4 photos have no tags" in said["."]
    assert guess_kind(tmp_path) == "folder"


def test_names_of_folders_are_tags_where_nothing_else_tells_any(tmp_path):
    for number, name in enumerate(("train/beach", "train/dog", "test/dog")):
        photo(tmp_path / name / f"{number}.jpg")
    tags, issues = read(tmp_path)
    assert tags == {"test/dog/2.jpg": ["dog"], "train/beach/0.jpg": ["beach"], "train/dog/1.jpg": ["dog"]}
    assert any("names of the folders" in reason for _, reason in issues)
    fake_data.write(tmp_path / "train/beach/0.txt", "sky")
    assert read(tmp_path)[0]["train/dog/1.jpg"] == []


@pytest.mark.parametrize(
    "names", [["a.jpg", "dog/b.jpg"], ["dog/a.jpg", "dog/b.jpg"], ["2013/a.jpg", "2014-01/b.jpg"]]
)
def test_names_of_folders_that_tell_nothing_are_no_tags(tmp_path, names):
    for name in names:
        photo(tmp_path / name)
    with pytest.raises(CollectionError, match=r"nothing tells their tags.*folder names"):
        read(tmp_path)


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="the system has no named pipes")
def test_odd_things_are_rows(tmp_path):
    root = tmp_path / "photos"
    secret = fake_data.write(tmp_path / "secret.txt", "private")
    for name in "abcdefg":
        photo(root / f"{name}.jpg", seed=ord(name))
    fake_data.write(root / "a.txt", "sky, sea")
    os.mkfifo(root / "b.txt")
    os.mkfifo(root / "c.xmp")
    (root / "d.txt").symlink_to("d.txt")
    (root / "e.txt").mkdir()
    with (root / "f.txt").open("wb") as file:
        file.truncate(9 * 2**20)
    (root / "g.txt").symlink_to(secret)
    (root / "loop").symlink_to(root, target_is_directory=True)
    (root / "self").symlink_to("self")
    (root / "h.jpg").symlink_to("h.jpg")
    (root / os.fsdecode(b"\xe9.jpg")).write_bytes(b"x")
    (root / os.fsdecode(b"\xe9.txt")).write_bytes(b"x")
    (root / ("n" * 251 + ".jpg")).write_bytes(b"x")
    deep = root
    for _ in range(3):
        deep = deep / ("d" * 250)
    photo(deep / "deep.jpg", seed=1)
    tags, issues = read(root)
    assert tags["a.jpg"] == ["sky", "sea"]
    assert sum(map(bool, tags.values())) == 1
    said = dict(issues)
    assert "not a file" in said["b.txt"] and "no file" in said["c.xmp"]
    assert "cannot be read" in said["d.txt"] and "too large" in said["f.txt"]
    assert "leads out" in said["g.txt"] and "link to a folder" in said["loop"]
    assert "not valid UTF-8" in said["\\udce9.jpg"] and "not valid UTF-8" in said["\\udce9.txt"]
    checks = check_images(root, list(tags))
    assert len(checks.rows) == 8
    assert {issue.file for issue in checks.issues} == {"h.jpg", "n" * 251 + ".jpg"}


def test_identical_photos_are_named_with_what_differs(tmp_path):
    for name, seed in (
        ("a.jpg", 1),
        ("copy of a.jpg", 1),
        ("b.jpg", 2),
        ("b2.jpg", 2),
        ("b3.jpg", 2),
        ("c.jpg", 3),
    ):
        photo(tmp_path / name, seed=seed)
    files = ["a.jpg", "copy of a.jpg", "b.jpg", "b2.jpg", "b3.jpg", "c.jpg"]
    tags = [["sky"], ["sea"], ["x", "y"], ["y", "x"], ["x", "y"], []]
    (issue,) = check_images(tmp_path, files, tags).issues
    assert issue.severity == "note"
    assert issue.reason == (
        "3 photos are identical copies of another (a.jpg = copy of a.jpg); of 1 photos the copies have different tags; "
        "keep one of each"
    )
    (issue,) = check_images(tmp_path, files[2:], tags[2:]).issues
    assert (
        issue.reason == "2 photos are identical copies of another (b.jpg = b2.jpg = b3.jpg); keep one of each"
    )
    assert not check_images(tmp_path, files[::2][:2], tags[:2]).issues


def test_a_folder_with_keywords_is_imported_with_its_report(tmp_path):
    for number, words in enumerate((["beach", "sea"], ["dog"], ["sky", "beach"])):
        photo(tmp_path / f"in/{number}.jpg", *words, seed=number)
    collection = workflow.import_collection(Store(tmp_path / "home"), "folder", tmp_path / "in", "c")
    assert [collection.raw_tags(row) for row in range(3)] == [["beach", "sea"], ["dog"], ["sky", "beach"]]
    assert [issue.reason for issue in collection.issues] == [
        "tags come from keywords inside the photos (3 photos)"
    ]
