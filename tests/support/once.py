"""Folders that are expensive to build: one process of a test run builds each, all of them read it.

pytest-xdist runs the tests in several processes. Their temporary folders have one parent.
"""

import fcntl
import os
import traceback
from collections.abc import Callable
from pathlib import Path

import pytest

WORKER = "PYTEST_XDIST_WORKER"
"""Set by pytest-xdist in each of its processes."""


def shared_root(factory: pytest.TempPathFactory) -> Path:
    """Return the temporary folder that all processes of this run have in common."""
    own = factory.getbasetemp()
    return own.parent if WORKER in os.environ else own


def build_once(root: Path, name: str, build: Callable[[Path], None]) -> Path:
    """Return the folder `name` under `root`, which the first process to ask builds.

    The others wait. Where `build` fails, every process fails with the same traceback.
    """
    folder, built, failed = (root / f"{name}{end}" for end in ("", ".built", ".failed"))
    with (root / f"{name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # released with the file, also by a process that dies
        if not built.exists() and not failed.exists():
            _build(folder, build, built, failed)
    if failed.exists():
        pytest.fail(f"{name} could not be built:\n{failed.read_text()}", pytrace=False)
    return folder


def _build(folder: Path, build: Callable[[Path], None], built: Path, failed: Path) -> None:
    folder.mkdir()
    try:
        build(folder)
        built.touch()
    except Exception:
        failed.write_text(traceback.format_exc())
