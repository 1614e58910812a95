"""What is expensive is built once for all processes of a test run."""

from multiprocessing import get_context
from pathlib import Path

import pytest

from tests.support.once import build_once


def build_slowly(folder: Path) -> None:
    """Note in `folder` that it was built, and let the others come meanwhile."""
    with (folder / "built").open("a") as file:
        file.write("once\n")
        file.flush()


def fail(folder: Path) -> None:
    raise OSError(f"no shop in {folder.name}")


def ask(root: Path) -> str:
    return (build_once(root, "shop", build_slowly) / "built").read_text()


def test_several_processes_build_a_folder_once(tmp_path: Path) -> None:
    with get_context("spawn").Pool(3) as pool:
        assert pool.map(ask, [tmp_path] * 6) == ["once\n"] * 6


def test_a_failed_build_fails_everyone_with_its_message(tmp_path: Path) -> None:
    for _ in range(2):
        with pytest.raises(pytest.fail.Exception, match="OSError: no shop in shop"):
            build_once(tmp_path, "shop", fail)
