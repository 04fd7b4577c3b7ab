import os

import numpy as np
import pytest

from tagrefine_core.collections import KINDS, guess_kind, read_source
from tagrefine_core.collections.mirflickr import wider_labels
from tagrefine_core.errors import CollectionError, LabelError
from tests import fake_data


def notes(source):
    return " / ".join(f"{issue.file}: {issue.reason}" for issue in source.issues)


# MIRFLICKR


def test_mirflickr_with_gaps_and_crlf(tmp_path):
    source = read_source("mirflickr", fake_data.mirflickr(tmp_path))
    assert source.root == tmp_path / "mirflickr"
    assert source.files == ["im1.jpg", "im2.jpg", "im5.jpg", "im9.jpg", "im12.jpg"]  # by number, not by text
    assert source.tags == list(fake_data.TAGS.values())
    assert source.labels == ("cloud", "dog", "girl", "sea")
    assert source.truth.dtype == np.int8
    assert source.truth.tolist() == [[0, 0, 0, 1], [1, 0, 0, 0], [0, 0, 0, 0], [1, 0, 1, 0], [0, 1, 0, 1]]
    assert "1 annotated photo numbers have no photo" in notes(source)
    assert "no files for: baby_r1" in notes(source)


def test_mirflickr_official_names_of_the_folders(tmp_path):
    nested = fake_data.mirflickr(
        tmp_path / "a", annotations="mirflickr25k_annotations_v080", tag_folder="meta/tags_raw", line_end="\n"
    )
    below = fake_data.mirflickr(tmp_path / "b", images=".", annotations="annotations")
    plain = read_source("mirflickr", fake_data.mirflickr(tmp_path / "c"))
    for source in (
        read_source("mirflickr", nested),
        read_source("mirflickr", nested / "mirflickr"),  # annotations beside the photos
        read_source("mirflickr", below),
        read_source(
            "mirflickr",
            fake_data.mirflickr(
                tmp_path / "d", annotations="mirflickr25k_annotations_v080/mirflickr25k_annotations_v080"
            ),
        ),
    ):
        assert (source.files, source.tags, source.labels) == (plain.files, plain.tags, plain.labels)
        assert (source.truth == plain.truth).all()


def test_mirflickr_prefers_clean_tags_over_raw_ones(tmp_path):
    fake_data.mirflickr(tmp_path)
    fake_data.write(tmp_path / "mirflickr/meta/tags_raw/tags1.txt", "RAW\n")
    assert read_source("mirflickr", tmp_path).tags[0] == fake_data.TAGS[1]


def test_mirflickr_without_strict_labels_takes_the_wider_ones(tmp_path):
    source = read_source("mirflickr", fake_data.mirflickr(tmp_path, strict=False))
    assert source.labels == ("cloud", "dog", "girl", "sea")
    assert "potential" in notes(source)


def test_mirflickr_without_annotations_or_some_tags(tmp_path):
    fake_data.mirflickr(tmp_path, truth={}, encoding="latin-1")
    (tmp_path / "mirflickr/meta/tags/tags2.txt").unlink()
    source = read_source("mirflickr", tmp_path)
    assert source.labels == () and source.truth is None
    assert source.tags[1] == [] and source.tags[3][0] == "café"
    assert "no ground truth" in notes(source)
    assert "1 photos have no tags" in notes(source)
    assert "1 files are not UTF-8" in notes(source)


def test_mirflickr_wider_labels_are_those_of_the_vocabulary_that_are_not_measured_anyway(tmp_path):
    fake_data.write(tmp_path / "food.txt", "2\n9\n77\n")
    fake_data.write(tmp_path / "animals.txt", "1\n")
    fake_data.write(tmp_path / "dog.txt", "1\n2\n")
    fake_data.write(tmp_path / "sky.txt", "1\n")
    fake_data.write(tmp_path / "sea_r1.txt", "1\n")
    files, vocabulary = ["a/im9.jpg", "im1.jpg", "im2.jpg"], ["sea", "dog", "animal", "food"]
    found = wider_labels(tmp_path, files, vocabulary, own=["dog"])
    assert found.labels == ("animal", "food") and found.columns.tolist() == [2, 3]
    assert found.truth.tolist() == [[0, 1], [1, 0], [0, 1]]
    assert found.key != wider_labels(tmp_path, files, vocabulary, own=["dog", "food"]).key
    with pytest.raises(CollectionError, match="no label that the vocabulary has"):
        wider_labels(tmp_path, files, ["sea"], own=[])
    with pytest.raises(CollectionError, match=r"cat\.jpg has no photo number"):
        wider_labels(tmp_path, ["im1.jpg", "cat.jpg"], vocabulary, own=[])


