"""A workspace of every earlier version is brought up to date with all that is in it."""

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
from sqlite_utils import Database as Tables
from sqlite_utils.migrations import Migrations

from app.storage.study_db.account_links import AccountLinks
from app.storage.study_db.database import Database
from app.storage.study_db.migrations import account_migrations, migrations
from app.storage.study_db.store import StudyStore

STEPS = [step.name for step in migrations._migrations]
PLAYED_FROM = STEPS.index("answers") + 1  # from here a store can hold a whole deck


def earlier(path: Path, steps: Migrations, n: int) -> sqlite3.Connection:
    """A store as the program of that day left it: the first n steps and no later one."""
    old = Migrations(steps.name)
    old._migrations = steps._migrations[:n]
    db = Tables(path)
    old.apply(db)
    raw: sqlite3.Connection = db.conn
    return raw


def filled(raw: sqlite3.Connection) -> dict[str, list[tuple[object, ...]]]:
    """Put a row into every table that this day knew; return all rows by table."""
    sql = "select name from sqlite_schema where type = 'table' and name not like '%sqlite%'"
    tables = [name for (name,) in raw.execute(sql).fetchall() if not name.startswith("_")]
    for table in tables:
        columns = raw.execute(f"pragma table_info([{table}])").fetchall()
        row = [7 if kind == "INTEGER" else f"kept {name}" for _, name, kind, *_ in columns]
        raw.execute(f"insert into [{table}] values ({', '.join('?' * len(row))})", row)
    raw.commit()
    return {table: rows(raw, table) for table in tables}


def rows(raw: sqlite3.Connection, table: str) -> list[tuple[object, ...]]:
    return raw.execute(f"select * from [{table}]").fetchall()


def shape(path: Path) -> dict[str, str]:
    """Every table, index and trigger, by name."""
    with closing(sqlite3.connect(path)) as raw:
        sql = "select name, sql from sqlite_schema where sql is not null"
        return {name: said for name, said in raw.execute(sql) if not name.startswith("_")}


@pytest.mark.parametrize("n", range(1, len(STEPS) + 1), ids=STEPS)
def test_a_store_of_every_earlier_version_keeps_its_rows_and_gets_todays_tables(
    tmp_path: Path, n: int
) -> None:
    path = tmp_path / "study.db"
    raw = earlier(path, migrations, n)
    before = filled(raw)
    raw.close()
    StudyStore(path).close()
    with closing(sqlite3.connect(path)) as after:
        for table, kept in before.items():
            wide = rows(after, table)
            assert [row[: len(kept[0])] for row in wide] == kept, table
    StudyStore(tmp_path / "new.db").close()
    assert shape(path) == shape(tmp_path / "new.db")


@pytest.mark.parametrize("n", range(PLAYED_FROM, len(STEPS) + 1), ids=STEPS[PLAYED_FROM - 1 :])
def test_the_links_of_an_earlier_store_still_hold(tmp_path: Path, n: int) -> None:
    from app.storage.study_db.hash_chain import ChainHead, next_link, write_head

    path = tmp_path / "study.db"
    raw = earlier(path, migrations, n)
    said = {
        "study": "s", "number": 1, "why_not": None, "score": "{}",
    }  # fmt: skip
    head, full = next_link(ChainHead(), "scores", said)
    names = ", ".join(full)
    raw.execute(
        f"insert into scores ({names}) values ({', '.join('?' * len(full))})", [*full.values()]
    )
    raw.execute("insert into chain values (?, ?, ?)", [head.seq, "scores", head.commitment])
    raw.commit()
    raw.close()
    write_head(tmp_path / "chain.head", head)
    store = StudyStore(path)
    assert store.db.broken_links() == []
    assert store.db.head() == head
    store.close()


@pytest.mark.parametrize("n", range(1, len(account_migrations._migrations) + 1))
def test_a_link_table_of_every_earlier_version_keeps_its_links(tmp_path: Path, n: int) -> None:
    raw = earlier(tmp_path / "accounts.db", account_migrations, n)
    raw.execute("insert into links (badge, customer, way, linked_at) values ('b', 'c', 'page', 1)")
    raw.commit()
    raw.close()
    accounts = AccountLinks(tmp_path / "accounts.db")
    assert accounts.customer_of(["b"]) == "c"
    accounts.close()


def test_bringing_up_to_date_twice_changes_nothing(tmp_path: Path) -> None:
    Database(tmp_path / "study.db").close()
    before = shape(tmp_path / "study.db")
    Database(tmp_path / "study.db").close()
    assert shape(tmp_path / "study.db") == before
