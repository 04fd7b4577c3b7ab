import json
import os
import shutil
import subprocess
import sys
import textwrap
from concurrent.futures import ThreadPoolExecutor
from io import BytesIO
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from tagrefine_core import workflow
from tagrefine_core.collections import (
    Collection,
    ImageChecks,
    Source,
    check_name,
    make_thumbnails,
    thumbnail_folder,
    write_collection,
)
from tagrefine_core.errors import CollectionError, ConfigError, DataError, ImageError
from tagrefine_core.runs.run import Run, run_folder
from tagrefine_core.store import Store, TagRecord
from tests import fake_data


@pytest.fixture
def photos(tmp_path):
    return tmp_path / "photos"


def test_arrays_of_a_small_collection(store, photos):
    collection = fake_data.small_collection(
        store, photos, tags=[("sea", "Sky", "sky", "Sea"), ("zzqx", "dog"), (), ("dog", "dog")]
    )
    assert collection.vocabulary == ("dog", "sea", "sky")
    assert collection.labels == ("sea", "dog") and collection.label_columns.tolist() == [1, 0]
    assert collection.tags.dtype == np.uint8
    assert collection.tags.toarray().tolist() == [[0, 1, 1], [1, 0, 0], [0, 0, 0], [1, 0, 0]]
    assert collection.tag_positions.dtype == np.uint16
    assert collection.tag_positions.toarray().tolist() == [[0, 1, 2], [2, 0, 0], [0, 0, 0], [1, 0, 0]]
    assert collection.tags.has_sorted_indices
    assert [collection.raw_tags(row) for row in range(4)] == [
        ["sea", "Sky", "sky", "Sea"],
        ["zzqx", "dog"],
        [],
        ["dog", "dog"],
    ]
    assert collection.truth.dtype == np.int8
    assert collection.truth.tolist() == [[1, 0], [0, 1], [0, 0], [1, -1]]
    assert isinstance(collection.truth, np.memmap)
    assert collection.files == ["0.jpg", "1.jpg", "2.jpg", "3.jpg"]
    assert collection.users == [None] * 4
    assert collection.sizes.tolist() == [[32, 32]] * 4
    assert collection.image_path(2) == photos / "2.jpg"
    assert {record.raw: record.tag for record in collection.tag_records}["zzqx"] is None


def test_columns_of_tags(store, photos):
    collection = fake_data.small_collection(store, photos)
    assert collection.vocabulary == ("dog", "sea", "sky")
    columns = collection.columns_of(["sky", "dog", "sky"])
    assert columns.dtype == np.int64 and columns.tolist() == [2, 0, 2]
    assert collection.columns_of(["Sky", "SEA"]).tolist() == [2, 1], "whatever the case"
    assert collection.columns_of([]).tolist() == []
    with pytest.raises(
        ConfigError, match=r"No tag of 'small': 'Seas' \(similar: sea\); 'xyz'\. The Tags page"
    ):
        collection.columns_of(["dog", "Seas", "xyz", "Seas"])


def test_a_collection_without_ground_truth(store, photos):
    collection = fake_data.small_collection(store, photos, truth=None)
    assert collection.truth is None and collection.labels == ()


@pytest.mark.parametrize("row", [-1, 4, 1000])
def test_rows_that_are_not_there(store, photos, row):
    collection = fake_data.small_collection(store, photos)
    for ask in (collection.image_path, collection.raw_tags, collection.thumbnail):
        with pytest.raises(CollectionError, match="rows 0 to 3"):
            ask(row)


def test_no_tag_left_is_a_clear_error(store, photos):
    with pytest.raises(CollectionError, match="Nothing is left to import: 4 photos and 0 tags"):
        fake_data.small_collection(store, photos, tags=[("zzqx",)] * 4, labels=(), truth=None)
    assert store.collections() == []


def test_parts_that_do_not_fit_together(store, photos):
    with pytest.raises(DataError):
        Source("folder", photos, ["a.jpg"], [], [None])
    with pytest.raises(DataError):
        Source("folder", photos, ["a.jpg"], [["x"]], [None], ("x",), np.zeros((2, 1), np.int8))


@pytest.mark.parametrize("name", ["a", "My photos 2", "été_2020", "x-1.v2", "9" * 80])
def test_names(name):
    assert check_name(name) == name


