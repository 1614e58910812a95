"""The examples for the operator name paths, commands and options that are there.

No image is built and no unit is started here: every line is held against the project instead.
"""

import re
import shlex
import tomllib
from configparser import RawConfigParser

import click
import pytest

from app.workspace.settings import ENV_PREFIX, SETTING_NAMES
from tests.support.command_tree import COMMANDS
from tests.support.paths import ROOT

FOLDER = ROOT / "docs" / "operations"
DOCKER = (FOLDER / "Dockerfile").read_text(encoding="utf-8")
RUNBOOK = (FOLDER / "README.md").read_text(encoding="utf-8")
SETTINGS = {ENV_PREFIX + name.upper() for name in SETTING_NAMES}


def steps() -> list[tuple[str, str]]:
    """Instruction and argument of every line of the Dockerfile, continued lines joined."""
    said = re.sub(r"\\\n\s*", " ", re.sub(r"^\s*#.*\n", "", DOCKER, flags=re.M))
    return [(w, rest) for w, _, rest in (line.partition(" ") for line in said.splitlines()) if w]


def parsed(line: str) -> click.Context:
    """The command of a line, its options checked by click itself."""
    _, name, *rest = shlex.split(line)
    return COMMANDS[(name,)].make_context(name, rest, resilient_parsing=False)


def test_every_instruction_of_the_dockerfile_is_one() -> None:
    known = {
        "FROM", "RUN", "WORKDIR", "COPY", "USER", "VOLUME", "ENV", "EXPOSE", "STOPSIGNAL",
        "HEALTHCHECK", "ENTRYPOINT", "CMD",
    }  # fmt: skip
    assert {word for word, _ in steps()} == known
    assert steps()[0][0] == "FROM"


def test_what_the_dockerfile_copies_is_there_and_is_all_that_the_wheel_needs() -> None:
    copied = [p for word, rest in steps() if word == "COPY" for p in rest.split()[:-1]]
    for path in copied:
        assert (ROOT / path).exists(), path
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    folders = project["tool"]["setuptools"]["package-dir"]
    packages = project["tool"]["setuptools"]["packages"]
    assert {folders.get(p, p.split(".")[0]) for p in packages} <= set(copied)
    assert project["project"]["readme"] in copied
    assert ".[auth]" in DOCKER
    assert "auth" in project["project"]["optional-dependencies"]


def test_the_image_runs_as_nobody_special_and_starts_what_there_is() -> None:
    said = dict(steps())
    assert said["USER"] != "root"
    words = re.findall(r'"([^"]+)"', said["ENTRYPOINT"] + said["CMD"])
    assert parsed(" ".join(words)).params["no_browser"] is True
    python = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["requires-python"]
    least = int(python.rpartition(".")[2])
    image = re.fullmatch(r"python:3\.(\d+)-slim", said["FROM"])
    assert image is not None
    assert int(image[1]) >= least


@pytest.mark.parametrize("name", ["Dockerfile", "brandswipe.service", "README.md"])
def test_every_setting_that_an_example_names_is_one(name: str) -> None:
    said = set(re.findall(rf"{ENV_PREFIX}[A-Z_]+", (FOLDER / name).read_text(encoding="utf-8")))
    assert said <= SETTINGS
    assert said or name == "README.md"


def test_the_unit_starts_the_server_and_gives_up_where_trying_again_is_no_use() -> None:
    unit = RawConfigParser(strict=False, interpolation=None)
    unit.optionxform = str  # type: ignore[assignment,method-assign]
    unit.read(FOLDER / "brandswipe.service")
    service = unit["Service"]
    context = parsed(service["ExecStart"].replace("/opt/brandswipe/bin/", ""))
    assert context.params["no_browser"] is True
    assert service["RestartPreventExitStatus"] == "2 4"
    assert service["StateDirectoryMode"] == "0700"
    assert unit["Install"]["WantedBy"] == "multi-user.target"


def test_every_command_of_the_runbook_is_one() -> None:
    calls = set(re.findall(r"brandswipe ([a-z]+)(?: ([a-z-]+))?", RUNBOOK))
    named = {call if call in COMMANDS else call[:1] for call in calls}
    assert {
        ("admin", "backup"), ("admin", "restore"), ("doctor",), ("study", "gate"),
        ("data", "ingest"), ("model", "fit"),
    } <= named  # fmt: skip
    assert named <= COMMANDS.keys()


@pytest.mark.parametrize("name", re.findall(r"\]\(([^)#]+)\)", RUNBOOK))
def test_every_link_of_the_runbook_leads_to_a_file(name: str) -> None:
    assert (FOLDER / name).is_file()


def test_every_event_of_the_journal_is_in_the_runbook_and_no_other() -> None:
    code = "".join(p.read_text(encoding="utf-8") for p in (ROOT / "app").rglob("*.py"))
    said = set(re.findall(r"\blog_extra\(\"(\w+)\"\)", code))
    part = RUNBOOK.partition("| event |")[2].partition("No line holds")[0]
    rows = [line.split("|")[1] for line in part.splitlines() if line.startswith("| `")]
    assert said == {name for row in rows for name in re.findall(r"`(\w+)`", row)}
    assert len(said) > 8