def test_mirflickr_broken_annotation_lines_are_counted(tmp_path):
    fake_data.mirflickr(tmp_path)
    fake_data.write(tmp_path / "annotations/dog_r1.txt", "12\nx\n-3\n5\n")
    source = read_source("mirflickr", tmp_path)
    assert source.truth[:, 1].tolist() == [0, 0, 1, 0, 1]
    assert "2 entries are no photo numbers" in notes(source)


# NUS-WIDE


def test_nuswide(tmp_path):
    source = read_source("nuswide", fake_data.nuswide(tmp_path))
    assert source.root == tmp_path / "Flickr"
    assert source.files == list(fake_data.NUS_PHOTOS)
    assert source.tags == [tags for tags, _ in fake_data.NUS_PHOTOS.values()]
    assert source.labels == ("bird", "cloud", "dancing", "zebra")
    assert source.truth.tolist() == [[0, 1, 0, 0], [1, 1, 0, 0], [0, 0, 0, 0], [0, 0, 1, 0]]


def test_nuswide_in_part_and_with_a_photo_listed_twice(tmp_path):
    fake_data.nuswide(tmp_path, missing=["actor/0001_2124494179.jpg"])
    image_list = tmp_path / "ImageList/Imagelist.txt"
    image_list.write_text(image_list.read_text() + "zebra\\0001_41.jpg\n")
    for file in (tmp_path / "Groundtruth/AllLabels").iterdir():
        file.write_text(file.read_text() + "1\n")
    tags = tmp_path / "NUS_WID_Tags/All_Tags.txt"
    tags.write_text("".join(line for line in tags.read_text().splitlines(True) if not line.startswith("77")))
    (tmp_path / "Groundtruth/AllLabels/Labels_zebra.txt").unlink()
    source = read_source("nuswide", tmp_path)
    assert len(source.files) == 4  # those not on disk are for the image checks to report
    assert source.truth.tolist() == [[0, 1, 0], [1, 1, 0], [0, 0, 0], [0, 0, 1]]
    assert "listed twice" in notes(source)
    assert "1 listed photos have no line" in notes(source)
    assert "for 1 concepts: zebra" in notes(source)


def test_nuswide_without_ground_truth(tmp_path):
    fake_data.nuswide(tmp_path)
    for file in (tmp_path / "Groundtruth/AllLabels").iterdir():
        file.unlink()
    source = read_source("nuswide", tmp_path)
    assert source.labels == () and source.truth is None


@pytest.mark.parametrize("text", ["0\n1\n0\n", "0\n1\n0\n2\n", "0\n-1\n0\n", "0\n1\n0\n1\n1\n"])
def test_nuswide_labels_that_do_not_fit_are_an_error(tmp_path, text):
    fake_data.nuswide(tmp_path)
    fake_data.write(tmp_path / "Groundtruth/AllLabels/Labels_birds.txt", text)
    with pytest.raises(LabelError, match=r"Labels_birds\.txt must hold one 0 or 1 for each of the 4"):
        read_source("nuswide", tmp_path)


# Folders with sidecars


def test_folder_with_sidecars(tmp_path):
    fake_data.sidecars(tmp_path)
    fake_data.write(tmp_path / "camera.cr2", b"x")
    source = read_source("folder", tmp_path)
    assert source.files == ["img2.png", "img10.jpg", "trip/sky.webp", "trip/untagged.jpg"]
    assert source.tags == [["dog"], ["Sea", "new york", "sunset"], ["sky", "café"], []]
    assert source.truth is None
    assert "camera.cr2: .cr2 files are not read" in notes(source)
    assert "1 of 4 photos have no tags: trip/untagged.jpg" in notes(source)
    assert "img2.txt: left out" in notes(source)
    assert "notes.txt: there is no photo" in notes(source)


