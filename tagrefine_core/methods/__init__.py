"""The compared methods of the paper, and ours, behind one interface."""

from tagrefine_core.methods.base import Method, Mode, Scores
from tagrefine_core.methods.registry import VARIANTS, create, load_file, method_class, named, names

__all__ = ["VARIANTS", "Method", "Mode", "Scores", "create", "load_file", "method_class", "named", "names"]
