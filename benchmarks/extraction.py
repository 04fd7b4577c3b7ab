"""Photos a second from files to features, against the best loop over pictures that are in memory already.

Run with ``python -m benchmarks.extraction FOLDER [--backbone NAME] [--weights FILE] [--views V] [--photos N] [--loop N]``. The loops are those
that anybody would write: one batch after the other through the trunk as it was published, in either layout, in batches of
several sizes, with PyTorch's threads; freed memory is kept as for ours. Each is timed in turn and the best of several rounds
counts; CPU seconds say what it would be with all cores to itself: cores divided by them.
"""

import argparse
import copy
import os
import resource
import time
from collections.abc import Callable
from contextlib import nullcontext
from pathlib import Path

import numpy as np
import torch
from torch import nn

from tagrefine_core.features import BACKBONES, build_trunk, load_weights
from tagrefine_core.features.backbones import look
from tagrefine_core.features.extraction import Extractor
from tagrefine_core.features.memory import kept_memory
from tagrefine_core.features.pictures import decode_many, normalize

LAYOUTS = {"NCHW": torch.contiguous_format, "channels_last": torch.channels_last}


def seconds(work: Callable[[], object], rounds: int = 3) -> tuple[float, float]:
    """Return the least (seconds, CPU seconds) of several rounds."""
    found = []
    for _ in range(rounds):
        used, start = _used(), time.perf_counter()
        work()
        found.append((time.perf_counter() - start, _used() - used))
    walls, processors = zip(*found, strict=True)
    return min(walls), min(processors)


def _used() -> float:
    usage = resource.getrusage(resource.RUSAGE_SELF)
    return usage.ru_utime + usage.ru_stime


def line(title: str, photos: int, spent: tuple[float, float]) -> float:
    """Print a row and return its photos a second of CPU, times the cores."""
    wall, processor = spent
    possible = photos / processor * torch.get_num_threads()
    print(f"{title:<46} {photos / wall:7.1f} {possible:9.1f} {1000 * processor / photos:7.2f}", flush=True)
    return possible


def loop(
    stages: nn.Module, pictures: torch.Tensor, batch: int, views: int, layout: torch.memory_format
) -> Callable[[], object]:
    """Return a loop over pictures that are scaled already."""
    pictures = pictures.contiguous(memory_format=layout)

    def run() -> None:
        with torch.inference_mode():
            for part in pictures.split(batch):
                stages(part)
                if views == 2:
                    stages(part.flip(-1))

    return run


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path, help="photos, in it or below it")
    parser.add_argument("--backbone", default="mobilenet_v2", choices=BACKBONES)
    parser.add_argument("--weights", default="none")
    parser.add_argument("--views", type=int, default=2)
    parser.add_argument("--photos", type=int, default=256)
    parser.add_argument("--loop", type=int, default=64, help="photos of the loops")
    options = parser.parse_args()
    state = load_weights(options.backbone, options.weights)
    trunk = build_trunk(options.backbone, state, seed=0).eval()
    size, views = BACKBONES[options.backbone].image_size, options.views
    files = sorted(
        path for path in options.folder.rglob("*") if path.suffix.lower() in (".jpg", ".jpeg", ".png")
    )
    files = files[: options.photos]
    pictures = torch.from_numpy(decode_many(files, size))
    print(
        f"{len(files)} photos, {options.backbone} at {size} px, {views} views, {torch.get_num_threads()} cores"
    )
    print(f"load {os.getloadavg()[0]:.1f}; with all cores to itself: cores / CPU seconds a photo")
    print(f"{'':<46} photos/s  to itself  CPU ms")

    loops = []
    some = normalize(pictures[: options.loop], trunk.scale)
    for name, layout in LAYOUTS.items():
        stages = nn.Sequential(*copy.deepcopy(trunk).stages).to(memory_format=layout)
        for batch in (1, 4, 8, 16, 64):
            for kept in (False, True):
                with kept_memory() if kept else nullcontext():
                    spent = seconds(loop(stages, some, batch, views, layout))
                loops.append(line(f"loop: {name}, batch {batch}{', memory kept' * kept}", len(some), spent))

    extractor = Extractor(trunk, size, views=views, device=torch.device("cpu"))
    found = extractor.features_of_all(files)

    def ours() -> None:
        with kept_memory():
            extractor.features_of_all(files)

    rate = line("ours, from files", len(files), seconds(ours))
    line("  of it reading", len(files), seconds(lambda: decode_many(files, size)))
    stages = nn.Sequential(*extractor.trunk.stages)
    with kept_memory():
        line(
            "  of it scaling",
            len(some),
            seconds(lambda: [normalize(part, trunk.scale) for part in pictures[: len(some)].split(4)]),
        )
        line(
            "  of it the trunk, one view",
            len(some),
            seconds(loop(stages, some, extractor.batch, 1, torch.channels_last)),
        )
    with torch.inference_mode():
        expected = torch.cat([look(trunk, part, views=views) for part in pictures.split(64)]).numpy()
    print(f"against the best loop, which reads nothing: {rate / max(loops):.2f}")
    print(
        f"largest difference of a feature: {np.abs(found - expected).max():.1e}, of {np.abs(expected).max():.2f}"
    )


if __name__ == "__main__":
    main()
