"""`recsys` computes and opens nothing; a file of it imports only files to its left."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path
from statistics import quantiles

import pytest

from tests.support.paths import ROOT

RECSYS = sorted((ROOT / "recsys").rglob("*.py"))
OURS = [*RECSYS, *sorted((ROOT / "app").rglob("*.py"))]

# the folders in the order of import: nothing imports to its right, or what is level with it
ORDER = {
    "recsys": (
        ("errors", "progress"), ("stats", "disclosure"), ("dataset",), ("models",), ("evaluation",),
        ("study",), ("report",), ("ab_test", "simulation"),
    ),
    "app": (
        ("presentation",), ("storage",), ("workspace",), ("modeling", "auth"), ("study",),
        ("operations",), ("reports",), ("web",), ("cli",),
    ),
}  # fmt: skip
# the notebook is one more shell over everything
ABOVE_ALL = {"app.notebook"}
MODULES = {".".join(path.relative_to(ROOT).with_suffix("").parts) for path in OURS}
FORBIDDEN_MODULES = {
    "streamlit", "app", "sqlite3", "sqlite_utils", "duckdb", "requests", "urllib", "socket",
    "pathlib", "os", "time", "random", "io", "subprocess", "shutil", "tempfile",
}  # fmt: skip
FORBIDDEN_CALLS = re.compile(
    r"(^|\.)(open|print|input|read_\w+|to_parquet|to_csv|to_json|to_pickle|tofile|fromfile"
    r"|np\.load|np\.save\w*|now|utcnow|today|time_ns|perf_counter|memmap)$"
)
GLOBAL_RANDOMNESS = re.compile(r"^(np|numpy)\.random\.(?!default_rng$|Generator$|SeedSequence$)")


def imports(tree: ast.AST) -> Iterator[str]:
    """Every module that is imported, dotted."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            full = [f"{node.module}.{alias.name}" for alias in node.names]
            yield from {name if name in MODULES else node.module or "" for name in full}


def faults(source: str) -> list[str]:
    """What a file of recsys does that it must not."""
    tree = ast.parse(source)
    found = [f"imports {name}" for name in imports(tree) if name.split(".")[0] in FORBIDDEN_MODULES]
    for node in ast.walk(tree):
        if isinstance(node, ast.Call):
            name = ast.unparse(node.func)
            if FORBIDDEN_CALLS.search(name) or GLOBAL_RANDOMNESS.match(name):
                found.append(f"calls {name}")
            if name.endswith("default_rng") and not node.args:
                found.append("draws without a seed")
    return found


@pytest.mark.parametrize("path", RECSYS, ids=lambda p: p.stem)
def test_recsys_opens_nothing(path: Path) -> None:
    assert faults(path.read_text(encoding="utf-8")) == []


@pytest.mark.parametrize(
    "planted",
    [
        "import streamlit",
        "from app.storage.study_db.store import Store",
        "import sqlite3",
        "import sqlite_utils",
        "import duckdb",
        "import requests",
        "from pathlib import Path",
        "import os.path",
        "open('x')",
        "import builtins\nbuiltins.open('x')",
        "pd.read_csv('x')",
        "frame.to_parquet('x')",
        "frame.to_csv('x')",
        "np.load('x')",
        "np.save('x', a)",
        "datetime.now()",
        "import time",
        "np.random.rand(3)",
        "np.random.seed(1)",
        "np.random.default_rng()",
        "import random",
    ],
)
def test_each_planted_fault_is_found(planted: str) -> None:
    assert faults(planted)


@pytest.mark.parametrize(
    "innocent", ["np.random.default_rng(seed)", "order.sort()", "reopened(x)", "rng.random(3)"]
)
def test_innocent_code_passes(innocent: str) -> None:
    assert faults(innocent) == []


def _place(module: str) -> int | None:
    """Return the place of a module in its package's order; None for the package itself."""
    package, *rest = module.split(".")
    places = [n for n, level in enumerate(ORDER[package]) if rest and rest[0] in level]
    return places[0] if places else None


