"""Write keywords into one photo in a process of its own.

exiv2 remembers the namespaces of every photo that it has opened, for the whole process: after a damaged or hostile one, which calls
something else by the name of ``dc``, it can write into no other. A fresh process knows nothing of it.
"""

import json
import subprocess
import sys
from pathlib import Path

from tagrefine_core.errors import DataError
from tagrefine_core.metadata.embedded import write_embedded

__all__ = ["write_fresh"]

_ROOT = Path(__file__).parents[2]
_SECONDS = 300


def write_fresh(data: bytes, packet: bytes, iptc: list[str] | None) -> bytes:
    """Do what `tagrefine_core.metadata.embedded.write_embedded` does, in a new process; errors as there."""
    head = json.dumps({"packet": packet.decode(), "iptc": iptc}).encode() + b"\n"
    try:
        done = subprocess.run(
            [sys.executable, "-m", __name__],
            input=head + data,
            capture_output=True,
            timeout=_SECONDS,
            cwd=_ROOT,
            check=False,
        )
    except (OSError, subprocess.SubprocessError) as error:
        raise DataError("its keywords could not be written.") from error
    if done.returncode:
        raise DataError("its keywords could not be written.")
    return done.stdout


if __name__ == "__main__":
    given, _, photo = sys.stdin.buffer.read().partition(b"\n")
    asked = json.loads(given)
    sys.stdout.buffer.write(write_embedded(photo, asked["packet"].encode(), asked["iptc"]))
