"""Long work in processes of its own: recorded, watched, cancelled; a dead one never shows as running."""

from tagrefine_core.jobs.background import cancel, jobs, run_states, start, tail, watch
from tagrefine_core.jobs.recording import Recorder, recording

__all__ = ["Recorder", "cancel", "jobs", "recording", "run_states", "start", "tail", "watch"]
