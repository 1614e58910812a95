"""One server a workspace, and none while another one is put in its place: a lock that dies with us.

Two servers would count limits, nonces and codes twice over, and neither would know.
"""

import fcntl
import os
from contextlib import suppress
from pathlib import Path

from recsys.errors import WorkspaceError

LOCK_FILE = "server.lock"


class WorkspaceLock:
    """The right to serve a workspace. Raises WorkspaceError where another process has it."""

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
        with suppress(OSError):  # only a courtesy: a full disk must not keep the server out
            os.ftruncate(self._handle, 0)
            os.pwrite(self._handle, f"{os.getpid()}\n".encode(), 0)

    def close(self) -> None:
        """Give the right back. The file stays: removing it could let two others in at once."""
        with suppress(OSError):
            os.ftruncate(self._handle, 0)
        os.close(self._handle)


def _open_lock(path: Path) -> int:
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        return os.open(path, os.O_RDWR | os.O_CREAT, 0o600)  # a child of ours does not inherit it
    except OSError as error:
        raise WorkspaceError(
            f"The workspace {path.parent} cannot be written ({error.strerror}): mend its rights "
            "or its disk, or choose another folder with --workspace."
        ) from None
