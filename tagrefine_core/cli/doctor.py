"""The command that says what is here and whether it is sound."""

from typing import Annotated

import typer

from tagrefine_core.cli.session import Json, Session
from tagrefine_core.folders import home_folder

__all__ = ["doctor"]


def doctor(
    context: typer.Context,
    mend: Annotated[
        bool,
        typer.Option(
            "--mend", help="Restore a lost or damaged database as far as possible, and remove leftovers."
        ),
    ] = False,
    json: Json = False,
) -> int:
    """Say what is installed, whether the home is sound, and what to do where it is not."""
    from tagrefine_core.workflow import doctor as home_doctor
    from tagrefine_core.workflow.machine import facts, lacks

    session = Session.of(context, json)
    home = home_folder(session.home)
    done = home_doctor.mend(home) if mend else []
    found = [*lacks(home), *home_doctor.examine(home)]
    here = facts(home)
    sound = not any(finding.must for finding in found)
    document = {"sound": sound, **here, "found": [vars(finding) for finding in found], "mended": done}
    lines = [
        f"{topic}\n" + "\n".join(f"  {name}: {value}" for name, value in of.items())
        for topic, of in here.items()
    ]
    lines += [f"Done: {sentence}" for sentence in done]
    lines += [f"{'Problem' if finding.must else 'Note'}: {finding.what} {finding.do}" for finding in found]
    lines.append("All is sound." if sound else "Something has to be done.")
    session.answer(document, "\n".join(lines))
    return 0 if sound else 2
