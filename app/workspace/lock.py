"""The lock of a workspace: one server at a time, and none during a restore.

Two servers would each count rate limits, nonces and codes for themselves, without an error. The
operating system releases the lock when the process ends.
"""

import fcntl
import os
from contextlib import suppress
from pathlib import Path

from recsys.errors import WorkspaceError

LOCK_FILE = "server.lock"


class WorkspaceLock:
    """The right to serve a workspace. Raises WorkspaceError if another process has it."""

    def __init__(self, workspace: Path) -> None:
        self._handle = _open_lock(workspace / LOCK_FILE)
        try:
            fcntl.flock(self._handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            pid = os.pread(self._handle, 32, 0).decode("ascii", "replace").strip()
            os.close(self._handle)
            raise WorkspaceError(
                f"A server{f' (process {pid})' if pid else ''} runs on {workspace} already: stop "
                "it first, or name another folder with --workspace."
            ) from None
        with suppress(OSError):  # the PID is only a hint: a full disk must not stop the server
            os.ftruncate(self._handle, 0)
            os.pwrite(self._handle, f"{os.getpid()}\n".encode(), 0)

    def close(self) -> None:
        """Release the lock. The file stays: without it, two processes could get the lock."""
        with suppress(OSError):
            os.ftruncate(self._handle, 0)
        os.close(self._handle)


def _open_lock(path: Path) -> int:
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        return os.open(path, os.O_RDWR | os.O_CREAT, 0o600)  # child processes do not inherit it
    except OSError as error:
        raise WorkspaceError(
            f"The workspace {path.parent} cannot be written ({error.strerror}): correct its "
            "permissions or its disk, or choose another folder with --workspace."
        ) from None
