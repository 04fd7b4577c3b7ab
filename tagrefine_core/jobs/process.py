"""Tell one process from another that later got the same number."""

import os
import signal

import psutil

__all__ = ["identity", "is_alive", "leads", "send"]

# Start times are counted from the boot, whose own time moves a little when the clock is set.
_TOLERANCE = 2.0


def identity(pid: int | None = None) -> tuple[int, float]:
    """Return (pid, start time in seconds since 1970) of a process, by default of this one."""
    process = psutil.Process(pid)
    return process.pid, process.create_time()


def leads() -> bool:
    """Tell whether this process is alone, or the first of ``torchrun``, which speaks for all."""
    return os.environ.get("RANK", "0") == "0"


def is_alive(pid: int, started: float) -> bool:
    """Tell whether the process that got ``pid`` at the time ``started`` is still at work.

    A process of the same number that started at another time is not it, and a zombie is dead.
    """
    try:
        process = psutil.Process(pid)
        moved = process.create_time() - started
        return bool(abs(moved) < _TOLERANCE and process.status() != psutil.STATUS_ZOMBIE)
    except psutil.Error:
        return False


def send(pid: int, started: float, number: signal.Signals) -> None:
    """Send a signal to a process and its children; nothing happens when it is gone.

    The whole process group gets it only when the process leads the group: one that was started by a shell
    script or a test shares its group with them.
    """
    if not is_alive(pid, started):
        return
    try:
        if os.getpgid(pid) == pid:
            os.killpg(pid, number)
        else:
            os.kill(pid, number)
    except ProcessLookupError:
        pass
