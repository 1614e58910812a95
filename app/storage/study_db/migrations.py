"""Migrations of the study database and the account links. A released step is never edited.

Rows of `chain` (links) commit to the rows of CHAINED_TABLES. Each of those rows stores the `seq`
and the salt of its link. Erasing a participant deletes the rows and keeps the links, so that no row
can be removed or inserted unnoticed.

A database stores the step names in the decorators. Keep them, even if a function is renamed.
"""

from collections.abc import Collection

from sqlite_utils import Database
from sqlite_utils.migrations import Migrations

_FIRST_TABLES = ("studies", "decks", "swipes", "scores", "decisions")
_PAPER_TABLES = ("papers", "invitations", "overrides")
CHAINED_TABLES = (*_FIRST_TABLES, *_PAPER_TABLES)
_FIRST_IMMUTABLE_TABLES = (
    *_FIRST_TABLES, "chain", "study_closings", "consents", "closings", "withdrawals", "job_ends",
)  # fmt: skip

migrations = Migrations("brandswipe")
account_migrations = Migrations("brandswipe accounts")


@migrations(name="chain")
def chain(db: Database) -> None:
    """Create the chain, link n = sha256(link n - 1, salt, row), and counts of erased rows."""
    _create_table(db, "chain", "seq", "seq int, what str, commitment str")
    db.create_table(
        "withdrawals",
        {"id": int, "study": str, "decks": int, "links": int},
        pk="id",
        not_null={"study", "decks", "links"},
        strict=True,
    )


@migrations(name="studies")
def studies(db: Database) -> None:
    """Create the tables of studies (written before the first card), closings and decisions."""
    _create_table(
        db,
        "studies",
        "seq",
        "seq int, salt str, hash str, name str, kind str, policy str, model str, "
        "baseline str, invitation_seed str, attempt int, opened_at int",
    )
    db.table("studies").create_index(["hash"], unique=True)
    db.table("studies").create_index(["name"], unique=True)
    _create_table(db, "study_closings", "study", "study str, closed_at int, why str")
    _create_table(
        db,
        "decisions",
        "seq",
        "seq int, salt str, study str, batch int, outcome str, reason str, at int",
    )
    db.table("decisions").create_index(["study"], unique=True)


@migrations(name="people")
def people(db: Database) -> None:
    """Create the tables of pseudonyms and consents. No table has a name, address or customer id."""
    _create_table(db, "participants", "pseudonym", "pseudonym str, first_seen int")
    _create_table(db, "consents", "id", "id int, pseudonym str, text_version str, yes int, at int")
    db.table("consents").create_index(["pseudonym"])


@migrations(name="decks")
def decks(db: Database) -> None:
    """Create the tables of decks as dealt and of their closings."""
    _create_table(
        db,
        "decks",
        "seq",
        "seq int, salt str, id str, study str, participant str, origin str, "
        "evidence str, model str, seed str, cards str, hash str, "
        "event_store_version str, dealt_at int, closes_at int, timings str",
    )
    db.table("decks").create_index(["id"], unique=True)
    db.table("decks").create_index(["study"])
    db.table("decks").create_index(["participant"])
    _create_table(db, "closings", "deck", "deck str, study str, number int, closed_at int, by str")
    db.table("closings").create_index(["study", "number"], unique=True)


@migrations(name="answers")
def answers(db: Database) -> None:
    """Create the tables of swipes, scores and refusal reasons.

    Swipes are stored as received. Scores have no person, time or brand. Reasons never enter the
    gate.
    """
    _create_table(
        db,
        "swipes",
        "seq",
        "seq int, salt str, id str, deck str, position int, kind str, answer str, "
        "tab str, tab_seq int, server_seq int, shown_ms int, input str, "
        "device_class str, client_at int, received_at int, late int",
        ("answer", "shown_ms", "client_at"),
    )
    db.table("swipes").create_index(["deck", "id"], unique=True)
    db.table("swipes").create_index(["deck", "server_seq"], unique=True)
    _create_table(
        db,
        "scores",
        "seq",
        "seq int, salt str, study str, number int, why_not str, score str",
        ("why_not", "score"),
    )
    db.table("scores").create_index(["study", "number"], unique=True)
    _create_table(db, "refusals", "id", "id int, deck str, position int, reason str, at int")
    db.table("refusals").create_index(["deck"])


@migrations(name="work")
def work(db: Database) -> None:
    """Create the tables of jobs, and an event log without personal data."""
    _create_table(db, "jobs", "id", "id str, kind str, args str, started_at int")
    _create_table(db, "job_ends", "job", "job str, ended_at int, outcome str, message str")
    _create_table(db, "job_processes", "job", "job str, pid int, born str")
    _create_table(db, "events_log", "id", "id int, at int, what str, detail str")


@migrations(name="fixed")
def fixed(db: Database) -> None:
    """Forbid updates of written rows, and deletions from the chain."""
    for table in _FIRST_IMMUTABLE_TABLES:
        _forbid_updates(db, table)
    db.execute(
        "create trigger kept_chain before delete on [chain] "
        "begin select raise(abort, 'links are never taken out'); end"
    )


