"""Write the reference of the core's public names from their docstrings, as HTML: docs/api/index.html.

    python -m tools.api_docs

Whatever pdoc warns of (a module that cannot be imported, a name that is not there) is an error.
"""

import importlib
import pkgutil
import shutil
import warnings
from pathlib import Path

import pdoc

import tagrefine_core

FOLDER = Path(__file__).resolve().parents[1] / "docs" / "api"


def main() -> None:
    """Write the pages of all modules; those of an earlier call are removed."""
    warnings.simplefilter("error", UserWarning)
    for name in tagrefine_core.__all__:  # loaded when first asked for, which pdoc does not do
        vars(tagrefine_core).setdefault(name, getattr(tagrefine_core, name))
    for module in pkgutil.walk_packages(tagrefine_core.__path__, "tagrefine_core."):
        parent, _, name = module.name.rpartition(".")
        package = importlib.import_module(parent)
        # pdoc takes __all__ for all there is in a package, and would pass over the modules in it.
        if hasattr(package, "__all__"):
            package.__all__ = list(dict.fromkeys([*package.__all__, name]))
    shutil.rmtree(FOLDER, ignore_errors=True)
    pdoc.render.configure(
        docformat="numpy", show_source=False, footer_text=f"TagRefine {tagrefine_core.__version__}"
    )
    pdoc.pdoc("tagrefine_core", output_directory=FOLDER)


if __name__ == "__main__":
    main()
