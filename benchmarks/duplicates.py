"""How many changed copies of photos are found, and how many other pairs beside them: features, coarse shapes, and both.

Run with ``python -m benchmarks.duplicates HOME RUN [--photos 200]``. Photos of the run's collection are compressed, made smaller, cropped,
mirrored, made brighter, turned gray and framed; each copy is compared with its original. Limits are set so that 20 pairs of the
collection itself pass, which anybody can look at.
"""

import argparse
import os
import tempfile
from collections.abc import Iterator
from io import BytesIO
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageOps

from tagrefine_core.collections import Collection, load_image
from tagrefine_core.collections.hashes import agreement, picture_hash, picture_hashes
from tagrefine_core.neighbors.search import candidate_sets
from tagrefine_core.refinement.duplicates import LEAST, NEAREST
from tagrefine_core.runs.annotator import Annotator
from tagrefine_core.runs.run import Run
from tagrefine_core.store import Store

_PASS = 20
_BLOCK = 64


def copies(photo: Image.Image) -> Iterator[tuple[str, Image.Image]]:
    """Yield what people make of a photo."""
    wide, high = photo.size
    stored = BytesIO()
    photo.save(stored, "JPEG", quality=30)
    yield "JPEG 30", Image.open(stored).convert("RGB")
    yield "half the size", photo.resize((wide // 2, high // 2), Image.Resampling.LANCZOS)
    yield "5 % cut off", photo.crop((wide // 20, high // 20, wide, high))
    yield "15 % cut off", photo.crop((wide * 3 // 20, high * 3 // 20, wide, high))
    yield "mirrored", ImageOps.mirror(photo)
    yield "brighter", photo.point(lambda value: min(255, int(value * 1.3)))
    yield "gray", photo.convert("L").convert("RGB")
    yield "framed", ImageOps.expand(photo, border=max(wide, high) // 25, fill="black")


def _unit(features: NDArray[np.floating]) -> NDArray[np.float32]:
    found = np.asarray(features, dtype=np.float32)
    return found / np.maximum(np.linalg.norm(found, axis=1, keepdims=True), 1e-9)


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("home", type=Path)
    parser.add_argument("run")
    parser.add_argument("--photos", type=int, default=200)
    options = parser.parse_args()
    store = Store(options.home)
    run = Run.open(store, options.run)
    collection = Collection.open(store, run.record.collection)
    hashes, features = picture_hashes(collection), _unit(run.features)
    asked = np.sort(np.random.default_rng(0).permutation(collection.n)[: options.photos])
    annotator, names = Annotator(run, collection), [name for name, _ in copies(Image.new("RGB", (64, 64)))]
    with tempfile.TemporaryDirectory(prefix="tagrefine-copies-") as folder:
        files, seen = [], []
        for row in asked:
            for name, picture in copies(load_image(collection.image_path(int(row)))):
                files.append(Path(folder) / f"{row}-{names.index(name)}.png")
                picture.save(files[-1])
                picture.thumbnail((128, 128))
                seen.append(picture_hash(picture))
        blocks = [annotator.features(files[start : start + _BLOCK]) for start in range(0, len(files), _BLOCK)]
    looks, own = _unit(np.concatenate(blocks)), np.repeat(asked, len(names))
    likely = np.einsum("ij,ij->i", looks, features[own])
    shape = agreement(np.array(seen), hashes[own])
    near = (
        np.array([(features @ one > value).sum() for one, value in zip(looks, likely, strict=True)]) < NEAREST
    )
    print(f"among the {NEAREST} nearest: {near.mean():.3f} of the copies")

    neighbors = candidate_sets(features, NEAREST)
    first = np.repeat(np.arange(collection.n), NEAREST)
    first, second = np.unique(np.sort(np.stack([first, neighbors.ravel()]), axis=0), axis=1)
    cosine = np.einsum("ij,ij->i", features[first], features[second])
    others = agreement(hashes[first], hashes[second])
    for name, of_copies, of_pairs in (
        ("features alone", likely, cosine),
        ("shapes alone, of the same pairs", shape, others),
        ("both", (2 * likely + shape) / 3, (2 * cosine + others) / 3),
    ):
        limit = float(np.sort(of_pairs)[-_PASS])
        limits = [limit, LEAST] if name == "both" else [limit]
        for least in limits:
            found = near & (of_copies >= least)
            parts = ", ".join(
                f"{kind} {found[place :: len(names)].mean():.2f}" for place, kind in enumerate(names)
            )
            print(
                f"{name}, from {least:.3f}: {int((of_pairs >= least).sum())} pairs; {found.mean():.3f} of the copies: {parts}"
            )
    print(f"{len(own)} copies, {collection.n} photos; load {os.getloadavg()[0]:.1f}")


if __name__ == "__main__":
    main()
