"""TagRefine: refined tags and an annotator from photos with noisy tags.

What ``import tagrefine_core as tr`` offers; docs/python.md shows how to use it. Names are loaded when they are first asked for,
since PyTorch takes seconds.
"""

import importlib
from typing import TYPE_CHECKING, Any

from tagrefine_core import version

if TYPE_CHECKING:
    from tagrefine_core.collections import Collection
    from tagrefine_core.config import SETTINGS, TrainConfig
    from tagrefine_core.errors import Cancelled, TagRefineError, TagRefineWarning
    from tagrefine_core.evaluation import evaluate
    from tagrefine_core.methods import Method, create, names
    from tagrefine_core.presets import PRESETS
    from tagrefine_core.runs.run import Run
    from tagrefine_core.settings import train_config
    from tagrefine_core.store import Store
    from tagrefine_core.workflow import (
        annotate,
        changes_of,
        delete_collection,
        delete_run,
        evaluate_run,
        evaluate_user_tags,
        export_refined,
        import_collection,
        make_demo,
        measure_handed_out,
        suspicious,
        tag_summaries,
        train_collection,
    )

__version__ = version.VERSION
__all__ = [
    "PRESETS", "SETTINGS", "Cancelled", "Collection", "Method", "Run", "Store", "TagRefineError", "TagRefineWarning",
    "TrainConfig", "__version__", "annotate", "changes_of", "create", "delete_collection", "delete_run", "evaluate",
    "evaluate_run", "evaluate_user_tags", "export_refined", "import_collection", "make_demo",
    "measure_handed_out", "names", "suspicious", "tag_summaries", "train_collection", "train_config",
]  # fmt: skip

_WHERE = {
    "collections": "Collection",
    "config": "SETTINGS TrainConfig",
    "errors": "Cancelled TagRefineError TagRefineWarning",
    "evaluation": "evaluate",
    "methods": "Method create names",
    "presets": "PRESETS",
    "runs.run": "Run",
    "settings": "train_config",
    "store": "Store",
    "workflow": "annotate changes_of delete_collection delete_run evaluate_run evaluate_user_tags export_refined import_collection "
    "make_demo measure_handed_out suspicious tag_summaries train_collection",
}


def __getattr__(name: str) -> Any:
    for module, offered in _WHERE.items():
        if name in offered.split():
            return getattr(importlib.import_module(f"tagrefine_core.{module}"), name)
    raise AttributeError(f"module 'tagrefine_core' has no attribute {name!r}")


def __dir__() -> list[str]:
    return __all__
