import unicodedata

import pytest

from tagrefine_core.reading.paths import match_names


def find(names, files, root="/nowhere/at/all"):
    from pathlib import Path

    return match_names(names, files, Path(root))


@pytest.mark.parametrize(
    ("name", "file"),
    [
        ("p0.jpg", "P0.JPG"),
        ("p1", "p1.jpg"),
        ("my%20photo.jpg", "my photo.jpg"),
        ("Caf%C3%A9%2Fx.jpg", "café/x.jpg"),
        ("/home/ann/photos/q.png", "photos/q.png"),
        ("C:\\data\\photos\\q.png", "photos/q.png"),
        ("file:///C:/data/my%20photo.jpg", "my photo.jpg"),
        ("https://example.org/a/b/q.png", "b/q.png"),
        ("a.jpg", "images/deep/a.jpg"),
        ("uuid1", "data/uuid1.jpg"),
    ],
)
def test_a_name_finds_the_one_file_that_fits(name, file):
    found = find([name], [file, "other.jpg"])
    assert found.files == {name: file} and found.respelled == {name: file} and not found.reasons


@pytest.mark.parametrize(
    ("name", "file"),
    [
        ("100%25.jpg", "100%25.jpg"),
        ("trip\\a.jpg", "trip/a.jpg"),
        ("./trip//a.jpg", "trip/a.jpg"),
        ("caf\u00e9.jpg", "cafe\u0301.jpg"),
        ("cafe\u0301.jpg", "caf\u00e9.jpg"),
        ("/nowhere/at/all/trip/a.jpg", "trip/a.jpg"),
        ("file:///nowhere/at/all/trip/a.jpg", "trip/a.jpg"),
    ],
)
def test_what_only_looks_otherwise_is_not_told(name, file):
    found = find([name], [file, "100%.jpg"])
    assert found.files == {name: file} and not found.respelled


def test_the_exact_name_comes_first():
    files = ["a.jpg", "A.JPG", "x%20y.jpg", "x y.jpg", "b", "b.jpg"]
    assert find(files, files).files == {file: file for file in files}


def test_where_several_fit_none_is_taken():
    found = find(["P.jpg", "q", "r.jpg"], ["p.JPG", "p.jpg", "q.jpg", "q.png", "x/r.jpg", "y/r.jpg"])
    assert found.files == {"P.jpg": "P.jpg", "q": "q", "r.jpg": "r.jpg"}
    assert found.reasons["r.jpg"] == "is missing; there is x/r.jpg and 1 more of that name"
    assert set(found.reasons) == {"P.jpg", "q", "r.jpg"}


def test_of_several_ends_the_longest_is_meant():
    assert find(["/d/x/r.jpg"], ["r.jpg", "x/r.jpg", "y/r.jpg"]).files == {"/d/x/r.jpg": "x/r.jpg"}


def test_two_names_of_other_folders_never_share_a_file_by_their_end():
    found = find(["/d/n01/1.jpg", "/d/n02/1.jpg"], ["1.jpg"])
    assert not found.respelled and "other rows lead there too" in found.reasons["/d/n02/1.jpg"]
    found = find(["/d/n01/1.jpg", "/d/n02/1.jpg"], ["n01/1.jpg"])
    assert found.files["/d/n01/1.jpg"] == "n01/1.jpg"
    assert found.reasons == {"/d/n02/1.jpg": "is missing; there is n01/1.jpg"}


def test_what_is_near_is_said():
    found = find(["z.png", "q.jpg"], ["z.jpg", "a.jpg"])
    assert found.reasons == {"z.png": "is missing; there is z.jpg"}


def test_names_elsewhere_share_a_folder():
    found = find(["/data/set/a/1.jpg", "/data/set/b/2.jpg"], ["x.jpg"])
    assert found.elsewhere == ["/data/set/a/1.jpg", "/data/set/b/2.jpg"]
    assert found.common_folder == "/data/set"
    assert find(["D:\\set\\1.jpg"], []).common_folder == "D:/set"


@pytest.mark.parametrize("name", ["../a.jpg", "x/../../a.jpg", "..\\a.jpg", "%2e%2e/a.jpg", "/x/../a.jpg"])
def test_nothing_leads_out(name):
    found = find([name], ["a.jpg"])
    assert not found.respelled and found.files[name] != "a.jpg"


def test_a_hidden_file_is_asked_for_on_disk(tmp_path):
    (tmp_path / ".hidden").mkdir()
    (tmp_path / ".hidden/A.jpg").touch()
    assert find([".hidden/A.jpg"], ["a.jpg"], tmp_path).files == {".hidden/A.jpg": ".hidden/A.jpg"}


def test_any_name_is_answered():
    names = ["\0", "x" * 300, "/", ".", "//", "file:", "%", "\\", "C:\\", "a/" * 2000]
    assert set(find(names, ["a.jpg"]).files) == set(names)


def test_unicode_forms_are_compared_letter_by_letter():
    name = "Ünïcode.JPG"
    assert find([unicodedata.normalize("NFD", name.lower())], [name]).respelled


def test_many_folders_with_files_of_one_name_are_quick():
    """A look at all files of that name for each row would take hours here."""
    files = [f"set/{number}/image.jpg" for number in range(30_000)]
    names = [f"/data/{file}" for file in files] + [
        f"/gone/{number}/image.jpg" for number in range(30_000, 60_000)
    ]
    found = find(names, files)
    assert [found.files[name] for name in names[:30_000]] == files
    assert found.reasons[names[-1]] == "is missing; there is set/0/image.jpg and 29,999 more of that name"
