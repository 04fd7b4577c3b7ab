"""MIRFLICKR and NUS-WIDE as their copies are arranged; the official layouts are in test_importers.py."""

import shutil

import numpy as np
import pytest

from tagrefine_core import workflow
from tagrefine_core.collections import Collection, guess_kind, read_source
from tagrefine_core.collections.mirflickr import LABEL_SETS
from tagrefine_core.collections.nuswide_files import matrix_rows
from tagrefine_core.errors import CollectionError, LabelError
from tagrefine_core.store import Store
from tests import fake_data


def notes(source):
    return " / ".join(f"{issue.file}: {issue.reason}" for issue in source.issues)


def lost(source):
    return {issue.file: issue.reason for issue in source.issues if issue.severity == "skipped"}


# MIRFLICKR


def mir(folder, **labels):
    """Three photos, tagged, with annotations given as photo numbers by file."""
    fake_data.mirflickr(folder, tags={1: ["sky"], 2: ["water"], 30: ["baby"]}, truth={})
    for name, numbers in labels.items():
        fake_data.write(folder / f"annotations/{name}.txt", "".join(f"{number}\n" for number in numbers))
    return folder


ODD = "caf\u00e9\u2028bar\u0085x\x0by\x0cz"


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_only_line_ends_end_a_tag(tmp_path, end):
    fake_data.mirflickr(tmp_path, tags={1: [ODD, "sea"], 2: ["sky"]}, line_end=end)
    assert read_source("mirflickr", tmp_path).tags == [[ODD, "sea"], ["sky"]]


def test_numbers_with_zeros_before_them_are_the_same_numbers(tmp_path):
    fake_data.save(tmp_path / "im00007.jpg")
    fake_data.save(tmp_path / "IM12.JPEG")
    fake_data.write(tmp_path / "tags00007.txt", "\ufeffsea\r\n")
    fake_data.write(tmp_path / "TAGS0012.TXT", "sky\n")
    fake_data.write(tmp_path / "sea_r1.txt", "007\n7\n0012\n" + "9" * 5000)
    source = read_source("mirflickr", tmp_path)
    assert guess_kind(tmp_path) == "mirflickr"
    assert (source.files, source.tags) == (["im00007.jpg", "IM12.JPEG"], [["sea"], ["sky"]])
    assert source.truth.tolist() == [[1], [1]] and "1 entries are no photo numbers" in notes(source)


def test_of_two_files_of_one_number_the_usual_one_is_used_and_the_other_is_said(tmp_path):
    mir(tmp_path)
    fake_data.save(tmp_path / "mirflickr/IM1.JPEG")
    fake_data.save(tmp_path / "mirflickr/im002.jpg")
    fake_data.write(tmp_path / "mirflickr/meta/tags/tags01.txt", "wrong\n")
    source = read_source("mirflickr", tmp_path)
    assert source.files == ["im1.jpg", "im2.jpg", "im30.jpg"] and source.tags[0] == ["sky"]
    assert lost(source) == {
        "IM1.JPEG": "has the number of im1.jpg, which is used",
        "im002.jpg": "has the number of im2.jpg, which is used",
    }
    assert "tags01.txt: has the number of tags1.txt" in notes(source)


@pytest.mark.parametrize(
    ("images", "tag_folder", "annotations"),
    [
        (".", ".", "."),
        ("mirflickr25k/images", "../tags", "mirflickr25k/doc/annotations_v080/all"),
        ("a/b/mirflickr", "meta/tags_raw", "a/labels"),
        ("mirflickr25k", "../meta/tags", "Annotations"),
    ],
)
def test_photos_tags_and_labels_are_found_wherever_they_lie(tmp_path, images, tag_folder, annotations):
    fake_data.mirflickr(tmp_path, images=images, tag_folder=tag_folder, annotations=annotations)
    source = read_source("mirflickr", tmp_path)
    assert source.root.resolve() == (tmp_path / images).resolve()
    assert source.tags == list(fake_data.TAGS.values())
    assert source.labels == ("cloud", "dog", "girl", "sea") and source.truth.sum() == 6


def test_a_second_copy_of_the_photos_is_said(tmp_path):
    mir(tmp_path)
    fake_data.save(tmp_path / "a/small/im1.jpg")
    source = read_source("mirflickr", tmp_path)
    assert source.root == tmp_path / "mirflickr"
    assert "small: 1 photos seen and not used" in notes(source)


