"""What a finished run keeps: scores, and what annotating and looking at it need."""

import shutil
from pathlib import Path

from scipy import sparse

from tagrefine_core.progress import Progress
from tagrefine_core.training.fitted import Fitted

__all__ = ["save_results", "work_folder"]


def work_folder(folder: Path) -> Path:
    """Return where a run that is not finished keeps arrays and checkpoints; gone when it is."""
    return folder / "work"


def save_results(fitted: Fitted, user_tags: sparse.csr_matrix, *, folder: Path, progress: Progress) -> None:
    """Write scores and the fitted model into a run's folder, each file whole or not at all, and clear its work folder.

    Parameters
    ----------
    fitted : Fitted
        With arrays in the work folder; its smoothed logits become the scores.
    user_tags : csr (N, C)
        Evidence in the refinement task. In annotation, tags are told from the photo alone.
    folder : Path
    progress : Progress
    """
    smoothed = fitted.smoothed
    evidence = user_tags if fitted.config.task == "refinement" else None
    scores = fitted.scores(evidence, out=smoothed, progress=progress)
    scores.flush()  # type: ignore[attr-defined]
    fitted.save(folder)
    (work_folder(folder) / "smoothed.npy").replace(folder / "scores.npy")
    shutil.rmtree(work_folder(folder))
