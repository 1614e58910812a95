"""A process by its number and its birth, so that a number given anew is not believed."""

import os
import signal
import subprocess
import time
from pathlib import Path

PATIENCE = 1.0  # seconds between asking a process to go and ending it


def born(pid: int) -> str | None:
    """Return when a living process was started; None where there is none."""
    stat = Path(f"/proc/{pid}/stat")
    try:
        if Path("/proc/self/stat").exists():
            state, *rest = stat.read_text().rpartition(")")[2].split()
            return None if state == "Z" else rest[18]
        shown = subprocess.run(
            ["ps", "-o", "lstart=", "-p", str(pid)], capture_output=True, text=True
        )
        return shown.stdout.strip() or None
    except OSError:
        return None


def end_process(pid: int, birth: str, child: subprocess.Popen[bytes] | None) -> None:
    """Ask a process of ours and all that it started to go, then end them."""
    for sign in (signal.SIGTERM, signal.SIGKILL):
        if born(pid) != birth:
            break
        os.killpg(pid, sign)  # the process leads a session of its own, with all that it started
        deadline = time.monotonic() + PATIENCE
        while time.monotonic() < deadline and born(pid) == birth:
            time.sleep(0.02)
    if child is not None:
        child.wait(PATIENCE)
