"""A report of an audit: what a collection was, what it is now, who decided what, how right it is, what is left to do."""

from collections import Counter
from datetime import datetime
from pathlib import Path

import numpy as np
from scipy import sparse

from tagrefine_core.collections import Collection
from tagrefine_core.collections.thumbnails import thumbnail
from tagrefine_core.errors import ImageError, RunError
from tagrefine_core.exchange.report import AuditReport, Example, Measure, check_report, write_report
from tagrefine_core.progress import Progress, silent
from tagrefine_core.refinement import PRECISION, Changes, Limits
from tagrefine_core.refinement.changes import handed_out
from tagrefine_core.refinement.questions import Questions, estimate_of, open_questions, untagged_photos
from tagrefine_core.refinement.stored import stored
from tagrefine_core.refinement.verdicts import ACCEPT, REJECT, UNSURE, Verdicts, verdicts_of
from tagrefine_core.runs import measured, refined
from tagrefine_core.runs.run import Run
from tagrefine_core.settings import settings_that_differ, write_settings
from tagrefine_core.store import Decided, Store
from tagrefine_core.version import VERSION
from tagrefine_core.workflow.intervals import RANKING, ranking_intervals
from tagrefine_core.workflow.judging import collection_of
from tagrefine_core.workflow.measuring import HandedOut, handed_out_of
from tagrefine_core.workflow.training import best_run

__all__ = ["audit_report", "export_report", "run_to_report"]

_EXAMPLES = 16
_BY_PEOPLE = 6  # of them, where people changed as many
_TAGS = 30
_QUESTIONS = 5  # of each queue
_ABOUT = {
    "miap": "the fitting tags of a photo stand first",
    "map": "the fitting photos of a tag stand first",
    "micro_auc": "of a right and a wrong pair, the right one scores higher",
    "macro_auc": "the same, tag by tag",
}


def export_report(
    store: Store,
    collection: str,
    out: str | Path,
    *,
    run: str | None = None,
    precision: float = PRECISION,
    progress: Progress = silent,
) -> AuditReport:
    """Write a report as one HTML file, whole or not at all, and return what it says.

    Parameters
    ----------
    collection : str
        Its name.
    out : str or Path
        Ends in .html.
    run : str, optional
        By default as `run_to_report`.
    precision : float
        Share of the run's changes that shall be right.

    Raises
    ------
    ConfigError
        When the file cannot be written, or the precision is out of range.
    CollectionError
        When there is no such collection.
    RunError
        When there is no such run, it is of another collection or of an earlier import, or nothing has been learned yet.
    """
    check_report(out)
    report = audit_report(
        store, run_to_report(store, collection, run).id, precision=precision, progress=progress
    )
    write_report(report, out)
    return report


def run_to_report(store: Store, collection: str, run: str | None = None) -> Run:
    """Return the run that is asked for; by default the best one, where nothing was measured the newest; errors as `export_report`."""
    record = store.collection(collection)
    if run is not None:
        asked = store.run(run)
        if asked.collection != collection:
            raise RunError(f"Run {run} is of collection {asked.collection!r}, not of {collection!r}.")
        return Run(store, asked)
    usable = (
        one for one in store.runs(collection) if one.state == "finished" and one.data_hash == record.data_hash
    )
    found = best_run(store, collection) or next(usable, None)
    if found is None:
        raise RunError(
            f"Nothing has been learned from {collection!r} as it is now, so there is nothing to report. Train first: train {collection}."
        )
    return Run(store, found)


