"""Training that was called from Python, beside the app."""

import pytest

from tagrefine_core import jobs, workflow
from tagrefine_core.errors import Cancelled
from tests.training.conftest import shapes, small  # noqa: F401


def test_a_training_called_from_python_is_seen_and_can_be_given_again(shapes):  # noqa: F811
    seen = []

    def progress(stage, done, total):
        if stage == "Training with neighbors":
            job = jobs.jobs(shapes)[0]
            run = jobs.run_states(shapes, "shapes")[0]
            seen.append((job.state, job.command, job.run_id == run.id, run.state))
            jobs.cancel(shapes, job.id)

    config = small(**{"scoring.smooth": 0.25})
    with pytest.raises(Cancelled):
        workflow.train_collection(shapes, "shapes", config, progress=progress)
    assert set(seen) == {("running", "train", True, "running")}
    job = shapes.jobs(1)[0]
    assert job.state == "cancelled" and "scoring.smooth=0.25" in job.options["settings"]
    again = workflow.again(shapes, job)
    assert again is not None and again.options == {"resume": job.run_id}
    assert workflow.train_collection(shapes, "shapes", resume=job.run_id).record.state == "finished"
