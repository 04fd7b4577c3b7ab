"""The final tables: every method, every method on equal terms, and what each part of ours is worth, in both tasks.

    python -m benchmarks.equal_terms HOME COLLECTION --weights FILE [--annotations DIR] [--out tables] [--repeats 5] [--budget 12]
        [--tuning-seconds 1200] [--ablation-repeats 3] [--methods all,all+] [--only benchmark|ablate]

Stopped, the same call goes on where it was; each table is written as soon as it is whole. Annotation comes first, since parameters
are chosen there. ``--repeats 1 --budget 1`` is a look that takes an hour or two instead of a night.
"""

import argparse
from pathlib import Path

from tagrefine_core import experiments
from tagrefine_core.config import train_config
from tagrefine_core.experiments.export import (
    paired_variants,
    settings_sentence,
    variant_table,
    write_grid,
    write_table,
    write_text,
)
from tagrefine_core.methods import named
from tagrefine_core.store import Store

TASKS = ("annotation", "refinement")


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
    return parser.parse_args()


def main() -> None:
    """Make the tables."""
    words = _words()
    store = Store(words.home)
    settings = {"network.backbone": words.backbone, "network.weights": words.weights}
    for task in TASKS if words.only != "ablate" else ():
        table = experiments.benchmark(
            store,
            words.collection,
            train_config("default", task=task, **settings),
            methods=named(words.methods.split(",")),
            repeats=words.repeats,
            budget=words.budget,
            seconds=words.tuning_seconds,
            annotations=words.annotations,
            progress=_shown,
        )
        print("", *write_table(table, words.out, f"{task}-{words.collection}"), sep="\n")
    for task in TASKS if words.only != "benchmark" else ():
        answer = experiments.ablate(
            store,
            words.collection,
            train_config("default", task=task, **settings),
            groups=("constraints", "additions", "features"),
            repeats=words.ablation_repeats,
            progress=_shown,
        )
        name = f"ablation-{task}-{words.collection}"
        write_grid(answer["rows"], words.out, name, key="variant")
        text = [settings_sentence(answer), variant_table(answer["rows"], key="variant")]
        print(
            "",
            write_text(
                words.out / f"{name}-paired.md", "\n\n".join([*text, paired_variants(answer["paired"])])
            ),
        )


if __name__ == "__main__":
    main()
