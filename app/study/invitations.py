"""The papers of an invitation: who in which order, what to send, what to hang up, what to explain.

Addresses stay in the files that are written here; the study keeps marks of pseudonyms alone.
"""

import csv
import io
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from html import escape
from pathlib import Path
from urllib.parse import urlsplit

import numpy as np
import segno

from app.auth.identity import participant_of
from app.presentation.i18n import LANGUAGES, section, text
from app.storage.study_db.records import StudyRow, study_of
from app.workspace.keys import Keys
from app.workspace.workspace import House
from recsys.errors import BadInputError
from recsys.report.evaluate import smallest_release
from recsys.report.representativeness import coarse
from recsys.report.verdict import too_small
from recsys.study.policy import Study

SUBJECT, EMAILS = "subject", ("email", "e-mail", "mail")
"""Columns that may hold whom to invite: as the login names her, else her address."""


@dataclass(frozen=True, slots=True)
class Invited:
    """Somebody on the list, with whatever else the list says of her."""

    address: str  # as the login names her; an e-mail address in lower case
    row: Mapping[str, str]


def read_list(path: Path, claim: str = "email") -> list[Invited]:
    """Read a CSV file of employees; raise BadInputError as `people_of` does."""
    try:
        return people_of(path.read_bytes(), str(path), claim)
    except OSError:
        raise BadInputError(f"{path} cannot be read: name a CSV file in UTF-8.") from None


def people_of(plain: bytes, path: str, claim: str = "email") -> list[Invited]:
    """Return the employees of a CSV that is called `path`, whom the login names by this claim.

    Raises BadInputError with one sentence that names no address.
    """
    try:
        lines = io.StringIO(plain.decode("utf-8-sig"))
    except UnicodeDecodeError:
        raise BadInputError(f"{path} cannot be read: name a CSV file in UTF-8.") from None
    reader = csv.DictReader(lines, restval="")
    columns = {(name or "").strip().lower(): name for name in reader.fieldnames or ()}
    named = next((name for name in (SUBJECT, *EMAILS) if name in columns), None)
    if named is None:
        raise BadInputError(
            f"{path} has no column of addresses: call one of its columns email or subject."
        )
    if named != SUBJECT and claim != "email":
        raise BadInputError(
            f"The login names people by {claim!r}, and {path} has addresses alone: give it a "
            'column subject, or set subject_claim = "email" in brandswipe.toml.'
        )
    people: dict[str, Invited] = {}
    for row in reader:
        address = (row[columns[named]] or "").strip()
        address = address if named == SUBJECT else address.lower()
        plain_row = {key: value or "" for key, value in row.items() if isinstance(key, str)}
        if address:
            people.setdefault(address, Invited(address, plain_row))
    if not people:
        raise BadInputError(f"{path} invites nobody: add a line with an address.")
    return list(people.values())


def in_order(people: Sequence[Invited], seed: int) -> list[Invited]:
    """Return everybody in the order of a seed, whatever the order of the list."""
    known = sorted(people, key=lambda person: person.address)
    order = np.random.default_rng([seed, 3]).permutation(len(known))
    return [known[i] for i in order]


def participants(keys: Keys, people: Iterable[Invited]) -> list[str]:
    """Return the pseudonym of each, as the game will know her."""
    return [participant_of(keys, person.address) for person in people]


def as_csv(people: Sequence[Invited]) -> str:
    """Write the list in the order of invitation, its own columns behind."""
    columns = [name for name in people[0].row if name]
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(["invite", *columns])
    for place, person in enumerate(people, start=1):
        writer.writerow([place, *(_safe(person.row[name]) for name in columns)])
    return out.getvalue()


def _safe(value: str) -> str:
    """No cell is a formula, whoever opens it in a spreadsheet."""
    return f"'{value}" if value.startswith(("=", "+", "-", "@", "\t", "\r")) else value


def read_codes(path: Path) -> list[str]:
    """Read coffee codes, one a line."""
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError):
        raise BadInputError(f"{path} cannot be read: write one code a line, in UTF-8.") from None
    codes = [line.strip() for line in lines if line.strip()]
    if not codes:
        raise BadInputError(f"{path} holds no code: write one a line.")
    return codes


def papers(
    study: Study, people: Sequence[Invited], link: str, coffee: bool, columns: Sequence[str] = ()
) -> dict[str, str]:
    """Return what to send and to hang up, by the name of its file."""
    files = {"invitations.csv": as_csv(people)}
    for language in LANGUAGES:
        for kind in ("mail", "chat", "reminder"):
            files[f"{kind}.{language}.txt"] = letter(language, kind, link, coffee)
        files[f"poster.{language}.html"] = poster(language, link)
        files[f"note.{language}.md"] = note(language, study, len(people), coffee, columns)
    return files


def letter(language: str, kind: str, link: str, coffee: bool) -> str:
    """Return a mail, a chat message, or the one reminder: the same for everybody."""
    cup = text(language, "invitation.coffee") if coffee else ""
    said = text(language, f"invitation.{kind}", link=link, coffee=cup)
    return re.sub(r"\n{3,}", "\n\n", said).strip() + "\n"


