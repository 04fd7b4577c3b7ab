"""Methods by name: ours, those of installed packages, those in a file of the user's own, and variants of each."""

import importlib
import importlib.util
import inspect
import json
from collections.abc import Sequence
from functools import cache
from importlib.metadata import entry_points
from pathlib import Path
from typing import Any

from tagrefine_core.errors import ConfigError
from tagrefine_core.folders import expanded, is_there
from tagrefine_core.methods.base import Method

__all__ = ["VARIANTS", "create", "load_file", "method_class", "named", "names"]

ENTRY_POINTS = "tagrefine.methods"

# In the order of tables: baselines, neighbors, tags, factors, learned, ours. Imported when asked for.
_MODULES = {
    "random_guess": "baselines",
    "user_tags": "baselines",
    "knn": "votes",
    "tag_vote": "votes",
    "tagprop": "tagprop",
    "tag_cooccur": "cooccurrence",
    "semantic_field": "semantic_field",
    "tag_ranking": "tag_ranking",
    "tag_feature": "tag_feature",
    "tag_example": "tag_example",
    "cca": "cca",
    "kcca": "kcca",
    "nmf": "nmf",
    "wdnl": "deep_factors",
    "wdmf": "deep_factors",
    "rpca": "rpca",
    "ridge": "ridge",
    "multi_cnn": "networks",
    "phi0": "networks",
    "paper": "networks",
    "paper+bce": "networks",
    "tagrefine": "networks",
    "tagrefine_tuned": "networks",
}
_own: dict[str, type[Method]] = {}

VARIANTS = (
    "tagprop:weights=distance",
    "tag_cooccur:visual=true",
    "tag_feature:crossfit=5",
    "cca:variant=direct",
)
"""Other forms of methods that their papers or later surveys report too."""


def names() -> list[str]:
    """Return the names of all methods: those here, of installed packages, and of loaded files."""
    return [*_MODULES, *(name for name in {**_installed(), **_own} if name not in _MODULES)]


def named(words: Sequence[str]) -> list[str]:
    """Return the methods that words stand for, each once: names, ``all`` of them, and ``all+``, all but ours with a plus.

    Raises
    ------
    ConfigError
        As `method_class`.

    Examples
    --------
    >>> named(["knn", "knn+", "knn"])
    ['knn', 'knn+']
    """
    found: list[str] = []
    for word in words:
        if word == "all":
            found += names()
        elif word == "all+":
            found += [f"{name}+" for name in names() if not _class_of(name).ours]
        else:
            found.append(method_class(word).name)
    return list(dict.fromkeys(found))


def method_class(name: str) -> type[Method]:
    """Return the class of a method, or of a form of it.

    ``name+`` is the method with our targets and our scoring (`tagrefine_core.methods.equal_terms`); ``name:parameter=value``, with or
    without the plus and with any number of parameters, is a variant.

    Raises
    ------
    ConfigError
        When there is no method of that name, or it has no such parameter.

    Examples
    --------
    >>> method_class("knn:k=50").title, method_class("knn+:k=50").title
    ('KNN (k=50)', 'KNN+ (k=50)')
    """
    plain, *settings = name.split(":")
    kind = _class_of(plain)
    return _variant(kind, settings) if settings else kind


def _class_of(name: str) -> type[Method]:
    if name in _own:
        return _own[name]
    if name in _MODULES:
        module = importlib.import_module(f"tagrefine_core.methods.{_MODULES[name]}")
        return next(found for found in _methods_in(module) if found.name == name)
    if name in _installed():
        return _installed()[name]
    if name.endswith("+"):
        from tagrefine_core.methods.equal_terms import on_equal_terms  # loads PyTorch

        return on_equal_terms(_class_of(name[:-1]))
    raise ConfigError(f"There is no method {name!r}; choose one of: {', '.join(names())}.")