def test_clean_tags_are_taken_though_raw_ones_are_of_more_photos(tmp_path):
    mir(tmp_path)
    for number in (1, 2, 30):
        fake_data.write(tmp_path / f"mirflickr/meta/tags_raw/tags{number}.txt", "RAW\n")
    (tmp_path / "mirflickr/meta/tags/tags2.txt").unlink()
    assert read_source("mirflickr", tmp_path).tags == [["sky"], [], ["baby"]]


def test_mirflickr_1m(tmp_path):
    for number in (0, 9_999, 10_000):
        fake_data.save(tmp_path / f"images/{number // 10_000}/{number}.jpg")
    fake_data.write(tmp_path / "tags/0/0.txt", "sea\r\n")
    fake_data.write(tmp_path / "tags/1/10000.txt", "sky\r\n")
    source = read_source("mirflickr", tmp_path)
    assert guess_kind(tmp_path) == "mirflickr" and source.root == tmp_path / "images"
    assert source.files == ["0/0.jpg", "0/9999.jpg", "1/10000.jpg"] and source.tags == [["sea"], [], ["sky"]]


def test_photos_with_sidecars_are_no_mirflickr_though_they_are_called_so(tmp_path):
    fake_data.save(tmp_path / "im1.jpg")
    fake_data.write(tmp_path / "im1.txt", "sea")
    assert guess_kind(tmp_path) == "folder"


LABELS = {"sky": [1, 2], "water": [2], "animals": [30], "baby": [1, 30], "baby_r1": [30], "sea_r1": [2]}


@pytest.mark.parametrize(
    ("asked", "labels", "truth"),
    [
        (None, ("baby", "sea"), [[0, 0], [0, 1], [1, 0]]),
        ("strict", ("baby", "sea"), [[0, 0], [0, 1], [1, 0]]),
        ("wide", ("animal", "baby", "sky", "water"), [[0, 1, 1, 0], [0, 0, 1, 1], [1, 1, 0, 0]]),
        (
            "all",
            ("animal", "baby", "sky", "water", "baby_r1", "sea_r1"),
            [[0, 1, 1, 0, 0, 0], [0, 0, 1, 1, 0, 1], [1, 1, 0, 0, 1, 0]],
        ),
    ],
)
def test_the_labels_that_were_asked_for(tmp_path, asked, labels, truth):
    source = read_source("mirflickr", mir(tmp_path, **LABELS), labels=asked)
    assert source.labels == labels and source.truth.tolist() == truth
    assert ("4 wider 'potential' labels seen and not used" in notes(source)) == (asked in (None, "strict"))
    assert ("2 strict labels seen and not used" in notes(source)) == (asked == "wide")


def test_all_labels_are_38_and_no_two_are_one_tag(tmp_path):
    source = read_source(
        "mirflickr", mir(tmp_path, **{name: [1] for name in LABEL_SETS["all"]}), labels="all"
    )
    assert len(source.labels) == len(set(source.labels)) == 38
    assert len(read_source("mirflickr", tmp_path, labels="wide").labels) == 24
    assert len(read_source("mirflickr", tmp_path).labels) == 14


def test_who_carries_a_tag_carries_its_second_label(tmp_path):
    store = Store(tmp_path / "home")
    collection = workflow.import_collection(
        store, "mirflickr", mir(tmp_path / "m", **LABELS), "all", labels="all"
    )
    assert collection.labels == ("animal", "baby", "sky", "water", "baby_r1", "sea_r1")
    by_tag = dict(zip(collection.vocabulary, collection.tags.toarray().T.tolist(), strict=True))
    assert by_tag["baby"] == by_tag["baby_r1"] == [0, 0, 1] and by_tag["sea_r1"] == [0, 0, 0]
    assert list(collection.raw_tags(2)) == ["baby"]
    # One photo carries baby, and both files judge it: right by both; sky and water are right, too.
    measured = workflow.evaluate_user_tags(store, "all")
    assert measured.n_images_skipped == 0 and 0 < measured.miap <= 1


def test_labels_that_are_not_there_are_an_error(tmp_path):
    mir(tmp_path, sky=[1])
    with pytest.raises(CollectionError, match=r"no strict labels .*baby_r1\.txt"):
        read_source("mirflickr", tmp_path, labels="strict")
    with pytest.raises(CollectionError, match="only MIRFLICKR has sets of them, strict, wide, all"):
        read_source("mirflickr", tmp_path, labels="most")
    with pytest.raises(CollectionError, match="cannot be chosen for format 'nuswide'"):
        read_source("nuswide", tmp_path, labels="all")


