import json

import pytest

from tagrefine_core.collections import read_source
from tagrefine_core.errors import CollectionError
from tests import fake_data


def notes(source):
    return " / ".join(f"{issue.file}: {issue.reason}" for issue in source.issues)


def check(source, root):
    assert source.root == root
    assert source.files == [row["file_name"] for row in fake_data.TABLE]
    assert source.tags == [row["tags"] for row in fake_data.TABLE]
    assert source.users == [row["user"] for row in fake_data.TABLE]
    assert source.labels == ("dog", "sea")
    assert source.truth.tolist() == [[0, 1], [1, 1], [0, 0], [-1, -1]]


@pytest.mark.parametrize("lists", ["json", "python", ", ", "; ", "|"])
@pytest.mark.parametrize(("name", "delimiter"), [("metadata.csv", ","), ("my.csv", ";"), ("x.tsv", "\t")])
def test_separated_tables(tmp_path, name, delimiter, lists):
    path = fake_data.table(tmp_path, name, lists=lists, delimiter=delimiter)
    check(read_source("table", tmp_path), tmp_path)  # the folder
    check(read_source("table", path), tmp_path)  # the table itself
    assert all("split" in issue.reason for issue in read_source("table", path).issues)


def test_json_lines(tmp_path):
    path = fake_data.table(tmp_path)
    check(read_source("table", tmp_path), tmp_path)
    check(read_source("table", path), tmp_path)


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "latin-1", "utf-16-le"])
def test_encodings(tmp_path, encoding):
    rows = [{"file_name": "a.jpg", "tags": ["café", "sea"], "labels": None}]
    fake_data.table(tmp_path, "metadata.csv", rows=rows, lists=",", encoding=encoding)
    source = read_source("table", tmp_path)
    assert source.tags == [["café", "sea"]]
    assert ("read as" in notes(source)) == (encoding in ("latin-1", "utf-16-le"))


def test_other_names_of_columns_and_no_ground_truth(tmp_path):
    fake_data.save(tmp_path / "a.jpg")
    fake_data.write(tmp_path / "t.csv", "Image ,KEYWORDS,Owner\na.jpg,sea,ann\n")
    source = read_source("table", tmp_path)
    assert (source.files, source.tags, source.users) == (["a.jpg"], [["sea"]], ["ann"])
    assert source.labels == () and source.truth is None


def test_a_comma_may_be_part_of_a_tag_where_another_mark_separates(tmp_path):
    fake_data.write(
        tmp_path / "t.tsv",
        "file\ttags\na.jpg\tsea;paris, france\nb.jpg\tsky;sun;sand\nc.jpg\tdog;cat;bird;horse\n",
    )
    source = read_source("table", tmp_path)
    assert source.tags == [["sea", "paris, france"], ["sky", "sun", "sand"], ["dog", "cat", "bird", "horse"]]


def test_labels_differing_in_case_are_one(tmp_path):
    fake_data.write(tmp_path / "t.csv", "file,tags,labels\na.jpg,x,Sea|sky\nb.jpg,y,sea|SKY\n")
    source = read_source("table", tmp_path)
    assert source.labels == ("sea", "sky") and (source.truth == 1).all()


def test_broken_rows_are_reported_and_the_good_ones_read(tmp_path):
    lines = [
        json.dumps({"file_name": "a.jpg", "tags": ["x", None, 7, " "]}),
        "{broken",
        "",
        "[1, 2]",
        json.dumps({"tags": ["no file"]}),
        json.dumps({"file_name": "a.jpg", "tags": ["second row"]}),
        json.dumps({"file_name": "./a.jpg", "tags": ["the same file"]}),
        json.dumps({"file_name": "b.jpg"}),
        json.dumps({"file_name": "c.jpg", "tags": "one, two", "user": 5}),
        "{" * 100_000,
    ]
    fake_data.write(tmp_path / "metadata.jsonl", "\n".join(lines))
    source = read_source("table", tmp_path)
    assert source.files == ["a.jpg", "b.jpg", "c.jpg"]
    assert source.tags == [["x", "7", "second row", "the same file"], [], ["one", "two"]]
    assert source.users == [None, None, "5"]
    reported = notes(source)
    for place in ("line 2", "line 4", "line 5", "line 10"):
        assert f"metadata.jsonl, {place}:" in reported
    assert "metadata.jsonl: 1 photos have several rows, which are joined: a.jpg" in reported


def test_csv_rows_with_too_many_cells_or_a_huge_one(tmp_path):
    huge = "x" * (2**20 + 1)
    text = f'file,tags\na.jpg,sea,sky\nb.jpg,"sea,sky"\n\nc.jpg\nd.jpg,{huge}\ne.jpg,dog,,\n'
    fake_data.write(tmp_path / "t.csv", text)
    source = read_source("table", tmp_path)
    assert source.files == ["a.jpg", "b.jpg", "c.jpg", "e.jpg"]
    assert source.tags == [["sea", "sky"], ["sea", "sky"], [], ["dog"]]
    assert "1 rows have more cells than there are columns" in notes(source)
    assert "1 rows have fewer cells than there are columns" in notes(source)
    assert "line 6: cannot be read" in notes(source)


def test_windows_paths_and_decomposed_accents_find_their_files(tmp_path):
    fake_data.save(tmp_path / "trip/cafe\u0301.jpg")
    fake_data.write(tmp_path / "t.csv", "file,tags\ntrip\\caf\u00e9.jpg,sea\n")
    source = read_source("table", tmp_path)
    assert (source.root / source.files[0]).exists()


@pytest.mark.parametrize(
    ("name", "text", "message"),
    [
        ("t.csv", "name,tags\na.jpg,x\n", "no column 'file_name'; its columns are: name, tags"),
        ("t.csv", "file,words\na.jpg,x\n", "no column 'tags'"),
        ("t.csv", "word " * 999 + ",x\na,b\n", r"its columns are: (word ){39}\.\.\.\. Needed"),
        ("t.csv", "", "no row"),
        ("t.csv", "file,tags\n", "no row"),
        ("t.csv", "file,tags\na.jpg,\nb.jpg,\n", "empty in every row"),
        ("t.jsonl", "{broken\n", "no row that can be read.*line 1 is not JSON"),
        ("t.jsonl", '{"file_name": "", "tags": ["x"]}', "lists no photos"),
        ("t.csv", b"\xff\xfe\x00", "not valid utf-16"),
    ],
)
def test_tables_that_cannot_be_read(tmp_path, name, text, message):
    fake_data.write(tmp_path / name, text)
    with pytest.raises(CollectionError, match=message):
        read_source("table", tmp_path)


def test_several_tables_ask_for_one(tmp_path):
    fake_data.write(tmp_path / "a.csv", "file,tags\n")
    fake_data.write(tmp_path / "b.csv", "file,tags\n")
    with pytest.raises(CollectionError, match=r"several tables \(a\.csv, b\.csv\)"):
        read_source("table", tmp_path)


def test_text_that_no_database_stores_is_mended(tmp_path):
    fake_data.write(tmp_path / "t.jsonl", '{"file_name": "a.jpg", "tags": ["\\ud800x", "a\\u0000b"]}\n')
    source = read_source("table", tmp_path)
    assert source.tags == [["?x", "ab"]]
