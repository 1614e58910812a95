"""What must never be committed, and what must stand in the documents."""

import re
import subprocess
from pathlib import Path

import pytest

from tests.support.paths import ROOT


def tracked() -> list[Path]:
    """Files under version control, or all files where git is not there."""
    done = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        capture_output=True,
        check=False,
    )
    if done.returncode:
        pytest.fail("This test reads the list of files from git: run it in a clone.")
    return [ROOT / name for name in done.stdout.decode().split("\0") if name]


LOCKS = {
    "uv.lock", "pylock.toml", "poetry.lock", "pdm.lock", "Pipfile.lock", "package-lock.json",
    "npm-shrinkwrap.json", "yarn.lock", "pnpm-lock.yaml",
}  # fmt: skip


def test_no_lock_file_that_names_a_package_index_is_kept() -> None:
    assert not {path.name for path in tracked()} & LOCKS


def test_constraints_pin_by_name_and_exact_version() -> None:
    lines = (ROOT / "constraints.txt").read_text(encoding="utf-8").splitlines()
    pins = [line for line in lines if line and not line.startswith("#")]
    assert len(pins) > 30
    assert all(re.fullmatch(r"[A-Za-z0-9._-]+==[A-Za-z0-9.+!]+", pin) for pin in pins)


def test_no_file_is_large() -> None:
    large = {path.name: path.stat().st_size for path in tracked() if path.exists()}
    assert {name: size for name, size in large.items() if size > 400_000} == {}


def test_every_dependency_carries_its_reason() -> None:
    text = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
    block = text.split("dependencies = [", 1)[1].split("]\n", 1)[0]
    lines = [line for line in block.splitlines() if line.strip().startswith('"')]
    assert len(lines) >= 10
    assert all("#" in line for line in lines)
