"""Commands about a finished run: its measures, its table of tags, suspects, reasons, refined tags in a file, tags of new photos."""

from collections.abc import Mapping
from dataclasses import asdict, fields
from math import isnan
from pathlib import Path
from typing import Annotated, Any, Literal

import typer

from tagrefine_core import workflow
from tagrefine_core.cli.session import Json, Session
from tagrefine_core.errors import ConfigError
from tagrefine_core.evaluation import Metrics
from tagrefine_core.exchange import check_target
from tagrefine_core.folders import is_there
from tagrefine_core.refinement import PRECISION
from tagrefine_core.refinement.duplicates import LEAST
from tagrefine_core.runs.trace import Neighborhoods

__all__ = [
    "ANNOTATIONS_HELP",
    "MEASURES",
    "annotate",
    "duplicates",
    "evaluate",
    "explain",
    "map_photos",
    "measures",
    "neighbors",
    "refine",
    "report",
    "suspicious",
    "tags",
]

MEASURES = {
    "miap": "MiAP",
    "map": "mAP",
    "micro_auc": "MicroAUC",
    "macro_auc": "MacroAUC",
}

ANNOTATIONS_HELP = "Also measure on the labels of this folder (MIRFLICKR's annotations) that are not among the collection's own."

Run = Annotated[str, typer.Argument(metavar="RUN", help="The run; `runs` lists them.")]
Precision = Annotated[
    float,
    typer.Option(metavar="P", help="Share of the changes that shall be right, from 0.5: 0.9 is 9 of 10."),
]


def evaluate(
    context: typer.Context,
    run: Run,
    decisions: Annotated[
        bool,
        typer.Option(
            "--decisions", help="Also measure the tags that are handed out; works without ground truth, too."
        ),
    ] = False,
    precision: Annotated[
        float | None,
        typer.Option(
            metavar="P",
            help=f"With --decisions: share of the changes that shall be right, {PRECISION} by default.",
        ),
    ] = None,
    annotations: Annotated[Path | None, typer.Option(metavar="DIR", help=ANNOTATIONS_HELP)] = None,
    json: Json = False,
) -> None:
    """Measure a run's refined scores against the ground truth."""
    session = Session.of(context, json)
    session.store.run(run)
    wider: dict[str, Any] = {}
    beside = ""
    if annotations is not None:
        found_wider = workflow.evaluate_wider(session.store, run, annotations)
        wider = {"wider": found_wider.as_dict()}
        beside = f"\n\nOn labels beside the collection's own: {', '.join(found_wider.labels or ())}\n"
        beside += measures(wider["wider"])
    if not decisions:
        if precision is not None:
            raise ConfigError(
                "--precision chooses which tags are handed out; add --decisions to measure them."
            )
        metrics = workflow.evaluate_run(session.store, run).as_dict()
        session.answer(metrics | wider, measures(metrics) + beside)
        return
    target = PRECISION if precision is None else precision
    found = workflow.measure_handed_out(session.store, run, precision=target)
    ranked = None if found.decisions is None else workflow.evaluate_run(session.store, run).as_dict()
    unknown = {field.name: None for field in fields(Metrics)}
    session.answer(
        (ranked or unknown) | found.as_dict() | wider, f"{measures(ranked)}{beside}\n\n{_handed_out(found)}"
    )


def tags(context: typer.Context, run: Run, precision: Precision = PRECISION, json: Json = False) -> None:
    """List what a run does with every tag, and how well a picture tells it."""
    session = Session.of(context, json)
    summaries = workflow.tag_summaries(session.store, run, precision=precision)
    lines = [
        f"{one.tag:<20} given {one.given:>6,}  +{one.added:<6,} -{one.removed:<6,} visualness {one.visualness:.2f}"
        + (f"  right {one.expected_precision:.2f}" if one.expected_precision is not None else "")
        + ("" if one.told else "  left alone")
        for one in sorted(summaries, key=lambda one: (-one.added - one.removed, one.tag))
    ]
    session.answer([asdict(one) for one in summaries], "\n".join(lines))


