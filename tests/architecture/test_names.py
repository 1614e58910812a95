"""A name means one thing, and a command's function takes what its options give."""

import ast
import inspect
from collections import defaultdict
from collections.abc import Iterator

import pytest

from tests.support.command_tree import COMMANDS, TREE
from tests.support.paths import ROOT


def classes(source: str) -> Iterator[str]:
    """Yield the classes and type aliases at the top of a file."""
    for node in ast.parse(source).body:
        if isinstance(node, ast.ClassDef):
            yield node.name
        elif isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name):
            name = node.targets[0].id
            if name[0].isupper() and not name.isupper():
                yield name


def test_no_class_name_means_two_things() -> None:
    places = defaultdict(list)
    for folder in ("recsys", "app"):
        for path in sorted((ROOT / folder).rglob("*.py")):
            for name in classes(path.read_text(encoding="utf-8")):
                places[name].append(str(path.relative_to(ROOT)))
    assert len(places) > 200
    assert {name: paths for name, paths in places.items() if len(paths) > 1} == {}


def test_a_planted_class_and_a_planted_alias_are_found() -> None:
    found = list(classes("class Found:\n    pass\nFloats = list\nMOST = 3\n"))
    assert found == ["Found", "Floats"]


@pytest.mark.parametrize("path", [(), *COMMANDS], ids=" ".join)
def test_a_command_s_function_takes_what_its_options_give(path: tuple[str, ...]) -> None:
    command = TREE[path]
    assert command.callback is not None
    taken = inspect.signature(inspect.unwrap(command.callback)).parameters
    given = {param.name for param in command.params if param.expose_value}
    assert set(taken) - {"context"} == given
