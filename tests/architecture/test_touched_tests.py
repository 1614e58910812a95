"""Which tests `make` runs where: those of recsys without the shell, and those of a change."""

import pytest

from tests.support.touched import files, graph, modules_of_tests, reach, touched

OF_RECSYS = [name for name in modules_of_tests() if name.startswith("tests.recsys.")]


@pytest.mark.parametrize("name", OF_RECSYS)
def test_the_tests_of_recsys_reach_no_file_of_the_shell(name: str) -> None:
    """They run under coverage, and alone."""
    packages = {found.split(".")[0] for found in reach(name, graph())}
    assert "recsys" in packages
    assert "app" not in packages


def test_a_module_reaches_what_its_imports_import_also_in_a_circle() -> None:
    edges = {"a": frozenset("b"), "b": frozenset("c"), "c": frozenset("a"), "d": frozenset()}
    assert reach("a", edges) == {"a", "b", "c"}
    assert reach("d", edges) == set()
    assert "app.cli.main" in reach("tests.app.cli.test_cli", graph())


def test_a_change_touches_itself_and_the_tests_that_import_it() -> None:
    game = "tests.app.study.test_game"
    assert touched({game}) == [game]
    assert "tests.app.workspace.test_keys" in touched({"app.workspace.keys"})
    assert touched(set()) == []


def test_what_runs_anyway_or_needs_a_browser_is_not_among_them() -> None:
    everything = touched(set(files()))
    assert len(everything) > 90
    assert not [name for name in everything if name.startswith(("tests.recsys.", "tests.browser."))]
