import csv
import io
import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tagrefine_core.errors import CollectionError
from tagrefine_core.reading.delimited import read_delimited

KNOWN = frozenset(("file", "tags", "user"))


def read(text):
    return read_delimited(text, "t.csv", known=KNOWN, lists={"tags"})


def columns(text):
    return dict(read(text).columns)


def told(text):
    return " / ".join(f"{issue.file}: {issue.reason}" for issue in read(text).issues)


ROWS = "".join(f"p{i}.jpg,sky {i}\n" for i in range(5))


def test_a_stray_quote_takes_no_other_row_with_it():
    text = f'file,tags\na.jpg,"sea\n{ROWS}'
    assert columns(text)["file"] == ["a.jpg", *(f"p{i}.jpg" for i in range(5))]
    assert columns(text)["tags"][0] == '"sea'
    assert "1 rows have a quote that is not closed before the next row: it is read as text (line 2)" in told(
        text
    )


def test_a_stray_quote_that_a_later_row_would_close_takes_no_row_with_it():
    text = f'file,tags\na.jpg,"sea\n{ROWS}b.jpg,dog"\nc.jpg,"x, y"\n'
    assert columns(text)["tags"] == ['"sea', *(f"sky {i}" for i in range(5)), 'dog"', "x, y"]


def test_a_cell_of_several_lines_stays_one():
    text = 'file,tags,user\na.jpg,"sea,\nsky, sun\n\ndog",ann\nb.jpg,x,bob\n'
    assert columns(text)["tags"] == ["sea,\nsky, sun\n\ndog", "x"]
    assert read(text).lines == [2, 6]
    assert columns('file,tags\na.jpg,"sea,\nsky, sun\ndog"\nb.jpg,x\n')["tags"] == [
        "sea,\nsky, sun\ndog",
        "x",
    ]


def test_without_any_kind_of_column_only_several_whole_lines_speak_against_a_cell():
    assert columns('file,tags\na,"sea\nsky, sun"\nb,x\n')["tags"] == ["sea\nsky, sun", "x"]
    assert columns('file,tags\na,"sea\nb,sky\nc,dog"\nd,x\n')["file"] == ["a", "b", "c", "d"]


@pytest.mark.parametrize(
    ("cell", "means"),
    [
        ('"say \\"hi\\", sea"', 'say "hi", sea'),
        ('"say ""hi"", sea"', 'say "hi", sea'),
        ('5" disc', '5" disc'),
        ('"5\\""', '5"'),
        ('"C:\\dir\\"', "C:\\dir\\"),
        (' "sea, sky" ', "sea, sky"),
        ('"New" York', '"New" York'),
        ('""', ""),
        ("a\x85b\u2028c\x0bd", "a\x85b\u2028c\x0bd"),
    ],
)
def test_quotes_and_marks_inside_a_row(cell, means):
    assert columns(f"file,tags,user\na.jpg,{cell},ann\nb.jpg,x,bob\n") == {
        "file": ["a.jpg", "b.jpg"],
        "tags": [means, "x"],
        "user": ["ann", "bob"],
    }


@pytest.mark.parametrize("ends", ["\n", "\r", "\r\n"])
def test_line_ends_may_be_mixed(ends):
    assert columns(f"file,tags{ends}a.jpg,sea\rb.jpg,sky\r\nc.jpg,dog\n")["tags"] == ["sea", "sky", "dog"]


@pytest.mark.parametrize(
    ("text", "file", "tags"),
    [
        ("file;tags\na;b,c\n", "a", "b,c"),
        ("file,tags\na,b;c;d\n", "a", "b;c;d"),
        ("file|tags|user\na|b,c|x\n", "a", "b,c"),
        ("sep=;\r\nfile;tags\r\na;b,c\r\n", "a", "b,c"),
        ("sep=^\nfile^tags\na^b,c\n", "a", "b,c"),
        ("\ufefffile,tags\na,b\n", "a", "b"),
        ("image (jpg, png);tags (a, b);user (c, d)\nx;y;z\n", "x", "y"),
    ],
)
def test_the_delimiter_is_what_shows_columns(text, file, tags):
    cells = [cells for _, cells in read(text).columns]
    assert cells[0] == [file] and cells[1] == [tags]


