"""Many photos at once: a word is added to them, taken off them, or put in the place of another, as one step."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from tagrefine_core.collections import Collection
from tagrefine_core.errors import ConfigError, RunError
from tagrefine_core.refinement import PRECISION
from tagrefine_core.refinement.carried import Carried
from tagrefine_core.refinement.verdicts import Verdict, verdicts_of
from tagrefine_core.runs.refined import changes_of
from tagrefine_core.runs.run import Run
from tagrefine_core.workflow.verdicts import Answer, decide

__all__ = ["Edited", "edit"]


@dataclass(frozen=True)
class Edited:
    """What was done: on how many photos, in words, and as which step of the log."""

    photos: int
    words: str
    step: int


def edit(
    run: Run,
    collection: Collection,
    rows: ArrayLike,
    *,
    add: str = "",
    remove: str = "",
    precision: float = PRECISION,
    by: str | None = None,
    key: str | None = None,
) -> Edited:
    """Decide on tags of many photos as one step, undone as one.

    To add a word says of every photo that it fits; to remove one says of those that carry it that it does not fit; with both the one takes
    the place of the other where that is carried. What people said so already is not said again.

    Parameters
    ----------
    run : Run
        Finished; whose tags the person looks at.
    collection : Collection
        What it was trained on.
    rows : int (n,)
        The photos; twice is once.
    add, remove : str
        Tags of the vocabulary, words that users gave, or any others; "" for none.
    precision : float
        Share of the changes that shall be right: which tags are carried depends on it.
    by, key
        As `tagrefine_core.workflow.verdicts.decide`.

    Raises
    ------
    ConfigError
        When neither word is given, both are the same, or no photo would change.
    CollectionError
        When there is no such row.
    RunError
        When the run is of other data.
    """
    add, remove = add.strip(), remove.strip()
    if add == remove:
        raise ConfigError(
            f"“{add}” cannot take its own place." if add else "Name a tag to add, or one to remove."
        )
    chosen = np.unique(np.asarray(rows, dtype=np.int64))
    collection.check_rows(chosen[[0, -1]].tolist() if len(chosen) else ())
    if run.record.data_hash != collection.data_hash:
        raise RunError(
            f"Run {run.id} is of other photos or tags than {collection.name!r} has now. Choose another run."
        )
    verdicts = verdicts_of(collection)
    carried = Carried(collection, changes_of(run, collection, precision), verdicts)
    if remove:
        chosen = chosen[carried.having(remove)[chosen]]
        if not len(chosen):
            raise ConfigError(f"None of these photos has “{remove}”.")
    else:
        chosen = chosen[~carried.accepted(add)[chosen]]
        if not len(chosen):
            raise ConfigError(f"Of all these photos somebody said already that “{add}” fits.")
    words = _words_for(add, remove, len(chosen))

    def answers() -> Iterator[Answer]:
        said: list[tuple[str, Verdict]] = [(add, "accept")] if add else []
        if remove:
            said.append((remove, "reject"))
        for row in chosen.tolist():
            for tag, verdict in said:
                yield Answer(row, tag, verdict)

    step = decide(collection.store, collection, list(answers()), run=run.id, by=by, note=words, key=key)
    return Edited(len(chosen), words, step)


def _words_for(add: str, remove: str, photos: int) -> str:
    """Say in a few words what was done.

    >>> _words_for("dog", "", 37), _words_for("", "dog", 1), _words_for("cat", "dog", 2000)
    ('+ dog on 37 photos', '− dog on 1 photo', 'dog → cat on 2,000 photos')
    """
    what = f"{remove} → {add}" if add and remove else f"+ {add}" if add else f"− {remove}"
    return f"{what} on {photos:,} photo{'' if photos == 1 else 's'}"
