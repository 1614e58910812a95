"""Choose test files by what they import.

python -m tests.support.scope recsys     files that reach recsys and nothing of app
python -m tests.support.scope app        the other files, without those of the browser
python -m tests.support.scope touched    of the others, what changed or imports what changed
"""

import ast
import subprocess
import sys
from collections.abc import Iterable, Mapping
from functools import cache
from pathlib import Path

from tests.support.paths import ROOT

PACKAGES = ("app", "recsys", "tests")
Graph = Mapping[str, frozenset[str]]


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
def graph() -> Graph:
    """Return what each module of the project imports of the project."""
    known = files()
    return {name: frozenset(imported(path)) & known.keys() for name, path in known.items()}


def reach(start: str, edges: Graph) -> set[str]:
    """Return the modules that `start` imports, and what they import, and so on."""
    found, waiting = set[str](), [start]
    while waiting:
        new = edges[waiting.pop()] - found
        found |= new
        waiting.extend(new)
    return found


def is_test(name: str) -> bool:
    """Tell whether a module holds tests that need no browser."""
    if name.startswith("tests.browser."):
        return False
    return name.startswith("tests.") and name.rpartition(".")[2].startswith("test_")


def tests() -> list[str]:
    """Return the modules of tests that need no browser."""
    return [name for name in files() if is_test(name)]


def of_recsys_alone(name: str) -> bool:
    """Tell whether a module reaches recsys and nothing of app, and simulates no thousands."""
    if name.startswith("tests.study."):
        return False
    packages = {found.split(".")[0] for found in reach(name, graph())}
    return "recsys" in packages and "app" not in packages


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
    return [name for name in tests() if name in different or graph()[name] & different]


def chosen(scope: str) -> list[str]:
    """Return the modules of a scope."""
    found = {"recsys": tests, "app": tests, "touched": lambda: touched(changed())}[scope]()
    return [name for name in found if of_recsys_alone(name) is (scope == "recsys")]


if __name__ == "__main__":
    print(*(files()[name].relative_to(ROOT) for name in chosen(sys.argv[1])))
