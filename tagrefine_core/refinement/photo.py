"""The tags of one photo, the user's beside the refined ones."""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from tagrefine_core.collections import Collection
from tagrefine_core.refinement.changes import Changes
from tagrefine_core.store import TagRecord

__all__ = ["PhotoTag", "photo_tags"]


@dataclass(frozen=True)
class PhotoTag:
    """One tag of one photo.

    Attributes
    ----------
    tag : str
        The tag; outside the vocabulary the user's spelling of what preprocessing dropped, or a word that a person gave.
    state : {"added", "kept", "removed", "untold", "dropped", "absent"}
        "untold": given, and a picture cannot tell; "dropped" by preprocessing, before training; "absent": neither the user nor the run gives it.
    column : int or None
        Place in the vocabulary; None for a word outside it.
    score : float or None
        Refined score in [0, 1]; None for a word outside the vocabulary.
    note : str
        How the user spelled it where that differs, or why it was dropped.
    """

    tag: str
    state: Literal["added", "kept", "removed", "untold", "dropped", "absent"]
    column: int | None
    score: float | None
    note: str = ""


def photo_tags(
    collection: Collection,
    changes: Changes,
    scores: NDArray[np.float32],
    records: Mapping[str, TagRecord],
    row: int,
    words: Mapping[str, str] = MappingProxyType({}),
) -> list[PhotoTag]:
    """List the tags of a photo: added by people in words of their own, added by score, then kept, removed and untold in the user's
    order, then dropped.

    Parameters
    ----------
    records : mapping of str to TagRecord
        ``Collection.tag_records`` by spelling.
    words : mapping of str to str, optional
        What people said of words outside the vocabulary: "accept", "reject" or "unsure".
    """
    spellings: dict[str, list[str]] = {}
    written = dict.fromkeys(collection.raw_tags(row))
    new = [
        PhotoTag(word, "added", None, None, "a person's own word")
        for word, said in words.items()
        if said == "accept" and word not in written
    ]
    dropped = []
    for raw in written:
        record = records[raw]
        if not record.tags:
            state: Literal["removed", "dropped"] = "removed" if words.get(raw) == "reject" else "dropped"
            dropped.append(PhotoTag(raw, state, None, None, record.reason))
        for tag in record.tags:
            if raw != tag:
                spellings.setdefault(tag, []).append(raw)

    def listed(
        state: Literal["added", "kept", "removed", "untold"],
        matrix: sparse.csr_matrix,
        rank: NDArray[np.float64],
    ) -> list[PhotoTag]:
        columns = matrix.indices[slice(*matrix.indptr[row : row + 2])]
        found = []
        for column in columns[np.argsort(rank[columns], kind="stable")].tolist():
            tag = collection.vocabulary[column]
            note = f"written as {', '.join(spellings[tag])}" if tag in spellings else ""
            found.append(PhotoTag(tag, state, column, float(scores[row, column]), note))
        return found

    place = np.full(len(collection.vocabulary), np.inf)
    start, stop = collection.tag_positions.indptr[row : row + 2]
    place[collection.tag_positions.indices[start:stop]] = collection.tag_positions.data[start:stop]
    return [
        *new,
        *listed("added", changes.added, -np.asarray(scores[row], dtype=np.float64)),
        *listed("kept", changes.kept, place),
        *listed("removed", changes.removed, place),
        *listed("untold", changes.untold, place),
        *dropped,
    ]