def test_folder_with_odd_sidecars(tmp_path):
    fake_data.sidecars(tmp_path)
    fake_data.write(tmp_path / "img10.txt", "café,sea", "latin-1")
    fake_data.write(tmp_path / "trip/sky.txt", b"\xff\xfe\x00")
    source = read_source("folder", tmp_path)
    assert source.tags == [["dog"], ["café", "sea"], [], []]
    assert "1 text files are not UTF-8 throughout; read as: img10.txt (Windows-1252)" in notes(source)
    assert "trip/sky.txt: is not valid utf-16" in notes(source)


@pytest.mark.skipif(os.uname().sysname != "Linux", reason="the file system decides what a name may hold")
def test_folder_with_a_name_that_is_no_text(tmp_path):
    fake_data.sidecars(tmp_path)
    (tmp_path / os.fsdecode(b"caf\xe9.jpg")).write_bytes(b"x")
    source = read_source("folder", tmp_path)
    assert len(source.files) == 4
    assert "not valid UTF-8" in notes(source)


def test_links_to_folders_are_not_followed(tmp_path):
    fake_data.sidecars(tmp_path / "photos")
    fake_data.save(tmp_path / "other/private.jpg")
    (tmp_path / "photos/loop").symlink_to(tmp_path, target_is_directory=True)
    assert len(read_source("folder", tmp_path / "photos").files) == 4


# What is not there


@pytest.mark.parametrize("kind", KINDS)
def test_an_empty_folder_names_what_was_looked_for(tmp_path, kind):
    with pytest.raises(CollectionError, match="looked for"):
        read_source(kind, tmp_path)


@pytest.mark.parametrize("kind", KINDS)
def test_the_wrong_format_names_the_likely_one(tmp_path, kind):
    maker = {
        "mirflickr": fake_data.mirflickr,
        "nuswide": fake_data.nuswide,
        "table": fake_data.table,
        "folder": fake_data.sidecars,
    }
    maker[kind](tmp_path)
    assert guess_kind(tmp_path) == kind
    assert read_source(kind, tmp_path).files
    for other in set(KINDS) - {kind}:
        with pytest.raises(CollectionError, match=f"looks like format '{kind}'"):
            read_source(other, tmp_path)


def test_photos_without_any_tags_are_an_error(tmp_path):
    fake_data.save(tmp_path / "a/x.jpg")
    with pytest.raises(
        CollectionError, match=r"nothing tells.*x\.jpg\.txt.*\.caption.*\.xmp.*photo_.*XMP.*folder names"
    ):
        read_source("folder", tmp_path / "a")
    fake_data.save(tmp_path / "b/im1.jpg")
    with pytest.raises(CollectionError, match="No tags"):
        read_source("mirflickr", tmp_path / "b")
    fake_data.nuswide(tmp_path / "c", missing=fake_data.NUS_PHOTOS)
    with pytest.raises(CollectionError, match=r"None of the 4 photos.*Flickr/actor/0001_2124494179\.jpg"):
        read_source("nuswide", tmp_path / "c")
    (tmp_path / "c/NUS_WID_Tags/All_Tags.txt").write_text("999 sky\n")
    fake_data.save(tmp_path / "c/Flickr/beach/0003_77.jpg")
    with pytest.raises(CollectionError, match="no line for any listed photo"):
        read_source("nuswide", tmp_path / "c")


def test_paths_and_names_that_are_not_there(tmp_path):
    with pytest.raises(CollectionError, match="nothing at"):
        read_source("folder", tmp_path / "gone")
    with pytest.raises(CollectionError, match="choose one of: mirflickr, nuswide, table, folder"):
        read_source("zip", tmp_path)
    file = fake_data.write(tmp_path / "notes.txt", "x")
    with pytest.raises(CollectionError, match="is a file"):
        read_source("folder", file)
    with pytest.raises(CollectionError, match="not a table"):
        read_source("table", file)


def test_reading_writes_nothing(tmp_path):
    makers = (fake_data.mirflickr, fake_data.nuswide, fake_data.table, fake_data.sidecars)
    for kind, maker in zip(KINDS, makers, strict=True):
        folder = tmp_path / kind
        maker(folder)
        before = {path: path.stat().st_mtime_ns for path in folder.rglob("*")}
        read_source(kind, folder)
        assert {path: path.stat().st_mtime_ns for path in folder.rglob("*")} == before
