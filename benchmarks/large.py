"""A large collection and a run of it, drawn from those of a run again and again: what benchmarks of the app work on.

Every photo is one of the collection's (a link to its file) with features of its own (`benchmarks.resampled`), every tag one of its tags;
the further ones are named by nouns of WordNet. The run has all files that a run of preset ``default`` leaves.
"""

import argparse
import shutil
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import islice
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from safetensors import safe_open
from safetensors.numpy import save_file

from benchmarks.resampled import read, resampled
from tagrefine_core import workflow
from tagrefine_core.collections import Collection, ImageChecks, Source, write_collection
from tagrefine_core.files import (
    read_array,
    read_arrays,
    read_sparse,
    write_array,
    write_arrays,
    write_sparse,
)
from tagrefine_core.runs.evidence import keep_relations
from tagrefine_core.runs.levels import levels_of
from tagrefine_core.runs.refined import prospects_of
from tagrefine_core.runs.run import Run, run_folder
from tagrefine_core.store import Store, TagRecord
from tagrefine_core.tags import load

_BLOCK = 8192


def parser(about: str | None) -> argparse.ArgumentParser:
    """Return what reads from the command line which run, and how many photos and tags; ``about`` is what ``--help`` says."""
    made = argparse.ArgumentParser(description=about, formatter_class=argparse.RawDescriptionHelpFormatter)
    made.add_argument("home", type=Path)
    made.add_argument("collection")
    made.add_argument("run")
    made.add_argument("--photos", type=int, default=200_000)
    made.add_argument("--tags", type=int, default=3010)
    return made


@contextmanager
def large(about: str | None) -> Iterator[tuple[Collection, Run]]:
    """Make what the command line asks for, and remove it in the end."""
    with tempfile.TemporaryDirectory(prefix="tagrefine-bench-") as folder:
        yield drawn(parser(about).parse_args(), Path(folder))


def drawn(options: argparse.Namespace, home: Path) -> tuple[Collection, Run]:
    """Write a collection "big" and its run "big" into an empty home folder."""
    start = time.perf_counter()
    store = Store(options.home)
    of, run = Collection.open(store, options.collection), Run.open(store, options.run)
    big, made = _Draw(Store(home), of, run, options.photos, options.tags).write()
    print(
        f"{big.n} photos, {len(big.vocabulary)} tags, {big.tags.nnz / big.n:.1f} a photo; made in {time.perf_counter() - start:.0f} s",
        flush=True,
    )
    return big, made


class _Draw:
    def __init__(self, store: Store, of: Collection, run: Run, photos: int, tags: int) -> None:
        self.store, self.of, self.run = store, of, run
        self.photos = np.arange(photos) % of.n
        self.columns = np.arange(tags) % len(of.vocabulary)
        self.folder = run_folder(store.home, "big")

    def write(self) -> tuple[Collection, Run]:
        big = self._collection()
        record = self.run.record
        versions, seed = dict(record.versions), record.seed
        self.store.create_run(
            "big", big.id, config=record.config, seed=seed, data_hash=big.data_hash, versions=versions
        )
        for epoch in self.run.epochs:
            self.store.write_epoch("big", epoch)
        self.store.set_run_state("big", "finished")
        self.folder.mkdir(parents=True)
        self._by_photo()
        self._by_tag()
        shutil.copytree(self.of.store.home / "backbones", self.store.home / "backbones")
        made = Run.open(self.store, "big")
        levels_of(made)
        prospects_of(made, big)
        keep_relations(made, big)
        workflow.evaluate_run(self.store, "big")
        return big, made

    def _collection(self) -> Collection:
        of, pictures = self.of, self.store.home / "photos"
        pictures.mkdir()
        files = [f"{place:06d}{Path(of.files[row]).suffix}" for place, row in enumerate(self.photos)]
        for file, row in zip(files, self.photos.tolist(), strict=True):
            (pictures / file).symlink_to(of.root / of.files[row])
        own = set(of.vocabulary)
        nouns = (name for name in load().reader.all_lemma_names(pos="n") if name not in own)
        names = [*of.vocabulary, *islice(nouns, len(self.columns))][: len(self.columns)]
        given = of.tags[:, self.columns].tocsr()
        spelled = [
            [names[column] for column in given.indices[slice(*given.indptr[row : row + 2])]]
            for row in range(of.n)
        ]
        n = len(files)
        truth = None if of.truth is None else np.array(of.truth[self.photos])
        tags = [spelled[row] for row in self.photos]
        return write_collection(
            self.store,
            Source("table", pictures, files, tags, [None] * n, of.labels, truth, ()),
            ImageChecks(np.arange(n), np.ones((n, 2), np.int32), np.ones(n, np.int64), []),
            name="big",
            kind="table",
            vocabulary=names,
            label_columns=of.label_columns,
            decisions=[TagRecord(name, 1, "kept", name, "") for name in names],
        )

    def _by_photo(self) -> None:
        n, photos = len(self.photos), self.photos
        write_array(self.folder / "rows.npy", np.arange(n))
        write_array(self.folder / "features.npy", resampled(read(self.run.folder / "features.npy"), n))
        for name in ("scores.npy", "logits.npy"):
            source = read_array(self.run.folder / name)
            into = np.lib.format.open_memmap(self.folder / name, "w+", source.dtype, (n, len(self.columns)))
            for start in range(0, n, _BLOCK):
                into[start : start + _BLOCK] = source[photos[start : start + _BLOCK]][:, self.columns]
            into.flush()
        write_array(self.folder / "neighbors.npy", self._near(read_array(self.run.folder / "neighbors.npy")))
        squared = read_array(self.run.folder / "neighbors_squared.npy")
        write_array(self.folder / "neighbors_squared.npy", squared[photos])
        trace = read_arrays(self.run.folder / "trace.npz")
        traced = np.stack([self._near(moment) for moment in trace["neighbors"]])
        write_arrays(self.folder / "trace.npz", **{**trace, "photos": np.arange(n), "neighbors": traced})
        if (self.run.folder / "map.npz").exists():
            kept = read_arrays(self.run.folder / "map.npz")
            rng = np.random.default_rng(0)
            for name in {"learned", "frozen"} & set(kept):
                moved = kept[name][photos] + rng.normal(0, 0.006, (n, 2))
                kept[name] = moved.astype(np.float32)
            write_arrays(self.folder / "map.npz", **kept)

    def _near(self, neighbors: NDArray[np.int32]) -> NDArray[np.int32]:
        """Return neighbors (n, k) of photos drawn together with them."""
        first = np.arange(len(self.photos)) // self.of.n * self.of.n
        near = neighbors[self.photos] + first[:, None]
        return np.where(near < len(self.photos), near, neighbors[self.photos]).astype(np.int32)

    def _by_tag(self) -> None:
        source, columns = self.run.folder, self.columns
        write_array(self.folder / "visualness.npy", read_array(source / "visualness.npy")[:, columns])
        write_sparse(self.folder / "implied.npz", read_sparse(source / "implied.npz")[columns][:, columns])
        tags = len(self.of.vocabulary)
        for name in ("calibration.safetensors", "fitted.safetensors"):
            with safe_open(source / name, framework="np") as file:
                arrays = {key: file.get_tensor(key) for key in file.keys()}  # noqa: SIM118
                about = file.metadata()
            wide = {key: one[columns] if len(one) == tags else one for key, one in arrays.items()}
            save_file(wide, self.folder / name, metadata=about)
        shutil.copy(source / "material.json", self.folder)
