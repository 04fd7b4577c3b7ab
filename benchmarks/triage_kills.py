"""Verdicts that were shown as saved, after the app was killed: ``python -m benchmarks.triage_kills COLLECTION [--rounds 100]``.

Works on a copy of the home folder's database. Each round starts the app, sends answers one after the other as Triage does, kills the app
with SIGKILL at a random moment, and looks whether every answer that the app had confirmed is in the log, once and in its order.
"""

import argparse
import http.client
import json
import random
import shutil
import signal
import subprocess
import tempfile
import time
import urllib.error
import urllib.request
import uuid
from pathlib import Path

from benchmarks.serving import start
from tagrefine_core.folders import home_folder
from tagrefine_core.store import Store

_SAID = ("accept", "reject", "unsure")


def send(port: int, number: int, row: int, tag: str, said: str, key: str) -> None:
    """Send one answer; raises OSError where it is not confirmed."""
    steps = [{"key": key, "answers": [{"row": row, "tag": tag, "verdict": said}], "by": "benchmark"}]
    request = urllib.request.Request(
        f"http://127.0.0.1:{port}/verdicts/{number}",
        json.dumps({"steps": steps}).encode(),
        {"Content-Type": "application/json", "Origin": f"http://127.0.0.1:{port}"},
    )
    with urllib.request.urlopen(request, timeout=30) as answer:
        assert json.load(answer)["saved"][0]["key"] == key


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("collection")
    parser.add_argument("--rounds", type=int, default=100)
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    rng = random.Random(options.seed)
    with tempfile.TemporaryDirectory(prefix="tagrefine-kills-") as folder:
        home = Path(folder)
        own = home_folder()
        for name in ("tagrefine.db", "tagrefine.db-wal"):
            if (own / name).exists():
                shutil.copy2(own / name, home / name)
        (home / "collections").symlink_to(own / "collections")
        store = Store(home)
        record = store.collection(options.collection)
        tags = store.vocabulary(record.id)[0]
        confirmed: list[tuple[int, str, str, str]] = []
        lost = killed = 0
        for turn in range(1, options.rounds + 1):
            server, port = start(home)
            until = None  # the clock runs from the first answer on, which opens the collection
            try:
                while True:
                    row, tag, said = rng.randrange(record.images), rng.choice(tags), rng.choice(_SAID)
                    key = str(uuid.UUID(int=rng.getrandbits(128)))
                    if until is not None and time.monotonic() > until and server.poll() is None:
                        # Killed while the answer is on its way, or just before.
                        subprocess.Popen(
                            ["sh", "-c", f"sleep {rng.uniform(0, 0.02):.4f}; kill -9 {server.pid}"]
                        )
                        until = float("inf")
                    send(port, record.id, row, tag, said, key)
                    confirmed.append((row, tag, said, key))
                    until = until or time.monotonic() + rng.uniform(0.05, 1.5)
            except (OSError, urllib.error.URLError, http.client.HTTPException):  # also half an answer
                killed += 1
            server.send_signal(signal.SIGKILL)
            server.wait()
            with store.connect() as connection:
                kept = {
                    one["key"]: one["id"] for one in connection.execute("SELECT key, id FROM curation_steps")
                }
            steps = [kept.get(key) for *_, key in confirmed]
            lost = sum(step is None for step in steps)
            known = [step for step in steps if step is not None]
            assert known == sorted(known), "the order is not kept"
            if turn % 20 == 0 or turn == options.rounds:
                print(
                    f"killed {killed} times; {len(confirmed):,} answers were confirmed, {lost} of them are lost",
                    flush=True,
                )


if __name__ == "__main__":
    main()
