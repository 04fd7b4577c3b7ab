"""Long work in processes of its own: recorded, watched, cancelled; a dead one never shows as running."""

from tagrefine_core.jobs.background import cancel, jobs, run_states, start, tail, watch
from tagrefine_core.jobs.recording import LIVE, TRAINS, Recorder, live_jobs, recording

__all__ = [
    "LIVE",
    "TRAINS",
    "Recorder",
    "cancel",
    "jobs",
    "live_jobs",
    "recording",
    "run_states",
    "start",
    "tail",
    "watch",
]