def audit_report(
    store: Store, run_id: str, *, precision: float = PRECISION, progress: Progress = silent
) -> AuditReport:
    """Gather a report of a run and of all that people decided; errors as `export_report`."""
    run = Run.open(store, run_id)
    collection = collection_of(store, run)
    limits = refined.limits_of(run, collection, precision)
    progress("Measuring", 0, 3)
    suggested = refined.suggested_at(run, collection, limits)
    verdicts = verdicts_of(collection)
    changes = refined.changes_at(run, collection, limits)
    found = handed_out_of(run, collection, precision)
    progress("Measuring", 1, 3)
    measures = _measures(store, run, collection, changes, found)
    decided = store.curation.in_force(collection.id, "verdict")
    progress("Choosing examples", 2, 3)
    questions = {kind: Questions(run.scores, collection, kind, limits.told) for kind in ("wrong", "missing")}
    report = AuditReport(
        collection=collection.name,
        run=f"{run.record.title} ({run.id})" if run.record.title else run.id,
        written=f"{datetime.now():%d %B %Y}".lstrip("0"),
        version=VERSION,
        summary=_summary(collection, changes, decided),
        counts=_counts(collection, changes),
        changes=_changes(changes, verdicts),
        measures=measures,
        measured=_measured(run, collection, found),
        verdicts=_said(decided),
        people=_people(decided),
        agreement=_agreement(suggested, verdicts),
        examples=_examples(store, collection, changes, verdicts, decided),
        tags=_tags(collection, changes, limits),
        left=_left(collection, suggested, changes, verdicts),
        next_questions=[
            (collection.files[row], collection.vocabulary[column], _question(kind, score))
            for kind, asked in questions.items()
            for row, column, score in zip(*open_questions(asked, verdicts, top=_QUESTIONS), strict=True)
        ],
        how=_how(run, collection, precision),
    )
    progress("Choosing examples", 3, 3)
    return report


def _summary(collection: Collection, changes: Changes, decided: list[Decided]) -> list[str]:
    touched = changes.changed
    sentences = [
        f"Of {collection.n:,} photos, {touched:,} carry other tags than before: "
        f"{changes.added.nnz:,} tags were added and {changes.removed.nnz:,} removed."
    ]
    if decided:
        people = len({one.by for one in decided})
        photos = len({one.file for one in decided})
        sentences.append(
            f"{people} {'person' if people == 1 else 'people'} decided {len(decided):,} times, on {photos:,} photos; "
            "what they said stands above what the network suggests."
        )
    return sentences


def _counts(collection: Collection, changes: Changes) -> list[tuple[str, float, float]]:
    before = np.diff(collection.tags.indptr)
    after = before + np.diff(changes.added.indptr) - np.diff(changes.removed.indptr)
    given = np.bincount(collection.tags.indices, minlength=len(collection.vocabulary))
    tally = changes.counts_by_tag()
    now = given + tally.added - tally.removed
    return [
        ("photos", collection.n, collection.n),
        ("tags on photos", int(before.sum()), int(after.sum())),
        ("tags a photo", float(before.mean()), float(after.mean())),
        ("photos without a tag", int((before == 0).sum()), int((after == 0).sum())),
        ("different tags in use", int((given > 0).sum()), int((now > 0).sum())),
    ]


def _changes(changes: Changes, verdicts: Verdicts) -> list[tuple[str, int, int, int]]:
    rows = []
    for name, matrix, verdict in (
        ("tags kept", changes.kept, ACCEPT),
        ("tags added", changes.added, ACCEPT),
        ("tags removed", changes.removed, REJECT),
    ):
        people = int(stored(matrix).multiply(verdicts.matrix == verdict).nnz)
        rows.append((name, matrix.nnz - people, people, matrix.nnz))
    return [*rows, ("left alone: a picture cannot tell", changes.untold.nnz, 0, changes.untold.nnz)]


