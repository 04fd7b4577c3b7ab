import json

import pytest

from tagrefine_core.collections import guess_kind, read_source
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


def test_several_rows_of_a_photo_are_joined(tmp_path):
    text = "file,tag,labels,user\na.png,sky,sea,ann\na.png,sea,?,ann\nb.png,dog,?,bob\na.png,sky,boat,bob\nb.png,cat,,\n"
    fake_data.write(tmp_path / "t.csv", text)
    source = read_source("table", tmp_path)
    assert (source.files, source.tags) == (["a.png", "b.png"], [["sky", "sea"], ["dog", "cat"]])
    assert source.users == ["ann", "bob"]
    assert source.labels == ("boat", "sea") and source.truth.tolist() == [[1, 1], [0, 0]]
    assert "t.csv: 2 photos have several rows, which are joined: a.png, b.png" in notes(source)
    assert "1 photos have rows of several users, of whom the first is taken (a.png: ann, bob)" in notes(
        source
    )
    assert "2 photos have rows with and without labels: those with labels count" in notes(source)


@pytest.mark.parametrize(
    ("cells", "truth"),
    [
        ("1 0 0", [1, 0, 0]),
        ("1.0 0.0 nan", [1, 0, -1]),
        ("True FALSE no", [1, 0, 0]),
        ("yes no N/A", [1, 0, -1]),
        ("x  X", [1, 0, 1]),
    ],
)
def test_one_column_for_each_label(tmp_path, cells, truth):
    rows = [f"p{i}.png,tag,{cell}\n" for i, cell in enumerate(cells.split(" "))]
    fake_data.write(tmp_path / "t.csv", "image,tags,Sea\n" + "".join(rows))
    source = read_source("table", tmp_path)
    assert source.labels == ("sea",) and source.truth[:, 0].tolist() == truth
    assert "columns read as labels, one each: Sea" in notes(source)


def test_other_columns_are_named_and_never_read(tmp_path):
    text = ",file,tags,width,empty,Unnamed: 5\n0,a.png,x,640,,1\n1,b.png,y,480,nan,0\n"
    fake_data.write(tmp_path / "t.csv", text)
    source = read_source("table", tmp_path)
    assert source.labels == () and source.users == [None, None]
    assert "t.csv: columns not used: width" in notes(source) and "empty" not in notes(source)


def test_columns_of_one_name(tmp_path):
    fake_data.write(tmp_path / "t.csv", "file,tags,tags\na.png,sea,sky\nb.png,,dog\nc.png,cat,cat\n")
    assert read_source("table", tmp_path).tags == [["sea", "sky"], ["dog"], ["cat"]]
    for text in ("file,File ,tags\na,b,c\n", "file,tags,user,USER\na,b,c,d\n"):
        fake_data.write(tmp_path / "t.csv", text)
        with pytest.raises(CollectionError, match="has 2 columns named"):
            read_source("table", tmp_path)


def test_what_programs_write_for_nothing(tmp_path):
    text = 'file,tags,user,labels\na.png,"none, sky",12.0,sea\nb.png,None,nan,N/A\nc.png,x,12,\nnan,y,3,sea\n'
    fake_data.write(tmp_path / "t.csv", text)
    source = read_source("table", tmp_path)
    assert source.tags == [["none", "sky"], [], ["x"]] and source.users == ["12", None, "12"]
    assert source.truth[:, 0].tolist() == [1, -1, 0]
    assert "t.csv, line 5: has nothing in column 'file'" in notes(source)
    fake_data.write(tmp_path / "t.csv", "file,tags,user\na.png,x,12.0\nb.png,y,Na\n")
    assert read_source("table", tmp_path).users == ["12.0", "Na"]


@pytest.mark.parametrize(
    ("cell", "tags"),
    [
        (
            ["beach", 2024, 2024.5, 7.0, True, None, [["sea"], []]],
            ["beach", "2024", "2024.5", "7", "true", "sea"],
        ),
        ({"sea": 0.9, "sky": 1}, ["sea", "sky"]),
        ([{"id": 3, "name": "sea"}, {"name": "sky"}], ["sea", "sky"]),
        ("['sea' 'new york']", ["sea", "new york"]),
        ("['it''s', \"O'Neill\"]", ["its", "O'Neill"]),
        ('["sea", ["sky"]]', ["sea", "sky"]),
        ("('sea', 'sky')", ["sea", "sky"]),
        ("{'sea': 0.9, 'sky': 1}", ["sea", "sky"]),
        ("{}", []),
        ("NaN", []),
    ],
)
def test_lists_in_cells(tmp_path, cell, tags):
    lines = [{"file_name": "a.png", "tags": cell}, {"file_name": "b.png", "tags": "x"}]
    fake_data.write(tmp_path / "t.jsonl", "\n".join(map(json.dumps, lines)))
    assert read_source("table", tmp_path).tags[0] == tags


