"""Spoil clean tags by a known amount, and see what each method recovers as the noise grows."""

from collections.abc import Sequence
from dataclasses import replace
from itertools import product
from typing import Any, Literal, TypeAlias

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_matrix

from tagrefine_core.collections import Collection
from tagrefine_core.config import TrainConfig
from tagrefine_core.errors import ConfigError
from tagrefine_core.experiments.choosing import choose, settings_of
from tagrefine_core.experiments.intervals import MEASURES
from tagrefine_core.experiments.keeping import (
    answers,
    experiments_folder,
    heading,
    is_ours,
    key_of,
    method_key,
    read_result,
    write_result,
)
from tagrefine_core.experiments.measure import measure, supports
from tagrefine_core.experiments.protocol import (
    PROTOCOL,
    Material,
    feature_material,
    frozen_notes,
    repeat_split,
    validation_split,
)
from tagrefine_core.experiments.steps import Steps
from tagrefine_core.methods import method_class, names
from tagrefine_core.progress import Progress, silent
from tagrefine_core.store import Store
from tagrefine_core.version import VERSION

__all__ = ["NOISE", "inject", "recover", "recoveries"]

Noise: TypeAlias = Literal["missing", "wrong", "swapped"]

NOISE: tuple[Noise, ...] = ("missing", "wrong", "swapped")
"""A tag is left out; a tag that does not fit is added beside it; it is exchanged for one that does not fit."""

_JUDGED_TAGS = 50  # the most frequent ones, where tags are their own truth
_ATTEMPTS = 100


def inject(tags: csr_matrix, kind: Noise, rate: float, seed: int) -> csr_matrix:
    """Spoil tags: each of them with chance ``rate``.

    The same seed spoils at a higher rate what it spoils at a lower one, and more.

    Parameters
    ----------
    tags : csr (N, C) of 0 and 1
        Clean tags.
    kind : {"missing", "wrong", "swapped"}
        As in `NOISE`. What is added is drawn evenly from the tags that the photo does not have.
    rate : float
        In [0, 1].
    seed : int

    Returns
    -------
    csr uint8 (N, C)

    Raises
    ------
    ConfigError
        When the kind is unknown or the rate is out of range.
    """
    if kind not in NOISE:
        raise ConfigError(f"There is no noise {kind!r}; choose of: {', '.join(NOISE)}.")
    if not 0 <= rate <= 1:
        raise ConfigError(f"A rate of noise lies between 0 and 1; got {rate}.")
    clean = csr_matrix(tags, dtype=np.uint8, copy=True)  # the collection's own arrays are read-only
    clean.sum_duplicates()
    clean.eliminate_zeros()
    rows = np.repeat(np.arange(clean.shape[0]), np.diff(clean.indptr))
    generator = np.random.default_rng((seed, NOISE.index(kind)))
    spoiled = generator.random(clean.nnz) < rate
    others = _other_tags(clean, rows, generator)
    kept = np.ones(clean.nnz, dtype=bool) if kind == "wrong" else ~spoiled
    added = spoiled & (others >= 0) if kind != "missing" else np.zeros(clean.nnz, dtype=bool)
    found = csr_matrix(
        (
            np.ones(kept.sum() + added.sum(), dtype=np.uint8),
            (np.append(rows[kept], rows[added]), np.append(clean.indices[kept], others[added])),
        ),
        shape=clean.shape,
    )
    found.sum_duplicates()
    found.data[:] = 1  # two tags may have been exchanged for the same one
    return found


