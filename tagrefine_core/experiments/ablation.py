"""What each part of the model is worth: the same training with parts switched off or exchanged."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tagrefine_core.collections import Collection
from tagrefine_core.config import TrainConfig
from tagrefine_core.errors import ConfigError
from tagrefine_core.experiments.intervals import MEASURES, interval, over_repeats
from tagrefine_core.experiments.keeping import answers, experiments_folder, heading, key_of, write_result
from tagrefine_core.experiments.protocol import need_truth, repeat_split
from tagrefine_core.experiments.steps import Steps
from tagrefine_core.experiments.trials import draws_of_trial, known_trial, mean_of_trials, trial
from tagrefine_core.progress import Progress, silent
from tagrefine_core.store import Store

__all__ = ["CONTRASTS", "GROUPS", "ablate", "ablations", "variants_of"]

GROUPS = ("constraints", "additions", "features", "refresh", "alpha")
"""Parts of an ablation: the paper's three constraints, in training and in scoring; what is ours; features learned or not, with neighbors
dynamic or not; how neighbors are kept up to date; eq. 4's mix."""

# A constraint acts as a term of eq. 1 while the network learns, and in its final form in targets and scores.
_TRAINING = {
    "vis": ("constraints.lambda_vis", "constraints.lambda_nbr"),
    "sem": ("constraints.lambda1",),
    "err": ("constraints.lambda2",),
}
_TERMS = ("constraints.eta", *(setting for of in _TRAINING.values() for setting in of))
_SCORING = {"vis": "scoring.smooth", "sem": "constraints.implied", "err": "scoring.evidence"}
_ADDITIONS: dict[str, tuple[str, Any]] = {
    "no stage 2": ("constraints.epochs", 0),
    "no cross-fitting": ("scoring.crossfit", 1),
    "no closed form": ("scoring.closed_form", 0.0),
    "no mean feature": ("scoring.prototype", 0.0),
    "no power": ("network.power", 1.0),
    "no calibration": ("scoring.calibrated", False),
    "no centering": ("network.center", False),
    "one view": ("network.views", 1),
}
# What makes features learn above a frozen trunk, and the value at which they do not.
_LEARNED: dict[str, Any] = {"network.adapter": 0, "constraints.lambda_nbr": 0.0}
_REFRESH = ("exact", "shortlist", "bank", "static", "random")
_ALPHAS = (0.0, 0.25, 0.5, 0.75, 1.0)

FROZEN, STATIC = "features not learned", "neighbors static"
STATIC_FROZEN, RANDOM = "neighbors static, features not learned", "neighbors random"

CONTRASTS: Mapping[str, tuple[str, str]] = {
    "dynamic learned neighbors against static frozen ones": ("all", STATIC_FROZEN),
    "dynamic neighbors against static ones": ("all", STATIC),
    "dynamic neighbors against random ones": ("all", RANDOM),
    "static neighbors against random ones": (STATIC, RANDOM),
    "features learned against not": ("all", FROZEN),
    "constraints in training against in scoring": (
        "constraints in training only",
        "constraints in scoring only",
    ),
}
"""Questions by name: the first variant less the second."""

Variants = dict[str, dict[str, Any]]


def variants_of(config: TrainConfig, groups: Sequence[str] = GROUPS) -> Variants:
    """Return the variants of a configuration: name to settings laid over it.

    A part that is switched off has weight 0; what is on keeps the weight it has in ``config``. Without any term to train (and without
    an anchor) there is no stage 2; without the closed form the anchor teaches the last layer, where nothing else does. Variants that
    would change nothing are left out: where ``config`` has no stage 2 those of its neighbors, and where nothing asks how similar tags
    are those of alpha.

    Raises
    ------
    ConfigError
        When a group is unknown, or none of those asked for would change anything.

    Examples
    --------
    >>> list(variants_of(TrainConfig().replaced({"scoring.smooth": 0.3}), ["constraints"]))[2:5]
    ['vis in training only', 'vis in scoring only', 'vis in neither']
    >>> variants_of(TrainConfig().replaced({"scoring.crossfit": 3, "constraints.epochs": 2}), ["additions"])
    {'all': {}, 'no stage 2': {'constraints.epochs': 0}, 'no cross-fitting': {'scoring.crossfit': 1}}
    """
    if unknown := [group for group in groups if group not in GROUPS]:
        raise ConfigError(f"There is no ablation {unknown[0]!r}; choose of: {', '.join(GROUPS)}.")
    found: Variants = {}
    if "constraints" in groups:
        found |= _constraints(config)
    if "additions" in groups:
        found |= {name: {setting: off} for name, (setting, off) in _ADDITIONS.items()}
        # Where nothing but the closed form teaches the last layer, the anchor has to, or it would learn nothing at all.
        if not config.taught_by_steps:
            found["no closed form"]["constraints.eta"] = 1.0
            if not config.constraints.epochs:
                del found["no closed form"]
    if "features" in groups and config.constraints.epochs:
        static = {"neighbors.refresh": "static"}
        found |= {
            FROZEN: dict(_LEARNED),
            STATIC: static,
            STATIC_FROZEN: {**static, **_LEARNED},
            RANDOM: {"neighbors.refresh": "random"},
        }
    if "refresh" in groups and config.constraints.epochs:
        found |= {f"refresh {mode}": {"neighbors.refresh": mode} for mode in _REFRESH}
    if "alpha" in groups and config.needs_xi:
        found |= {f"alpha {alpha:g}": {"constraints.alpha": alpha} for alpha in _ALPHAS}
    flat = config.flat()
    # Without a term to train there is no stage 2; a last layer that is solved for is trained by none but the neighborhood's.
    terms = ("constraints.lambda_nbr",) if config.exact else _TERMS
    for over in found.values():
        if not any({**flat, **over}[name] for name in terms):
            over["constraints.epochs"] = 0
            over.pop("neighbors.refresh", None)
    changed = {
        name: {setting: value for setting, value in over.items() if value != flat[setting]}
        for name, over in found.items()
    }
    shown = ("refresh", "alpha")  # where what the whole model has is one of several values
    left = {name: over for name, over in changed.items() if over or name.startswith(shown)}
    if groups and not left:
        raise ConfigError(
            f"Nothing to exchange of {', '.join(groups)}: with these settings none of it has an effect."
        )
    return {"all": {}} | left


