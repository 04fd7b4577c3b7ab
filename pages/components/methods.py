"""The methods that can be compared: what they are called and what they can do."""

from functools import lru_cache

from pages.components.words import title_words

__all__ = ["methods_of"]


@lru_cache(maxsize=1)
def methods_of() -> dict[str, tuple[str, tuple[str, ...]]]:
    """Return title and tasks of every method, and of variants that were published."""
    from tagrefine_core.methods import VARIANTS, method_class, names  # loads PyTorch, which takes seconds

    found = {}
    for name in (*names(), *VARIANTS):
        kind = method_class(name)
        tasks = {"annotation": kind.annotates, "refinement": kind.refines}
        title = title_words(kind.title or name) + (" (reconstruction)" if kind.reconstruction else "")
        found[name] = (title, tuple(task for task, able in tasks.items() if able))
    return found
