"""The final tables: every method, every method on equal terms, and what each part of ours is worth, in both tasks.

    python -m benchmarks.equal_terms HOME COLLECTION --weights FILE [--annotations DIR] [--out tables] [--repeats 5] [--budget 12]
        [--tuning-seconds 1200] [--ablation-repeats 3] [--methods all,all+] [--only benchmark|ablate] [--task TASK] [--jobs 1]

Stopped, the same call goes on where it was; each table is written as soon as it is whole. Annotation comes first, since parameters
are chosen there. ``--repeats 1 --budget 1`` is a look that takes an hour or two instead of a night. With ``--jobs N`` so many processes,
of one thread each, first measure one method or variant after another; the table then is made of what they kept.
"""

import argparse
import os
from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from multiprocessing import get_context
from pathlib import Path
from typing import Any

from tagrefine_core import experiments
from tagrefine_core.config import TrainConfig
from tagrefine_core.experiments.ablation import variants_of
from tagrefine_core.experiments.export import (
    paired_variants,
    settings_sentence,
    variant_table,
    write_grid,
    write_table,
    write_text,
)
from tagrefine_core.methods import named
from tagrefine_core.progress import silent
from tagrefine_core.settings import train_config
from tagrefine_core.store import Store

TASKS = ("annotation", "refinement")
GROUPS = ("constraints", "additions", "features")


def main() -> None:
    """Make the tables."""
    words = _words()
    tasks = TASKS if words.task is None else (words.task,)
    for task in tasks if words.only != "ablate" else ():
        methods = named(words.methods.split(","))
        _by_processes(words, task, compare, [[method] for method in methods])
        table = compare(words, task, methods)
        print("", *write_table(table, words.out, f"{task}-{words.collection}"), sep="\n")
    for task in tasks if words.only != "benchmark" else ():
        variants = variants_of(_config(words, task), GROUPS)
        _by_processes(words, task, take_apart, [{name: over} for name, over in variants.items()])
        answer = take_apart(words, task, variants)
        name = f"ablation-{task}-{words.collection}"
        write_grid(answer["rows"], words.out, name, key="variant")
        text = [settings_sentence(answer), variant_table(answer["rows"], key="variant")]
        print(
            "",
            write_text(
                words.out / f"{name}-paired.md", "\n\n".join([*text, paired_variants(answer["paired"])])
            ),
        )


def compare(words: argparse.Namespace, task: str, methods: Sequence[str]) -> dict[str, Any]:
    """Measure methods in a task, or read what is known of them; return the table."""
    return experiments.benchmark(
        Store(words.home),
        words.collection,
        _config(words, task),
        methods=methods,
        repeats=words.repeats,
        budget=words.budget,
        seconds=words.tuning_seconds,
        annotations=words.annotations,
        table=None if words.jobs == 1 else f"jobs-{task}",  # in the end that of all methods
        progress=_shown if words.jobs == 1 else silent,
    )


def take_apart(words: argparse.Namespace, task: str, variants: dict[str, dict[str, Any]]) -> dict[str, Any]:
    """Train variants of the preset in a task, or read what is known of them; return the answer."""
    return experiments.ablate(
        Store(words.home),
        words.collection,
        _config(words, task),
        variants=variants,
        repeats=words.ablation_repeats,
        progress=_shown if words.jobs == 1 else silent,
    )


def _by_processes(
    words: argparse.Namespace, task: str, measure: Callable[..., Any], parts: Sequence[Any]
) -> None:
    """Let each part be measured by one of several processes, so that all is known to whom asks for the whole."""
    if words.jobs == 1:
        return
    os.environ["OMP_NUM_THREADS"] = "1"  # read by the processes that are begun below
    with ProcessPoolExecutor(words.jobs, get_context("spawn")) as pool:
        waiting = {pool.submit(measure, words, task, part): part for part in parts}
        for count, done in enumerate(as_completed(waiting), start=1):
            done.result()
            print(f"{task}: {count} of {len(parts)}, {', '.join(waiting[done])}", flush=True)


def _config(words: argparse.Namespace, task: str) -> TrainConfig:
    settings = {"network.backbone": words.backbone, "network.weights": words.weights}
    return train_config("default", task=task, **settings)


def _shown(stage: str, done: int, total: int) -> None:
    print(f"\r{stage}: {done} of {total}   ", end="", flush=True)


def _words() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("home", type=Path)
    parser.add_argument("collection")
    parser.add_argument("--weights", required=True)
    parser.add_argument("--backbone", default="mobilenet_v2")
    parser.add_argument("--annotations", type=Path)
    parser.add_argument("--out", type=Path, default=Path("tables"))
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--budget", type=int, default=12)
    parser.add_argument("--tuning-seconds", type=float, default=1200)
    parser.add_argument("--ablation-repeats", type=int, default=3)
    parser.add_argument("--methods", default="all,all+")
    parser.add_argument("--only", choices=("benchmark", "ablate"))
    parser.add_argument("--task", choices=TASKS)
    parser.add_argument("--jobs", type=int, default=1)
    return parser.parse_args()


if __name__ == "__main__":
    main()