def test_an_import_once_more_keeps_the_choice_of_labels(tmp_path):
    store = Store(tmp_path / "home")
    mir(tmp_path / "m", **LABELS)
    workflow.import_collection(store, "mirflickr", tmp_path / "m", "chosen", labels="wide")
    work = workflow.import_again(store, "chosen")
    assert work.options["labels"] == "wide"
    again = workflow.import_collection(store, name="again", **work.options)
    assert again.labels == ("animal", "baby", "sky", "water")
    workflow.import_collection(store, "mirflickr", tmp_path / "m", "usual")
    assert "labels" not in workflow.import_again(store, "usual").options


# NUS-WIDE


def test_nuswide_lines_end_at_line_ends_only(tmp_path):
    fake_data.nuswide(tmp_path)
    text = "41\tzebra\u0085 Gr\u00e4ss\x0b sky\u2028 x\r\n300      sea \n77 \r300  sand sea\r\n"
    fake_data.write(tmp_path / "NUS_WID_Tags/All_Tags.txt", "\ufeff" + text)
    source = read_source("nuswide", tmp_path)
    assert source.tags == [[], ["sea", "sand"], [], ["zebra", "Gr\u00e4ss", "sky", "x"]]
    assert "1 photos have several lines, whose tags were joined: 300" in notes(source)
    assert "1 listed photos have no line: no tags; actor/0001_2124494179.jpg" in notes(source)


@pytest.mark.parametrize("photos", ["images", "data/all/photos", "."])
def test_photos_that_lie_flat_are_found_by_name(tmp_path, photos):
    fake_data.nuswide(tmp_path)
    for file in list((tmp_path / "Flickr").rglob("*.jpg")):
        (tmp_path / photos).mkdir(parents=True, exist_ok=True)
        file.rename(tmp_path / photos / file.name)
    shutil.rmtree(tmp_path / "Flickr")
    source = read_source("nuswide", tmp_path)
    assert source.root == tmp_path / photos
    assert source.files == [file.rpartition("/")[2] for file in fake_data.NUS_PHOTOS]
    assert source.truth.tolist() == [[0, 1, 0, 0], [1, 1, 0, 0], [0, 0, 0, 0], [0, 0, 1, 0]]
    assert "4 photos do not lie in the folders that the list names" in notes(source)


def test_flat_photos_of_one_name_cannot_be_told_apart(tmp_path):
    fake_data.nuswide(tmp_path)
    (tmp_path / "Flickr").rename(tmp_path / "old")
    for file in list((tmp_path / "old").rglob("*.jpg")):
        file.rename(tmp_path / "old" / file.name)
    fake_data.write(
        tmp_path / "ImageList/Imagelist.txt",
        "a\\0001_41.jpg\nb\\0001_41.jpg\nb\\0003_77.jpg\nc\\0002_300.jpg\n",
    )
    fake_data.save(tmp_path / "copy/0003_77.jpg")
    source = read_source("nuswide", tmp_path)
    assert source.files == ["0002_300.jpg"] and source.truth.shape == (1, 4)
    assert lost(source).keys() == {"a/0001_41.jpg", "b/0001_41.jpg", "b/0003_77.jpg"}
    assert "b/0001_41.jpg has the same name" in lost(source)["a/0001_41.jpg"]
    assert "several photos have its name: copy/0003_77.jpg, old/0003_77.jpg" in lost(source)["b/0003_77.jpg"]


def hashing(
    folder, lists, *, tags="381708603 sky sea\n2635942202 dog\n249918118 car\n2124494179 boat\n", names=None
):
    """Write a copy as deep hashing has it: lists of a path and 0 or 1 by label."""
    for name, rows in lists.items():
        fake_data.write(folder / name, "".join(f"{path} {digits}\n" for path, digits in rows))
        for path, _ in rows:
            fake_data.save(folder / "images" / path.rpartition("/")[2])
    fake_data.write(folder / "All_Tags.txt", tags)
    if names:
        fake_data.write(folder / "Concepts81.txt", "".join(f"{name}\n" for name in names))
    return folder


A, B, C = "98796_381708603_f86eb60ccf_m.jpg", "180992_2635942202_93fed1576c_m.jpg", "0001_2124494179.jpg"
TRAIN = [(f"./data/nuswide_81/images/{A}", "1 0"), (f"./data/nuswide_81/images/{C}", "0 1")]
DATABASE = [(f"/home/else/nus/{A}", "1\t1"), (f"/home/else/nus/{B}", "0\t0")]