@pytest.mark.parametrize(
    "name", ["", " a", "a ", ".", "..", ".x", "a/b", "a\\b", "a\nb", "x.", "-x", "<b>", "x" * 81, "a\0"]
)
def test_names_that_are_none(store, name):
    with pytest.raises(CollectionError, match="cannot be the name"):
        check_name(name)
    with pytest.raises(CollectionError, match="cannot be the name"):
        workflow.import_collection(store, "folder", "nowhere", name)


# The data hash and importing again


def test_the_hash_covers_tags_truth_vocabulary_and_files_but_not_the_place(store, photos, tmp_path):
    first = fake_data.small_collection(store, photos)
    hashes = [
        fake_data.small_collection(store, tmp_path / "elsewhere").data_hash,
        fake_data.small_collection(
            store, photos, tags=(("Sky", "sea"), ("dog",), (), ("sky", "sea", "zzqx"))
        ).data_hash,
        fake_data.small_collection(store, photos, truth=((1, 0), (0, 1), (0, 0), (1, 0))).data_hash,
        fake_data.small_collection(store, photos, labels=("sea", "cat")).data_hash,
        fake_data.small_collection(store, photos, truth=None).data_hash,
    ]
    assert hashes[0] == first.data_hash
    assert len(set(hashes)) == 5


def test_importing_again_keeps_number_and_runs_and_marks_changes(store, photos):
    first = fake_data.small_collection(store, photos)
    store.create_run("r1", first.id, config={}, seed=0, data_hash=first.data_hash, versions={})
    store.write_metrics(first.id, "user_tags", {"map": 0.5})
    opened_before = Collection.open(store, "small")

    same = fake_data.small_collection(store, photos)
    assert same.id == first.id and same.folder == first.folder
    assert Run.open(store, "r1").current
    assert store.metrics(first.id, "user_tags") == {"map": 0.5}
    assert opened_before.tags.nnz == 5  # arrays of the same data stay where they were

    changed = fake_data.small_collection(store, photos, tags=[("sea",), ("dog",)], truth=[[1, 0], [0, 1]])
    assert changed.id == first.id and changed.n == 2
    assert not Run.open(store, "r1").current
    assert store.metrics(first.id, "user_tags") is None
    assert [folder.name for folder in changed.folder.parent.iterdir()] == [changed.folder.name]
    with pytest.raises(CollectionError, match="imported again"):
        Collection(store, first.record).raw_tags(0)


def test_a_failed_import_leaves_the_old_collection(store, photos, monkeypatch):
    first = fake_data.small_collection(store, photos)

    def full(path, array):
        if path.name == "truth.npy":
            raise OSError(28, "No space left on device")

    monkeypatch.setattr("tagrefine_core.collections.writing.write_array", full)
    with pytest.raises(OSError):
        fake_data.small_collection(store, photos, truth=((1, 1), (0, 1), (0, 0), (1, -1)))
    monkeypatch.undo()
    collection = Collection.open(store, "small")
    assert collection.data_hash == first.data_hash
    assert collection.truth.tolist() == [[1, 0], [0, 1], [0, 0], [1, -1]]


def test_killed_while_importing_again(store, photos):
    first = fake_data.small_collection(store, photos)
    script = f"""
        import os, signal
        from pathlib import Path
        from tagrefine_core.collections import writing
        from tagrefine_core.store import Store
        from tests import fake_data

        real = writing.write_array
        def die(path, array):
            real(path, array)
            if path.name == "tags_indptr.npy":
                os.kill(os.getpid(), signal.SIGKILL)
        writing.write_array = die
        fake_data.small_collection(Store(Path({str(store.home)!r})), Path({str(photos)!r}), tags=[["sky"]], truth=[[0, 0]])
    """
    root = Path(__file__).parents[2]
    done = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(script)], cwd=root, env={**os.environ, "PYTHONPATH": str(root)}
    )
    assert done.returncode == -9
    collection = Collection.open(Store(store.home), "small")
    assert collection.data_hash == first.data_hash
    assert collection.tags.toarray().tolist() == first.tags.toarray().tolist()
    again = fake_data.small_collection(store, photos)
    assert [folder.name for folder in again.folder.parent.iterdir()] == [again.folder.name]