def neighbors(
    context: typer.Context,
    run: Run,
    by: Annotated[
        Literal["labels", "refined"] | None,
        typer.Option(
            help="What a relevant neighbor has in common: true labels, or refined tags. By default labels where there are any."
        ),
    ] = None,
    json: Json = False,
) -> None:
    """Tell how the neighbors of the photos changed while a run learned, and whether they got better."""
    session = Session.of(context, json)
    found = workflow.neighborhoods(session.store, run, by=by)
    session.answer(found.as_dict(), _neighborhoods(found))


def map_photos(
    context: typer.Context,
    run: Run,
    seed: Annotated[int, typer.Option(min=0, help="Another seed, another map.")] = 0,
    json: Json = False,
) -> None:
    """Draw the map of a run: look-alike photos near each other, before and after learning. The page Map shows it."""
    session = Session.of(context, json)
    collection = session.store.run(run).collection
    with session.job(context, collection, run_id=run) as job:
        found = workflow.make_map(session.store, run, seed=seed, progress=job.progress)
        learned, frozen = found.kept
        job.result = {
            "run": run,
            "images": len(found.learned),
            "kept": {"learned": learned, "frozen": frozen},
        }
    shares = f"{_shown(learned)} of the nearest photos stay nearest on the map"
    text = f"{len(found.learned):,} photos laid out; {shares}" + (
        "; the backbone of before learning is gone, so there is no map of it."
        if found.frozen is None
        else f", {_shown(frozen)} on that of before learning."
    )
    session.answer(job.result, text)


def suspicious(
    context: typer.Context,
    run: Run,
    kind: Annotated[
        Literal["wrong", "missing"],
        typer.Option(help="wrong: given, and probably does not fit. missing: not given, and probably fits."),
    ],
    tags: Annotated[
        str | None,
        typer.Option(metavar="A,B,...", help="Only these tags; by default all that a picture can tell."),
    ] = None,
    top: Annotated[int, typer.Option(min=1, metavar="K", help="How many.")] = 500,
    json: Json = False,
) -> None:
    """List the photos and tags that are most probably mistakes, the surest first."""
    session = Session.of(context, json)
    wanted = None if tags is None else [tag.strip() for tag in tags.split(",") if tag.strip()]
    if wanted == []:
        raise ConfigError(
            f"--tags takes tags with commas between them, such as --tags dog,cat; got {tags!r}."
        )
    queue = workflow.suspicious(session.store, run, kind, tags=wanted, top=top)
    document = [{"image": file, "tag": tag, "score": score} for file, tag, score in queue]
    lines = [f"{score:.2f}  {tag:<20} {file}" for file, tag, score in queue]
    session.answer(document, "\n".join(lines) or "Nothing is suspicious: no such tag is judged.")


def explain(
    context: typer.Context,
    run: Run,
    image: Annotated[str, typer.Argument(metavar="IMAGE", help="A photo of the collection: its file.")],
    tag: Annotated[str, typer.Argument(metavar="TAG", help="A tag, whether the photo carries it or not.")],
    json: Json = False,
) -> None:
    """Tell what the score of a tag is made of: four parts in log-odds, and the look-alikes that were asked.

    The parts sum to the log-odds (natural) of the score, log(score / (1 - score)): what the picture shows, with how often the tag fits at
    all; what averaging with look-alikes moves that; what the user's other tags add that imply this one; that he wrote it or did not. A
    weight is a look-alike's share in the average; carries: whether its user gave the tag.
    """
    session = Session.of(context, json)
    found = workflow.explain(session.store, run, image, tag)
    parts = asdict(found.parts)
    document = {
        "score": found.score,
        "parts": parts,
        "neighbors": [
            {"image": one.image, "weight": one.weight, "carries": one.carries} for one in found.neighbors
        ],
    }
    lines = [f"{words:<40} {parts[part]:+6.2f}" for part, words in found.in_words.items()]
    kind = "probability that it fits" if found.calibrated else "how likely the network finds it"
    lines += [f"{'together, in log-odds':<40} {found.parts.total:+6.2f}", f"{kind:<40} {found.score:6.3f}"]
    lines += [
        f"{one.weight:.3f}  {'carries it' if one.carries else '':<10}  {one.image}" for one in found.neighbors
    ]
    session.answer(document, "\n".join(lines))


