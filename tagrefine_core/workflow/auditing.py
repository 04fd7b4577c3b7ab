"""The blind random audit of a run: a sheet of questions that is kept, and what verdicts on them say of all photos."""

from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tagrefine_core.collections import Collection
from tagrefine_core.errors import ConfigError, RunError
from tagrefine_core.files import read_arrays, write_arrays
from tagrefine_core.refinement import PRECISION
from tagrefine_core.refinement.audit import DECOYS, Audit, AuditResult, audit_result, draw_audit
from tagrefine_core.refinement.changes import handed_out
from tagrefine_core.refinement.verdicts import ACCEPT, REJECT, UNSURE, verdicts_of
from tagrefine_core.runs import refined
from tagrefine_core.runs.run import Run
from tagrefine_core.store import Store
from tagrefine_core.workflow.judging import collection_of

__all__ = ["AuditSheet", "audit", "new_audit"]

_ANSWERS = {ACCEPT: 1.0, REJECT: 0.0, UNSURE: 0.5}


@dataclass(frozen=True, eq=False)
class AuditSheet:
    """An audit and how far it is.

    Attributes
    ----------
    number : int
        Of the run's audits, from 1.
    drawn, questions : int
        Photos and questions of the whole sheet.
    open : tuple of (str, tuple of str)
        Photos with the tags that still have no verdict, in the order in which they were drawn.
    result : AuditResult
        What is known so far.
    """

    number: int
    drawn: int
    questions: int
    open: tuple[tuple[str, tuple[str, ...]], ...]
    result: AuditResult


def new_audit(
    store: Store,
    run_id: str,
    *,
    photos: int,
    decoys: int = DECOYS,
    precision: float = PRECISION,
    seed: int | None = None,
) -> AuditSheet:
    """Draw a new sheet for the tags that a run hands out now, and keep it with the run.

    Parameters
    ----------
    photos, decoys : int
        How many photos, and tags a photo that are not handed out.
    precision : float
        Target precision of the tags handed out.
    seed : int, optional
        Of the draw; by default another one for each audit of a run.

    Raises
    ------
    RunError
        When there is no such run, or it has no scores.
    ConfigError
        When there are too few photos or decoys, or the precision is out of range.
    """
    run = Run.open(store, run_id)
    collection = collection_of(store, run)
    limits = refined.limits_of(run, collection, precision)
    number = len(_sheets(run)) + 1
    drawn = draw_audit(
        run.scores,
        handed_out(refined.changes_at(run, collection, limits)),
        told=limits.told,
        photos=photos,
        seed=number if seed is None else seed,
        decoys=decoys,
    )
    write_arrays(
        run.folder / "audits" / f"{number}.npz",
        **{field.name: np.asarray(getattr(drawn, field.name)) for field in fields(Audit)},
    )
    return _sheet(collection, number, drawn)


def audit(store: Store, run_id: str) -> AuditSheet:
    """Return the run's last audit, with what the verdicts in force say.

    Raises
    ------
    RunError
        When there is no such run, or its audit is damaged.
    ConfigError
        When it has none yet.
    """
    run = Run.open(store, run_id)
    sheets = _sheets(run)
    if not sheets:
        raise ConfigError(f"Run {run_id} has no audit yet. Draw one: audit {run_id} --photos 50.")
    try:
        stored = read_arrays(sheets[-1])
        numbers = {field.name: stored[field.name] for field in fields(Audit)}
    except (ValueError, KeyError) as error:
        raise RunError(f"{sheets[-1]} is damaged. Draw a new audit.") from error
    whole: dict[str, Any] = {name: value if value.ndim else value.item() for name, value in numbers.items()}
    drawn = Audit(**whole)
    return _sheet(collection_of(store, run), len(sheets), drawn)


def _sheets(run: Run) -> list[Path]:
    return sorted((run.folder / "audits").glob("*.npz"), key=lambda path: int(path.stem))


def _sheet(collection: Collection, number: int, drawn: Audit) -> AuditSheet:
    answers = _answers(collection, drawn)
    waiting: dict[int, list[str]] = {}
    for question in np.flatnonzero(np.isnan(answers)):
        tag = collection.vocabulary[drawn.columns[question]]
        waiting.setdefault(int(drawn.rows[question]), []).append(tag)
    return AuditSheet(
        number=number,
        drawn=len(drawn.photos),
        questions=len(drawn.rows),
        open=tuple((collection.files[row], tuple(tags)) for row, tags in waiting.items()),
        result=audit_result(drawn, answers),
    )


def _answers(collection: Collection, drawn: Audit) -> NDArray[np.float64]:
    """Return 1, 0, 0.5 or NaN for each question."""
    matrix = verdicts_of(collection).matrix
    said = np.asarray(matrix[drawn.rows, drawn.columns]).reshape(-1)
    return np.array([_ANSWERS.get(int(one), np.nan) for one in said])
