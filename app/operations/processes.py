"""A process by its number and its birth, so that a number given anew is not believed."""

import os
import signal
import subprocess
import time
from pathlib import Path

TERM_SECONDS = 1.0  # seconds between asking a process to go and ending it


def start_time(pid: int) -> str | None:
    """Return when a living process was started; None where there is none."""
    stat = Path(f"/proc/{pid}/stat")
    try:
        if Path("/proc/self/stat").exists():
            state, *stat_fields = stat.read_text().rpartition(")")[2].split()
            return None if state == "Z" else stat_fields[18]
        completed = subprocess.run(
            ["ps", "-o", "lstart=", "-p", str(pid)], capture_output=True, text=True
        )
        return completed.stdout.strip() or None
    except OSError:
        return None


def end_process(pid: int, started: str, child: subprocess.Popen[bytes] | None) -> None:
    """Ask a process of ours and all that it started to go, then end them."""
    for signal_number in (signal.SIGTERM, signal.SIGKILL):
        if start_time(pid) != started:
            break
        os.killpg(
            pid, signal_number
        )  # the process leads a session of its own, with all that it started
        deadline = time.monotonic() + TERM_SECONDS
        while time.monotonic() < deadline and start_time(pid) == started:
            time.sleep(0.02)
    if child is not None:
        child.wait(TERM_SECONDS)