def duplicates(
    context: typer.Context,
    run: Run,
    least: Annotated[
        float,
        typer.Option(
            metavar="L", help="How alike two photos are at least, from .5; 1 is the same file twice."
        ),
    ] = LEAST,
    json: Json = False,
) -> None:
    """List photos that are the same picture, though their users gave them different tags."""
    session = Session.of(context, json)
    session.store.run(run)
    with session.display() as progress:
        found = workflow.duplicates(session.store, run, least=least, progress=progress)
    lines = [
        f"{one.likeness:.2f}  {one.first}: {', '.join(one.only_first) or '-'}  |  {one.second}: {', '.join(one.only_second) or '-'}"
        for one in found
    ]
    session.answer(
        [asdict(one) for one in found],
        "\n".join(lines) or "No two photos are so much alike and differ in judged tags.",
    )


def refine(
    context: typer.Context,
    run: Run,
    out: Annotated[
        Path, typer.Option(metavar="FILE", help="FILE.csv or FILE.jsonl, replaced when it is there.")
    ],
    precision: Precision = PRECISION,
    json: Json = False,
) -> None:
    """Write every photo's user tags and refined tags, with their scores, to a file.

    The command `export` writes them where photos live: text files or XMP beside them, inside them, or a folder of their own.
    """
    session = Session.of(context, json)
    collection = session.store.run(run).collection
    check_target(out)
    with session.job(context, collection, run_id=run) as job:
        images = workflow.export_refined(session.store, run, out, precision=precision)
        job.result = {"file": str(out), "images": images}
    session.answer(job.result, f"{images:,} photos written to {out}.")


def report(
    context: typer.Context,
    name: Annotated[str, typer.Argument(metavar="NAME", help="The collection.")],
    out: Annotated[Path, typer.Option(metavar="FILE", help="FILE.html, replaced when it is there.")],
    run: Annotated[
        str | None,
        typer.Option(metavar="RUN", help="By default the best one, or the newest where none was measured."),
    ] = None,
    precision: Precision = PRECISION,
    json: Json = False,
) -> None:
    """Write a report of an audit to one HTML file that needs nothing else: before and after, verdicts, measures, examples."""
    session = Session.of(context, json)
    store = session.store
    chosen = workflow.run_to_report(store, name, run)
    with session.display() as progress:
        found = workflow.export_report(
            store, name, out, run=chosen.id, precision=precision, progress=progress
        )
    verdicts = sum(number for _, number, *_ in found.people)
    session.answer(
        {"file": str(out), "run": chosen.id, "photos": store.collection(name).images, "verdicts": verdicts},
        f"{' '.join(found.summary)}\nThe report of run {chosen.id} is in {out}.",
    )


def annotate(
    context: typer.Context,
    run: Run,
    images: Annotated[list[Path], typer.Argument(metavar="IMAGE...", help="Photos that may be new.")],
    top: Annotated[
        int | None, typer.Option(min=1, help="So many of the likeliest tags; by default those that are sure.")
    ] = None,
    precision: Precision = PRECISION,
    json: Json = False,
) -> None:
    """Tag photos with the network of a run: the tags that are sure, which may be none."""
    session = Session.of(context, json)
    session.store.run(run)
    if missing := [str(image) for image in images if not (is_there(image) and image.is_file())]:
        raise ConfigError(f"There is no such file: {', '.join(missing[:5])}.")
    with session.display() as progress:
        annotations = workflow.annotate(
            session.store, run, images, top=top, precision=precision, progress=progress
        )
    document = [
        {
            "file": str(found.file),
            "tags": [{"tag": tag, "score": score, "sure": tag in found.sure} for tag, score in found.tags],
        }
        for found in annotations
    ]
    lines = [
        f"{found.file}: "
        + (
            ", ".join(f"{tag} {score:.2f}" + ("" if tag in found.sure else "?") for tag, score in found.tags)
            or "nothing sure"
        )
        for found in annotations
    ]
    session.answer(document, "\n".join(lines))


