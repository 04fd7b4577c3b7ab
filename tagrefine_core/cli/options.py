"""The parameters of a command as a record: out of the command line, and back into the command."""

from collections.abc import Collection
from pathlib import Path
from typing import Any

import typer

from tagrefine_core.errors import JobError
from tagrefine_core.folders import expanded
from tagrefine_core.settings import absolute_weights
from tagrefine_core.store import JobRecord

__all__ = ["options_of", "values_of"]

# What a job keeps in columns of its own (what it works on), and how the answer looks.
_KEPT_APART = ("name", "run", "json")


def options_of(context: typer.Context) -> dict[str, Any]:
    """Return the parameters that a command was given, but for what it works on, as JSON values.

    Those that have their default are left out. Paths are absolute, so that they hold in another folder; those that are
    the default too.
    """
    default = {parameter.name: parameter.default for parameter in context.command.params}
    return {
        name: _plain(name, value)
        for name, value in context.params.items()
        if name not in _KEPT_APART
        and value not in (None, (), [])
        and (value != default[name] or isinstance(value, Path))
    }


def values_of(job: JobRecord, parameters: Collection[str]) -> dict[str, Any]:
    """Return the values of a command's parameters from the job that `options_of` was recorded in.

    Raises
    ------
    JobError
        When it was recorded by another TagRefine, and what it was asked to do is not known to this one.
    """
    if job.options is None:
        raise JobError(f"Job {job.id} was recorded by an older TagRefine. Give its command once more.")
    if unknown := job.options.keys() - parameters:
        raise JobError(
            f"Job {job.id} has options that '{job.command}' does not know: {', '.join(sorted(unknown))}."
        )
    subject = {"name": job.collection, "run": job.run_id}
    return {**job.options, **{name: value for name, value in subject.items() if name in parameters}}


def _plain(name: str, value: Any) -> Any:
    if isinstance(value, list | tuple):
        return [_plain(name, item) for item in value]
    if isinstance(value, Path):
        return str(expanded(value).absolute())
    setting, sign, given = str(value).partition("=")
    if name == "settings" and setting == "network.weights":
        return setting + sign + absolute_weights(given)
    return absolute_weights(value) if name == "weights" else value
