"""Files whole or absent; a full, read-only or damaged one is said."""

import os
import resource
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from scipy import sparse

from tagrefine_core.errors import ConfigError, DamagedFile, DiskFull, TagRefineError
from tagrefine_core.files import (
    abandoned,
    create_array,
    kept_array,
    read_array,
    read_arrays,
    read_json,
    read_sparse,
    reserve,
    write_array,
    write_arrays,
    write_file,
    write_json,
    write_sparse,
)

ROOT = Path(__file__).parents[1]


def limited(program: str, *arguments: object, limit: int = 2**20) -> subprocess.CompletedProcess[str]:
    """Run a program that may write no file longer than ``limit`` bytes, as on a full disk."""
    return subprocess.run(
        [sys.executable, "-c", program, *map(str, arguments)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit)),
    )


def test_an_array_has_its_place_on_the_disk_before_it_is_filled(tmp_path):
    array = create_array(tmp_path / "a.npy", (1000, 500), np.float32)
    assert (tmp_path / "a.npy").stat().st_blocks * 512 >= array.nbytes
    assert array.shape == (1000, 500) and not array.any()
    array[7] = 3
    array.flush()
    again = create_array(tmp_path / "a.npy", (1000, 500), np.float32)
    assert (again[7] == 3).all(), "one that fits is kept"
    assert create_array(tmp_path / "a.npy", (10, 5), np.float32).shape == (10, 5)


@pytest.mark.parametrize("missing", [True, False], ids=["no posix_fallocate", "posix_fallocate"])
def test_reserved_space_is_zeros_with_or_without_the_call(tmp_path, monkeypatch, missing):
    if missing:
        monkeypatch.delattr(os, "posix_fallocate", raising=False)
    with (tmp_path / "f").open("wb") as file:
        file.write(b"head")
        reserve(file, 3_000_001)
    content = (tmp_path / "f").read_bytes()
    assert content[:4] == b"head" and len(content) == 3_000_001 and not any(content[4:])
    assert (tmp_path / "f").stat().st_blocks * 512 >= 3_000_001


def test_no_room_for_an_array_is_an_error_and_leaves_nothing(tmp_path):
    program = """if True:
        import sys, numpy as np
        from pathlib import Path
        from tagrefine_core.errors import DiskFull
        from tagrefine_core.files import create_array
        try:
            create_array(Path(sys.argv[1]), (1000, 1000), np.float32)[:] = 1
        except DiskFull as error:
            print(error)
    """
    done = limited(program, tmp_path / "a.npy")
    assert done.returncode == 0, "no signal ends it"
    assert str(tmp_path / "a.npy") in done.stdout and "free space" in done.stdout
    assert not list(tmp_path.iterdir())


WRITERS = {
    "array": lambda path: write_array(path, np.arange(9)),
    "arrays": lambda path: write_arrays(path, a=np.arange(9)),
    "sparse": lambda path: write_sparse(path, sparse.csr_matrix(np.eye(4))),
    "json": lambda path: write_json(path, {"a": [1, 2, 3]}),
}
READERS = {"array": read_array, "arrays": read_arrays, "sparse": read_sparse, "json": read_json}


@pytest.mark.parametrize("kind", WRITERS)
@pytest.mark.parametrize("damage", ["cut", "garbled", "empty", "other"])
def test_what_is_damaged_is_named(tmp_path, kind, damage):
    path = tmp_path / "file"
    WRITERS[kind](path)
    whole = path.read_bytes()
    damaged = {
        "cut": whole[: len(whole) // 2],
        "garbled": bytes(byte ^ 0x5A for byte in whole[:40]) + whole[40:],
        "empty": b"",
        "other": b"\x80 words",
    }
    path.write_bytes(damaged[damage])
    with pytest.raises(DamagedFile, match="doctor") as error:
        READERS[kind](path)
    assert str(path) in str(error.value) and isinstance(error.value, TagRefineError)
    path.unlink()
    with pytest.raises(FileNotFoundError):
        READERS[kind](path)


def test_what_can_be_made_again_is(tmp_path):
    path, made = tmp_path / "cache/a.npy", []

    def make():
        made.append(1)
        return np.arange(5)

    for _ in range(2):
        assert kept_array(path, make).tolist() == [0, 1, 2, 3, 4]
    assert made == [1]
    path.write_bytes(path.read_bytes()[:100])
    assert kept_array(path, make).tolist() == [0, 1, 2, 3, 4] == read_array(path).tolist()
    assert made == [1, 1]


def test_only_files_are_replaced(tmp_path):
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "folder").mkdir()
    (tmp_path / "link").symlink_to("pipe")
    for name in ("pipe", "folder", "link"):
        with pytest.raises(ConfigError, match=name):
            write_file(tmp_path / name, lambda file: file.write(b"x"))
    with pytest.raises(ConfigError, match="/dev/null"):
        write_file(Path("/dev/null"), lambda file: file.write(b"x"))
    assert sorted(path.name for path in tmp_path.iterdir()) == ["folder", "link", "pipe"]
    assert (tmp_path / "pipe").is_fifo()


def test_the_longest_name_that_a_disk_takes_is_written(tmp_path):
    name = "é" * 127
    write_file(tmp_path / name, lambda file: file.write(b"x"))
    assert [path.name for path in tmp_path.iterdir()] == [name]


def test_a_file_is_abandoned_only_when_its_writer_is_gone(tmp_path):
    seen = []

    def write(file):
        seen.append(abandoned(Path(file.name)))
        file.write(b"x")

    write_file(tmp_path / "a", write)
    assert seen == [False]
    program = """if True:
        import os, signal, sys
        from pathlib import Path
        from tagrefine_core.files import write_file
        write_file(Path(sys.argv[1]), lambda file: os.kill(os.getpid(), signal.SIGKILL))
    """
    subprocess.run([sys.executable, "-c", program, str(tmp_path / "b")], cwd=ROOT)
    (left,) = tmp_path.glob(".b.*.part")
    assert abandoned(left) and not abandoned(tmp_path / "not there")


def test_a_full_disk_while_a_file_is_written_leaves_the_old_one(tmp_path):
    write_file(tmp_path / "a", lambda file: file.write(b"old"))
    program = """if True:
        import sys, numpy as np
        from pathlib import Path
        from tagrefine_core.errors import DiskFull
        from tagrefine_core.files import *
        for write in (
            lambda path: write_array(path, np.zeros(10**6)),
            lambda path: write_arrays(path, a=np.zeros(10**6)),
            lambda path: write_file(path, lambda file: file.write(bytes(10**7))),
        ):
            try:
                write(Path(sys.argv[1]))
            except DiskFull as error:
                print("FULL", error)
    """
    done = limited(program, tmp_path / "a")
    assert done.stdout.count("FULL") == 3, done.stderr
    assert [path.read_bytes() for path in tmp_path.iterdir()] == [b"old"]
    assert issubclass(DiskFull, OSError)