def _arrows_back(name: str, tree: ast.AST) -> list[str]:
    """Return what a module imports, anywhere in it, of folders that are not to its left."""
    package, folder = name.split(".")[0], name.split(".")[1]
    mine, found = _place(name), []
    for other in imports(tree):
        if other.split(".")[0] == package and other.split(".")[1:2] != [folder]:
            place = _place(other)
            if place is None or mine is None or place >= mine:
                found.append(f"{name} imports {other}")
    return found


@pytest.mark.parametrize("package", sorted(ORDER))
def test_every_folder_has_a_place(package: str) -> None:
    inside = {
        path.stem if path.suffix == ".py" else path.name
        for path in (ROOT / package).iterdir()
        if path.suffix == ".py" or (path.is_dir() and (path / "__init__.py").exists())
    }
    named = {name for level in ORDER[package] for name in level}
    assert {name for name in inside - {"__init__"} if f"{package}.{name}" not in ABOVE_ALL} == named


@pytest.mark.parametrize("path", OURS, ids=lambda p: str(p.relative_to(ROOT)))
def test_a_folder_imports_only_folders_to_its_left(path: Path) -> None:
    name = _module(path)
    if "." in name and name not in ABOVE_ALL:
        assert _arrows_back(name, ast.parse(path.read_text(encoding="utf-8"))) == []


@pytest.mark.parametrize(
    ("name", "planted"),
    [
        ("recsys.models.hybrid", "from recsys.report.gate import decide"),
        ("recsys.ab_test.analysis", "import recsys.simulation.shop"),
        ("app.storage.ingest.pipeline", "def f():\n    from app.web.routes import app"),
    ],
)
def test_each_planted_arrow_back_is_found(name: str, planted: str) -> None:
    assert _arrows_back(name, ast.parse(planted))


def test_the_flow_line_names_the_folders_in_the_order_of_import() -> None:
    text = (ROOT / "recsys" / "__init__.py").read_text(encoding="utf-8")
    line = next(line for line in text.splitlines() if "->" in line)
    folders = [name for level in ORDER["recsys"][2:] for name in level]
    assert re.findall(r"\w+", line) == folders


def _module(path: Path) -> str:
    return ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")


def test_nothing_but_recsys_and_the_shell_is_imported_in_a_circle() -> None:
    edges: dict[str, set[str]] = {}
    for path in OURS:
        name = _module(path)
        edges[name] = {i for i in imports_at_top(path) if i.split(".")[0] in ("app", "recsys")}
    done: set[str] = set()

    def visit(name: str, path: tuple[str, ...]) -> None:
        assert name not in path, f"import cycle: {' -> '.join([*path, name])}"
        if name not in done:
            for other in edges.get(name, ()):
                visit(other, (*path, name))
            done.add(name)

    for name in edges:
        visit(name, ())
    assert len(done) >= len(edges)


def imports_at_top(path: Path) -> set[str]:
    """Modules that are imported when the file is."""
    body = ast.parse(path.read_text(encoding="utf-8")).body
    return {name for node in body for name in imports(node)}


def _lengths(folder: str) -> list[int]:
    return [
        (node.end_lineno or 0) - node.body[0].lineno + 1 - _docstring_lines(node)
        for path in OURS
        if path.is_relative_to(ROOT / folder)
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
    ]


def _docstring_lines(node: ast.FunctionDef | ast.AsyncFunctionDef) -> int:
    if ast.get_docstring(node) is None:
        return 0
    first = node.body[0]
    return (first.end_lineno or 0) - first.lineno + 1


@pytest.mark.parametrize("folder", ["recsys", "app"])
def test_functions_are_small(folder: str) -> None:
    lengths = _lengths(folder)
    assert quantiles(lengths, n=2)[0] <= 8
    assert quantiles(lengths, n=10)[-1] <= 25


def test_files_are_small() -> None:
    long = {str(p.relative_to(ROOT)): n for p in OURS if (n := _lines(p)) > 300}
    assert long == {}


def _lines(path: Path) -> int:
    return len(path.read_text(encoding="utf-8").splitlines())


def test_no_module_of_the_shell_hides_one_of_the_standard_library() -> None:
    import sys

    assert not {p.stem for p in (ROOT / "app").glob("*.py")} & set(sys.stdlib_module_names)
    assert not (ROOT / "app" / "app.py").exists()


def test_no_view_or_route_uses_a_pickle() -> None:
    for path in OURS:
        assert "pickle" not in imports_at_top(path), path
