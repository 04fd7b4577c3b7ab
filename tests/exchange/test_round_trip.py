"""A folder of photos with tags in every place goes in, out to the same places, and in again: tags are as they shall be."""

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