def test_lists_of_deep_hashing_list_photos_and_labels(tmp_path):
    hashing(tmp_path, {"train.txt": TRAIN, "database.txt": DATABASE}, names=["birds", "sky"])
    source = read_source("nuswide", tmp_path)
    assert source.root == tmp_path / "images" and source.labels == ("bird", "sky")
    assert source.files == [A, C, B]
    by_file = dict(zip(source.files, zip(source.tags, source.truth.tolist(), strict=True), strict=True))
    assert by_file[C] == (["boat"], [0, 1]) and by_file[B] == (["dog"], [0, 0])
    assert by_file[A] == (["sky", "sea"], [1, 0])
    assert "1 photos have other labels here than in another list" in notes(source)


def test_lists_of_deep_hashing_beside_the_image_list(tmp_path):
    hashing(tmp_path, {"lists/train.txt": TRAIN[:1]}, names=["birds", "sky"])
    fake_data.save(tmp_path / "images" / B)
    fake_data.write(tmp_path / "Imagelist.txt", f"{B}\n{A}\n")
    source = read_source("nuswide", tmp_path)
    assert source.files == [B, A] and source.truth.tolist() == [[-1, -1], [1, 0]]
    assert source.tags == [["dog"], ["sky", "sea"]]
    assert "1 listed photos have no labels here: not judged" in notes(source)


def test_columns_that_nothing_names(tmp_path):
    hashing(tmp_path / "21", {"train.txt": [(A, "0 " * 20 + "1")]})
    source = read_source("nuswide", tmp_path / "21")
    assert source.truth is None and "train.txt: seen and not used: nothing names its 21 columns" in notes(
        source
    )
    hashing(tmp_path / "81", {"train.txt": [(A, "0 " * 80 + "1"), (B, "1 " + "0 " * 80)]})
    source = read_source("nuswide", tmp_path / "81")
    assert len(source.labels) == 81 and (source.labels[0], source.labels[4], source.labels[-1]) == (
        "airport",
        "bird",
        "zebra",
    )
    assert source.truth.sum(axis=0).tolist() == [1] + [0] * 79 + [1]
    assert "named in the order of NUS-WIDE's own list" in notes(source)


def test_lists_without_what_users_tagged_are_refused_in_words(tmp_path):
    hashing(tmp_path, {"train.txt": TRAIN})
    (tmp_path / "All_Tags.txt").unlink()
    with pytest.raises(CollectionError, match=r"train\.txt has photos and labels, but not what users tagged"):
        read_source("nuswide", tmp_path)


def test_a_broken_line_of_a_list_names_file_and_line(tmp_path):
    hashing(tmp_path, {"train.txt": [*TRAIN, (f"images/{B}", "1")]}, names=["birds", "sky"])
    with pytest.raises(LabelError, match=r"train\.txt, line 3: .* 2 times 0 or 1 .* holds 1"):
        read_source("nuswide", tmp_path)


def test_the_flickr_id_is_the_part_of_the_name_that_the_tags_go_by(tmp_path):
    # The first number of a name may be another photo's id: most names decide.
    names = ["11_22_33_m.jpg", "22_44_33_m.jpg", "55_66_77_m.jpg", "88.jpg", "a_99.jpg"]
    for name in names:
        fake_data.save(tmp_path / "images" / name)
    fake_data.write(tmp_path / "Imagelist.txt", "\n".join(names))
    fake_data.write(tmp_path / "All_Tags.txt", "22 sea\n44 sky\n66 dog\n88 cat\n99 car\nm bad\n")
    assert read_source("nuswide", tmp_path).tags == [["sea"], ["sky"], ["dog"], ["cat"], ["car"]]


def test_labels_in_one_file(tmp_path):
    fake_data.nuswide(tmp_path / "whole")
    whole = read_source("nuswide", tmp_path / "whole")
    shutil.copytree(tmp_path / "whole", tmp_path / "one")
    shutil.rmtree(tmp_path / "one/Groundtruth")
    columns = [
        (tmp_path / f"whole/Groundtruth/AllLabels/Labels_{name}.txt").read_text().split()
        for name in ("birds", "clouds", "dancing", "zebra")
    ]
    text = "".join(" ".join(row) + " \r\n" for row in zip(*columns, strict=True))
    file = fake_data.write(tmp_path / "one/AllLabels81.txt", text)
    one = read_source("nuswide", tmp_path / "one")
    assert one.labels == whole.labels and (one.truth == whole.truth).all()
    for wrong, words in (
        (text[:-12], "3 lines"),
        (text + text, "more than 4 lines"),
        (text[:-6], "3 lines and 2 numbers"),
    ):
        file.write_text(wrong)
        with pytest.raises(
            LabelError,
            match=rf"AllLabels81\.txt must hold 4 times 0 or 1 for each of the 4 .*; it holds {words}",
        ):
            read_source("nuswide", tmp_path / "one")
    shutil.copy(file, tmp_path / "whole/AllLabels81.txt")
    assert "seen and not used, since Labels_<concept>.txt has labels already: AllLabels81.txt" in notes(
        read_source("nuswide", tmp_path / "whole")
    )


