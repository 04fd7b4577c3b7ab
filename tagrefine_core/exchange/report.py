"""An audit as one HTML file that anybody can open: no script, no request, pictures inside. Tags and file names are a stranger's and are escaped."""

import base64
import math
import os
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from html import escape
from pathlib import Path
from string import Template
from typing import TypeGuard

from tagrefine_core.errors import ConfigError
from tagrefine_core.files import write_file

__all__ = ["AuditReport", "Example", "Measure", "check_report", "report_html", "write_report"]

_HERE = Path(__file__).parent
_NUMBER = re.compile(r"[+−]?[\d,.]+|[\d-]{10}|the same")
_SIGNS = {"added": "<b>+ </b>", "removed": "<b>− </b>"}


@dataclass(frozen=True)
class Measure:
    """One measure, before and after.

    Attributes
    ----------
    name, about : str
        About: what it tells, in a sentence.
    before, after : float or None
        None where it is not defined.
    interval : (low, high) or None
        Of ``after``.
    share : bool
        Whether it is read as percent.
    """

    name: str
    about: str
    before: float | None
    after: float | None
    interval: tuple[float, float] | None
    share: bool = False


@dataclass(frozen=True)
class Example:
    """A photo with its tags.

    Attributes
    ----------
    file : str
    picture : bytes or None
        A small JPEG; None when the photo cannot be read any more.
    tags : list of (str, str, str)
        Tag; "kept", "added", "removed" or "untold"; who decided it, empty for the run.
    """

    file: str
    picture: bytes | None
    tags: list[tuple[str, str, str]]


@dataclass(frozen=True, kw_only=True)
class AuditReport:
    """All that a report says; everything is text for people or numbers that were computed elsewhere.

    Attributes
    ----------
    collection, run, written, version : str
        Names, the day, and the version of TagRefine.
    summary : list of str
        The outcome in sentences.
    counts : list of (str, int or float, int or float)
        What is counted, before and after.
    changes : list of (str, int, int, int)
        Kind of change; how many by the run, by people, in all.
    measures : list of Measure
    measured : str
        On what they were measured, or why nothing could be.
    verdicts, people : list of tuple
        (what, how many); (who, how many, first day, last day).
    agreement : list of str
        What verdicts say of the run, in sentences.
    examples : list of Example
    tags : list of (str, int, int, int, int, str)
        Tag, photos before, added, removed, photos after, and what was done with it. Those that changed most.
    left : list of (str, int)
        What is still to do.
    next_questions : list of (str, str, str)
        Photo, tag, and what is asked.
    how : list of (str, str)
        How it was made.
    """

    collection: str
    run: str
    written: str
    version: str
    summary: list[str]
    counts: list[tuple[str, float, float]]
    changes: list[tuple[str, int, int, int]]
    measures: list[Measure]
    measured: str
    verdicts: list[tuple[str, int]]
    people: list[tuple[str, int, str, str]]
    agreement: list[str]
    examples: list[Example]
    tags: list[tuple[str, int, int, int, int, str]]
    left: list[tuple[str, int]]
    next_questions: list[tuple[str, str, str]]
    how: list[tuple[str, str]]


def check_report(out: str | Path) -> Path:
    """Return the path of a report to write; refuse one that cannot be written, before the work begins.

    Raises
    ------
    ConfigError
        When the name does not end in .html, or its folder is missing or not writable.
    """
    out = Path(out)
    folder = out.absolute().parent
    if out.suffix.lower() != ".html":
        raise ConfigError(f"A report is one HTML file: give a name that ends in .html; got {str(out)!r}.")
    if not folder.is_dir():
        raise ConfigError(f"There is no folder {folder}; make it first.")
    if out.is_dir() or not os.access(folder, os.W_OK):
        raise ConfigError(f"{out} cannot be written.")
    return out


def write_report(report: AuditReport, out: str | Path) -> None:
    """Write a report, whole or not at all; ConfigError as `check_report`, or when the disk refuses."""
    out, text = check_report(out), report_html(report)
    try:
        write_file(out, lambda file: file.write(text.encode()))
    except OSError as error:
        raise ConfigError(f"{out} cannot be written ({error.strerror}).") from error


def report_html(report: AuditReport) -> str:
    """Return a report as HTML."""
    page = Template((_HERE / "report.html").read_text(encoding="utf-8"))
    return page.substitute(
        style=(_HERE / "report.css").read_text(encoding="utf-8"),
        title=escape(f"Audit of {report.collection}"),
        made=f"{_text(report.written)} · run {_text(report.run)} · TagRefine {_text(report.version)}",
        summary=_paragraphs(report.summary),
        counts=_table(
            ("", "before", "after", "change"),
            ((name, _count(old), _count(new), _change(old, new)) for name, old, new in report.counts),
        ),
        changes=_table(
            ("", "by the run", "by people", "in all"),
            ((name, *map(_count, numbers)) for name, *numbers in report.changes),
        ),
        measures=_measures(report.measures) + _note(report.measured),
        verdicts=_verdicts(report),
        examples="".join(map(_example, report.examples)) or _note("No tag was added or removed."),
        tags=_table(
            ("tag", "before", "added", "removed", "after", ""),
            ((tag, *map(_count, numbers), note) for tag, *numbers, note in report.tags),
        ),
        left=_table(("", ""), ((what, _count(number)) for what, number in report.left)),
        next=_table(("photo", "tag", "question"), report.next_questions)
        if report.next_questions
        else _note("No question is open."),
        how=_table(("", ""), report.how),
    )


