"""A folder of photos with tags in every place goes in, out to the same places, and in again: tags are as they shall be."""

import csv
import io
import json
from pathlib import Path

from tagrefine_core import workflow
from tagrefine_core.collections import Collection
from tagrefine_core.exchange.tagging import Tagging
from tagrefine_core.refinement.overruling import said_alone
from tagrefine_core.refinement.verdicts import verdicts_of
from tagrefine_core.store import Store
from tagrefine_core.workflow import Export
from tests.fake_data import picture
from tests.metadata.test_keywords import array, packet


def bytes_of(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def test_a_path_comes_back_from_xmp_as_its_user_wrote_it(tmp_path: Path) -> None:
    """With slashes, nothing would tell that "UK" is a level."""
    root, store = tmp_path / "photos", Store(tmp_path / "home")
    root.mkdir()
    for number in range(3):
        picture(number).save(root / f"p{number}.jpg")
    (root / "t.csv").write_text("file_name,tags\np0.jpg,Qqqq|UK; sea\np1.jpg,sea; dog\np2.jpg,dog; sky\n")
    once = workflow.import_collection(store, "table", root, "mine")
    asked = Export("mine", "xmp")
    asked.carry_out(store, asked.plan(store))
    (root / "t.csv").unlink()
    again = workflow.import_collection(store, "folder", root, "again")
    assert set(again.raw_tags(0)) == set(once.raw_tags(0)) == {"Qqqq|UK", "sea"}
    assert again.vocabulary == once.vocabulary and "uk" in again.vocabulary


def test_tags_come_back_from_where_they_were_taken(tmp_path: Path) -> None:
    root, store = tmp_path / "photos", Store(tmp_path / "home")
    root.mkdir()
    inside = packet(
        array("dc:subject", "dog", "beach") + array("lr:hierarchicalSubject", "Animals|dog", "beach")
    )
    beside = packet(array("dc:subject", "owl", "sea") + array("digiKam:TagsList", "Animals/Birds/owl", "sea"))
    for number in range(9):
        kind = number % 3
        options = {"xmp": inside.encode()} if kind == 0 else {}
        picture(number).save(root / f"p{number}.jpg", **options)
        if kind == 1:
            (root / f"p{number}.xmp").write_text(beside, encoding="utf-8")
        if kind == 2:
            (root / f"p{number}.txt").write_text("sky, mountain, owl\n")
    workflow.import_collection(store, "folder", root, "mine")
    said = (
        ("p0.jpg", "dog", "reject"),
        ("p1.jpg", "owl", "reject"),
        ("p2.jpg", "owl", "reject"),
        ("p5.jpg", "dog", "accept"),
    )
    for file, tag, verdict in said:
        workflow.verdict(store, "mine", file, tag, verdict)
    collection = Collection.open(store, "mine")
    tagging = Tagging(collection, said_alone(collection.tags, verdicts_of(collection)))
    shall = {photo.file_name: set(photo.after) for photo in tagging.photos()}
    assert shall["p0.jpg"] == {"beach", "Animals"} and shall["p1.jpg"] == {"sea", "Animals/Birds"}
    assert shall["p2.jpg"] == {"sky", "mountain"} and shall["p5.jpg"] == {"sky", "mountain", "owl", "dog"}

    before, numbers = bytes_of(root), []
    places = (Export("mine", "txt"), Export("mine", "xmp"), Export("mine", "xmp", embed=True))
    for asked in places:
        numbers.append(asked.carry_out(store, asked.plan(store)))
    for asked in places:
        plan = asked.plan(store)
        assert (plan.writes, plan.changes, plan.refused, plan.notes) == ([], [], [], [])
    again = workflow.import_collection(store, "folder", root, "again")
    assert {file: set(again.raw_tags(row)) for row, file in enumerate(again.files)} == shall

    for number in reversed(numbers):
        assert number is not None
        workflow.undo_export(store, number)
    assert bytes_of(root) == before


def test_xmp_files_stand_for_keywords_inside_photos_that_nobody_touches(tmp_path: Path) -> None:
    root, store = tmp_path / "photos", Store(tmp_path / "home")
    root.mkdir()
    inside = packet(array("dc:subject", "dog", "beach", "sea"))
    for number in range(3):
        picture(number).save(root / f"p{number}.jpg", xmp=inside.encode())
    photos = bytes_of(root)
    workflow.import_collection(store, "folder", root, "mine")
    workflow.verdict(store, "mine", "p0.jpg", "sea", "reject")
    workflow.verdict(store, "mine", "p1.jpg", "owl", "accept", new=True)
    asked = Export("mine", "xmp")
    asked.carry_out(store, asked.plan(store))
    assert asked.plan(store).writes == []
    assert {name: data for name, data in bytes_of(root).items() if name.endswith(".jpg")} == photos

    again = workflow.import_collection(store, "folder", root, "again")
    tags = [again.raw_tags(row) for row in range(3)]
    assert tags == [["dog", "beach"], ["dog", "beach", "sea", "owl"], ["dog", "beach", "sea"]]
    # What somebody writes into a photo whose file of ours took nothing away is found beside it.
    picture(1).save(root / "p1.jpg", xmp=packet(array("dc:subject", "mountain")).encode())
    once_more = workflow.import_collection(store, "folder", root, "again")
    assert "mountain" in once_more.raw_tags(1)


def test_columns_that_nothing_is_learned_from_come_back(tmp_path: Path) -> None:
    root, store = tmp_path / "photos", Store(tmp_path / "home")
    root.mkdir()
    for number in range(3):
        picture(number).save(root / f"p{number}.jpg")
    (root / "metadata.csv").write_text(
        'file_name,title,tags,added,license\np0.jpg,"One, two","dog,sea",2008,\np1.jpg,,"dog,owl",2009,CC\n'
        'p2.jpg,Three,sea,2010,\ngone.jpg,Four,"sea,dog",2011,\n'
    )
    workflow.import_collection(store, "table", root, "mine")
    workflow.verdict(store, "mine", "p0.jpg", "sea", "reject")
    for form, name in (("csv", "metadata.csv"), ("jsonl", "metadata.jsonl")):
        asked = Export("mine", form, tmp_path / form)
        asked.carry_out(store, asked.plan(store))
        written = tmp_path / form / name
        rows = (
            list(csv.DictReader(io.StringIO(written.read_text(encoding="utf-8"))))
            if form == "csv"
            else [json.loads(line) for line in written.read_text(encoding="utf-8").splitlines()]
        )
        assert [row["file_name"] for row in rows] == ["p0.jpg", "p1.jpg", "p2.jpg", "gone.jpg"]
        assert [row["title"] or "" for row in rows] == ["One, two", "", "Three", "Four"]
        assert [row["license"] or "" for row in rows] == ["", "CC", "", ""]
    (root / "metadata.csv").unlink()
    (note,) = Export("mine", "csv", tmp_path / "late").plan(store).notes
    assert "columns" in note
