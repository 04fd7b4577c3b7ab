import os

import pytest

from tagrefine_core.errors import CollectionError
from tagrefine_core.reading.text import MAX_SIDECAR, clean, read_text, some_of


def read(tmp_path, data):
    file = tmp_path / "x.txt"
    file.write_bytes(data)
    return read_text(file)


@pytest.mark.parametrize(
    ("data", "text", "guess"),
    [
        (b"", "", None),
        ("café, tōri".encode(), "café, tōri", None),
        ("\ufeffcafé\n\ufeffsea".encode(), "café\nsea", None),
        ("\ufeffcafé".encode("utf-16-le"), "café", None),
        ("\ufeffcafé".encode("utf-16-be"), "café", None),
        ("\ufeffcafé".encode("utf-32-le"), "café", None),
        ("beach, sea".encode("utf-16-le"), "beach, sea", "UTF-16"),
        ("beach, été".encode("utf-16-be"), "beach, été", "UTF-16"),
        ("Привет, мир".encode("utf-16-le"), "Привет, мир", "UTF-16"),
        ("日本, 海".encode("utf-16-le"), "日本, 海", "UTF-16"),
        ("café, “beach”".encode("cp1252"), "café, “beach”", "Windows-1252"),
        (b"\x81\xe9", "\x81é", "Latin-1"),
        (b"be\0ach, se\0a", "beach, sea", "UTF-8 without its 2 zero bytes"),
        (
            "tōri\nsea\n".encode() + "café\r\n".encode("cp1252") + b"dog",
            "tōri\nsea\ncafé\r\ndog",
            "Windows-1252 and UTF-8 (1 of 4 lines not UTF-8)",
        ),
    ],
)
def test_each_line_is_read_as_what_it_is(tmp_path, data, text, guess):
    assert read(tmp_path, data) == (text, guess)


def test_what_a_mark_promises_has_to_be_there(tmp_path):
    with pytest.raises(CollectionError, match="not valid utf-16"):
        read(tmp_path, b"\xff\xfe\x00")


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="the system has no named pipes")
def test_only_files_are_opened(tmp_path):
    os.mkfifo(tmp_path / "pipe.txt")
    for path in (tmp_path / "pipe.txt", tmp_path, "/dev/zero"):
        with pytest.raises(CollectionError, match="not a file"):
            read_text(tmp_path / path)


def test_what_cannot_be_opened_is_said(tmp_path):
    (tmp_path / "loop.txt").symlink_to("loop.txt")
    for name in ("gone.txt", "loop.txt", "x" * 300, "a/b/c.txt"):
        with pytest.raises(CollectionError, match="cannot be read"):
            read_text(tmp_path / name)
    big = tmp_path / "big.txt"
    with big.open("wb") as file:
        file.truncate(MAX_SIDECAR + 1)
    with pytest.raises(CollectionError, match=r"too large.*8\.0 MiB"):
        read_text(big, max_bytes=MAX_SIDECAR)
    assert len(read_text(big)[0]) == 0  # a table may be as large as it is


def test_clean_keeps_what_people_wrote():
    assert clean("  New\0 York \n") == "New York"
    assert clean("\ud800x") == "?x"


def test_some_names():
    assert some_of(["a", "b"]) == "a, b"
    assert some_of(["a", "b", "c"], most=1) == "a and 2 more"
