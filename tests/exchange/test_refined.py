import csv
import json
from pathlib import Path

import numpy as np
import pytest
from scipy import sparse

from tagrefine_core.collections import read_source
from tagrefine_core.errors import ConfigError, DataError
from tagrefine_core.exchange import RefinedPhoto, check_target, refined_photos, write_refined
from tagrefine_core.refinement import Changes

NAMES = ["file_name", "tags", "scores", "user_tags", "added", "removed", "untold", "unknown"]


def example() -> list[RefinedPhoto]:
    files = ["a/one.jpg", "=two,\u00fc.jpg", "three.jpg"]
    users = [["Sea", "nikon", "nikon"], ["sea", 'say "cheese"'], ["sky"]]
    vocabulary = ["sea", "sky", "l'\u00e9t\u00e9, \u2600"]
    changes = Changes(
        kept=matrix([(0, 0, 0.5)]),
        added=matrix([(0, 1, 0.25), (0, 2, 0.75), (1, 2, 0.0)]),
        removed=matrix([(1, 0, 0.1)]),
        untold=matrix([(2, 1, 0.125)]),
        doubt=np.zeros(3, dtype=np.float32),
        precision=0.75,
    )
    return list(
        refined_photos(files, users.__getitem__, vocabulary, changes, dropped={"nikon", 'say "cheese"'})
    )


def matrix(entries: list[tuple[int, int, float]]) -> sparse.csr_matrix:
    rows, columns, scores = zip(*entries, strict=True)
    return sparse.csr_matrix((np.array(scores, dtype=np.float32), (rows, columns)), shape=(3, 3))


def test_tags_are_the_users_but_what_was_removed_and_what_was_added() -> None:
    one, two, three = example()
    assert one.tags == ["l'\u00e9t\u00e9, \u2600", "sea", "sky", "nikon"], (
        "the likeliest first, the unknown last"
    )
    assert one.scores == [0.75, 0.5, 0.25, None]
    assert one.added == ["l'\u00e9t\u00e9, \u2600", "sky"], "the likeliest first"
    assert one.unknown == ["nikon"], "written twice, it is one tag"
    assert (two.tags, two.scores) == (["l'\u00e9t\u00e9, \u2600", 'say "cheese"'], [0.0, None]), (
        "a score of 0 is a score"
    )
    assert (two.user_tags, two.removed, two.unknown) == (["sea", 'say "cheese"'], ["sea"], ['say "cheese"'])
    assert (three.tags, three.scores, three.untold) == (["sky"], [0.125], ["sky"])


def test_shapes_must_agree() -> None:
    empty = sparse.csr_matrix((1, 3), dtype=np.float32)
    nothing = np.zeros(1, dtype=np.float32)
    changes = Changes(kept=empty, added=empty, removed=empty, untold=empty, doubt=nothing, precision=0.75)
    with pytest.raises(DataError, match=r"shape \(1, 3\), but there are 1 photos and 2 tags"):
        list(refined_photos(["a.jpg"], lambda _row: [], ["x", "y"], changes))


def test_csv(tmp_path: Path) -> None:
    out = tmp_path / "tags.csv"
    assert write_refined(example(), out) == 3
    with out.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    assert list(rows[0]) == NAMES
    assert [row["file_name"] for row in rows] == ["a/one.jpg", "./=two,\u00fc.jpg", "three.jpg"]
    for row, photo in zip(rows, example(), strict=True):
        assert {name: json.loads(row[name]) for name in NAMES[1:]} == {
            name: getattr(photo, name) for name in NAMES[1:]
        }


@pytest.mark.parametrize("name", ["=1+1.jpg", "+a.jpg", "-a.jpg", "@a.jpg", "\ta.jpg"])
def test_no_cell_of_csv_is_a_formula(tmp_path: Path, name: str) -> None:
    write_refined(
        [RefinedPhoto(name, ["=cmd()"], [1.0], ["@x"], ["-y"], ["+z"], ["=u"], ["@v"])], tmp_path / "t.csv"
    )
    with (tmp_path / "t.csv").open(newline="") as file:
        _, row = csv.reader(file)
    assert not any(cell.startswith(("=", "+", "-", "@", "\t", "\r")) for cell in row)
    assert Path(row[0]) == Path(name), "the path is the same"


def test_jsonl(tmp_path: Path) -> None:
    out = tmp_path / "tags.jsonl"
    assert write_refined(iter(example()), out) == 3
    lines = [json.loads(line) for line in out.read_text(encoding="utf-8").splitlines()]
    assert lines == [vars(photo) for photo in example()]
    assert list(lines[0]) == NAMES


def test_a_file_is_whole_or_not_there(tmp_path: Path) -> None:
    def broken() -> object:
        yield from example()
        raise RuntimeError("on the way")

    out = tmp_path / "tags.csv"
    out.write_text("before")
    with pytest.raises(RuntimeError):
        write_refined(broken(), out)  # type: ignore[arg-type]
    assert out.read_text() == "before"
    assert list(tmp_path.iterdir()) == [out]


def test_targets_that_cannot_be(tmp_path: Path) -> None:
    for name, message in [
        ("tags.txt", r"\.csv or \.jsonl"),
        ("tags", r"\.csv or \.jsonl"),
        ("missing/tags.csv", "no folder .*missing"),
    ]:
        with pytest.raises(ConfigError, match=message):
            check_target(tmp_path / name)
    (tmp_path / "folder.csv").mkdir()
    with pytest.raises(ConfigError, match="cannot be written"):
        write_refined([], tmp_path / "folder.csv")
    check_target(tmp_path / "TAGS.CSV")


@pytest.mark.parametrize("name", ["refined.csv", "refined.jsonl"])
def test_our_own_importer_reads_it_back(tmp_path: Path, name: str) -> None:
    write_refined(example(), tmp_path / name)
    source = read_source("table", tmp_path / name)
    assert source.files == [photo.file_name for photo in example()]
    assert source.tags == [photo.tags for photo in example()]
    assert all(issue.severity == "note" for issue in source.issues)  # columns that are not tags