def measures(metrics: Mapping[str, Any] | None) -> str:
    """Return the four measures as lines."""
    if metrics is None:
        return "There is no ground truth to measure it against."
    return "\n".join(
        f"{title:<9} " + ("undefined" if metrics[key] is None else f"{metrics[key]:.4f}")
        for key, title in MEASURES.items()
    )


def _handed_out(found: workflow.HandedOut) -> str:
    """Return how right the tags handed out are as lines; a number that cannot be told is left out."""
    amounts, decisions, hidden = found.amounts, found.decisions, found.hidden
    number, share = amounts.most_common
    lines = [f"Tags handed out at a target precision of {found.target:g}, on {amounts.photos:,} photos:"]
    for name, count, a_photo in (
        ("added", amounts.added, amounts.added_per_photo),
        ("removed", amounts.removed, amounts.removed_per_photo),
    ):
        line = f"{name:<9} {count:,}, {a_photo:.2f} a photo"
        expected = getattr(found.expected, name)
        if decisions is not None:
            of = getattr(decisions, name)
            line += f"; of {int(of.chosen.sum()):,} judged {_shown(of.precision)} right, {_shown(of.recall)} found"
        elif expected.total:
            line += f"; expected right {expected.precision:.2f}"
        lines.append(line)
    lines.append(
        f"untouched {_shown(amounts.untouched)} of the photos; {number} additions on {_shown(share)} of them"
    )
    if decisions is not None:
        lines.append(f"micro-F1  {_shown(decisions.final.f1)} (users' tags {_shown(decisions.user.f1)})")
        lines.append(
            f"macro-F1  {_shown(decisions.final.macro_f1)} (users' tags {_shown(decisions.user.macro_f1)})"
        )
    if found.reliability is not None:
        bins = found.reliability
        lines.append(
            f"calibration error {_shown(bins.pooled)} pooled, {_shown(bins.mean)} as the mean over labels"
        )
    if hidden is None:
        lines.append(f"Hidden tags cannot be asked for: {found.why_not_hidden}.")
    else:
        lines.append(
            f"hidden    of {int(hidden.asked.sum()):,} hidden tags {_shown(hidden.recall)} come back, "
            f"one in {_shown(hidden.additions_per_hit)} additions"
        )
    return "\n".join(lines)


def _neighborhoods(found: Neighborhoods) -> str:
    """Return what a trace says as lines."""
    document, of = found.as_dict(), found.precision
    new = f"{100 * found.changed:.1f} % of the neighbors at the end are new"
    if found.why_not_judged is not None:
        return f"Whether neighbors got better cannot be told. {found.why_not_judged}\n{new}."
    what = "true labels" if found.judge.by == "labels" else "the run's refined tags"
    lines = [
        f"Share of the {found.m - 1} nearest that carry a photo's label, mean over labels; judged by {what}, "
        f"on {document['judged']:,} of {len(found.trace.photos):,} recorded photos ({found.of:,} trained on):",
        *(
            f"{point['stage']:<12} step {point['step']:>6,}  {_shown(value)} ({_shown(low)} to {_shown(high)})"
            for point, value, low, high in zip(document["points"], of.value, of.low, of.high, strict=True)
        ),
        f"gain {of.gain[0]:+.3f} ({of.gain[1]:+.3f} to {of.gain[2]:+.3f}); neighbors picked at random {_shown(of.chance)}",
        f"{new}; relevant ones: more for {document['better']:,} photos, "
        f"as many for {document['same']:,}, fewer for {document['worse']:,}",
    ]
    return "\n".join(
        [*lines, *([f"The neighbors did not move: {found.why_still}."] if found.why_still else [])]
    )


def _shown(value: float) -> str:
    return "undefined" if isnan(value) else f"{value:.3f}"
