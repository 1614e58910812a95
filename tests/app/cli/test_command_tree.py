"""The tree of commands is the one of the documents; each helps, and imports what it uses alone."""

import re
import shlex
import subprocess
import sys
from inspect import cleandoc
from pathlib import Path

import click
import pytest

from app.cli.command_tree import LazyCommand, cli
from tests.support.cli_runner import brandswipe
from tests.support.command_tree import COMMANDS, TREE

VERBS = {
    "data": "ingest aggregate generate erase-customer",
    "model": "fit evaluate recommend what-if similar test compare list card tag note alias import "
    "rejected learn",
    "study": "plan open invite simulate power list show report gate override close",
    "release": "create verify export ab-test",
    "people": "link count unlink forget purge",
    "admin": "backup restore keys",
}
GROUPS = [path for path, part in TREE.items() if isinstance(part, click.Group)]
EVERY_COMMAND = pytest.mark.parametrize("path", COMMANDS, ids=" ".join)
SENTENCE = re.compile(r"[A-Z`].*\.", re.DOTALL)
HEAVY = {"streamlit", "implicit", "pandas"}
IMPORTED = f"""
import sys
from app.cli.main import run_cli
code = run_cli(sys.argv[1:])
print(*sorted({HEAVY} & sys.modules.keys()), file=sys.stderr)
sys.exit(code)
"""


def options(path: tuple[str, ...]) -> dict[str, click.Option]:
    """The options of a command by their first flag."""
    params = TREE[path].params
    return {param.opts[0]: param for param in params if isinstance(param, click.Option)}


def ran(*arguments: str) -> tuple[int, str]:
    """The exit code of a process, and what heavy packages it imported."""
    done = subprocess.run(
        [sys.executable, "-c", IMPORTED, *arguments], capture_output=True, text=True, check=False
    )
    return done.returncode, done.stderr.splitlines()[-1]


class TestTheTree:
    def test_has_three_commands_and_six_nouns_in_the_order_of_their_use(self) -> None:
        assert list(cli.commands) == ["demo", "serve", "doctor", *VERBS]

    @pytest.mark.parametrize("noun", VERBS)
    def test_has_under_each_noun_its_verbs(self, noun: str) -> None:
        group = TREE[(noun,)]
        assert isinstance(group, click.Group)
        assert " ".join(group.commands) == VERBS[noun]

    @EVERY_COMMAND
    def test_a_command_is_called_like_its_function(self, path: tuple[str, ...]) -> None:
        assert COMMANDS[path].name == path[-1]


class TestHelp:
    @EVERY_COMMAND
    def test_every_command_has_an_example_that_is_understood(
        self, path: tuple[str, ...], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.chdir(tmp_path)
        Path("brandswipe-20261125-020000.tar").touch()  # what the example of `restore` names
        example = (COMMANDS[path].help or "").partition("Example: ")[2].partition(" > ")[0]
        words = shlex.split(example)
        assert words[: len(path) + 1] == ["brandswipe", *path]
        COMMANDS[path].make_context(path[-1], words[len(path) + 1 :])

    @EVERY_COMMAND
    def test_every_command_shows_its_long_help_in_sentences(self, path: tuple[str, ...]) -> None:
        said = brandswipe(*path, "--help")
        assert said.code == 0
        sentences, _, example = cleandoc(COMMANDS[path].help or "").partition("\n\nExample: ")
        assert SENTENCE.fullmatch(sentences)
        shown = " ".join(said.out.split())
        assert " ".join(f"{sentences} Example: {example}".split()) in shown

    @pytest.mark.parametrize("group", GROUPS, ids=" ".join)
    def test_a_list_shows_every_short_help_whole_in_80_columns(
        self, group: tuple[str, ...], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("COLUMNS", "80")
        lines = brandswipe(*group, "--help").out.splitlines()
        part = TREE[group]
        assert isinstance(part, click.Group)
        for name, command in part.commands.items():
            help = command.get_short_help_str(limit=60)
            assert SENTENCE.fullmatch(help)
            assert len(help) <= 60
            assert re.search(rf"^  {name} +{re.escape(help)}$", "\n".join(lines), re.M)

    @pytest.mark.parametrize("path", TREE, ids=" ".join)
    def test_every_option_is_explained_in_a_sentence(self, path: tuple[str, ...]) -> None:
        for flag, option in options(path).items():
            assert SENTENCE.fullmatch(option.help or ""), flag

    @EVERY_COMMAND
    def test_every_command_on_a_workspace_can_be_told_which(self, path: tuple[str, ...]) -> None:
        files_alone = {
            ("data", "aggregate"), ("data", "generate"), ("release", "verify"),
            ("release", "ab-test"),
        }  # fmt: skip
        assert ("--workspace" in options(path)) == (path not in files_alone)

    def test_whatever_prints_data_prints_it_as_json_too(self) -> None:
        printing = {path for path in COMMANDS if "--format" in options(path)}
        assert {
            ("model", "fit"), ("model", "recommend"), ("model", "evaluate"), ("study", "report"),
            ("study", "gate"), ("release", "verify"), ("study", "plan"), ("study", "list"),
            ("study", "show"),
        } <= printing  # fmt: skip


class TestOnlyWhatIsUsedIsImported:
    @pytest.mark.parametrize("group", GROUPS, ids=" ".join)
    def test_a_list_of_commands_imports_no_command(self, group: tuple[str, ...]) -> None:
        assert ran(*group, "--help") == (0, "")

    def test_the_gate_imports_no_page_and_no_model(self, workspace: Path) -> None:
        assert brandswipe("study", "open", workspace=workspace).code == 0
        gate = ran("study", "gate", "--workspace", str(workspace))
        assert gate == (3, "pandas")  # which sqlite-utils imports

    def test_a_command_imports_what_it_uses(self, workspace: Path) -> None:
        ranked = ran("model", "recommend", "c0000004", "--workspace", str(workspace))
        assert ranked == (0, "implicit pandas")

    def test_a_command_whose_module_is_broken_is_a_crash(self) -> None:
        broken = click.Group(commands=[LazyCommand("gone", "gone", "Is not there.")])
        with pytest.raises(ModuleNotFoundError):
            broken.main(["gone"], standalone_mode=False)