# Thumbnails


def opened(content):
    return Image.open(BytesIO(content))


def test_thumbnails_fit_and_are_made_once(store, photos):
    collection = fake_data.small_collection(store, photos)
    fake_data.save(photos / "1.jpg", fake_data.picture(1, (900, 300)))
    assert opened(collection.thumbnail(1)).size == (256, 85)
    (path,) = thumbnail_folder(store.home, collection.id).rglob("*.jpg")
    stamp = path.stat().st_mtime_ns
    assert collection.thumbnail(1) == path.read_bytes() and path.stat().st_mtime_ns == stamp
    assert opened(collection.thumbnail(1, 64)).size == (64, 21)
    assert opened(collection.thumbnail(0)).size == (32, 24)  # not enlarged
    path.write_bytes(b"")  # what a crash may leave
    assert opened(collection.thumbnail(1)).size == (256, 85)


def test_a_changed_photo_gets_another_thumbnail(store, photos):
    collection = fake_data.small_collection(store, photos)
    before = collection.thumbnail(0)
    fake_data.save(photos / "0.jpg", fake_data.picture(5, (60, 60)))
    after = collection.thumbnail(0)
    assert after != before and opened(after).size == (60, 60)


def test_thumbnails_made_by_many_at_once_are_whole(store, photos):
    collection = fake_data.small_collection(store, photos)
    fake_data.save(photos / "0.jpg", fake_data.picture(1, (1200, 900)))
    with ThreadPoolExecutor(8) as pool:
        made = list(pool.map(lambda _: collection.thumbnail(0, 512), range(32)))
    assert len(set(made)) == 1 and opened(made[0]).size == (512, 384)
    files = [path for path in thumbnail_folder(store.home, collection.id).rglob("*") if path.is_file()]
    assert [path.suffix for path in files] == [".jpg"]


def test_making_all_thumbnails_counts_photos_that_are_gone(store, photos):
    collection = fake_data.small_collection(store, photos)
    (photos / "2.jpg").unlink()
    seen = []
    missing = make_thumbnails(
        collection, progress=lambda stage, done, total: seen.append((stage, done, total))
    )
    assert missing == 1 and seen[-1] == ("Making thumbnails", 4, 4)
    assert len(list(thumbnail_folder(store.home, collection.id).rglob("*.jpg"))) == 3
    with pytest.raises(ImageError, match=r"2\.jpg is missing"):
        collection.thumbnail(2)
    with pytest.raises(DataError, match="16 to 2048"):
        collection.thumbnail(0, 10**6)


# From a source to a collection, with the real WordNet


def test_importing_mirflickr(store, tmp_path):
    source = fake_data.mirflickr(tmp_path / "mir")
    fake_data.write(source / "mirflickr/im12.jpg", b"")
    collection = workflow.import_collection(store, "mirflickr", source, "mir", thumbnails=True)
    assert collection.files == ["im1.jpg", "im2.jpg", "im5.jpg", "im9.jpg"]  # photo 5 has no tags and stays
    assert collection.labels == ("cloud", "dog", "girl", "sea")
    assert collection.truth.tolist() == [[0, 0, 0, 1], [1, 0, 0, 0], [0, 0, 0, 0], [1, 0, 1, 0]]
    given = [[collection.vocabulary[c] for c in collection.tags[row].indices] for row in range(4)]
    assert given == [["sea", "sunset"], ["cloud", "sky"], [], ["cafe", "cloud", "girl"]]
    assert collection.raw_tags(3) == ["café", "girl", "Clouds"]
    cloud = collection.vocabulary.index("cloud")
    assert collection.tag_positions[3, cloud] == 3
    record = collection.record
    assert (record.images, record.labels, record.skipped, record.kind) == (4, 4, 1, "mirflickr")
    assert ("im12.jpg", "is empty (0 bytes)") in {(issue.file, issue.reason) for issue in collection.issues}
    assert len(list(thumbnail_folder(store.home, collection.id).rglob("*.jpg"))) == 4
    by_raw = {decision.raw: decision for decision in collection.tag_records}
    assert by_raw["Clouds"].tag == "cloud" and by_raw["nikon"].outcome == "dropped"


