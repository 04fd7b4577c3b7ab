"""What runs are called: by their title, else by what differs from their preset and when they were made."""

from collections import Counter
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from pages.components.header import ago
from pages.components.setting_words import BACKBONES, LABELS, PRESETS, value_words
from tagrefine_core.config import TrainConfig
from tagrefine_core.settings import settings_that_differ
from tagrefine_core.store import RunRecord

__all__ = ["run_name", "run_names", "settings_in_short"]

_SHOWN = 2  # differences that a name tells


def run_names(
    runs: Iterable[RunRecord], *, best: str | None = None, newest: str | None = None
) -> dict[str, str]:
    """Name runs by id, no two alike: choosers tell their options apart by what they show.

    Parameters
    ----------
    runs : iterable of RunRecord
    best, newest : str, optional
        Ids of runs that are told apart by these words.
    """
    runs = list(runs)
    tally = Counter(run_name(run) for run in runs)
    marks = {}
    for word, run_id in (("Best", best), ("Newest", newest)):
        if run_id is not None:
            marks[run_id] = f"{marks[run_id]} and {word.lower()}" if run_id in marks else word
    return {
        run.id: (f"{marks[run.id]}: " if run.id in marks else "")
        + run_name(run)
        + (f" · {run.id[-6:]}" if tally[run_name(run)] > 1 else "")
        for run in runs
    }


def run_name(run: RunRecord) -> str:
    """Name a run: its title, else when it was made, its preset, what differs from it, and how many verdicts it learned from."""
    if run.title:
        return run.title
    learned = run.origin.verdicts if run.origin is not None else 0
    verdicts = f", {learned:,} verdict{'' if learned == 1 else 's'}" if learned else ""
    return f"{ago(run.created)} · {settings_in_short(TrainConfig(**run.config))}{verdicts}"


def settings_in_short(config: TrainConfig) -> str:
    """Return a preset and the first settings that are not its own, in a few words.

    >>> from tagrefine_core.settings import train_config
    >>> settings_in_short(train_config("fast", network={"backbone": "resnet50"}, scoring={"smooth": 0.4}))
    'Fast, ResNet-50, Share of neighbors 0.4'
    """
    differs = settings_that_differ(config)
    if "network.backbone" in differs:  # whose weights are in a file of their own
        differs.pop("network.weights", None)
    words = [_in_short(name, value) for name, value in differs.items()]
    if config.task == "annotation":
        words.insert(0, "new photos")
    if config.seed:
        words.append(f"seed {config.seed}")
    more = [f"{len(words) - _SHOWN} more"] if len(words) > _SHOWN + 1 else words[_SHOWN:]
    return ", ".join([PRESETS.get(config.preset, config.preset), *words[:_SHOWN], *more])


def _in_short(name: str, value: Any) -> str:
    if name == "network.backbone":
        return BACKBONES[value]
    text = (
        Path(value).name
        if name == "network.weights" and value not in ("imagenet", "none")
        else value_words(name, value)
    )
    return f"{LABELS[name]} {text}"
