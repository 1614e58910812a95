"""Identifies a process by PID and start time, so that a reused PID is not mistaken for it."""

import os
import signal
import subprocess
import time
from pathlib import Path

TERM_SECONDS = 1.0  # to wait after SIGTERM, and after SIGKILL


def start_time(pid: int) -> str | None:
    """Return when a running process was started, as the system writes it; None without one."""
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
    """Send SIGTERM to a job process and all its children, and SIGKILL if it does not end."""
    for signal_number in (signal.SIGTERM, signal.SIGKILL):
        if start_time(pid) != started:
            break
        os.killpg(pid, signal_number)  # its children too: the process leads a session of its own
        deadline = time.monotonic() + TERM_SECONDS
        while time.monotonic() < deadline and start_time(pid) == started:
            time.sleep(0.02)
    if child is not None:
        child.wait(TERM_SECONDS)
