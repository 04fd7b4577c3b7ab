"""What disks, kills and strange names do to a home: one line and exit 2, and nothing is lost. The real thing, no mocks."""

import json
import os
import random
import resource
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import warnings
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import psutil
import pytest

from tagrefine_core import workflow
from tagrefine_core.cli import main
from tagrefine_core.collections import Collection
from tagrefine_core.errors import HomeError, TagRefineError
from tagrefine_core.store import Store, keep_copy
from tagrefine_core.workflow.doctor import examine, mend
from tests.app.conftest import ROOT, add_collection

READING = (
    "collections", "runs", "jobs", "tags run-new", "evaluate run-new", "suspicious run-new --kind wrong", "verdicts demo",
)  # fmt: skip


def one_line(capsys: pytest.CaptureFixture[str], *arguments: str) -> str:
    """Run a command that has to fail with status 2 and one line; return it."""
    assert main(arguments) == 2
    output, errors = capsys.readouterr()
    assert not output and errors.startswith("Error: ") and errors.count("\n") == 1
    return errors


def command(home: Path, *arguments: str, before: tuple[str, ...] = ()) -> subprocess.CompletedProcess[str]:
    """Run a command in a process of its own."""
    words = [*before, sys.executable, "-m", "tagrefine_core", "--home", str(home), *arguments]
    return subprocess.run(words, cwd=ROOT, capture_output=True, text=True, timeout=120)


def verdict(home: Path) -> None:
    workflow.verdict(Store(home), "demo", "im03.png", "sea", "accept")


# Names and numbers that no disk and no database takes


@pytest.mark.parametrize("name", ["loop", "long", "null", "nobody", "bytes", "zero", "file"])
@pytest.mark.parametrize("use", ["home", "source", "table", "out", "annotate", "explain"])
def test_odd_paths_are_one_line(small_home, tmp_path, capsys, name, use):
    (tmp_path / "a").symlink_to("b")
    (tmp_path / "b").symlink_to("a")
    (tmp_path / "file").write_text("")
    path = {
        "loop": str(tmp_path / "a"),
        "long": str(tmp_path / ("x" * 300)),
        "null": "/dev/null",
        "nobody": "~nobody-of-this-name/x",
        "bytes": os.fsdecode(bytes(tmp_path) + b"/caf\xe9"),
        "zero": "a\0b",
        "file": str(tmp_path / "file"),
    }[name]
    home = ("--home", str(small_home.home))
    if use == "home":
        if name == "nobody":
            pytest.skip("a folder of that name is a home like any other")
        one_line(capsys, "--home", path, "runs")
        return
    words = {
        "source": ("import", "folder", path, "--name", "x"),
        "table": ("import", "table", path, "--name", "x"),
        "out": ("refine", "run-new", "--out", path),
        "annotate": ("annotate", "run-new", path),
        "explain": ("explain", "run-new", path, "sea"),
    }[use]
    one_line(capsys, *home, *words)


@pytest.mark.parametrize("use", ["source", "table", "out", "report", "annotate", "weights", "method"])
def test_a_named_pipe_is_refused_and_does_not_hang(small_home, tmp_path, use):
    pipe = tmp_path / ("x.html" if use == "report" else "x.csv")
    os.mkfifo(pipe)
    words = {
        "source": ("import", "folder", pipe, "--name", "x"),
        "table": ("import", "table", pipe, "--name", "x"),
        "out": ("refine", "run-new", "--out", pipe),
        "report": ("report", "demo", "--out", pipe),
        "annotate": ("annotate", "run-new", pipe),
        "weights": ("train", "demo", "--weights", pipe),
        "method": ("benchmark", "demo", "--task", "refinement", "--method-file", pipe),
    }[use]
    done = command(small_home.home, *map(str, words))
    assert done.returncode == 2 and done.stderr.splitlines()[-1].startswith("Error: "), done.stderr
    assert "Traceback" not in done.stderr and pipe.is_fifo()


def test_numbers_beyond_the_database(small_home, capsys):
    for number in ("9" * 19, "9" * 40):
        one_line(capsys, "--home", str(small_home.home), "cancel", number)


