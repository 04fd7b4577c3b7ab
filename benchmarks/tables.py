"""Seconds and memory that reading a table takes, for three ways of writing the same photos.

    python -m benchmarks.tables [PHOTOS] [TAGS]

"quoted" is CSV with all tags of a photo in one cell, "lines" JSON lines, "long" CSV with a row for each tag. Photos are empty files in folders,
so that names are found as in an import; nothing is decoded. Each is read in a process of its own, so that peaks do not hide each other.
"""

import argparse
import csv
import json
import random
import subprocess
import sys
import tempfile
from pathlib import Path

from benchmarks.measuring import timed
from tagrefine_core.collections import read_source

_WAYS = ("quoted", "lines", "long")


def write(folder: Path, way: str, photos: int, tags: int) -> None:
    """Write the table of a way; the same photos with the same tags for each."""
    rng = random.Random(0)
    words = [f"word{number}" for number in range(20_000)]
    rows = (
        (_name(number), rng.choices(words, k=tags), f"user{number % 5000}", rng.choices(words[:24], k=2))
        for number in range(photos)
    )
    table = folder / ("metadata.jsonl" if way == "lines" else "metadata.csv")
    with table.open("w", newline="", encoding="utf-8") as file:
        if way == "lines":
            for name, given, user, labels in rows:
                row = {"file_name": name, "tags": given, "user": user, "labels": labels}
                file.write(json.dumps(row) + "\n")
            return
        writer = csv.writer(file)
        if way == "long":
            writer.writerow(["file_name", "tag"])
            writer.writerows((name, tag) for name, given, _, _ in rows for tag in given)
        else:
            writer.writerow(["file_name", "tags", "user", "labels"])
            writer.writerows(
                (name, ",".join(given), user, ",".join(labels)) for name, given, user, labels in rows
            )


def _name(number: int) -> str:
    return f"folder{number % 97}/im{number}.jpg"


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("photos", type=int, nargs="?", default=200_000)
    parser.add_argument("tags", type=int, nargs="?", default=10)
    parser.add_argument("--read", type=Path, help=argparse.SUPPRESS)  # in the processes that are measured
    options = parser.parse_args()
    if options.read:
        source = timed(options.read.name, lambda: read_source("table", options.read))
        assert len(source.files) == options.photos, len(source.files)
        assert sum(map(len, source.tags)) >= 0.99 * options.photos * options.tags, "tags are lost"
        return
    with tempfile.TemporaryDirectory(prefix="tagrefine-tables-") as made:
        folder = Path(made)
        for number in range(options.photos):
            path = folder / "photos" / _name(number)
            if number < 97:
                path.parent.mkdir(parents=True)
            path.touch()
        for way in _WAYS:
            here = (folder / "photos").rename(folder / way)
            write(here, way, options.photos, options.tags)
            arguments = [str(options.photos), str(options.tags), "--read", str(here)]
            subprocess.run([sys.executable, "-m", "benchmarks.tables", *arguments], check=True)
            for table in here.glob("metadata.*"):
                table.unlink()
            here.rename(folder / "photos")


if __name__ == "__main__":
    main()