@migrations(name="papers")
def papers(db: Database) -> None:
    """Create the tables of part hashes, invitations, overrides and coffee codes.

    `papers` has a hash per part of a study, so that a check can name the part that differs.
    `invited` has marks, not pseudonyms. `coffee_codes` refers to no deck or person.
    """
    _create_table(
        db,
        "papers",
        "seq",
        "seq int, salt str, study str, policy str, model str, baseline str",
    )
    _create_table(
        db, "invitations", "seq", "seq int, salt str, study str, hash str, people int, at int"
    )
    _create_table(
        db,
        "overrides",
        "seq",
        "seq int, salt str, study str, outcome str, role str, reason str, at int",
    )
    for table in ("papers", "invitations"):
        db.table(table).create_index(["study"], unique=True)
    db.table("overrides").create_index(["study"])
    _create_table(db, "invited", "id", "id int, study str, mark str")
    db.table("invited").create_index(["study", "mark"], unique=True)
    _create_table(db, "coffee_codes", "id", "id int, study str, code str")
    db.table("coffee_codes").create_index(["study", "code"], unique=True)
    for table in (*_PAPER_TABLES, "invited", "coffee_codes"):
        _forbid_updates(db, table)


@migrations(name="dates")
def dates(db: Database) -> None:
    """Create the table of first days of play, for studies that start later than they open."""
    _create_table(db, "study_dates", "study", "study str, plays_from int")
    _forbid_updates(db, "study_dates")


@migrations(name="lessons")
def lessons(db: Database) -> None:
    """Create the table of studies with answers that trained a model version.

    Participants of those studies never evaluate that version.
    """
    _create_table(db, "lessons", "id", "id int, model str, study str")
    db.table("lessons").create_index(["model", "study"], unique=True)
    _forbid_updates(db, "lessons")


@migrations(name="challengers")
def challengers(db: Database) -> None:
    """Add the second model version of a comparison study. NULL leaves old links valid."""
    db.table("studies").add_column("challenger", str)
    db.table("papers").add_column("challenger", str)


@migrations(name="languages")
def languages(db: Database) -> None:
    """Add the language in which a deck was dealt. NULL leaves old links valid."""
    db.table("decks").add_column("language", str)


@migrations(name="retention")
def retention(db: Database) -> None:
    """Add the reason of a withdrawal: NULL if the participant asked, else expired retention."""
    db.table("withdrawals").add_column("why", str)


@migrations(name="steps")
def steps(db: Database) -> None:
    """Create the table of funnel steps that an invited person reached, by invitation mark."""
    _create_table(db, "steps", "id", "id int, study str, mark str, step str, at int")
    db.table("steps").create_index(["study", "mark", "step"], unique=True)
    _forbid_updates(db, "steps")


@migrations(name="columns")
def columns(db: Database) -> None:
    """Create the tables of invitation columns: values by invitation mark, and counts per value.

    Each value has a minimum group of invited people, so the counts identify nobody. They stay when
    a person's rows are erased.
    """
    _create_table(db, "invited_columns", "id", "id int, study str, mark str, name str, value str")
    db.table("invited_columns").create_index(["study", "mark", "name"], unique=True)
    _create_table(db, "invited_values", "id", "id int, study str, name str, value str, people int")
    db.table("invited_values").create_index(["study", "name", "value"], unique=True)
    for table in ("invited_columns", "invited_values"):
        _forbid_updates(db, table)


@migrations(name="counted")
def counted(db: Database) -> None:
    """Create the table of erased participants who already counted in a study that is still open.

    It has a mark, without time or answer.
    """
    _create_table(db, "counted", "id", "id int, study str, mark str")
    db.table("counted").create_index(["study", "mark"], unique=True)
    _forbid_updates(db, "counted")


@migrations(name="last_days")
def last_days(db: Database) -> None:
    """Create the table of last days of play, for studies that have one."""
    _create_table(db, "study_last_days", "study", "study str, plays_until int")
    _forbid_updates(db, "study_last_days")


@account_migrations(name="links")
def links(db: Database) -> None:
    """Create the tables of account links and nonces.

    They are in a separate file, which has no pseudonym of a study.
    """
    _create_table(db, "links", "badge", "badge str, customer str, way str, linked_at int")
    db.table("links").create_index(["customer"], unique=True)
    _create_table(db, "nonces", "hash", "hash str, badge str, expires_at int")


def _forbid_updates(db: Database, table: str) -> None:
    db.execute(
        f"create trigger fixed_{table} before update on [{table}] "
        f"begin select raise(abort, 'rows of {table} are never changed'); end"
    )


def _create_table(
    db: Database, table: str, pk: str, said: str, nullable: Collection[str] = ()
) -> None:
    """Create a strict table. `said` lists the columns, e.g. "seq int, salt str"."""
    columns = {name: _TYPES[kind] for name, kind in map(str.split, said.split(","))}
    not_null = columns.keys() - {pk, *nullable}
    db.create_table(table, columns, pk=pk, not_null=not_null, strict=True)


_TYPES = {"int": int, "str": str}