def test_tables_of_exiftool(tmp_path):
    fake_data.write(
        tmp_path / "t.csv", 'SourceFile,FileName,Keywords\n./x/a.png,a.png,"sea, sky"\n./y/a.png,a.png,dog\n'
    )
    for folder in ("x", "y"):
        (tmp_path / folder).mkdir()
        fake_data.picture(1).save(tmp_path / folder / "a.png")
    source = read_source("table", tmp_path)
    assert dict(zip(source.files, source.tags, strict=True)) == {
        "x/a.png": ["sea", "sky"],
        "y/a.png": ["dog"],
    }


def test_texts_and_labels_stand_in_for_tags(tmp_path):
    fake_data.write(tmp_path / "t.csv", "file,text\na.png,sea\n")
    assert read_source("table", tmp_path).tags == [["sea"]]
    fake_data.write(tmp_path / "t.csv", 'file,labels\na.png,"sea,sky"\n')
    source = read_source("table", tmp_path)
    assert source.tags == [["sea", "sky"]] and source.labels == ()
    assert "'labels' is read as the users' tags, and there is no ground truth" in notes(source)
    fake_data.write(tmp_path / "t.csv", "file,sea,sky\na.png,1,0\n")
    with pytest.raises(
        CollectionError, match=r"no column 'tags'.*Those of 0 and 1 \(sea, sky\) are ground truth"
    ):
        read_source("table", tmp_path)


def test_splits_are_read_together(tmp_path):
    for split in ("train", "test"):
        fake_data.save(tmp_path / split / "p0.png")
        fake_data.save(tmp_path / split / "unlisted.png")
    fake_data.write(tmp_path / "train/metadata.jsonl", '{"file_name": "p0.png", "tags": ["sea"]}\n')
    fake_data.write(tmp_path / "test/metadata.csv", "file_name,tags,labels\np0.png,sky,x\n")
    assert guess_kind(tmp_path) == "table"
    source = read_source("table", tmp_path)
    assert source.root == tmp_path
    assert dict(zip(source.files, source.tags, strict=True)) == {
        "test/p0.png": ["sky"],
        "train/p0.png": ["sea"],
    }
    assert source.truth.tolist() == [[1], [-1]]
    assert "several tables are read: test/metadata.csv (1 rows), train/metadata.jsonl (1 rows)" in notes(
        source
    )
    assert "2 photos are not listed" in notes(source)
    fake_data.write(tmp_path / "metadata.csv", "file_name,tags\ntrain/p0.png,boat\n")
    source = read_source("table", tmp_path)
    assert source.tags[source.files.index("train/p0.png")] == ["boat", "sea"]


def test_paths_that_lead_elsewhere_name_their_folder(tmp_path):
    fake_data.save(tmp_path / "z.png")
    text = "file,tags\n/data/set/a/1.jpg,x\n/data/set/b/2.jpg,y\n"
    fake_data.write(tmp_path / "t.csv", text)
    with pytest.raises(
        CollectionError, match="lies elsewhere: copy the table to /data/set and import it there"
    ):
        read_source("table", tmp_path)
    fake_data.write(tmp_path / "t.csv", text + "z.png,x\n")
    source = read_source("table", tmp_path)
    assert source.files == ["z.png"] and [issue.severity for issue in source.issues].count("skipped") == 2


def test_a_list_of_labels_without_end_is_refused(tmp_path):
    rows = "".join(f"p{i}.png,x,label{i}\n" for i in range(5000))
    fake_data.write(tmp_path / "t.csv", "file,tags,labels\n" + rows)
    with pytest.raises(CollectionError, match="has 5,000 different labels"):
        read_source("table", tmp_path)


def test_labels_that_are_numbers_or_mostly_empty_are_told(tmp_path):
    fake_data.write(tmp_path / "t.csv", "file,tags,labels\na,x,3\nb,y,\nc,z,\n")
    said = notes(read_source("table", tmp_path))
    assert "the labels are numbers (3)" in said
    assert "2 of 3 cells of labels are empty: read as photos that no label fits" in said


def test_json_beside_its_photo_is_no_table(tmp_path):
    fake_data.save(tmp_path / "a.jpg")
    fake_data.write(tmp_path / "a.jpg.json", "{}")
    fake_data.write(tmp_path / "a.txt", "sea")
    assert guess_kind(tmp_path) == "folder"
    fake_data.write(tmp_path / "list.txt", "a.jpg sea\n")
    assert guess_kind(tmp_path / "list.txt") is None