def test_a_delimiter_is_not_told_by_the_header_alone():
    # As many commas as semicolons in the header, but only one of them cuts the rows alike.
    text = "name;words, all, of them;more\na;b, c, d, e;f\nb;c;d\nc;d, e;f\n"
    assert [title for title, _ in read(text).columns] == ["name", "words, all, of them", "more"]


def test_further_cells_belong_to_the_last_column_of_lists_and_to_no_other():
    assert columns('file,tags\na,sea,sky\nb,"x, y",z,,\n')["tags"] == [["sea", "sky"], ["x, y", "z"]]
    assert "2 rows have more cells" in told('file,tags\na,sea,sky\nb,"x, y",z,,\n')
    text = "file,tags,user\na,sea,sky,ann\nb,x,bob\n"
    assert columns(text)["file"] == ["b"]
    assert "t.csv, line 2: has 4 cells, but there are 3 columns" in told(text)


def test_short_rows_are_filled_and_told():
    assert columns("file,tags,user\na\nb,x\n") == {
        "file": ["a", "b"],
        "tags": [None, "x"],
        "user": [None, None],
    }
    assert (
        "2 rows have fewer cells than there are columns: the missing ones are read as empty (line 2, 3)"
        in told("file,tags,user\na\nb,x\n")
    )


def test_columns_without_a_name_are_left_out():
    assert columns(",file,tags,Unnamed: 0,\n0,a,b,7,\n") == {"file": ["a"], "tags": ["b"]}
    # R names its rows and not their column.
    assert columns('"file","tags"\n"1","a","x, y"\n"2","b","z"\n') == {
        "file": ["a", "b"],
        "tags": ["x, y", "z"],
    }


def test_empty_lines_are_no_rows():
    assert columns('\n\nfile,tags\n\n,,\n"",""\na,b\n   \n') == {"file": ["a"], "tags": ["b"]}
    assert read("").columns == [] and read("\n \n").lines == [] and read("sep=;\n").lines == []


def test_a_header_of_a_megabyte_is_refused():
    with pytest.raises(CollectionError, match=r"t\.csv has 5,000 columns; at most 4,096 are read"):
        read("a," * 4999 + "b\n1\n")


cells = st.text(alphabet='ab ,;|\t"\n\r\\\x85\u2028', max_size=6)


@settings(max_examples=300, deadline=None)
@given(st.lists(st.tuples(cells, cells), max_size=6), st.sampled_from(",;\t|"))
def test_what_the_csv_module_writes_is_read_back(rows, delimiter):
    """Names of files tell where rows begin, so that any text in the other cells is safe, but for CR, which is LF then."""
    out = io.StringIO()
    writer = csv.writer(out, delimiter=delimiter)
    writer.writerow(["file", "tags", "user"])
    writer.writerows((f"p{i}.jpg", *row) for i, row in enumerate(rows))
    found = columns(out.getvalue())

    def ends(text):
        return text.replace("\r\n", "\n").replace("\r", "\n")

    assert list(zip(*found.values(), strict=True)) == [
        (f"p{i}.jpg", ends(tags), ends(user)) for i, (tags, user) in enumerate(rows)
    ]


def test_no_row_is_lost_to_quotes_anywhere():
    """A quote at any place of any row: each row with a name of its own stays a row, but for those of a quote in the name."""
    rng = random.Random(0)
    for _ in range(200):
        lines = [f"p{i}.jpg,sky {i},ann" for i in range(30)]
        broken = rng.sample(range(30), 3)
        for row in broken:
            place = rng.randrange(len(f"p{row}.jpg,"), len(lines[row]) + 1)
            lines[row] = f'{lines[row][:place]}"{lines[row][place:]}'
        found = columns("file,tags,user\n" + "\n".join(lines) + "\n")
        assert found["file"] == [f"p{i}.jpg" for i in range(30)]
