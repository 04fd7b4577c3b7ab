"""Kills, fills, cuts and garbles a copy of a home at random, and counts how often what is left can be used.

    python -m benchmarks.faults HOME [--rounds 10] [--seed 0]

After each fault the commands that read are run, and ``doctor``, then ``doctor --mend``. A fault is survived when each of them ends within
two minutes with status 0, or with status 2 and one sentence; when the photos are as they were; and when after a kill or a full disk all
finished runs are there still. The home itself is only read.
"""

import argparse
import random
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path

from tagrefine_core.store import Store

READING = (
    "collections",
    "runs",
    "jobs",
    "tags RUN",
    "evaluate RUN",
    "explain RUN PHOTO TAG",
    "doctor",
    "doctor --mend",
    "runs",
)
WORKING = (
    "train NAME --set phi0.epochs=2",
    "import folder PHOTOS --name again",
    "refine RUN --out OUT",
    "duplicates RUN",
    "map RUN",
)


class Place:
    """A copy of a home, and what of it commands are told."""

    def __init__(self, home: Path, room: Path) -> None:
        self.home = room / "home"
        shutil.copytree(home, self.home)
        store = Store(self.home)
        run = next(run for run in store.runs() if run.state == "finished")
        record = store.collection(run.collection)
        self.finished = {run.id for run in store.runs() if run.state == "finished"}
        self.photos = self.home / record.root
        self.words = {
            "RUN": run.id,
            "NAME": record.name,
            "PHOTO": store.images(record.id)[0][0],
            "TAG": store.vocabulary(record.id)[0][0],
            "PHOTOS": str(self.photos),
            "OUT": str(room / "refined.csv"),
        }

    def command(self, text: str) -> list[str]:
        """Return the words of a command, with the names of this home put in."""
        words = [self.words.get(word, word) for word in text.split()]
        return [sys.executable, "-m", "tagrefine_core", "--home", str(self.home), *words]

    def complaint(self, text: str) -> str | None:
        """Run a command and say what is wrong with its end."""
        try:
            done = subprocess.run(self.command(text), capture_output=True, text=True, timeout=120)
        except subprocess.TimeoutExpired:
            return f"{text} hangs"
        if done.returncode in (0, 2) and "Traceback" not in done.stderr:
            return None
        return f"{text} ends with {done.returncode}: {(done.stderr.splitlines() or [''])[-1][:150]}"


def kill(place: Place, rng: random.Random) -> str:
    """End a command without warning, wherever it is."""
    text = rng.choice(WORKING)
    process = subprocess.Popen(place.command(text), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    time.sleep(rng.uniform(0.2, 8.0))
    process.kill()
    process.wait()
    return text


def fill(place: Place, rng: random.Random) -> str:
    """Run a command that may write no file beyond some size, as on a full disk."""
    text, limit = rng.choice(WORKING), int(2 ** rng.uniform(8, 22))
    subprocess.run(
        place.command(text),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        timeout=300,
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit)),
    )
    return f"{text} with {limit} bytes"


def _data(place: Place) -> list[Path]:
    parts = ("collections", "runs", "cache")
    return sorted(path for part in parts for path in (place.home / part).rglob("*") if path.is_file())


def cut(place: Place, rng: random.Random) -> str:
    """Cut a file short."""
    path = rng.choice(_data(place))
    content = path.read_bytes()
    path.write_bytes(content[: rng.randrange(len(content) + 1)])
    return str(path.relative_to(place.home))


def garble(place: Place, rng: random.Random) -> str:
    """Write other bytes into a file."""
    path = rng.choice(_data(place))
    content = bytearray(path.read_bytes())
    start = rng.randrange(max(1, len(content)))
    content[start : start + 4096] = rng.randbytes(len(content[start : start + 4096]))
    path.write_bytes(content)
    return str(path.relative_to(place.home))


def database(place: Place, rng: random.Random) -> str:
    """Take the database away, empty it, or garble some of its pages."""
    how, path = rng.choice(["missing", "empty", "garbled"]), place.home / "tagrefine.db"
    content = bytearray(path.read_bytes())
    for page in rng.sample(range(len(content) // 4096), max(1, len(content) // 40960)):
        content[page * 4096 : (page + 1) * 4096] = rng.randbytes(4096)
    if how == "missing":
        path.unlink()
    else:
        path.write_bytes(b"" if how == "empty" else content)
    return how


FAULTS: tuple[Callable[[Place, random.Random], str], ...] = (kill, fill, cut, garble, database)


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("home", type=Path)
    parser.add_argument("--rounds", type=int, default=10, help="of each kind")
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    rng = random.Random(options.seed)
    survived: Counter[str] = Counter()
    for turn in range(options.rounds):
        for fault in FAULTS:
            with tempfile.TemporaryDirectory(prefix="tagrefine-faults-") as room:
                place = Place(options.home, Path(room))
                photos = {path: path.stat().st_mtime_ns for path in place.photos.rglob("*.jpg")}
                what = fault(place, rng)
                wrong = [said for text in READING if (said := place.complaint(text))]
                if photos != {path: path.stat().st_mtime_ns for path in place.photos.rglob("*.jpg")}:
                    wrong.append("photos changed")
                if fault in (kill, fill) and not place.finished <= {
                    run.id for run in Store(place.home).runs()
                }:
                    wrong.append("finished runs are lost")
                survived[fault.__name__] += not wrong
                if wrong:
                    print(f"{fault.__name__} {what}: {'; '.join(wrong)}", flush=True)
        counts = ", ".join(f"{fault.__name__} {survived[fault.__name__]} / {turn + 1}" for fault in FAULTS)
        print(f"survived / tried: {counts}", flush=True)


if __name__ == "__main__":
    main()
