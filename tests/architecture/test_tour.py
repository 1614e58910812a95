"""The tour is run: its commands work, its pictures are there, and its links lead somewhere."""

import re
import shlex
from pathlib import Path

import pytest
from PIL import Image

from app.cli.main import run_cli
from tests.architecture.test_docs import write_a_test_of_arms
from tests.support.paths import ROOT

TOUR = ROOT / "docs" / "tour"
READERS = ("employee", "product-manager", "data-scientist", "operator")


def read(name: str) -> str:
    return (TOUR / f"{name}.md").read_text(encoding="utf-8")


def test_every_command_of_the_tour_runs_in_its_order(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    write_a_test_of_arms(tmp_path)
    lines = [
        line for name in READERS for line in re.findall(r"^\$ brandswipe (.*)$", read(name), re.M)
    ]
    assert len(lines) >= 12
    for line in lines:
        code = run_cli(shlex.split(line))
        allowed = {0, 1, 3} if line.startswith(("study gate", "doctor")) else {0}
        assert code in allowed, f"brandswipe {line} ended with {code}"


@pytest.mark.parametrize("name", READERS)
def test_every_picture_and_link_of_the_tour_is_there(name: str) -> None:
    for link in re.findall(r"\]\(([^)#]+)", read(name)):
        assert (TOUR / link).exists(), link
    for picture in re.findall(r"\]\((\w+\.webp)\)", read(name)):
        assert (TOUR / picture).stat().st_size < 80_000
        with Image.open(TOUR / picture) as shot:
            assert min(shot.size) >= 390


def test_every_picture_of_the_tour_is_shown_and_made_by_the_script() -> None:
    there = {picture.stem for picture in TOUR.glob("*.webp")}
    shown = {link for name in READERS for link in re.findall(r"\]\((\w+)\.webp\)", read(name))}
    made = re.findall(r'keep\(page, "(\w+)"\)', (TOUR / "pictures.py").read_text())
    assert there == shown == set(made) != set()
