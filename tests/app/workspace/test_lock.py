"""One server a workspace."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from app.web import runtime
from app.workspace.lock import LOCK_FILE, WorkspaceLock
from app.workspace.settings import Settings
from recsys.errors import WorkspaceError
from tests.support.cli_runner import brandswipe


def test_the_second_server_is_refused_with_the_number_of_the_first(tmp_path: Path) -> None:
    first = WorkspaceLock(tmp_path)
    with pytest.raises(WorkspaceError, match=rf"\(process {os.getpid()}\).*stop it first"):
        WorkspaceLock(tmp_path)
    first.close()
    WorkspaceLock(tmp_path).close()


def test_another_workspace_has_a_place_of_its_own(tmp_path: Path) -> None:
    first, second = WorkspaceLock(tmp_path / "a"), WorkspaceLock(tmp_path / "b")
    first.close()
    second.close()
    assert (tmp_path / "a").stat().st_mode & 0o077 == 0


def test_a_place_that_cannot_be_written_says_so(tmp_path: Path) -> None:
    (tmp_path / LOCK_FILE).mkdir()
    with pytest.raises(WorkspaceError, match="cannot be written"):
        WorkspaceLock(tmp_path)


HOLDER = """
import sys, time
from pathlib import Path
from app.workspace.lock import WorkspaceLock
lock = WorkspaceLock(Path(sys.argv[1]))
print("held", flush=True)
time.sleep(60)
"""


def test_a_server_that_was_killed_holds_nothing_and_serve_refuses_while_it_lives(
    workspace: Path,
) -> None:
    other = subprocess.Popen(
        [sys.executable, "-c", HOLDER, str(workspace)], stdout=subprocess.PIPE, text=True
    )
    assert other.stdout is not None
    assert other.stdout.readline() == "held\n"
    said = brandswipe("serve", "--no-browser", workspace=workspace)
    assert said.code == 2
    assert f"A server (process {other.pid}) runs on {workspace} already" in said.err
    assert said.err.count("\n") == 1
    os.kill(other.pid, signal.SIGKILL)
    other.wait()
    other.stdout.close()
    WorkspaceLock(workspace).close()


def test_the_process_holds_its_place_until_it_closes(workspace: Path) -> None:
    runtime.use_settings(Settings(workspace=workspace))
    runtime.workspace_lock()
    with pytest.raises(WorkspaceError, match="already"):
        WorkspaceLock(workspace)
    runtime.workspace_lock()  # asking again is no second server
    runtime.use_settings(None)
    WorkspaceLock(workspace).close()
