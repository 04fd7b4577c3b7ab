"""What each part of the model is worth: the same training with parts switched off or exchanged."""

from collections.abc import Iterable, Mapping, Sequence
from itertools import combinations
from typing import Any

from tagrefine_core.collections import Collection
from tagrefine_core.config import TrainConfig
from tagrefine_core.errors import ConfigError
from tagrefine_core.experiments.keeping import answers, experiments_folder, heading, key_of, write_result
from tagrefine_core.experiments.protocol import need_truth, repeat_split
from tagrefine_core.experiments.steps import Steps
from tagrefine_core.experiments.trials import known_trial, mean_of_trials, trial
from tagrefine_core.progress import Progress, silent
from tagrefine_core.store import Store

__all__ = ["GROUPS", "ablate", "ablations", "variants_of"]

GROUPS = ("constraints", "additions", "refresh", "alpha")
"""Parts of an ablation: the paper's three constraints; what is ours; how neighbors are kept up to date; eq. 4's mix."""

# A constraint acts as a term of eq. 1 while the network learns, and in its final form on the scores.
_TERMS = {
    "vis": ("constraints.lambda_vis", "scoring.smooth"),
    "sem": ("constraints.lambda1", "constraints.implied"),
    "err": ("constraints.lambda2", "scoring.evidence"),
}
_ADDITIONS: dict[str, tuple[str, Any]] = {
    "no stage 2": ("constraints.epochs", 0),
    "no cross-fitting": ("scoring.crossfit", 1),
    "no closed form": ("scoring.closed_form", 0.0),
    "no calibration": ("scoring.calibrated", False),
    "no centering": ("network.center", False),
    "one view": ("network.views", 1),
}
_REFRESH = ("exact", "shortlist", "bank", "static")
_ALPHAS = (0.0, 0.25, 0.5, 0.75, 1.0)

Variants = dict[str, dict[str, Any]]


def variants_of(config: TrainConfig, groups: Sequence[str] = GROUPS) -> Variants:
    """Return the variants of a configuration: name to settings laid over it.

    A constraint that is switched off has weight 0, in training and in scoring; one that is on keeps the weights it has in
    ``config``. Without any (and without an anchor) there is nothing to train in stage 2, so that variant is phi0.

    Raises
    ------
    ConfigError
        When a group is unknown.

    Examples
    --------
    >>> variants_of(TrainConfig(), ["constraints"])["vis + sem"]
    {'constraints.lambda2': 0.0}
    >>> variants_of(TrainConfig().replaced({"scoring.crossfit": 3, "constraints.epochs": 2}), ["additions"])
    {'all': {}, 'no stage 2': {'constraints.epochs': 0}, 'no cross-fitting': {'scoring.crossfit': 1}}
    """
    if unknown := [group for group in groups if group not in GROUPS]:
        raise ConfigError(f"There is no ablation {unknown[0]!r}; choose of: {', '.join(GROUPS)}.")
    found: Variants = {"all": {}}
    flat, phi0 = config.flat(), {"constraints.epochs": 0}
    if "constraints" in groups:
        found["phi0"] = {**phi0, **_without(config, _TERMS)}
        for count in range(len(_TERMS)):
            for kept in combinations(_TERMS, count):
                off = _without(config, [term for term in _TERMS if term not in kept])
                trained = config.constraints.eta or any(flat[_TERMS[term][0]] for term in kept)
                found[" + ".join(kept) or "none"] = off if trained else {**off, **phi0}
    if "additions" in groups:
        found |= {name: {setting: off} for name, (setting, off) in _ADDITIONS.items() if flat[setting] != off}
    if "refresh" in groups:
        found |= {f"refresh {mode}": {"neighbors.refresh": mode} for mode in _REFRESH}
    if "alpha" in groups:
        found |= {f"alpha {alpha:g}": {"constraints.alpha": alpha} for alpha in _ALPHAS}
    return found


def _without(config: TrainConfig, terms: Iterable[str]) -> dict[str, Any]:
    flat = config.flat()
    return {setting: 0.0 for term in terms for setting in _TERMS[term] if flat[setting]}


def ablate(
    store: Store,
    name: str,
    config: TrainConfig,
    *,
    groups: Sequence[str] = GROUPS,
    variants: Mapping[str, Mapping[str, Any]] | None = None,
    repeats: int = 1,
    progress: Progress = silent,
) -> dict[str, Any]:
    """Train every variant and measure it; variants that have been measured are not trained again.

    Parameters
    ----------
    store : Store
    name : str
        A collection with ground truth.
    config : TrainConfig
        What the variants are laid over; in the refinement task all photos are measured, in annotation those not trained on.
    groups : sequence of str
        Of `GROUPS`.
    variants : mapping, optional
        Name to settings, instead of those of the groups.
    repeats : int
        Other training parts for annotation, other seeds for refinement.
    progress : Progress
        May raise Cancelled; the same call goes on.

    Returns
    -------
    dict
        ``collection``, ``task``, ``preset``, ``differs``, ``seed``, ``repeats``, ``created``, ``data_hash``, ``state`` and ``rows``:
        ``variant``, ``settings``, ``status``, ``message``, measures with ``*_sd``, ``seconds``.

    Raises
    ------
    LabelError, ConfigError
        Without ground truth; for an unknown group or setting.
    """
    if repeats < 1:
        raise ConfigError(f"repeats must be at least 1; got {repeats}.")
    chosen = variants_of(config, groups) if variants is None else variants
    collection = Collection.open(store, name)
    need_truth(collection)
    plan = [
        (variant, dict(over), [_repeat(config, over, r) for r in range(repeats)])
        for variant, over in chosen.items()
    ]
    splits = [repeat_split(collection.n, config, config.task, r).test for r in range(repeats)]
    key = key_of(config.model_dump(), {k: dict(v) for k, v in chosen.items()}, repeats, collection.data_hash)
    path = experiments_folder(store.home) / "ablations" / f"{key}.json"
    answer: dict[str, Any] = {
        **heading(collection, config),
        "repeats": repeats,
        "rows": [],
    }
    fresh = [
        known_trial(store, collection, each, rows) is None
        for _, _, configs in plan
        for each, rows in zip(configs, splits, strict=True)
    ]

    steps = Steps(progress, "Training the variants", done=fresh.count(False), total=len(fresh))
    for variant, over, configs in plan:
        found = []
        for each, rows in zip(configs, splits, strict=True):
            found.append(trial(store, collection, each, rows, progress=steps))
            steps.step(fresh.pop(0))
        answer["rows"].append({"variant": variant, "settings": over, **mean_of_trials(found)})
        write_result(path, answer)
    answer["state"] = "finished"
    write_result(path, answer)
    return answer


def ablations(store: Store, name: str) -> list[dict[str, Any]]:
    """Return the ablations of a collection, as `ablate` answers them, the newest first."""
    return answers(store.home, "ablations/*.json", name)


def _repeat(config: TrainConfig, over: Mapping[str, Any], repeat: int) -> TrainConfig:
    changed = {"run.part": repeat} if config.task == "annotation" else {"seed": config.seed + repeat}
    return config.replaced({**over, **changed})