def poster(language: str, link: str) -> str:
    """Return a page to print on A4: it asks nothing of any other file or host."""
    code = segno.make(link, error="m").svg_inline(border=4, scale=9, dark="#1E1B2E", light="#fff")
    said = {key: escape(value) for key, value in section(language, "poster").items()}
    return _POSTER.format(language=language, code=code, link=escape(link), **said)


def note(
    language: str, study: Study, invited: int, coffee: bool, columns: Sequence[str] = ()
) -> str:
    """Return two pages for works council and privacy officer, from what was written down."""
    policy = study.policy
    criteria = [
        f"- {text(language, f'report.{c.name}')}: {c.bar:.0%}. {c.because}" for c in policy.criteria
    ]
    cup = text(language, "note.coffee") if coffee else text(language, "note.no_coffee")
    return (
        text(
            language,
            "note.text",
            study=study.name,
            hash=study.hash[:8],
            invited=invited,
            seed=study.invitation_seed,
            cards=policy.deck.cards,
            batch=policy.batch,
            cell=policy.cell,
            hours=policy.open_hours,
            least=policy.least_brands,
            people=policy.least_players,
            question=policy.question.nl if language == "nl" else policy.question.en,
            sensitive=", ".join(policy.sensitive),
            criteria="\n".join(criteria),
            coffee=cup,
            columns=_kept(language, columns, policy.cell),
        ).strip()
        + "\n"
    )


def _kept(language: str, columns: Sequence[str], cell: int) -> str:
    name = "note.columns" if columns else "note.no_columns"
    return text(language, name, columns=", ".join(columns), cell=cell)


_POSTER = """<!doctype html>
<html lang="{language}">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{title}</title>
<style>
@page {{ size: A4; margin: 0 }}
* {{ box-sizing: border-box }}
body {{ margin: 0; background: #fff; color: #1E1B2E; font-family: system-ui, sans-serif }}
main {{ width: 210mm; min-height: 296mm; margin: auto; padding: 26mm 22mm; display: flex;
  flex-direction: column; gap: 12mm; align-items: center; text-align: center }}
h1 {{ font-size: 52pt; line-height: 1.05; letter-spacing: -.02em; margin: 0; text-wrap: balance }}
p {{ font-size: 20pt; line-height: 1.35; margin: 0; max-width: 150mm; text-wrap: balance }}
svg {{ width: 92mm; height: 92mm; border-radius: 6mm; border: 2px solid #1E1B2E }}
.link {{ font-size: 15pt; overflow-wrap: anywhere }}
.small {{ font-size: 13pt; margin-top: auto }}
</style>
<main>
<h1>{title}</h1>
<p>{lead}</p>
<div role="img" aria-label="{alt}">{code}</div>
<p class="link">{link}</p>
<p class="small">{private}</p>
</main>
</html>
"""


@dataclass(frozen=True, slots=True)
class Sent:
    """What became of a list."""

    papers: Mapping[str, str]  # what to send and to hang up, by the name of its file
    hash: str  # of the list
    people: int
    left_out: tuple[str, ...]  # columns without two values that have a cell of people each
    warning: str | None  # where so few people cannot release


def invite(
    house: House,
    row: StudyRow,
    people: Sequence[Invited],
    link: str,
    columns: str = "",
    codes: Sequence[str] = (),
) -> Sent:
    """Lock the list into the study, before its first card, and return its papers.

    `columns` of the list, with commas between, are kept coarsely. Raises BadInputError for what is
    no link, for a column that the list has not, and where another list is locked already.
    """
    check_link(link)
    study = study_of(row)
    ordered = in_order(people, row.invitation_seed)
    kept = kept_columns(ordered, columns, study.policy.cell)
    coarse = {name: values for name, values in kept.items() if values}
    hash = house.store.invite(row.hash, participants(house.keys, ordered), codes, coarse)
    return Sent(
        papers(study, ordered, link, bool(codes), tuple(coarse)),
        hash,
        len(ordered),
        tuple(name for name in kept if name not in coarse),
        too_small(len(ordered), smallest_release(study)),
    )


def check_link(link: str) -> None:
    """Raise BadInputError for what nobody could open."""
    parts = urlsplit(link)
    if parts.scheme not in ("http", "https") or not parts.netloc:
        raise BadInputError(f"{link!r} is no link: give the whole address, like https://play.shop.")


def kept_columns(
    people: Sequence[Invited], names: str, cell: int
) -> dict[str, tuple[str, ...] | None]:
    """Return the values of the named columns, in the order of the people; None: too few are left.

    `names` has commas between. Raises BadInputError for a column that the list has not.
    """
    known = {name.strip().lower(): name for name in people[0].row}
    known = {low: name for low, name in known.items() if low and low not in (SUBJECT, *EMAILS)}
    found: dict[str, tuple[str, ...] | None] = {}
    for asked in filter(None, (name.strip() for name in names.split(","))):
        name = known.get(asked.lower())
        if name is None:
            listed = ", ".join(each.strip() for each in known.values()) or "none"
            raise BadInputError(f"The list has no column {asked!r} to keep; it has: {listed}.")
        found[name.strip()] = coarse([person.row[name] for person in people], cell)
    return found
