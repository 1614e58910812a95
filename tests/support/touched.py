"""Print the test files outside tests/recsys and tests/browser that a change touches.

They are those that differ from the last commit, or import a file that does. In a clean checkout
the last commit is the change.
"""

import ast
import subprocess
from collections.abc import Iterable, Mapping
from functools import cache
from pathlib import Path

from tests.support.paths import ROOT

PACKAGES = ("app", "recsys", "tests")
ELSEWHERE = ("tests.recsys.", "tests.browser.")


def module_of(path: Path) -> str:
    """Return the dotted name of a file under the root."""
    parts = path.relative_to(ROOT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def imported(path: Path) -> Iterable[str]:
    """Yield every name that a file imports, at its top or in a function."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield node.module
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


@cache
def files() -> Mapping[str, Path]:
    """Return each Python file of the project by its module."""
    found = (path for name in PACKAGES for path in sorted((ROOT / name).rglob("*.py")))
    return {module_of(path): path for path in found}


@cache
def graph() -> Mapping[str, frozenset[str]]:
    """Return what each module of the project imports of the project."""
    known = files()
    return {name: frozenset(imported(path)) & known.keys() for name, path in known.items()}


def reach(start: str, edges: Mapping[str, frozenset[str]]) -> set[str]:
    """Return the modules that `start` imports, and what they import, and so on."""
    found, waiting = set[str](), [start]
    while waiting:
        new = edges[waiting.pop()] - found
        found |= new
        waiting.extend(new)
    return found


def modules_of_tests() -> list[str]:
    """Return the modules of tests."""
    return [
        name
        for name in files()
        if name.startswith("tests.") and name.rpartition(".")[2].startswith("test_")
    ]


def changed() -> set[str]:
    """Return the modules that differ from the last commit; where none does, those it changed."""
    new = git("ls-files", "--others", "--exclude-standard")
    paths = [*git("diff", "--name-only", "HEAD"), *new] or git("diff", "--name-only", "HEAD~1")
    return {module_of(ROOT / path) for path in paths if path.endswith(".py")}


def git(*words: str) -> list[str]:
    """Return the lines that a git command prints; none where it fails."""
    done = subprocess.run(["git", *words], cwd=ROOT, capture_output=True, text=True, check=False)
    return done.stdout.splitlines() if done.returncode == 0 else []


def touched(different: set[str]) -> list[str]:
    """Return the tests that are among the changed modules or import one of them."""
    return [
        name
        for name in modules_of_tests()
        if not name.startswith(ELSEWHERE) and (name in different or graph()[name] & different)
    ]


if __name__ == "__main__":
    print(*(files()[name].relative_to(ROOT) for name in touched(changed())))