def _verdicts(report: AuditReport) -> str:
    if not report.people:
        return _note("Nobody has decided anything yet: all that is shown here is what the run suggests.")
    people = _table(
        ("who", "verdicts", "first", "last"),
        ((who, _count(number), first, last) for who, number, first, last in report.people),
    )
    said = _table(("", ""), ((what, _count(number)) for what, number in report.verdicts))
    return f'<div class="two">{said}{people}</div>{_paragraphs(report.agreement)}'


def _measures(measures: Sequence[Measure]) -> str:
    rows = [
        f"<tr><th scope='row'>{_text(one.name)}<small>{_text(one.about)}</small></th><td>{_number(one.before, one.share)}</td>"
        f"<td><b>{_number(one.after, one.share)}</b></td><td>{_interval(one)}</td><td class='drawn'>{_drawn(one)}</td></tr>"
        for one in measures
    ]
    if not rows:
        return ""
    head = "".join(
        f"<th scope='col'>{name}</th>"
        for name in ("measure", "users’ tags", "after", "lies between", "from 0 to 1")
    )
    return f"<table class='measures'><thead><tr>{head}</tr></thead><tbody>{''.join(rows)}</tbody></table>"


def _drawn(one: Measure) -> str:
    """Draw a measure from 0 to 1: a ring before, a dot after, its interval as a line."""
    parts = ["<line x1='4' x2='156' y1='9' y2='9' class='axis'/>"]
    if one.interval:
        low, high = (4 + 152 * end for end in one.interval)
        parts.append(f"<line x1='{low:.1f}' x2='{high:.1f}' y1='9' y2='9' class='range'/>")
    for value, kind in ((one.before, "ring"), (one.after, "dot")):
        if _known(value):
            parts.append(f"<circle cx='{4 + 152 * value:.1f}' cy='9' r='4' class='{kind}'/>")
    return f"<svg viewBox='0 0 160 18' aria-hidden='true'>{''.join(parts)}</svg>"


def _example(example: Example) -> str:
    chips = "".join(
        f"<span class='chip {kind}'>{_SIGNS.get(kind, '')}<bdi>{_text(tag)}</bdi>{f' <i>{_text(by)}</i>' if by else ''}</span>"
        for tag, kind, by in example.tags
    )
    if example.picture is None:
        picture = "<p class='gone'>This photo cannot be read any more.</p>"
    else:
        data = base64.b64encode(example.picture).decode()
        picture = f"<img alt='{_text(example.file)}' src='data:image/jpeg;base64,{data}'>"
    return f"<figure>{picture}<figcaption><p class='file'><bdi>{_text(example.file)}</bdi></p><p>{chips}</p></figcaption></figure>"


def _table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    cells = [
        f"<tr><th scope='row'><bdi>{_text(first)}</bdi></th>{''.join(map(_cell, rest))}</tr>"
        for first, *rest in rows
    ]
    titles = "".join(f"<th scope='col'>{_text(name)}</th>" if name else "<td></td>" for name in head)
    above = f"<thead><tr>{titles}</tr></thead>" if any(head) else ""
    return f"<table>{above}<tbody>{''.join(cells)}</tbody></table>"


def _cell(text: str) -> str:
    words = "" if _NUMBER.fullmatch(text) else " class='words'"
    return f"<td{words}><bdi>{_text(text)}</bdi></td>"


def _paragraphs(sentences: Iterable[str]) -> str:
    return "".join(f"<p>{_text(sentence)}</p>" for sentence in sentences)


def _note(sentence: str) -> str:
    return f"<p class='note'>{_text(sentence)}</p>"


def _text(text: object) -> str:
    """Escape a stranger's text; what a reader cannot see, or would be led astray by, is shown as a box."""
    return "".join(c if c.isprintable() else "□" for c in escape(str(text)))


def _count(number: float) -> str:
    return f"{number:,}" if isinstance(number, int) else f"{number:,.1f}"


def _change(old: float, new: float) -> str:
    if new == old:
        return "the same"
    return f"{'+' if new > old else '−'}{_count(abs(new - old))}"


def _known(value: float | None) -> TypeGuard[float]:
    return value is not None and math.isfinite(value)


def _number(value: float | None, share: bool) -> str:
    if value is None or not math.isfinite(value):
        return "–"
    return f"{100 * value:.0f} %" if share else f"{value:.3f}"


def _interval(one: Measure) -> str:
    if one.interval is None:
        return "–"
    low, high = (_number(end, one.share) for end in one.interval)
    return f"{low} and {high}"
