"""What a process keeps has one place each, and importing a module makes none of it."""

import ast
from pathlib import Path

import pytest

from tests.support.paths import ROOT

APP = sorted((ROOT / "app").rglob("*.py"))
SESSION = ROOT / "app" / "web" / "views" / "session.py"


def attributes(source: str) -> set[str]:
    """Return every name that is read or set with a dot, such as `os.environ`."""
    nodes = ast.walk(ast.parse(source))
    return {ast.unparse(node) for node in nodes if isinstance(node, ast.Attribute)}


@pytest.mark.parametrize("path", APP, ids=lambda path: path.relative_to(ROOT).as_posix())
def test_what_a_visit_keeps_is_read_by_the_session_alone(path: Path) -> None:
    reads = any(name.endswith(".session_state") for name in attributes(path.read_text("utf-8")))
    assert reads == (path == SESSION)