def _measures(
    store: Store, run: Run, collection: Collection, changes: Changes, found: HandedOut
) -> list[Measure]:
    """Return what is measured on the labels; without them, what probabilities expect and hidden tags say."""
    rows = measured.measured_rows(run, collection)
    right = measured.decisions_of(collection, changes, rows)
    if right is None:
        expected = [
            Measure(
                f"{name} expected to be right",
                "by the run's own probabilities",
                None,
                of.precision,
                of.interval,
                True,
            )
            for name, of in (("additions", found.expected.added), ("removals", found.expected.removed))
            if of.total and run.calibration is not None
        ]
        hidden = found.hidden
        if hidden is not None and not np.isnan(hidden.recall):
            expected.append(
                Measure(
                    "hidden tags found again",
                    f"one tag of each of {int(hidden.asked.sum()):,} photos was hidden, drawn by lot",
                    None,
                    hidden.recall,
                    hidden.recall_interval,
                    True,
                )
            )
        return expected
    lists = [
        Measure("F1 of the tags on photos", "a wrong tag and a missing one both cost", right.user.f1, right.final.f1, right.final.intervals["f1"]),
        Measure("additions that are right", f"of {int(right.added.chosen.sum()):,} that were checked", None, right.added.precision, right.added.intervals["precision"], True),
        Measure("missing tags found", f"of {int(right.added.wanted.sum()):,}", None, right.added.recall, right.added.intervals["recall"], True),
        Measure("removals that are right", f"of {int(right.removed.chosen.sum()):,} that were checked", None, right.removed.precision, right.removed.intervals["precision"], True),
        Measure("wrong tags found", f"of {int(right.removed.wanted.sum()):,}", None, right.removed.recall, right.removed.intervals["recall"], True),
    ]  # fmt: skip
    ranked = ranking_intervals(store, run.id)
    for key, name in RANKING.items():
        one = ranked[key]
        lists.append(Measure(name, _ABOUT[key], one["before"], one["after"], one["interval"]))
    return lists


def _measured(run: Run, collection: Collection, found: HandedOut) -> str:
    within = "An interval is where the number would lie with other photos of the same kind, 8 times of 10."
    if collection.truth is None:
        why = f" Hidden tags cannot be asked for: {found.why_not_hidden}." if found.why_not_hidden else ""
        return f"Nobody has checked which tags are true, so right and wrong cannot be counted.{why} {within}"
    of = "that the run did not learn from" if run.config.task == "annotation" else "of the collection"
    photos = len(measured.measured_rows(run, collection))
    return (
        f"Measured on {len(collection.labels):,} tags for which somebody checked the truth, on the {photos:,} photos {of}. "
        f"Rankings ({', '.join(RANKING.values())}) are of the run's scores, lists with what people decided. {within}"
    )


def _said(decided: list[Decided]) -> list[tuple[str, int]]:
    tally = Counter(one.value for one in decided)
    steps = Counter(one.step for one in decided)
    at_once = sum(count for count in steps.values() if count > 1)
    rows = [
        (words, tally[name])
        for name, words in (("accept", "fits"), ("reject", "does not fit"), ("unsure", "not sure"))
    ]
    return [*rows, ("of these, decided many at once", at_once), ("photos with a verdict", len({one.file for one in decided}))]  # fmt: skip


def _people(decided: list[Decided]) -> list[tuple[str, int, str, str]]:
    by: dict[str, list[str]] = {}
    for one in decided:
        by.setdefault(one.by, []).append(one.at[:10])
    rows = [(who, len(days), min(days), max(days)) for who, days in by.items()]
    return sorted(rows, key=lambda row: (-row[1], row[0]))


def _agreement(suggested: Changes, verdicts: Verdicts) -> list[str]:
    """Say how far people and run agree, and how many of the suggestions are right by what people answered."""
    said = verdicts.matrix.tocoo()
    clear = (said.data == ACCEPT) | (said.data == REJECT)
    rows, columns, fits = said.row[clear], said.col[clear], said.data[clear] == ACCEPT
    sentences = []
    if len(rows):
        after = np.asarray(handed_out(suggested)[rows, columns]).ravel() > 0
        agreed = int((after == fits).sum())
        sentences.append(
            f"On {agreed:,} of {len(rows):,} clear verdicts the run would have done the same. These are no sample: people are asked "
            "first where the run is in doubt."
        )
    for kind, name in (("missing", "additions"), ("wrong", "removals")):
        found = estimate_of(suggested, verdicts, kind)  # type: ignore[arg-type]
        if found.suggestions:
            sentences.append(
                f"Of the run's {found.suggestions:,} {name}, an estimated {100 * found.right:.0f} % are right "
                f"({100 * found.low:.0f} to {100 * found.high:.0f} %, 19 times of 20), by {found.answered:,} answers"
                " and, where nobody was asked, the run's own probabilities."
            )
    return sentences


