"""What is expensive is built once for all processes of a test run."""

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from tests.support.once import build_once


def note(folder: Path) -> None:
    """Note in `folder` that it was built."""
    with (folder / "note").open("a") as file:
        file.write("built\n")


def fail(folder: Path) -> None:
    raise OSError(f"no shop in {folder.name}")


def test_a_folder_is_built_once_for_all_who_ask(tmp_path: Path) -> None:
    """A lock on a file keeps threads apart as it does processes: each opens the file anew."""
    with ThreadPoolExecutor(8) as pool:
        folders = set(pool.map(lambda _: build_once(tmp_path, "shop", note), range(40)))
    assert folders == {tmp_path / "shop"}
    assert (tmp_path / "shop" / "note").read_text() == "built\n"


def test_a_failed_build_fails_everyone_with_its_message(tmp_path: Path) -> None:
    for _ in range(2):
        with pytest.raises(pytest.fail.Exception, match="OSError: no shop in shop"):
            build_once(tmp_path, "shop", fail)