def test_importing_nuswide_leaves_out_photos_without_a_tag(store, tmp_path):
    missing = "actor/0001_2124494179.jpg"
    collection = workflow.import_collection(
        store, "nuswide", fake_data.nuswide(tmp_path / "n", missing=[missing]), "nus"
    )
    assert collection.files == ["beach/0002_300.jpg", "zebra/0001_41.jpg"]
    assert {issue.file for issue in collection.issues if issue.severity == "skipped"} == {
        missing,
        "beach/0003_77.jpg",
    }
    assert collection.record.skipped == 2
    assert collection.truth.shape == (2, 4)
    assert {record.raw for record in collection.tag_records} == {
        "sea",
        "sand",
        "zzqx",
        "zebra",
        "Grass",
        "sky",
    }


@pytest.mark.parametrize("kind", ["table", "folder"])
def test_importing_ones_own_photos(store, tmp_path, kind):
    source = {"table": fake_data.table, "folder": fake_data.sidecars}[kind](tmp_path / "own")
    collection = workflow.import_collection(store, kind, source, "own")
    assert collection.n == 4 and "dog" in collection.vocabulary and "new_york" in collection.vocabulary
    assert np.diff(collection.tags.indptr).tolist() == [len(set(row)) for row in _known(collection)]


def _known(collection):
    tag_of = {record.raw: record.tag for record in collection.tag_records}
    return [[tag_of[raw] for raw in collection.raw_tags(row) if tag_of[raw]] for row in range(collection.n)]


def test_a_broken_source_leaves_an_earlier_import_alone(store, tmp_path):
    source = fake_data.sidecars(tmp_path / "own")
    first = workflow.import_collection(store, "folder", source, "own")
    for file in source.rglob("*"):
        if file.suffix in (".jpg", ".png", ".webp"):
            file.write_bytes(b"x")
    with pytest.raises(CollectionError, match="None of the 4 photos"):
        workflow.import_collection(store, "folder", source, "own")
    assert Collection.open(store, "own").data_hash == first.data_hash


def test_a_home_that_was_moved(tmp_path):
    home = tmp_path / "home"
    home.mkdir()
    inside = fake_data.sidecars(home / "photos/mine")
    outside = fake_data.sidecars(tmp_path / "outside")
    workflow.import_collection(Store(home), "folder", inside, "inside")
    workflow.import_collection(Store(home), "folder", outside, "outside")
    moved = shutil.move(home, tmp_path / "moved")
    store = Store(moved)
    assert Collection.open(store, "inside").image_path(0) == moved / "photos/mine/img2.png"
    assert Collection.open(store, "outside").image_path(0) == outside / "img2.png"
    for name in ("inside", "outside"):
        collection = Collection.open(store, name)
        assert collection.tags.nnz and collection.thumbnail(0)


def test_deleting_removes_what_is_ours_and_nothing_else(store, tmp_path):
    source = fake_data.sidecars(store.home / "photos/own")
    collection = workflow.import_collection(store, "folder", source, "own", thumbnails=True)
    other = fake_data.small_collection(store, tmp_path / "other", name="other")
    store.create_run("r1", collection.id, config={}, seed=0, data_hash="", versions={})
    fake_data.write(run_folder(store.home, "r1") / "scores.npy", "x")
    record = workflow.delete_collection(store, "own")
    assert record.name == "own" and [left.name for left in store.collections()] == ["other"]
    assert store.runs() == []
    assert not collection.folder.exists() and not run_folder(store.home, "r1").exists()
    assert not thumbnail_folder(store.home, collection.id).exists()
    assert (source / "img10.jpg").exists() and other.tags.nnz
    with pytest.raises(CollectionError, match="there are: other"):
        workflow.delete_collection(store, "own")


def test_an_import_report_survives_markup_and_odd_names(store, tmp_path):
    name = '<img src=x onerror="alert(1)">.jpg'
    rows = [
        {"file_name": "a.jpg", "tags": ["sea", "<b>bold</b>", "'; DROP TABLE images; --"], "labels": None}
    ]
    fake_data.table(tmp_path / "t", rows=rows)
    with (tmp_path / "t/metadata.jsonl").open("a") as file:
        file.write(json.dumps({"file_name": name, "tags": ["x"]}) + "\n")
    collection = workflow.import_collection(store, "table", tmp_path / "t", "odd")
    assert [issue.file for issue in collection.issues] == [name]
    assert collection.raw_tags(0) == rows[0]["tags"]