def test_words_that_are_no_text_are_refused_wherever_they_come_from(small_home, capsys):
    for option in ("--title", "--note"):
        one_line(capsys, "--home", str(small_home.home), "name", "run-new", option, "caf\udce9")
    with pytest.raises(TagRefineError):  # the app's way
        workflow.name_run(small_home, "run-new", title="caf\ud800")
    assert small_home.run("run-new").title == ""


def test_a_photo_whose_name_is_no_text_is_a_row_of_the_report(small_home, tmp_path, capsys):
    folder = tmp_path / "photos"
    folder.mkdir()
    for number in range(3):
        shutil.copy(small_home.home / "photos/demo/im00.png", folder / f"ok{number}.png")
        (folder / f"ok{number}.txt").write_text("sea, sky")
    try:
        shutil.copy(folder / "ok0.png", os.fsdecode(bytes(folder) + b"/caf\xe9.png"))
    except OSError:
        pytest.skip("this disk takes no such name")
    assert main(["--home", str(small_home.home), "import", "folder", str(folder), "--name", "odd"]) == 0
    record = small_home.collection("odd")
    assert record.images == 3
    assert any("caf" in issue.file or "caf" in issue.reason for issue in small_home.import_issues(record.id))


# A full disk


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A disk of 24 MB, where one may be mounted."""
    disk = tmp_path / "disk"
    disk.mkdir()
    done = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=24m", "tmpfs", str(disk)], capture_output=True)
    if done.returncode:
        pytest.skip("no disk can be mounted here")
    yield disk
    subprocess.run(["umount", "-l", str(disk)], check=True)


def fill(disk: Path) -> None:
    for size in (2**20, 2**12, 1):
        try:
            with (disk / "fill").open("ab", buffering=0) as file:
                while True:
                    file.write(bytes(size))
        except OSError:
            continue


def test_a_home_on_a_full_disk_is_read_and_emptied(small_home, small_disk):
    home = small_disk / "home"
    shutil.copytree(small_home.home, home)
    (home / "runs/run-new/work").mkdir()
    (home / "runs/run-new/work/candidates.npy").write_bytes(bytes(2**19))
    fill(small_disk)
    for words in READING:
        done = command(home, *words.split())
        assert done.returncode == 0, done.stderr
    for words in ("name run-new --title x", "verdict demo im03.png sea accept", "train demo"):
        done = command(home, *words.split())
        assert done.returncode == 2 and done.stderr.count("\n") == 1
        assert "is full" in done.stderr and str(home) in done.stderr and "ove it away" not in done.stderr
    done = command(home, "delete", "run", "run-new", "--yes")
    assert done.returncode == 0, done.stderr
    assert "run-new" not in command(home, "runs").stdout
    fill(small_disk)
    assert command(home, "delete", "collection", "demo", "--yes").returncode == 0
    left = json.loads(command(home, "collections", "--json").stdout)
    assert {row["collection"] for row in left} == {"fresh", "unchecked"}
    (small_disk / "fill").unlink()
    assert not [finding for finding in examine(home) if finding.must]


def test_a_training_without_room_is_one_line_and_goes_on_when_there_is(small_home):
    words = ("train", "demo", "--preset", "small", "--set", "phi0.epochs=1", "--set", "constraints.epochs=1")
    limit = 2**17  # more than the database has, less than the pictures of all photos
    done = subprocess.run(
        [sys.executable, "-m", "tagrefine_core", "--home", str(small_home.home), *words],
        cwd=ROOT,
        capture_output=True,
        text=True,
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit)),
    )
    last = done.stderr.splitlines()[-1]
    assert done.returncode == 2 and last.startswith("Error: ") and "free space" in last, done.stderr
    run = next(run for run in small_home.runs("demo") if not run.id.startswith("run-"))
    assert run.state == "failed" and "cannot be written" in run.message
    done = command(small_home.home, "train", "demo", "--resume", run.id)
    assert done.returncode == 0, done.stderr
    assert small_home.run(run.id).state == "finished"


def test_a_transaction_that_the_disk_ended_is_not_rolled_back_again(store):
    with pytest.raises(HomeError, match="is full"), store.transaction() as connection:
        pages = connection.execute("PRAGMA page_count").fetchone()[0]
        connection.execute(f"PRAGMA max_page_count = {pages}")
        connection.execute("CREATE TABLE large (x)")
        connection.execute("INSERT INTO large VALUES (zeroblob(1000000))")
    assert store.collections() == []


# A database that is gone, empty or damaged


def tree(home: Path) -> dict[str, int]:
    """Every file of collections and runs with its size."""
    return {
        path.relative_to(home).as_posix(): path.stat().st_size
        for part in ("collections", "runs")
        for path in (home / part).rglob("*")
        if path.is_file()
    }


@pytest.mark.parametrize("how", ["missing", "empty"])
def test_a_lost_database_is_said_and_restored(small_home, tmp_path, capsys, how):
    home = small_home.home
    verdict(home)
    keep_copy(small_home)
    before, rows = tree(home), [run.id for run in small_home.runs()]
    for name in ("tagrefine.db", "tagrefine.db-wal", "tagrefine.db-shm"):
        (home / name).unlink(missing_ok=True)
    if how == "empty":
        (home / "tagrefine.db").touch()
    for words in ("runs", "import folder . --name x", "demo --images 100", "delete collection demo --yes"):
        line = one_line(capsys, "--home", str(home), *words.split())
        assert how in line and "collections/1" in line and "doctor --mend" in line
    assert tree(home) == before
    assert main(["--home", str(home), "doctor", "--json"]) == 2
    assert not json.loads(capsys.readouterr().out)["sound"]
    assert main(["--home", str(home), "doctor", "--mend", "--json"]) == 0
    document = json.loads(capsys.readouterr().out)
    assert document["sound"] and "copy" in document["mended"][0]
    restored = Store(home)
    assert [run.id for run in restored.runs()] == rows and tree(home) == before
    assert restored.curation.values(restored.collection("demo").id, "verdict") == [
        ("im03.png", "sea", "accept")
    ]


def test_without_a_copy_nothing_is_restored_and_nothing_is_lost(small_home, capsys):
    home = small_home.home
    (home / "tagrefine-copy.db").unlink(missing_ok=True)
    for path in home.glob("tagrefine.db*"):
        path.unlink()
    before = tree(home)
    assert main(["--home", str(home), "doctor", "--mend"]) == 2
    assert "no copy" in capsys.readouterr().out
    assert tree(home) == before and not (home / "tagrefine.db").exists()


@pytest.mark.parametrize("seed", range(6))
def test_what_can_be_read_of_a_damaged_database_is_kept(small_home, capsys, seed):
    home, path = small_home.home, small_home.path
    keep_copy(small_home)
    verdict(home)  # newer than the copy
    with small_home.connect() as connection:
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    rng, content = random.Random(seed), bytearray(path.read_bytes())
    pages = len(content) // 4096
    for page in rng.sample(range(1 if seed else 0, pages), pages // 4):
        content[page * 4096 : (page + 1) * 4096] = rng.randbytes(4096)
    path.write_bytes(content)
    for words in (*READING, "name run-new --title x"):
        done = command(home, *words.split())
        assert done.returncode in (0, 2) and "Traceback" not in done.stderr, done.stderr
    assert examine(home)[0].must and examine(home)[0].mendable
    assert any("damaged file is kept" in sentence for sentence in mend(home))
    (kept,) = home.glob("tagrefine-damaged-*.db")
    assert kept.stat().st_size == len(content)
    restored = Store(home)
    assert {run.id for run in restored.runs()} >= {"run-new", "run-old", "run-unchecked"}
    assert {record.name for record in restored.collections()} == {"demo", "fresh", "unchecked"}
    with restored.connect() as connection:
        assert connection.execute("PRAGMA integrity_check").fetchone()[0] == "ok"
        assert not connection.execute("PRAGMA foreign_key_check").fetchall()
    assert not [finding for finding in examine(home) if finding.must]


def test_a_copy_is_never_made_of_a_damaged_database(small_home):
    keep_copy(small_home)
    copy = small_home.home / "tagrefine-copy.db"
    before = copy.read_bytes()
    content = bytearray(small_home.path.read_bytes())
    for page in range(3, len(content) // 4096, 2):
        content[page * 4096 : (page + 1) * 4096] = bytes(4096)
    small_home.path.write_bytes(content)
    keep_copy(small_home)
    assert copy.read_bytes() == before


def test_a_new_collection_never_takes_the_folder_of_a_lost_one(small_home):
    lost = small_home.home / "collections" / "17" / "abc"
    lost.mkdir(parents=True)
    (lost / "truth.npy").write_bytes(b"precious")
    add_collection(small_home, "another")
    assert small_home.collection("another").id == 18 and (lost / "truth.npy").read_bytes() == b"precious"
    assert any("collections/17" in finding.what for finding in examine(small_home.home))


# Damaged files


def files_of(home: Path) -> list[Path]:
    store = Store(home)
    number = store.collection("demo").id
    return [
        path
        for folder in (home / "collections" / str(number), home / "runs" / "run-new")
        for path in sorted(folder.rglob("*.*"))
        if path.is_file()
    ]


def damaged(content: bytes, how: str) -> bytes:
    rng = random.Random(len(content))
    return {
        "cut": content[: len(content) * 2 // 3],
        "empty": b"",
        "garbled": content[:128] + rng.randbytes(max(0, len(content) - 128)),
        "head": rng.randbytes(min(64, len(content))) + content[64:],
    }[how]


@pytest.mark.parametrize("how", ["cut", "empty", "garbled", "head"])
def test_damaged_files_are_named_in_one_line(small_home, tmp_path, capsys, how):
    main(["--home", str(small_home.home), "tags", "run-new"])  # makes what is made when first asked for
    capsys.readouterr()
    words = (
        "tags run-new",
        "evaluate run-new",
        "explain run-new im03.png sea",
        f"refine run-new --out {tmp_path}/x.csv",
    )
    for path in files_of(small_home.home):
        whole = path.read_bytes()
        path.write_bytes(damaged(whole, how))
        if how != "garbled":  # numbers that are other numbers look like numbers
            named = [finding for finding in examine(small_home.home) if path.name in finding.what]
            assert named and all(finding.do for finding in named), path
        said = []
        for line in words:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")  # of numbers that are none
                code = main(["--home", str(small_home.home), *line.split()])
            errors = capsys.readouterr().err.splitlines()
            assert code in (0, 2), f"{path.name} {how}: {line}: {errors[-1:]}"
            said += errors[-1:] if code == 2 else []
        if how != "garbled":
            assert all(path.name in line for line in said), (path, said)
        path.write_bytes(whole)


@pytest.mark.parametrize("name", ["scores.npy", "tags_indices.npy", "visualness.npy"])
def test_pages_show_a_plain_box_for_a_damaged_file(small_home, open_page, name):
    (path,) = [path for path in files_of(small_home.home) if path.name == name]
    path.write_bytes(damaged(path.read_bytes(), "cut"))
    for page in ("browse", "tags", "metrics"):
        opened = open_page(page, collection="demo", run="run-new")
        assert not opened.exception, (page, opened.exception)
        if page == "browse":
            assert any(name in box.value.replace("\\", "") for box in opened.error), [
                box.value for box in opened.error
            ]


# Kills


def test_workers_that_draw_the_demo_end_with_a_killed_parent(tmp_path):
    program = (
        "from tagrefine_core.demo import generate; import sys; generate(sys.argv[1], images=4000, workers=2)"
    )
    parent = subprocess.Popen(
        [sys.executable, "-c", f"if __name__ == '__main__':\n  {program}", str(tmp_path)], cwd=ROOT
    )
    deadline = time.monotonic() + 60
    while not list(tmp_path.glob("photos/*.jpg")) and time.monotonic() < deadline:
        time.sleep(0.1)
    children = psutil.Process(parent.pid).children(recursive=True)
    assert len(children) >= 2
    parent.send_signal(signal.SIGKILL)
    parent.wait()
    _, alive = psutil.wait_procs(children, timeout=20)
    assert not alive


def test_leftovers_go_and_what_is_of_use_stays(small_home):
    home = small_home.home
    record = small_home.collection("demo")
    workflow_files = {
        "cache/thumbnails/99/256/0/0-0123456789ab.jpg": b"x" * 1000,
        f"cache/thumbnails/{record.id}/256/0/3-0123456789ab.jpg": b"x",
        f"runs/run-new/.scores.npy.{'ab' * 6}.part": b"x",
        "cache/similarity/unknown/google.npy": b"x",
        "cache/hashes/1-unknown.npy": b"x",
        "cache/duplicates/gone.npz": b"x",
        "cache/features/k/array.npy": b"x",
        "cache/features/k/done.json": b'{"rows": 1, "data": "unknown"}',
    }
    kept_files = {
        "cache/features/l/done.json": json.dumps({"rows": 1, "data": record.data_hash}).encode(),
        "cache/features/m/done.json": b'{"rows": 1}',
        "photos/demo/notes.part": b"x",
        "cache/duplicates/run-new.npz": b"x",
    }
    for name, content in (workflow_files | kept_files).items():
        (home / name).parent.mkdir(parents=True, exist_ok=True)
        (home / name).write_bytes(content)
    collection = Collection(small_home, record)
    thumbnail = collection.thumbnail(5)
    found = next(finding for finding in examine(home) if "leftovers" in finding.what)
    assert found.mendable and not found.must
    assert any("Leftovers" in sentence for sentence in mend(home))
    assert not [name for name in workflow_files if (home / name).exists()]
    assert all((home / name).read_bytes() == content for name, content in kept_files.items())
    assert thumbnail in [path.read_bytes() for path in (home / "cache/thumbnails").rglob("*.jpg")]


# A read-only home


def as_nobody() -> tuple[str, ...]:
    """Return what runs a command as somebody who may not write what this process made."""
    if os.geteuid() != 0:
        return ()
    if shutil.which("setpriv") is None:
        pytest.skip("root may write everywhere, and setpriv is not here")
    return ("setpriv", "--reuid", "65534", "--regid", "65534", "--clear-groups")


@pytest.fixture
def sealed(small_home: Store) -> Iterator[Path]:
    """The small home, which nobody may change."""
    before = as_nobody()
    room = Path(tempfile.mkdtemp())  # pytest's own folders are for one user alone
    room.chmod(0o755)
    home = Path(shutil.copytree(small_home.home, room / "home"))
    for path in (home, *home.rglob("*")):
        path.chmod(0o555 if path.is_dir() else 0o444)
    if subprocess.run([*before, sys.executable, "-c", "import numpy"], capture_output=True).returncode:
        pytest.skip("nobody may not run this Python")
    yield home
    for path in (home, *home.rglob("*")):
        path.chmod(0o755 if path.is_dir() else 0o644)
    shutil.rmtree(room)


def test_a_read_only_home_can_be_looked_at(sealed):
    before = sorted(sealed.rglob("*"))
    for words in READING:
        done = command(sealed, *words.split(), before=as_nobody())
        assert done.returncode == 0, (words, done.stderr)
    # Its status depends on what nobody may read of this machine.
    assert "is read-only" in command(sealed, "doctor", before=as_nobody()).stdout
    for words in (
        "verdict demo im03.png sea accept",
        "name run-new --title x",
        "delete run run-new --yes",
        "train demo",
    ):
        done = command(sealed, *words.split(), before=as_nobody())
        assert done.returncode == 2 and done.stderr.count("\n") == 1 and "read-only" in done.stderr
    assert sorted(sealed.rglob("*")) == before


def test_a_thumbnail_is_shown_though_it_cannot_be_kept(sealed):
    program = """if True:
        import sys
        from tagrefine_core.collections import Collection
        from tagrefine_core.store import Store
        content = Collection.open(Store(sys.argv[1]), "demo").thumbnail(3)
        assert content[:2] == b"\\xff\\xd8"
    """
    done = subprocess.run(
        [*as_nobody(), sys.executable, "-c", program, str(sealed)], cwd=ROOT, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    assert not (sealed / "cache").exists()


# The whole of doctor


def test_doctor_says_what_is_here(small_home, capsys):
    keep_copy(small_home)
    assert main(["--home", str(small_home.home), "doctor", "--json"]) == 0
    document = json.loads(capsys.readouterr().out)
    assert document["sound"] and {"versions", "machine", "home", "photos"} <= document.keys()
    assert document["versions"]["numpy"] == np.__version__ and "JPEG" in document["photos"]["formats"]
    shutil.rmtree(small_home.home / "runs/run-old")
    assert main(["--home", str(small_home.home), "doctor"]) == 2
    assert "run-old" in capsys.readouterr().out