def _constraints(config: TrainConfig) -> Variants:
    """Return each constraint in training only, in scoring only and in neither, and the same of all three."""
    flat = config.flat()

    def without(training: Iterable[str], scoring: Iterable[str]) -> dict[str, Any]:
        off = {setting: 0.0 for term in training for setting in _TRAINING[term]}
        return off | {_SCORING[term]: 0.0 for term in scoring}

    every = tuple(_TRAINING)
    on = config.constraints.epochs > 0
    trained = {term: on and any(flat[setting] for setting in of) for term, of in _TRAINING.items()}
    found = {"phi0": {**without(every, every), "constraints.epochs": 0}}
    for term in every:
        if trained[term] and flat[_SCORING[term]]:
            found[f"{term} in training only"] = without((), (term,))
            found[f"{term} in scoring only"] = without((term,), ())
        found[f"{term} in neither"] = without((term,), (term,))
    if any(trained.values()) and any(flat[name] for name in _SCORING.values()):
        found["constraints in training only"] = without((), every)
        found["constraints in scoring only"] = without(every, ())
    return found | {"constraints in neither": without(every, every)}


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
        ``variant``, ``settings``, ``status``, ``message``, measures with ``*_sd``, ``seconds``; and ``paired``, the whole model less
        each variant, then `CONTRASTS` by ``name``: ``first``, ``second``, ``metric``, ``difference``, ``low`` and ``high`` of 95 %
        over photos and repeats.

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
        "paired": [],
    }
    fresh = [
        known_trial(store, collection, each, rows) is None
        for _, _, configs in plan
        for each, rows in zip(configs, splits, strict=True)
    ]

    steps = Steps(progress, "Training the variants", done=fresh.count(False), total=len(fresh))
    draws: dict[str, NDArray[np.float64]] = {}
    for variant, over, configs in plan:
        found = []
        for each, rows in zip(configs, splits, strict=True):
            found.append(trial(store, collection, each, rows, progress=steps))
            steps.step(fresh.pop(0))
        answer["rows"].append({"variant": variant, "settings": over, **mean_of_trials(found)})
        if answer["rows"][-1]["status"] == "done":
            draws[variant] = np.stack(
                [
                    draws_of_trial(store, collection, each, rows)
                    for each, rows in zip(configs, splits, strict=True)
                ]
            )
        answer["paired"] = _paired({row["variant"]: row for row in answer["rows"]}, draws, config.seed)
        write_result(path, answer)
    answer["state"] = "finished"
    write_result(path, answer)
    return answer


def _paired(
    rows: Mapping[str, Mapping[str, Any]], draws: Mapping[str, NDArray[np.float64]], seed: int
) -> list[dict[str, Any]]:
    """Return differences of variants over the same resamples and repeats: the whole model less each, then by name."""
    pairs = [(None, "all", variant) for variant in rows if variant != "all"]
    found = []
    for name, first, second in (*pairs, *((name, *pair) for name, pair in CONTRASTS.items())):
        if first not in draws or second not in draws:
            continue
        apart = over_repeats(draws[first] - draws[second], seed)
        for column, measure in enumerate(MEASURES):
            values, limits = (
                [rows[variant][measure] for variant in (first, second)],
                interval(apart[:, column]),
            )
            if None not in values and limits:
                pair = {"name": name, "first": first, "second": second, "metric": measure}
                found.append(
                    {**pair, "difference": values[0] - values[1], "low": limits[0], "high": limits[1]}
                )
    return found


def ablations(store: Store, name: str) -> list[dict[str, Any]]:
    """Return the ablations of a collection, as `ablate` answers them, the newest first."""
    return answers(store.home, "ablations/*.json", name)


def _repeat(config: TrainConfig, over: Mapping[str, Any], repeat: int) -> TrainConfig:
    changed = {"run.part": repeat} if config.task == "annotation" else {"seed": config.seed + repeat}
    return config.replaced({**over, **changed})