def test_a_tag_without_a_decision_is_refused(store, photos):
    collection = fake_data.small_collection(store, photos)
    source = Source("folder", photos, ["0.jpg"], [["unheard"]], [None])
    checks = ImageChecks(np.arange(1), np.full((1, 2), 9, np.int32), np.full(1, 9), [])
    with pytest.raises(DataError, match="'unheard'"):
        write_collection(
            store,
            source,
            checks,
            name="x",
            kind="folder",
            vocabulary=["sea"],
            label_columns=np.zeros(0, np.int64),
            decisions=collection.tag_records[:1],
        )


def test_a_spelling_counts_for_several_tags(store, photos):
    """Against a plain loop: the first raw tag that counts for a tag gives its place."""
    decisions = [
        TagRecord("A|B|C", 2, "merged", "c", "level", ("b", "a")),
        TagRecord("b", 3, "kept", "b", ""),
        TagRecord("x", 2, "dropped", None, "no word"),
        TagRecord("C", 2, "merged", "c", "case"),
        TagRecord("A|D", 1, "merged", "a", "level"),
    ]
    tags_of = {decision.raw: decision.tags for decision in decisions}
    rng = np.random.default_rng(0)
    rows = [[], ["x"], ["A|B|C"], *([*rng.choice(list(tags_of), size)] for size in (1, 2, 3, 4, 5, 5, 5))]
    rows = [list(map(str, row)) for row in rows]
    for row in range(len(rows)):
        fake_data.save(photos / f"{row}.jpg", fake_data.picture(row))
    n = len(rows)
    vocabulary = ["a", "b", "c"]
    collection = write_collection(
        store,
        Source("folder", photos, [f"{row}.jpg" for row in range(n)], rows, [None] * n),
        ImageChecks(np.arange(n), np.full((n, 2), 32, np.int32), np.full(n, 999), []),
        name="paths",
        kind="folder",
        vocabulary=vocabulary,
        label_columns=np.zeros(0, np.int64),
        decisions=decisions,
    )
    for row, raws in enumerate(rows):
        places: dict[str, int] = {}
        for place, raw in enumerate(raws, start=1):
            for tag in tags_of[raw]:
                places.setdefault(tag, place)
        found = collection.tag_positions[row].toarray().ravel()
        assert {tag: found[column] for column, tag in enumerate(vocabulary) if found[column]} == places
        assert collection.raw_tags(row) == raws
    assert collection.tag_records == decisions


# The demo: drawing is tested with the demo, this is what becomes of the pictures


def test_the_demo_is_a_collection_like_any_other(store, tmp_path):
    seen = set()
    collection = workflow.make_demo(store, images=8, progress=lambda stage, done, total: seen.add(stage))
    assert (collection.record.kind, collection.n, collection.name) == ("demo", 8, "demo")
    assert not Path(collection.record.root).is_absolute()
    assert collection.truth.shape == (8, len(collection.labels)) and set(np.unique(collection.truth)) == {
        0,
        1,
    }
    assert collection.tags.nnz and not [issue for issue in collection.issues if issue.severity == "skipped"]
    assert {"Drawing the demo pictures", "Checking photos"} <= seen

    again = workflow.make_demo(store, images=8)
    assert (again.id, again.data_hash) == (collection.id, collection.data_hash)
    other = workflow.make_demo(store, images=4, seed=1)
    assert other.id == collection.id and other.data_hash != collection.data_hash
    assert [folder.name for folder in (store.home / "photos/demo").iterdir()] == ["seed1"]
    assert other.image_path(3).exists()

    moved = Store(shutil.move(store.home, tmp_path / "moved"))
    assert Collection.open(moved, "demo").thumbnail(0)
    workflow.delete_collection(moved, "demo")
    assert not (moved.home / "photos/demo").exists()


def test_a_demo_never_replaces_ones_own_collection(store, photos):
    fake_data.small_collection(store, photos, name="demo")
    with pytest.raises(CollectionError, match="is not a demo"):
        workflow.make_demo(store, images=4)
    assert not (store.home / "photos").exists()
