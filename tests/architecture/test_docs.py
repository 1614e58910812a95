"""The README is run, and nothing that a user can set or call is missing from it."""

import dataclasses
import doctest
import re
import shlex
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest

from app.cli.main import run_cli
from app.presentation.i18n import translate
from app.workspace.settings import Settings
from recsys.study.policy import Policy
from tests.support.command_tree import COMMANDS
from tests.support.paths import ROOT

README = (ROOT / "README.md").read_text(encoding="utf-8")
POLICY = (ROOT / "data" / "policy.toml").read_text(encoding="utf-8")


@pytest.mark.parametrize("path", COMMANDS, ids=" ".join)
def test_every_command_is_in_the_readme(path: tuple[str, ...]) -> None:
    assert f"brandswipe {' '.join(path)}" in README


@pytest.mark.parametrize("setting", [field.name for field in dataclasses.fields(Settings)])
def test_every_setting_is_in_the_readme(setting: str) -> None:
    assert f"| `{setting}` | `BRANDSWIPE_{setting.upper()}` |" in README


@pytest.mark.parametrize("field", [field.name for field in dataclasses.fields(Policy)])
def test_every_field_of_the_policy_stands_in_the_policy_file(field: str) -> None:
    assert field in tomllib.loads(POLICY)


def test_the_policy_file_explains_every_line_that_sets_something() -> None:
    table = ""
    for line in POLICY.splitlines():
        table = line if line.startswith("[") else table
        sets = re.match(r"\w+ = ", line)
        explains_itself = table.startswith(("[criteria", "[question")) or line.startswith("name")
        assert not sets or explains_itself or "#" in line, line


@pytest.fixture(scope="module")
def workspace(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    folder = tmp_path_factory.mktemp("readme")
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        yield folder


def test_every_command_of_the_readme_runs(workspace: Path) -> None:
    people = "".join(f"person{n}@shop.example\n" for n in range(60))
    (workspace / "EMPLOYEES.csv").write_text(f"email\n{people}", encoding="utf-8")
    write_a_test_of_arms(workspace)
    lines = re.findall(r"^\$ brandswipe (.*)$", README, re.M)
    assert len(lines) >= 10
    for line in lines:
        code = run_cli(shlex.split(line))
        allowed = {0, 1, 3} if line.startswith("study gate") else {0}
        assert code in allowed, f"brandswipe {line} ended with {code}"
    assert (workspace / ".brandswipe" / "study.db").is_file()


def write_a_test_of_arms(folder: Path) -> None:
    """Exposures and outcomes of a small A/B test, for the commands of the documents."""
    arms = ["model"] * 450 + ["baseline"] * 450 + ["none"] * 100
    shown = "".join(f"c{n},{arm},1000,Lego\n" for n, arm in enumerate(arms))
    came = "".join(f"c{n},1500,click,Lego\n" for n in range(0, 1000, 7))
    (folder / "exposures.csv").write_text(f"customer_id,arm,ts,brand\n{shown}", encoding="utf-8")
    (folder / "outcomes.csv").write_text(f"customer_id,ts,event,brand\n{came}", encoding="utf-8")


def test_the_python_of_the_readme_runs_and_prints_what_it_says(workspace: Path) -> None:
    assert workspace.is_dir()
    found = doctest.DocTestParser().get_doctest(README, {}, "README", "README.md", 0)
    assert len(found.examples) >= 8
    report: list[str] = []
    results = doctest.DocTestRunner().run(found, out=report.append)
    assert results.failed == 0, "".join(report)


def test_the_targets_of_the_readme_are_those_of_the_makefile() -> None:
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    for target in re.findall(r"^make (\w+)", README, re.M):
        assert re.search(rf"^{target}:", makefile, re.M)


@pytest.mark.parametrize("name", re.findall(r"\]\(([^)#]+)\)", README))
def test_every_link_of_the_readme_leads_to_a_file(name: str) -> None:
    assert (ROOT / name).exists()


@pytest.mark.parametrize("language", ["en", "nl"])
def test_the_question_on_the_cards_is_that_of_the_policy(language: str) -> None:
    asked = tomllib.loads(POLICY)["question"][language]
    assert translate(language, "swipe.question") == asked
