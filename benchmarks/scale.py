"""Seconds and memory of a whole training on many photos: what a table says of 200,000 photos x 1,475 tags.

Run with ``python -m benchmarks.scale N TAGS [--preset default] [--features FILE.npy] [--words FILE] [--set NAME=VALUE ...]``. Features
are resampled from those of FILE (N, d), else made up, and lie in a mapped file like those of a run; tags are words of FILE (one a line),
else nouns of WordNet, given to one photo in twenty down to one in five thousand, to a quarter of the photos that they fit and a few others.
"""

import argparse
import multiprocessing
import os
import tempfile
import time
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from scipy import sparse

from benchmarks.measuring import peak
from benchmarks.resampled import read, resampled
from tagrefine_core.features.inputs import FeatureInputs
from tagrefine_core.files import read_array, read_sparse, write_array, write_sparse
from tagrefine_core.settings import read_settings, train_config
from tagrefine_core.tags import load
from tagrefine_core.training.fit import fit, without_pictures

_BLOCK = 4096


def words(tags: int, path: Path | None) -> list[str]:
    """Return so many words."""
    if path is not None:
        found = path.read_text(encoding="utf-8").split()
    else:
        every = sorted(
            {name for name in load().reader.all_lemma_names(pos="n") if name.isalpha() and len(name) < 9}
        )
        found = every[:: len(every) // tags]
    if len(found) < tags:
        raise SystemExit(f"{path} holds {len(found)} words, and {tags} were asked for.")
    return found[:tags]


def given_tags(features: NDArray[np.floating], tags: int, rng: np.random.Generator) -> sparse.csr_matrix:
    """Return what users gave, csr uint8 (N, tags): each tag fits the photos along a direction of its own, and every fourth has it."""
    rates = np.geomspace(0.05, 0.0002, tags)
    photos = len(features)
    directions = np.asarray(features[np.sort(rng.permutation(photos)[:tags])], dtype=np.float32)
    sample = np.asarray(features[np.sort(rng.permutation(photos)[:_BLOCK])], dtype=np.float32)
    place = ((1 - np.minimum(4 * rates, 1)) * (len(sample) - 1)).astype(int)
    limits = np.sort(sample @ directions.T, axis=0)[place, np.arange(tags)]
    blocks = []
    for start in range(0, photos, _BLOCK):
        fits = np.asarray(features[start : start + _BLOCK], dtype=np.float32) @ directions.T > limits
        chance = rng.random(fits.shape, dtype=np.float32)
        blocks.append(sparse.csr_matrix(chance < np.where(fits, 0.25, 0.05 * rates), dtype=np.uint8))
    return sparse.vstack(blocks, format="csr")


def make(folder: Path, photos: int, tags: int, path: Path | None) -> None:
    """Write ``features.npy`` and ``tags.npz``."""
    features = resampled(read(path), photos).astype(np.float32)
    write_array(folder / "features.npy", features)
    write_sparse(folder / "tags.npz", given_tags(features, tags, np.random.default_rng(1)))


class Stages:
    """Adds up the seconds between calls of progress by stage, and the memory at its highest."""

    def __init__(self) -> None:
        self.seconds: dict[str, float] = {}
        self.since = time.perf_counter()

    def __call__(self, stage: str, done: int, total: int) -> None:
        """Count the time since the last call to this stage."""
        now = time.perf_counter()
        # What lies between two stages is counted to the later one, which tells of a block when it is done.
        self.seconds[stage] = self.seconds.get(stage, 0) + now - self.since
        self.since = now


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("photos", type=int)
    parser.add_argument("tags", type=int)
    parser.add_argument("--preset", default="default")
    parser.add_argument("--features", type=Path)
    parser.add_argument("--words", type=Path)
    parser.add_argument("--threads", type=int, default=torch.get_num_threads())
    parser.add_argument("--set", action="append", default=[], metavar="NAME=VALUE", dest="settings")
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    settings = read_settings(options.settings)
    config = without_pictures(train_config(options.preset, **settings))
    vocabulary = words(options.tags, options.words)
    with tempfile.TemporaryDirectory(prefix="tagrefine-scale-") as folder:
        # In a process of its own, whose memory does not count.
        maker = multiprocessing.get_context("spawn").Process(
            target=make, args=(Path(folder), options.photos, options.tags, options.features)
        )
        maker.start()
        maker.join()
        features, tags = read_array(Path(folder) / "features.npy"), read_sparse(Path(folder) / "tags.npz")
        print(
            f"{options.photos} photos x {features.shape[1]}, {options.tags} tags, {tags.nnz / options.photos:.1f} a photo; "
            f"peak so far {peak():.2f} GB; {options.threads} threads, load {os.getloadavg()[0]:.1f}",
            flush=True,
        )
        stages, processor, start = Stages(), time.process_time(), time.perf_counter()
        work = Path(folder) / "work"
        work.mkdir()
        inputs = FeatureInputs(features, torch.device("cpu"))
        fitted = fit(inputs, tags, config, vocabulary=vocabulary, folder=work, progress=stages)
        fitted.scores(tags, progress=stages)
        stages("After the last stage", 1, 1)
        for stage, seconds in stages.seconds.items():
            print(f"{seconds:9.1f} s  {stage}")
        print(
            f"{time.perf_counter() - start:9.1f} s  all, {time.process_time() - processor:.0f} CPU s; peak {peak():.2f} GB "
            f"(of it mapped files, which can be given back); load {os.getloadavg()[0]:.1f}"
        )


if __name__ == "__main__":
    main()
