import json

import pytest

from tagrefine_core.errors import CollectionError
from tagrefine_core.reading.documents import read_documents

KNOWN = frozenset(("file_name", "tags", "labels", "caption"))
RECORDS = [
    {"file_name": "a.jpg", "tags": ["sea", 2024]},
    {"file_name": "b.jpg", "tags": None, "more": float("nan")},
]


def read(value, **how):
    text = value if isinstance(value, str) else json.dumps(value, **how)
    return read_documents(text, "t.json", known=KNOWN)


def rows(value, **how):
    found = read(value, **how)
    return [
        dict(zip([name for name, _ in found.columns], cells, strict=True))
        for cells in zip(*(cells for _, cells in found.columns), strict=True)
    ]


def told(value):
    return " / ".join(f"{issue.file}: {issue.reason}" for issue in read(value).issues)


@pytest.mark.parametrize(
    "text",
    [
        "\n".join(map(json.dumps, RECORDS)),
        "\ufeff\r\n" + "\r\n\r\n".join(map(json.dumps, RECORDS)) + "\r\n",
        json.dumps(RECORDS),
        json.dumps(RECORDS, indent=2),
        json.dumps({"info": {"year": 1}, "photos": RECORDS}),
    ],
)
def test_objects_by_line_and_in_lists(text):
    assert rows(text) == [
        {"file_name": "a.jpg", "tags": ["sea", 2024], "more": None},
        {"file_name": "b.jpg", "tags": None, "more": None},
    ]


def test_one_object_is_one_row():
    assert rows({"file_name": "a.jpg", "tags": ["x"]}) == [{"file_name": "a.jpg", "tags": ["x"]}]


def test_lists_for_each_column_also_by_number():
    expected = [{"file_name": "a", "tags": ["x"]}, {"file_name": "b", "tags": []}]
    assert rows({"file_name": ["a", "b"], "tags": [["x"], []]}) == expected
    assert rows({"file_name": {"0": "a", "1": "b"}, "tags": {"0": ["x"], "1": []}}) == expected
    with pytest.raises(CollectionError, match=r"have 2 \(file_name\), 1 \(tags\) cells"):
        read({"file_name": ["a", "b"], "tags": [["x"]]})


def test_kohya_names_a_photo_by_its_key():
    value = {"p/a": {"tags": "sea, sky", "caption": "by the sea"}, "p/b": "dog", "p/c": ["cat"]}
    assert rows(value) == [
        {"file_name": "p/a", "tags": "sea, sky", "caption": "by the sea"},
        {"file_name": "p/b", "tags": "dog", "caption": None},
        {"file_name": "p/c", "tags": ["cat"], "caption": None},
    ]
    assert read(value).place(1) == "t.json, entry 2"


def test_coco_categories_become_labels():
    value = {
        "images": [{"id": 7, "file_name": "a.jpg", "width": 9}, {"id": "8", "file_name": "b.jpg"}],
        "categories": [{"id": 3, "name": "dog"}, {"id": 4, "name": "sea"}],
        "annotations": [
            {"image_id": 7, "category_id": 4},
            {"image_id": 7, "category_id": 3},
            {"image_id": 7, "category_id": 4},
            {"image_id": 8, "category_id": 99},
            {"image_id": 6, "category_id": 3},
        ],
    }
    assert rows(value) == [
        {"file_name": "a.jpg", "labels": ["sea", "dog"]},
        {"file_name": "b.jpg", "labels": []},
    ]
    assert "2 annotations name no image or category" in told(value)


def test_coco_captions():
    value = {
        "images": [{"id": 1, "file_name": "a.jpg"}],
        "annotations": [{"image_id": 1, "caption": "A dog."}],
    }
    assert rows(value) == [{"file_name": "a.jpg", "caption": ["A dog."]}]


def test_fiftyone_numbers_are_classes():
    value = {
        "classes": ["sea", "dog"],
        "labels": {"a": [1, 0], "b": 1, "c": None, "d": [{"label": 0}, {"label": 5}]},
    }
    assert [(row["file_name"], row["labels"]) for row in rows(value)] == [
        ("a", ["dog", "sea"]),
        ("b", ["dog"]),
        ("c", []),
        ("d", ["sea"]),
    ]
    assert "1 numbers name none of its 2 classes" in told(value)
    assert rows({"classes": None, "labels": {"a": "sea"}}) == [{"file_name": "a", "labels": ["sea"]}]


def test_a_damaged_line_is_a_row_of_the_report():
    text = '{"file_name": "a"}\n{"file_name": \n[1]\n{"file_name": "b"}\n' + "[" * 99_999
    assert [row["file_name"] for row in rows(text)] == ["a", "b"]
    assert "t.json, line 2: is not JSON" in told(text) and "line 3: is not a JSON object" in told(text)
    assert "line 5: is not JSON (it is nested too deeply)" in told(text)
    assert [row["file_name"] for row in rows('{broken\n{"file_name": "b"}\n')] == ["b"]


def test_a_list_that_is_cut_off_is_read_up_to_there():
    text = json.dumps([{"file_name": str(i)} for i in range(5)], indent=1)[:-12]
    assert [row["file_name"] for row in rows(text)] == ["0", "1", "2", "3"]
    assert "line 14: is no valid JSON" in told(text) and "nothing is read from here on" in told(text)


def test_a_key_that_comes_twice_keeps_both_values():
    assert rows('{"file_name": "a", "tags": ["x"], "tags": ["y"]}') == [
        {"file_name": "a", "tags": [["x"], ["y"]]}
    ]
    assert "1 objects have 'tags' several times: all are read" in told(
        '{"file_name": "a", "tags": 1, "tags": 2}'
    )
    assert rows('{"file_name": "a", "file_name": "a"}') == [{"file_name": "a"}]
    assert [row["tags"] for row in rows('{"p/a": {"tags": "x"}, "p/a": {"tags": "y"}}')] == ["x", "y"]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("7", "JSON of a form that is not read"),
        ('{"a": 1, "b": 2}', r"an object with a, b"),
        ("{}", "JSON of a form"),
        ('{\n "a": [1,\n}', "is no valid JSON"),
        ('{\n"a":' * 99_999, "nested too deeply"),
    ],
)
def test_what_is_no_table_is_said_in_one_line(text, message):
    with pytest.raises(CollectionError, match=message) as caught:
        read(text)
    assert "\n" not in str(caught.value)


def test_a_key_of_its_own_in_every_line_does_not_fill_the_memory():
    text = "".join(f'{{"file_name": "{i}", "k{i}": 1}}\n' for i in range(5000))
    found = read(text)
    assert len(found.columns) == 4096 and len(found.lines) == 5000
    assert "only the first 4,096 keys are read" in told(text)
