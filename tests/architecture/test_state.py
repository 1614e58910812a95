"""What a process keeps has one place each, and importing a module makes none of it."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.paths import ROOT

APP = sorted((ROOT / "app").rglob("*.py"))
CODE = [*APP, *sorted((ROOT / "recsys").rglob("*.py"))]
SESSION = ROOT / "app" / "web" / "views" / "session.py"


def attributes(source: str) -> set[str]:
    """Return every name that is read or set with a dot, such as `os.environ`."""
    nodes = ast.walk(ast.parse(source))
    return {ast.unparse(node) for node in nodes if isinstance(node, ast.Attribute)}


@pytest.mark.parametrize("path", APP, ids=lambda path: path.relative_to(ROOT).as_posix())
def test_what_a_visit_keeps_is_read_by_the_session_alone(path: Path) -> None:
    reads = any(name.endswith(".session_state") for name in attributes(path.read_text("utf-8")))
    assert reads == (path == SESSION)


ENVIRONMENT = {"os.environ", "os.environb", "os.getenv", "os.putenv"}
READERS = {
    "app/workspace/settings.py",
    "app/operations/jobs.py",  # hands the environment on to the process of a job
}


@pytest.mark.parametrize("path", CODE, ids=lambda path: path.relative_to(ROOT).as_posix())
def test_the_environment_is_read_by_the_settings_alone(path: Path) -> None:
    source = path.read_text("utf-8")
    reads = not ENVIRONMENT.isdisjoint(attributes(source))
    assert reads == (path.relative_to(ROOT).as_posix() in READERS)
    assert "from os import" not in source


MAKERS = {
    "Lock", "RLock", "Semaphore", "BoundedSemaphore", "Condition", "Event", "Barrier", "Thread",
    "Timer", "ThreadPoolExecutor", "ProcessPoolExecutor", "Pool", "threadpool_limits",
}  # fmt: skip


def made_at_import(source: str) -> set[str]:
    """Return the locks, threads, executors and limits that importing a file makes."""
    return set(_made(ast.parse(source)))


def _made(node: ast.AST) -> Iterator[str]:
    if isinstance(node, ast.Call):
        name = ast.unparse(node.func).split(".")[-1]
        if name in MAKERS:
            yield name
    # the body of a function runs later; its decorators and defaults run at import
    runs_later = isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda)
    for name, value in ast.iter_fields(node):
        if not (runs_later and name == "body"):
            for child in value if isinstance(value, list) else [value]:
                if isinstance(child, ast.AST):
                    yield from _made(child)


@pytest.mark.parametrize("path", CODE, ids=lambda path: path.relative_to(ROOT).as_posix())
def test_no_import_makes_a_lock_a_thread_or_an_executor(path: Path) -> None:
    assert made_at_import(path.read_text("utf-8")) == set()


@pytest.mark.parametrize(
    "planted",
    [
        "_lock = threading.RLock()",
        "_POOL = ThreadPoolExecutor(max_workers=1)",
        "_LOCKS = tuple(threading.Lock() for _ in range(64))",
        "class Part:\n    ready = Event()",
        "def wait(over=threading.Event()):\n    pass",
        'threadpool_limits(1, "blas")',
    ],
)
def test_each_planted_maker_is_found(planted: str) -> None:
    assert made_at_import(planted)


@pytest.mark.parametrize(
    "innocent",
    [
        "class Part:\n    def __init__(self):\n        self._lock = threading.Lock()",
        "slots: Semaphore = field(default_factory=lambda: Semaphore(2))",
    ],
)
def test_what_is_made_later_passes(innocent: str) -> None:
    assert made_at_import(innocent) == set()
