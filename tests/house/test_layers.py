"""`recsys` computes and opens nothing; a file of it imports only files to its left."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path
from statistics import quantiles

import pytest

ROOT = Path(__file__).parents[2]
RECSYS = sorted((ROOT / "recsys").glob("*.py"))
OURS = [*RECSYS, *sorted((ROOT / "app").rglob("*.py"))]

# every file of recsys, each importing only what stands before it
LINE = [
    "errors",
    "stats",
    "events",
    "evidence",
    "signals",
    "love",
    "lesson",
    "relevance",
    "ranking",
    "arms",
    "collaborative",
    "blend",
    "model",
    "baseline",
    "many",
    "everybody",
    "rivals",
    "board",
    "weighing",
    "tuning",
    "pairing",
    "deck",
    "duel",
    "showcase",
    "swipes",
    "offline",
    "slices",
    "contrast",
    "similar",
    "imagined",
    "behave",
    "listed",
    "written",
    "policy",
    "plan",
    "power",
    "scores",
    "columns",
    "sheet",
    "tables",
    "refused",
    "likeness",
    "counting",
    "forecast",
    "run",
    "book",
    "report",
    "verdict",
    "gate",
]
BESIDE = {  # the planted shop and its people, what comes after a release; what they may import
    "readout": {"errors", "stats"},
    "shop_figures": set(),
    "assortment": {"errors", "events", "shop_figures"},
    "crowd": {"errors", "events", "shop_figures", "assortment"},
    "habits": {"errors", "events", "shop_figures", "assortment", "crowd"},
    "personas": {"errors", "events", "shop_figures", "assortment", "crowd", "habits"},
    "shop": {"errors", "events", "shop_figures", "assortment", "crowd", "habits", "personas"},
    "colleagues": {"errors", "deck", "swipes", "shop"},
}
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
            yield node.module or ""


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
        "from app.store import Store",
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


def _imported_of_ours(path: Path) -> set[str]:
    tree = ast.parse(path.read_text(encoding="utf-8"))
    return {name.split(".")[1] for name in imports(tree) if name.startswith("recsys.")}


@pytest.mark.parametrize("path", RECSYS, ids=lambda p: p.stem)
def test_a_file_imports_only_files_to_its_left(path: Path) -> None:
    if path.stem == "__init__":
        assert _imported_of_ours(path) == set()
    elif path.stem in BESIDE:
        assert _imported_of_ours(path) <= BESIDE[path.stem]
    else:
        assert path.stem in LINE, f"{path.name} has no place in the line"
        assert _imported_of_ours(path) <= set(LINE[: LINE.index(path.stem)])


def test_the_flow_line_names_modules_in_the_order_of_import() -> None:
    text = (ROOT / "recsys" / "__init__.py").read_text(encoding="utf-8")
    line = next(line for line in text.splitlines() if "->" in line)
    words = [word.strip() for word in line.split("->")]
    places = [LINE.index(word) for word in words]
    assert places == sorted(places)
    assert len(words) == 7


def test_nothing_but_recsys_and_the_shell_is_imported_in_a_circle() -> None:
    edges: dict[str, set[str]] = {}
    for path in OURS:
        name = ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")
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
