"""Where results are kept, and what tells results of other data, settings or code apart."""

import ast
import hashlib
import inspect
import json
import math
from collections.abc import Mapping, Sequence
from datetime import datetime
from functools import cache
from pathlib import Path
from typing import Any

import tagrefine_core
from tagrefine_core.collections import Collection
from tagrefine_core.config import TrainConfig
from tagrefine_core.files import read_json, write_json
from tagrefine_core.methods import Method
from tagrefine_core.settings import settings_that_differ

__all__ = [
    "OURS",
    "answers",
    "code_of",
    "experiments_folder",
    "heading",
    "is_ours",
    "key_of",
    "method_key",
    "now",
    "parameters_of",
    "read_result",
    "write_result",
]

OURS = "tagrefine"
"""Our own method: a preset is about it, and all others are compared with it in pairs."""

_PACKAGE = "tagrefine_core"
# What the numbers of a result come from. Not how photos are imported, since a data hash tells that, or how results are shown.
_ROOMS = (
    "config",
    "presets",
    "setting_groups",
    "settings",
    "features",
    "neighbors",
    "tags",
    "model",
    "training",
    "evaluation",
    "refinement",
    "methods",
    "runs",
)


def experiments_folder(home: Path) -> Path:
    """Return the folder of all experiments; it can be deleted, and then they start over."""
    return home / "experiments"


def key_of(*parts: Any) -> str:
    """Return 16 hexadecimal digits that change when a part does; parts are JSON values."""
    text = json.dumps(parts, sort_keys=True, default=str)
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def method_key(kind: type[Method], config: TrainConfig) -> str:
    """Return the name of a method's results: its own name, and digits that change with its code and settings.

    Code is the file of its class and what its numbers depend on in this package, however far down.
    """
    # A method of a user's own file is in no module that could be asked where it lies.
    functions = (getattr(getattr(kind, name), "__code__", None) for name in ("__init__", "_fit", "_score"))
    files = sorted({Path(code.co_filename) for code in functions if code is not None})
    own = [hashlib.sha256(file.read_bytes()).hexdigest() for file in files if file.is_file()]
    settings = config.model_dump() if is_ours(kind) else None
    name = kind.name.replace(":", "-").replace("=", "-")
    core = getattr(kind, "core", None)  # of a method on equal terms
    parts = (own, code_of(kind.__module__), code_of(Method.__module__), settings, kind.fixed)
    return f"{name}-{key_of(*parts, *([method_key(core, config)] if core else []))[:10]}"


def is_ours(kind: type[Method]) -> bool:
    """Tell whether a method is our own or a form of it: it takes the settings of a comparison."""
    return kind.ours


def parameters_of(kind: type[Method]) -> set[str]:
    """Return the names of a method's parameters."""
    return set(inspect.signature(kind).parameters)


@cache
def code_of(module: str) -> str:
    """Return a digest of the code of a module, without comments, and of what numbers depend on below it."""
    seen: dict[str, Path] = {}
    waiting = [module]
    while waiting:
        name = waiting.pop()
        path = _module_path(name)
        if name not in seen and path is not None and (name == module or _room(name) in _ROOMS):
            seen[name] = path
            waiting += _imports(path)
    digest = hashlib.sha256()
    for name in sorted(seen):
        digest.update(name.encode() + ast.dump(ast.parse(seen[name].read_bytes())).encode())
    return digest.hexdigest()


def write_result(path: Path, value: Any) -> None:
    """Write a JSON file that is whole or absent; what is not a finite number becomes null."""
    write_json(path, _plain(value))


def read_result(path: Path) -> Any:
    """Return what `write_result` wrote, or None when there is nothing."""
    return read_json(path) if path.exists() else None


def _room(module: str) -> str:
    """Return the part of the package that a module is in; nothing for the package itself."""
    return "".join(module.split(".")[1:2])


def heading(collection: Collection, config: TrainConfig, notes: Sequence[str] = ()) -> dict[str, Any]:
    """Return what every answer begins with: of what data, with which settings, when; its ``state`` is still "partial"."""
    return {
        "collection": collection.name,
        "data_hash": collection.data_hash,
        "task": config.task,
        "preset": config.preset,
        "differs": settings_that_differ(config),
        "notes": [
            *notes,
            *(["run.part has no effect: repeats take one part after the other."] * bool(config.run.part)),
        ],
        "seed": config.seed,
        "created": now(),
        "state": "partial",
    }


def now() -> str:
    """Return the time as answers keep it."""
    return datetime.now().astimezone().isoformat()


def answers(home: Path, pattern: str, collection: str) -> list[dict[str, Any]]:
    """Return what experiments on a collection have answered, the newest first.

    Those of 0.1.0 did not say which settings they measured; they are passed over, and measured again when asked for.
    """
    found = [read_result(path) for path in experiments_folder(home).glob(pattern)]
    mine = [answer for answer in found if answer["collection"] == collection and "differs" in answer]
    return sorted(mine, key=lambda answer: str(answer["created"]), reverse=True)


def _module_path(name: str) -> Path | None:
    path = Path(tagrefine_core.__file__).parent.joinpath(*name.split(".")[1:])
    if name.split(".")[0] != _PACKAGE:
        return None
    return next((file for file in (path.with_suffix(".py"), path / "__init__.py") if file.is_file()), None)


def _imports(path: Path) -> list[str]:
    """Return modules, and names that may be modules, that a file imports."""
    found = []
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found += [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and node.module:
            found += [node.module, *(f"{node.module}.{alias.name}" for alias in node.names)]
    return found


def _plain(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    if hasattr(value, "tolist"):
        return _plain(value.tolist())
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    return value if value is None or isinstance(value, bool | int | str) else str(value)