def _examples(
    store: Store, collection: Collection, changes: Changes, verdicts: Verdicts, decided: list[Decided]
) -> list[Example]:
    """Return photos that people changed, the newest first, then those whose changes are surest."""
    touched = (np.diff(changes.added.indptr) + np.diff(changes.removed.indptr)) > 0
    by = {(one.file, one.tag): one.by for one in decided}
    newest = dict.fromkeys(one.file for one in reversed(decided) if one.value != "unsure")
    people = [row for row in collection.rows_of(newest) if row is not None and touched[row]][:_BY_PEOPLE]
    sure = (int(row) for row in changes.convincing[: _EXAMPLES + len(people)] if touched[row])
    rows = list(dict.fromkeys([*people, *sure]))[:_EXAMPLES]
    return [
        Example(
            collection.files[row],
            _picture(store, collection, row),
            [
                (tag := collection.vocabulary[column], kind, by.get((collection.files[row], tag), ""))
                for kind in ("added", "removed", "kept", "untold")
                for column in _row(getattr(changes, kind), row)
            ],
        )
        for row in rows
    ]


def _row(matrix: sparse.csr_matrix, row: int) -> list[int]:
    indices: list[int] = matrix.indices[slice(*matrix.indptr[row : row + 2])].tolist()
    return indices


def _picture(store: Store, collection: Collection, row: int) -> bytes | None:
    try:
        return thumbnail(store.home, collection.id, root=collection.root, file=collection.files[row], row=row)
    except ImageError:
        return None


def _tags(
    collection: Collection, changes: Changes, limits: Limits
) -> list[tuple[str, int, int, int, int, str]]:
    given = np.bincount(collection.tags.indices, minlength=len(collection.vocabulary))
    tally = changes.counts_by_tag()
    moved = tally.added + tally.removed
    order = [int(column) for column in np.lexsort((np.arange(len(moved)), -moved))[:_TAGS] if moved[column]]
    return [
        (
            collection.vocabulary[column],
            int(given[column]),
            int(tally.added[column]),
            int(tally.removed[column]),
            int(given[column] + tally.added[column] - tally.removed[column]),
            "" if limits.told[column] else "decided by people alone",
        )
        for column in order
    ]


def _left(
    collection: Collection, suggested: Changes, changes: Changes, verdicts: Verdicts
) -> list[tuple[str, int]]:
    answered = stored(verdicts.matrix)
    added, removed = (
        matrix.nnz - stored(matrix).multiply(answered).nnz for matrix in (suggested.added, suggested.removed)
    )
    return [
        ("additions that nobody has looked at", added),
        ("removals that nobody has looked at", removed),
        ("verdicts “not sure”", int((verdicts.matrix.data == UNSURE).sum())),
        ("photos that nobody gave a tag", len(untagged_photos(collection, verdicts))),
        ("tags on photos that a picture cannot tell", changes.untold.nnz),
        ("verdicts on photos that are not here any more", verdicts.lost),
    ]


def _question(kind: str, score: float) -> str:
    share = "over 99 %" if score > 0.99 else f"{100 * score:.0f} %"
    return f"wrong? ({share} probable)" if kind == "wrong" else f"missing? ({share} probable)"


def _how(run: Run, collection: Collection, precision: float) -> list[tuple[str, str]]:
    config, record = run.config, run.record
    differs = write_settings(
        {
            name: Path(value).name if name == "network.weights" else value
            for name, value in settings_that_differ(config).items()
        }
    )
    rows = [
        ("preset", config.preset),
        ("settings that are not the preset's", ", ".join(differs) or "none"),
        ("task, seed", f"{config.task}, {config.seed}"),
        ("changes that shall be right", f"at least {100 * precision:.0f} of 100"),
        ("trained", record.created[:10]),
        ("note", record.note),
        ("data", collection.data_hash[:16]),
        ("software", ", ".join(f"{name} {version}" for name, version in sorted(record.versions.items()))),
    ]
    return [(name, value) for name, value in rows if value]
