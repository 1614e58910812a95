"""What is promised of the code itself: bound parameters, no pickle, no markup made of data."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.paths import ROOT

APP = sorted((ROOT / "app").rglob("*.py"))
STUDY_SQL = sorted((ROOT / "app" / "storage" / "study_db").glob("*.py"))
assert STUDY_SQL
CALLS = re.compile(r"(^|\.)(execute|executemany|executescript|_query|_query_one|query|sql)$")
# what an SQL text of the study may be put together of: our own names, never a value
OURS = {
    "table", "end", "times", "name", "check", "pragma", "of", "at", "sql", "pages", "insert",
    "names", "marks", "placeholders",
    "_COUNTED_SQL", "_STUDIES_SQL", "_PARTICIPANT_SWIPES_SQL", "_CLOSINGS_SQL", "_JOBS_SQL",
}  # fmt: skip


def sql_of(tree: ast.AST) -> Iterator[ast.expr]:
    """The first argument of every call that runs SQL, and every text that is named sql."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and node.args and CALLS.search(ast.unparse(node.func)):
            yield node.args[0]
        elif isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == "sql":
            yield node.value


def put_in(expression: ast.expr) -> list[str]:
    """Every piece of an SQL text that is not written out in it."""
    found = []
    for node in ast.walk(expression):
        if isinstance(node, ast.FormattedValue):
            found.append(ast.unparse(node.value))
        percent = isinstance(node, ast.BinOp) and isinstance(node.op, ast.Mod)
        filled = isinstance(node, ast.Call) and ast.unparse(node.func).endswith(".format")
        if percent or filled:
            found.append(ast.unparse(node))
    return found


def faults(source: str) -> list[str]:
    """Pieces of SQL that are neither written out nor a name of ours."""
    return [p for sql in sql_of(ast.parse(source)) for p in put_in(sql) if p not in OURS]


@pytest.mark.parametrize("path", STUDY_SQL, ids=lambda p: p.stem)
def test_sql_of_the_study_takes_values_as_bound_parameters_alone(path: Path) -> None:
    assert faults(path.read_text(encoding="utf-8")) == []


@pytest.mark.parametrize(
    "planted",
    [
        "db.execute(f'select * from decks where id = {id}')",
        "self._query(f\"select 1 from x where name = '{who}'\")",
        "self._query_one('select 1 from x where a = %s' % value)",
        "self._query('select {}'.format(value))",
        "sql = f'select {value}'",
    ],
)
def test_each_planted_value_in_sql_is_found(planted: str) -> None:
    assert faults(planted)


def test_no_page_route_or_command_runs_sql_of_its_own() -> None:
    for path in APP:
        if path.relative_to(ROOT / "app").parts[0] in ("web", "cli"):
            names = [n.attr for n in ast.walk(ast.parse(path.read_text())) if hasattr(n, "attr")]
            assert not {"execute", "executemany", "executescript"} & set(names), path


def test_a_name_of_a_file_is_quoted_before_the_import_puts_it_into_sql() -> None:
    from app.storage.event_store.duckdb_sql import sql_literal

    assert sql_literal("a'b") == "'a''b'"
    assert sql_literal("'; drop table decks; --") == "'''; drop table decks; --'"


def test_arrays_are_read_and_written_without_pickle_everywhere() -> None:
    for path in [*APP, *sorted((ROOT / "recsys").rglob("*.py"))]:
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and re.search(
                r"\bnp\.(load|save)$", ast.unparse(node.func)
            ):
                said = {word.arg: ast.unparse(word.value) for word in node.keywords}
                unsaid = str(ast.unparse(node.func).endswith("save"))  # NumPy's own defaults
                allowed = said.get("allow_pickle", unsaid)
                assert allowed == "False", f"{path.name}: {ast.unparse(node)}"
            name = ast.unparse(node.func) if isinstance(node, ast.Call) else ""
            assert name.split(".")[0] not in ("pickle", "joblib", "dill", "marshal", "shelve")


def test_no_script_of_ours_makes_markup_or_code_of_a_text() -> None:
    forbidden = re.compile(
        r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|\beval\(|new Function"
    )
    for path in sorted((ROOT / "app").rglob("*.js")):
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
            assert not forbidden.search(line), f"{path.name} line {number}: {line.strip()}"


def test_no_page_lets_markdown_hold_html() -> None:
    for path in APP:
        assert "unsafe_allow_html" not in path.read_text(encoding="utf-8"), path
