"""The choice of a tag, wherever there is one: the tags that matter most come first, with their counts."""

import numpy as np
from numpy.typing import NDArray

from tagrefine_core.collections import Collection

__all__ = ["tag_names"]


def tag_names(
    collection: Collection,
    added: NDArray[np.int64] | None = None,
    removed: NDArray[np.int64] | None = None,
) -> dict[str, str]:
    """Return the tags as `pages.components.choice` takes them: by how many photos carry or would change them, then by name.

    Parameters
    ----------
    collection : Collection
    added, removed : int64 (C,), optional
        Photos that would get or lose each tag; without them only what people wrote counts.
    """
    written = np.bincount(collection.tags.indices, minlength=len(collection.vocabulary))
    changes = [counts for counts in (added, removed) if counts is not None]
    weight = written + sum(changes)
    order = sorted(range(len(weight)), key=lambda column: (-weight[column], collection.vocabulary[column]))
    names = {}
    for column in order:
        tag = collection.vocabulary[column]
        words = [f"{tag}  {written[column]:,}"]
        words += [
            f"{sign}{counts[column]:,}" for sign, counts in zip("+−", changes, strict=False) if counts[column]
        ]
        names[tag] = " ".join(words)
    return names
