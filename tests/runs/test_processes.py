"""Real processes: killed with SIGKILL, and two that share the work."""

import os
import signal
import subprocess
import sys
import time

import numpy as np
import pytest

from tagrefine_core.runs.run import Run
from tests.training.conftest import SMALL

SETTINGS = [
    part
    for key, value in {**SMALL, "constraints.epochs": 4, "run.checkpoint_seconds": 0.05}.items()
    for part in ("--set", f"{key}={value}")
]


def command(store, *arguments):
    return [sys.executable, "-m", "tagrefine_core", "--home", str(store.home), "train", "shapes", *arguments]


def run(*arguments, **options):
    done = subprocess.run(*arguments, capture_output=True, text=True, timeout=300, check=False, **options)
    assert done.returncode == 0, done.stderr[-2000:]
    return done


@pytest.mark.slow
def test_killed_and_resumed_is_bit_identical(shapes):
    run(command(shapes, *SETTINGS))
    whole = Run(shapes, shapes.runs("shapes")[0])
    process = subprocess.Popen(
        command(shapes, *SETTINGS),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    deadline = time.monotonic() + 120
    killed = None
    while time.monotonic() < deadline:
        newest = shapes.runs("shapes")[0]
        if newest.id != whole.id and any(e.stage == "constraints" for e in shapes.epochs(newest.id)):
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()
            killed = newest.id
            break
        time.sleep(0.01)
    assert killed is not None and shapes.run(killed).state == "running"
    run(command(shapes, "--resume", killed))
    resumed = Run(shapes, shapes.run(killed))
    assert resumed.record.state == "finished"
    assert np.array_equal(resumed.scores, whole.scores)
    assert np.array_equal(resumed.trace.neighbors, whole.trace.neighbors)


@pytest.mark.slow
@pytest.mark.parametrize("refresh", ["bank", "exact"])
def test_two_ranks_do_what_one_does(shapes, refresh):
    # One epoch of stage 2, at the rate of preset default: later on, or at five times that rate, a neighbor that rounding has swapped
    # makes the runs drift apart.
    gentle = (
        "constraints.lr=0.001",
        "constraints.epochs=1",
        "constraints.lambda1=10",
        "constraints.lambda_nbr=1",
        "network.projection=16",
        f"neighbors.refresh={refresh}",
    )
    settings = ["--preset", "small", *SETTINGS, *(part for pair in gentle for part in ("--set", pair))]
    run(command(shapes, *settings))
    one = Run(shapes, shapes.runs("shapes")[0])
    torchrun = [
        sys.executable,
        "-m",
        "torch.distributed.run",
        "--nproc_per_node=2",
        "--standalone",
        "-m",
    ]
    run([*torchrun, *command(shapes, *settings)[2:]], env={**os.environ, "OMP_NUM_THREADS": "1"})
    two = Run(shapes, shapes.runs("shapes")[0])
    assert two.id != one.id and two.record.state == "finished"
    assert len(shapes.runs("shapes")) == len({r.id for r in shapes.runs("shapes")})
    assert np.allclose(two.scores, one.scores, atol=1e-3)
    assert np.array_equal(two.trace.neighbors[0], one.trace.neighbors[0])
    for a, b in zip(one.epochs, two.epochs, strict=True):
        for term in ("loss", "nbr") if a.stage == "constraints" else ("loss",):
            assert a.values[term] == pytest.approx(b.values[term], rel=1e-3)