def recover(
    store: Store,
    name: str,
    config: TrainConfig,
    *,
    methods: Sequence[str] | None = None,
    kinds: Sequence[Noise] = NOISE,
    rates: Sequence[float] = (0.0, 0.2, 0.4, 0.6, 0.8),
    clean: Literal["labels", "tags"] = "labels",
    budget: int = 6,
    progress: Progress = silent,
) -> dict[str, Any]:
    """Let methods refine spoiled tags, and measure the result against the clean ones.

    Parameters
    ----------
    store : Store
    name : str
        A collection with ground truth.
    methods : sequence of str, optional
        Names; by default all that refine. "user_tags" is the spoiled tags themselves.
    kinds : sequence of str
        Of `NOISE`.
    rates : sequence of float
        In [0, 1].
    clean : {"labels", "tags"}
        What is taken as clean: the ground-truth labels, or the users' tags, of which the 50 most frequent are judged.
    budget : int
        Settings tried for each method, at the middle rate of the first kind, on the validation fold.
    config, progress
        As in `tagrefine_core.experiments.benchmark`.

    Returns
    -------
    dict
        ``curves``: name of a method to a list of ``kind``, ``rate``, ``status``, ``message`` and `MEASURES`; ``titles``;
        and what was asked for.

    Raises
    ------
    ConfigError, LabelError, CollectionError
        As for a benchmark, and when a kind or rate is out of range.
    """
    if not kinds or not rates:
        raise ConfigError("Give at least one kind of noise and one rate.")
    if clean not in ("labels", "tags"):
        raise ConfigError(f"clean is labels or tags; got {clean!r}.")
    if config.task != "refinement":
        raise ConfigError("What is recovered from noise is measured by refinement; leave task out.")
    seed = config.seed
    for kind, rate in product(kinds, rates):
        inject(csr_matrix((1, 1)), kind, rate, seed)  # a mistake is better known now
    classes = [method_class(method) for method in dict.fromkeys(methods or names())]
    classes = [method for method in classes if supports(method, "refinement")]
    collection = Collection.open(store, name)
    material = _clean(feature_material(store, collection, config, progress), clean)
    split = repeat_split(collection.n, config, "refinement", 0)
    key = key_of(material.key, clean, budget, seed, PROTOCOL, VERSION)
    folder = experiments_folder(store.home) / "noise" / key
    points = [(kind, float(rate)) for kind, rate in product(kinds, rates)]
    path_of = {
        (method.name, point): folder / method_key(method, config) / f"{point[0]}-{point[1]:g}.json"
        for method in classes
        for point in points
    }
    steps = Steps(
        progress,
        "Refining spoiled tags",
        done=sum(path.exists() for path in path_of.values()),
        total=len(path_of),
    )
    answer: dict[str, Any] = {
        **heading(collection, config, frozen_notes(config)),
        "clean": clean,
        "kinds": list(kinds),
        "rates": [float(rate) for rate in rates],
        "titles": {method.name: method.title or method.name for method in classes},
        "curves": {},
    }
    ours = config.model_dump() if any(is_ours(method) for method in classes) else None
    summary = folder / f"curves-{key_of([method.name for method in classes], points, ours)}.json"
    middle = (kinds[0], sorted(rates)[len(rates) // 2])
    for method in classes:
        curve = []
        for point in points:
            path = path_of[method.name, point]
            found = read_result(path)
            if found is None:
                tuned = choose(
                    method,
                    settings_of(method, collection.n, budget, seed),
                    _spoiled(material, *middle, seed),
                    validation_split(collection.n, config, "refinement"),
                    "refinement",
                    folder / method_key(method, config) / f"tuning-{middle[0]}-{middle[1]:g}.json",
                    config=config,
                    progress=steps,
                )
                outcome = measure(
                    method,
                    tuned.parameters,
                    _spoiled(material, *point, seed),
                    split,
                    "refinement",
                    config=config,
                    seed=seed,
                    progress=steps,
                )
                found = {"kind": point[0], "rate": point[1], "status": outcome.status}
                measured = {} if outcome.metrics is None else outcome.metrics.as_dict()
                found |= {"message": outcome.message, **{name: measured.get(name) for name in MEASURES}}
                if outcome.status == "done":
                    write_result(path, found)
                steps.step()
            curve.append(found)
        answer["curves"][method.name] = curve
        write_result(summary, answer)
    answer["state"] = "finished"
    write_result(summary, answer)
    return answer


def recoveries(store: Store, name: str) -> list[dict[str, Any]]:
    """Return the noise curves of a collection, as `recover` answers them, the newest first."""
    return answers(store.home, "noise/*/curves-*.json", name)


def _clean(material: Material, clean: str) -> Material:
    """Return material whose tags are taken as clean, and are their own truth."""
    if clean == "labels":
        labels = [material.vocabulary[column] for column in material.label_columns]
        return replace(
            material,
            tags=csr_matrix(material.truth == 1, dtype=np.uint8),
            label_columns=np.arange(len(labels)),
            vocabulary=labels,
            positions=None,
        )
    counts = np.bincount(material.tags.indices, minlength=material.tags.shape[1])
    columns = np.sort(np.argsort(-counts, kind="stable")[:_JUDGED_TAGS])
    truth = material.tags[:, columns].toarray().astype(np.int8)
    return replace(material, truth=truth, label_columns=columns, positions=None)


def _spoiled(clean: Material, kind: Noise, rate: float, seed: int) -> Material:
    return replace(clean, tags=inject(clean.tags, kind, rate, seed))


def _other_tags(
    tags: csr_matrix, rows: NDArray[np.int64], generator: np.random.Generator
) -> NDArray[np.int64]:
    """Return for each stored tag one that its photo does not have, or -1 where none was found."""
    width = tags.shape[1]
    own = rows.astype(np.int64) * width + tags.indices
    others = generator.integers(width, size=len(rows))
    taken = np.flatnonzero(np.isin(rows * width + others, own))
    for _ in range(_ATTEMPTS):
        others[taken] = generator.integers(width, size=len(taken))
        taken = taken[np.isin(rows[taken] * width + others[taken], own)]
    others[taken] = -1
    return others
