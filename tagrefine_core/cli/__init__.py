"""The command line: ``python -m tagrefine_core [--home DIR] COMMAND ... [--json]``."""

from tagrefine_core.cli.main import main

__all__ = ["main"]
