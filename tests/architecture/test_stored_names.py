"""What is stored, hashed or published does not depend on what Python calls a field.

Rows, files and answers are written and read with literal keys. What turns names into data by
itself is used where nothing of it leaves the process, and here is the whole list of where.
"""

import ast
from pathlib import Path

import pytest

from recsys.progress import WorkStage
from tests.support.paths import ROOT

OURS = [path for folder in ("recsys", "app") for path in sorted((ROOT / folder).rglob("*.py"))]
BY_ITSELF = {"asdict", "astuple", "fields", "vars", "attrgetter"}
OF_A_CLASS = {"__slots__", "__dict__", "__dataclass_fields__", "__qualname__"}

ALLOWED = {
    "app/presentation/theme.py": {"asdict"},  # colours, as variables of CSS
    "app/web/views/report/charts.py": {"getattr"},  # a colour by its name
    # a setting is named by its field: README has them all, and a test says so
    "app/workspace/settings.py": {"asdict", "fields", "getattr", "replace", "Settings"},
    "app/auth/identity.py": {"getattr"},
    "app/notebook.py": {"FitOptions"},  # options as a data scientist names them
    "app/cli/command_tree.py": {"getattr"},  # the function of a command
    # the function of a target, which app.operations.jobs maps
    "app/operations/job_worker.py": {"getattr"},
    "recsys/simulation/raters.py": {"__slots__", "getattr"},  # each share is checked
    "recsys/study/scoring.py": {"__slots__", "getattr"},  # each score is clipped
    "recsys/study/power.py": {"getattr"},  # the same
    "recsys/dataset/evidence.py": {"__slots__", "getattr"},  # two sums are held together
    # columns of a log that lives in memory
    "recsys/simulation/event_log.py": {"__slots__", "getattr"},
    "recsys/simulation/parameters.py": {"getattr"},  # a row of figures
}


def names_made_data(source: str) -> set[str]:
    """What in this code turns the names of fields into data, or data into the names of fields."""
    return {name for node in ast.walk(ast.parse(source)) if (name := _tool(node))}


def _tool(node: ast.AST) -> str | None:
    if isinstance(node, ast.Attribute) and node.attr in OF_A_CLASS:
        return node.attr
    if not isinstance(node, ast.Call) or not isinstance(node.func, ast.Name):
        return None
    name = node.func.id
    if name == "getattr":
        return None if isinstance(node.args[1], ast.Constant) else name
    if name in BY_ITSELF:
        return name
    starred = any(keyword.arg is None for keyword in node.keywords)
    return name if starred and (name[0].isupper() or name in ("cls", "replace")) else None


@pytest.mark.parametrize("path", OURS, ids=lambda path: path.relative_to(ROOT).as_posix())
def test_names_of_fields_become_data_only_where_nothing_leaves_the_process(path: Path) -> None:
    found = names_made_data(path.read_text(encoding="utf-8"))
    allowed = ALLOWED.get(path.relative_to(ROOT).as_posix(), set())
    assert found == allowed


def test_every_file_of_the_list_is_there() -> None:
    assert ALLOWED.keys() <= {path.relative_to(ROOT).as_posix() for path in OURS}


@pytest.mark.parametrize(
    ("planted", "tool"),
    [
        ("row = asdict(study)", "asdict"),
        ("row = {f.name: 1 for f in fields(study)}", "fields"),
        ("row = vars(study)", "vars"),
        ("row = {name: getattr(card, name) for name in names}", "getattr"),
        ("names = card.__slots__", "__slots__"),
        ("study = Study(**row)", "Study"),
        ("study = cls(**row)", "cls"),
        ("score = map(attrgetter(name), decks)", "attrgetter"),
    ],
)
def test_each_planted_way_is_found(planted: str, tool: str) -> None:
    assert tool in names_made_data(planted)


@pytest.mark.parametrize(
    "innocent",
    ['getattr(error, "strerror", None)', "Study(name=row['name'])", "text(**numbers)"],
)
def test_innocent_code_passes(innocent: str) -> None:
    assert names_made_data(innocent) == set()


SPELLED_STAGES = {str(stage) for stage in WorkStage if " " in stage}


def stages_in(source: str) -> set[str]:
    """Return the stages of work that a file spells itself."""
    nodes = ast.walk(ast.parse(source))
    return {n.value for n in nodes if isinstance(n, ast.Constant)} & SPELLED_STAGES


@pytest.mark.parametrize("path", OURS, ids=lambda path: path.relative_to(ROOT).as_posix())
def test_a_stage_of_work_is_spelled_in_one_file(path: Path) -> None:
    spelled = stages_in(path.read_text(encoding="utf-8"))
    assert spelled == (SPELLED_STAGES if path == ROOT / "recsys" / "progress.py" else set())


STEPS = ROOT / "app" / "storage" / "study_db" / "migrations.py"


def test_every_step_of_the_tables_says_its_name() -> None:
    steps = [
        decorator
        for node in ast.parse(STEPS.read_text(encoding="utf-8")).body
        if isinstance(node, ast.FunctionDef)
        for decorator in node.decorator_list
    ]
    assert len(steps) >= 18
    for step in steps:
        assert isinstance(step, ast.Call)
        assert [keyword.arg for keyword in step.keywords] == ["name"], ast.unparse(step)