def create(name: str, **params: Any) -> Method:
    """Make a method that is not fitted yet.

    Parameters
    ----------
    name : str
        One of `names`.
    **params
        Its parameters; what is left out has the default of its publication.

    Raises
    ------
    ConfigError
        When the name or a parameter is unknown.

    Examples
    --------
    >>> create("knn", k=1).fit([[1.0, 0.0], [0.0, 1.0]], [[1, 0], [0, 1]]).annotate([[2.0, 1.0]]).tolist()
    [[1.0, 0.0]]
    """
    kind = method_class(name)
    _check_parameters(kind, list(params))
    return kind(**{**kind.fixed, **params})


def _variant(kind: type[Method], settings: Sequence[str]) -> type[Method]:
    fixed = {key: _value(value) for key, _, value in (setting.partition("=") for setting in settings)}
    _check_parameters(kind, list(fixed))

    def grid(cls: type[Method], images: int) -> dict[str, list[Any]]:
        return {key: values for key, values in kind.grid(images).items() if key not in fixed}

    def first(cls: type[Method]) -> list[dict[str, Any]]:
        found = [{key: value for key, value in one.items() if key not in fixed} for one in kind.first()]
        return [one for place, one in enumerate(found) if one not in found[:place]]

    own = {
        "__module__": kind.__module__,
        "__doc__": kind.__doc__,
        "name": ":".join((kind.name, *settings)),
        "title": f"{kind.title} ({', '.join(settings)})",
        "fixed": fixed,
        "first": classmethod(first),
        "grid": classmethod(grid),
    }
    return type(kind.__name__, (kind,), own)


def _value(text: str) -> Any:
    """Read a number, true, false or null; anything else is a word."""
    try:
        return json.loads(text)
    except json.JSONDecodeError:
        return text


def _check_parameters(kind: type[Method], given: Sequence[str]) -> None:
    known = list(inspect.signature(kind).parameters)
    for name in given:
        if name not in known:
            raise ConfigError(
                f"{kind.title} has no parameter {name!r}; it has: {', '.join(known) or 'none'}."
            )


def load_file(path: str | Path) -> list[str]:
    """Add the methods of a Python file, which is run; return their names.

    Raises
    ------
    ConfigError
        When the file is missing, fails, holds no method, or a name is taken.
    """
    path = expanded(path)
    if not (is_there(path) and path.is_file()):
        raise ConfigError(f"There is no file {path} to load a method from.")
    spec = importlib.util.spec_from_file_location(f"tagrefine_method_{path.stem}", path)
    if spec is None or spec.loader is None:
        raise ConfigError(f"{path} is not a Python file: its name must end in .py.")
    module = importlib.util.module_from_spec(spec)
    try:
        spec.loader.exec_module(module)
    except Exception as error:
        raise ConfigError(f"{path} cannot be loaded: {type(error).__name__}: {error}") from error
    found = [kind for kind in _methods_in(module) if kind.__module__ == module.__name__]
    if not found:
        raise ConfigError(
            f"{path} holds no method: write a class that subclasses tagrefine_core.methods.Method."
        )
    for kind in found:
        if not kind.name.isidentifier():
            raise ConfigError(f"{path}: {kind.__name__}.name must be a name such as 'my_method'.")
        if kind.name in _MODULES or kind.name in _installed():
            raise ConfigError(f"{path}: the name {kind.name!r} is taken; choose another.")
        _own[kind.name] = kind
    return [kind.name for kind in found]


def _methods_in(module: Any) -> list[type[Method]]:
    return [
        kind
        for kind in vars(module).values()
        if inspect.isclass(kind) and issubclass(kind, Method) and not inspect.isabstract(kind)
    ]


@cache
def _installed() -> dict[str, type[Method]]:
    found = {}
    for point in entry_points(group=ENTRY_POINTS):
        kind = point.load()
        if not (inspect.isclass(kind) and issubclass(kind, Method)):
            raise ConfigError(f"The entry point {point.value} of {ENTRY_POINTS} is not a Method.")
        found[kind.name or point.name] = kind
    return found
