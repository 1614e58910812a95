"""Which tests `make` runs where: each file once, and those of recsys without the shell."""

import pytest

from tests.support.scope import chosen, files, graph, of_recsys_alone, reach, touched


def test_every_test_file_outside_the_browser_is_in_one_scope() -> None:
    recsys, app = chosen("recsys"), chosen("app")
    everything = {
        name
        for name in files()
        if name.startswith("tests.") and name.split(".")[-1].startswith("test_")
    }
    assert {*recsys, *app} == {n for n in everything if not n.startswith("tests.browser.")}
    assert not set(recsys) & set(app)


def test_what_is_of_recsys_alone_reaches_no_file_of_the_shell() -> None:
    assert len(chosen("recsys")) > 30
    for name in chosen("recsys"):
        assert not {found for found in reach(name, graph()) if found.split(".")[0] == "app"}
    assert of_recsys_alone("tests.test_deck")
    assert not of_recsys_alone("tests.test_game")


def test_a_module_reaches_what_its_imports_import_also_in_a_circle() -> None:
    edges = {"a": frozenset("b"), "b": frozenset("c"), "c": frozenset("a"), "d": frozenset()}
    assert reach("a", edges) == {"a", "b", "c"}
    assert reach("d", edges) == set()


def test_a_change_touches_itself_and_the_tests_that_import_it() -> None:
    assert touched({"tests.test_game"}) == ["tests.test_game"]
    assert "tests.test_keyring" in touched({"app.keyring"})
    assert touched(set()) == []


def test_an_unknown_scope_chooses_nothing() -> None:
    with pytest.raises(KeyError):
        chosen("browsers")
