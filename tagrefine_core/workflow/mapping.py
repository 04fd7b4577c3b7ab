"""The map of a run's photos: made once, kept with the run."""

from tagrefine_core.progress import Progress, silent
from tagrefine_core.runs.map import PhotoMap
from tagrefine_core.runs.run import Run
from tagrefine_core.store import Store
from tagrefine_core.workflow.judging import collection_of
from tagrefine_core.workflow.rules import check

__all__ = ["make_map"]


def make_map(store: Store, run_id: str, *, seed: int = 0, progress: Progress = silent) -> PhotoMap:
    """Lay out a run's photos in a plane by UMAP, before and after learning; an earlier map is replaced.

    Raises
    ------
    RunError
        When the run is not finished, is of data that has changed since, or has too few photos.
    JobError
        While a live job imports the run's collection or makes a map of it.
    """
    run = Run.open(store, run_id)
    check(store, "map", run.record.collection, run_id=run_id)
    from tagrefine_core.runs.mapping import make_map as make  # loads PyTorch, which takes seconds

    return make(run, collection_of(store, run), seed=seed, progress=progress)