@pytest.mark.parametrize("with_list", [True, False])
def test_labels_of_train_and_test(tmp_path, with_list):
    fake_data.nuswide(tmp_path)
    shutil.rmtree(tmp_path / "Groundtruth/AllLabels")
    photos = [file.replace("/", "\\") for file in fake_data.NUS_PHOTOS]
    fake_data.write(tmp_path / "ImageList/TrainImagelist.txt", f"{photos[3]}\r\n{photos[0]}\r\n")
    fake_data.write(tmp_path / "ImageList/TestImagelist.txt", f"{photos[1]}\r\n")
    for concept, train, test in (("birds", "0\n1\n", "0\n"), ("zebra", "1\n0\n", "1\n")):
        fake_data.write(tmp_path / f"Groundtruth/TrainTestLabels/Labels_{concept}_Train.txt", train)
        fake_data.write(tmp_path / f"Groundtruth/TrainTestLabels/Labels_{concept}_Test.txt", test)
    if not with_list:
        (tmp_path / "ImageList/Imagelist.txt").unlink()
    source = read_source("nuswide", tmp_path)
    files = list(fake_data.NUS_PHOTOS)
    truth = dict(zip(source.files, source.truth.tolist(), strict=True))
    assert source.labels == ("bird", "zebra")
    assert truth == {files[3]: [0, 1], files[0]: [1, 0], files[1]: [0, 1]} | (
        {files[2]: [-1, -1]} if with_list else {}
    )
    fake_data.write(tmp_path / "Groundtruth/TrainTestLabels/Labels_birds_Test.txt", "0\n1\n")
    with pytest.raises(LabelError, match=r"Labels_birds_Test\.txt .* each of the 1 listed"):
        read_source("nuswide", tmp_path)


def test_tags_as_a_matrix(tmp_path):
    fake_data.nuswide(tmp_path)
    folder = tmp_path / "NUS_WID_Tags"
    matrix = "1 0 0\t\r\n0 1 1\t\r\n0 0 0\t\r\n0 0 1\t\r\n"
    fake_data.write(folder / "AllTags1k.txt", matrix)
    assert "AllTags1k.txt: seen and not used" in notes(read_source("nuswide", tmp_path))
    (folder / "All_Tags.txt").unlink()
    with pytest.raises(CollectionError, match=r"3 columns, and no list of as many tags"):
        read_source("nuswide", tmp_path)
    fake_data.write(folder / "TagList1k.txt", "sea\r\nsky\r\ndog\r\n")
    source = read_source("nuswide", tmp_path)
    assert source.tags == [["sea"], ["sky", "dog"], [], ["dog"]] and "TagList1k.txt" in notes(source)
    fake_data.write(folder / "AllTags1k.txt", matrix[:-4])
    with pytest.raises(LabelError, match=r"AllTags1k\.txt .*3 lines and 2 numbers"):
        read_source("nuswide", tmp_path)


def test_a_matrix_is_read_in_blocks_of_any_size(tmp_path, monkeypatch):
    truth = np.random.default_rng(0).integers(0, 2, (50, 7), dtype=np.int8)
    file = fake_data.write(
        tmp_path / "x.txt", "".join(" ".join(map(str, row)) + " \r\n" for row in truth.tolist())
    )
    for block in (1, 5, 64, 10_000):
        monkeypatch.setattr("tagrefine_core.collections.nuswide_files._BLOCK", block)
        assert (np.concatenate(list(matrix_rows(file, 7, 50))) == truth).all()
        for rows in (49, 51):
            with pytest.raises(LabelError):
                list(matrix_rows(file, 7, rows))


def test_nothing_to_judge_is_imported_and_said(tmp_path):
    fake_data.nuswide(tmp_path)
    shutil.rmtree(tmp_path / "Groundtruth")
    collection = workflow.import_collection(Store(tmp_path / "home"), "nuswide", tmp_path, "nus")
    assert isinstance(collection, Collection) and collection.labels == ()
    assert any("no ground truth" in issue.reason for issue in collection.issues)
