"""Put the commands together, and turn every end of one into an exit status and one line."""

import errno
import os
import signal
import sys
import warnings
from collections.abc import Sequence
from typing import Annotated, TextIO

import typer

from tagrefine_core.cli import curate, doctor, experiments, exporting, manage, results, serving, work
from tagrefine_core.cli.session import Json, Session, Stopped
from tagrefine_core.errors import ConfigError, TagRefineError, TagRefineWarning
from tagrefine_core.jobs.process import leads
from tagrefine_core.version import VERSION

__all__ = ["app", "main"]

# What a machine refuses whatever file it is: no fault of the program, and nothing a traceback would explain.
_REFUSED = (
    errno.EACCES,
    errno.EPERM,
    errno.EROFS,
    errno.ENOSPC,
    errno.EDQUOT,
    errno.EFBIG,
    errno.EIO,
    errno.EMFILE,
)

app = typer.Typer(
    name="tagrefine_core",
    help="Refined tags and an annotator from photos with noisy tags.",
    add_completion=False,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)


def _version(wanted: bool) -> None:
    if wanted:
        typer.echo(VERSION)
        raise typer.Exit


@app.callback()
def _shared(
    context: typer.Context,
    home: Annotated[
        str | None, typer.Option(help="Home folder; else TAGREFINE_HOME, else the user's data folder.")
    ] = None,
    json: Json = False,
    version: Annotated[
        bool, typer.Option("--version", help="Print the version.", callback=_version, is_eager=True)
    ] = False,
) -> None:
    context.obj = Session(home, json=json)


for _command in (
    work.setup,
    work.demo,
    work.train,
    results.evaluate,
    results.tags,
    results.neighbors,
    results.suspicious,
    results.duplicates,
    results.explain,
    results.refine,
    results.report,
    exporting.export,
    results.annotate,
    experiments.benchmark,
    experiments.ablate,
    experiments.tune,
    experiments.noise,
    experiments.reproduce,
    curate.verdict,
    curate.verdicts,
    curate.undo,
    curate.redo,
    curate.always,
    curate.audit,
    curate.limit,
    curate.alias,
    manage.collections,
    manage.runs,
    manage.name,
    manage.jobs,
    manage.cancel,
    manage.delete,
    doctor.doctor,
    serving.app,
):
    app.command()(_command)
app.command("import")(work.import_photos)
app.command("map")(results.map_photos)
app.command("work", hidden=True)(manage.work)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command.

    Parameters
    ----------
    arguments : sequence of str, optional
        Without the program's name; by default those of the process.

    Returns
    -------
    int
        The exit status: 0, 2 for a mistake of the user (one line on standard error), 130 or 143 when stopped.
        Anything else that goes wrong is a fault of ours and shows its traceback.
    """
    output, showwarning = sys.stdout, warnings.showwarning
    warnings.showwarning = _show_warning
    given = list(sys.argv[1:] if arguments is None else arguments)
    try:
        _check_text(given)
        code = app(args=given, prog_name="python -m tagrefine_core", standalone_mode=False)
        return code if isinstance(code, int) else 0
    except TagRefineError as error:
        return _fail(str(error), 2)
    except typer.TyperException as error:
        context = getattr(error, "ctx", None)
        hint = f" Try: {context.command_path} --help" if context else ""
        said = error.format_message().replace(": Value error, ", ": ", 1).rstrip(".")
        return _fail(f"{said}.{hint}", error.exit_code)
    except Stopped as stop:
        return _fail(str(stop), 128 + stop.signal)
    except (KeyboardInterrupt, typer.Abort):
        return _fail("Stopped.", 128 + signal.SIGINT)
    except BrokenPipeError:
        # Whoever read our output has left; nothing more can be said to them, not even at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), output.fileno())
        return 128 + signal.SIGPIPE
    except OSError as error:
        if error.errno not in _REFUSED and not error.filename:
            raise
        where = f" at {error.filename}" if error.filename else ""
        return _fail(
            f"The disk refused{where}: {error.strerror}. Check the path, free space and permissions.", 2
        )
    finally:
        sys.stdout, warnings.showwarning = output, showwarning


def _check_text(arguments: Sequence[str]) -> None:
    """Refuse what no database, table or page could hold."""
    for argument in arguments:
        if "\0" in argument or any("\ud800" <= c <= "\udfff" for c in argument):
            raise ConfigError(
                f"{ascii(argument)[:200]} holds bytes that are no text (UTF-8). Rename the file or folder, or write it otherwise."
            )


def _fail(message: str, status: int) -> int:
    if leads():
        # File names and tags of strangers may hold what a terminal would obey.
        line = "".join(c if c.isprintable() else "?" for c in " ".join(message.split()))
        print(line if status >= 128 else f"Error: {line}", file=sys.stderr)
    return status


def _show_warning(
    message: Warning | str,
    category: type[Warning],
    filename: str,
    lineno: int,
    file: TextIO | None = None,
    line: str | None = None,
) -> None:
    if issubclass(category, TagRefineWarning):
        text = f"Warning: {message}"
    else:
        text = warnings.formatwarning(message, category, filename, lineno, line).rstrip()
    print(text, file=file or sys.stderr)
