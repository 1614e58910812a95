"""The files of an invitation: the list in order, messages, posters, and a works council note.

Addresses are only in these files. The study database stores a hash for each invited employee.
"""

import csv
import io
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

import numpy as np
import segno
from markupsafe import Markup

from app.auth.identity import employee_pseudonym
from app.presentation.i18n import LANGUAGES, translate
from app.presentation.palette import LIGHT
from app.presentation.templating import render_template
from app.presentation.verdict_text import too_small_text
from app.storage.study_db.records import StudyRow, study_of
from app.workspace.keys import SecretKeys
from app.workspace.workspace import Workspace
from recsys.errors import BadInputError
from recsys.report.evaluate import smallest_panel_for_study
from recsys.report.representativeness import coarsen_column
from recsys.study.policy import Study

SUBJECT_COLUMN, EMAIL_COLUMNS = "subject", ("email", "e-mail", "mail")
"""Columns that may identify the employee: by the login's claim, else by e-mail address."""


@dataclass(frozen=True, slots=True)
class Invitee:
    """An employee on the list, with all columns of the list."""

    address: str  # the login's name of the employee; an e-mail address is in lower case
    row: Mapping[str, str]


def read_invitees(path: Path, claim: str = "email") -> list[Invitee]:
    """Read a CSV file of employees. Raises the errors of `parse_invitees`."""
    try:
        return parse_invitees(path.read_bytes(), str(path), claim)
    except OSError:
        raise BadInputError(f"{path} cannot be read: name a CSV file in UTF-8.") from None


def parse_invitees(content: bytes, path: str, claim: str = "email") -> list[Invitee]:
    """Return the employees in the content of a CSV file. `claim` is how the login names them.

    Raises BadInputError with a sentence that names `path` and no address.
    """
    try:
        lines = io.StringIO(content.decode("utf-8-sig"))
    except UnicodeDecodeError:
        raise BadInputError(f"{path} cannot be read: name a CSV file in UTF-8.") from None
    reader = csv.DictReader(lines, restval="")
    columns = {(name or "").strip().lower(): name for name in reader.fieldnames or ()}
    address_column = next(
        (name for name in (SUBJECT_COLUMN, *EMAIL_COLUMNS) if name in columns), None
    )
    if address_column is None:
        raise BadInputError(
            f"{path} has no column of addresses: call one of its columns email or subject."
        )
    if address_column != SUBJECT_COLUMN and claim != "email":
        raise BadInputError(
            f"The login names people by {claim!r}, and {path} has addresses alone: give it a "
            'column subject, or set subject_claim = "email" in brandswipe.toml.'
        )
    people: dict[str, Invitee] = {}
    for row in reader:
        address = (row[columns[address_column]] or "").strip()
        address = address if address_column == SUBJECT_COLUMN else address.lower()
        cells = {key: value or "" for key, value in row.items() if isinstance(key, str)}
        if address:
            people.setdefault(address, Invitee(address, cells))
    if not people:
        raise BadInputError(f"{path} has no line with an address: add a line with an address.")
    return list(people.values())


def in_invitation_order(people: Sequence[Invitee], seed: int) -> list[Invitee]:
    """Return everybody in the random order of a seed; the order of the list does not matter."""
    sorted_people = sorted(people, key=lambda person: person.address)
    order = np.random.default_rng([seed, 3]).permutation(len(sorted_people))
    return [sorted_people[i] for i in order]


def invitee_pseudonyms(keys: SecretKeys, people: Iterable[Invitee]) -> list[str]:
    """Return the pseudonym of each employee, as the game computes it."""
    return [employee_pseudonym(keys, person.address) for person in people]


def invitation_csv(people: Sequence[Invitee]) -> str:
    """Return the list as CSV in the order of invitation: the number, then the list's columns."""
    columns = [name for name in people[0].row if name]
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(["invite", *columns])
    for position, person in enumerate(people, start=1):
        writer.writerow([position, *(_escape_formula(person.row[name]) for name in columns)])
    return out.getvalue()


def _escape_formula(value: str) -> str:
    """Return the cell so that no spreadsheet reads it as a formula."""
    return f"'{value}" if value.startswith(("=", "+", "-", "@", "\t", "\r")) else value


def read_coffee_codes(path: Path) -> list[str]:
    """Read coffee codes, one per line. Raises BadInputError if there is none."""
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError):
        raise BadInputError(f"{path} cannot be read: write one code a line, in UTF-8.") from None
    codes = [line.strip() for line in lines if line.strip()]
    if not codes:
        raise BadInputError(f"{path} holds no code: write one a line.")
    return codes


def invitation_files(
    study: Study,
    people: Sequence[Invitee],
    link: str,
    has_coffee: bool,
    columns: Sequence[str] = (),
) -> dict[str, str]:
    """Return the texts to send and to print, by file name."""
    files = {"invitations.csv": invitation_csv(people)}
    for language in LANGUAGES:
        for kind in ("mail", "chat", "reminder"):
            files[f"{kind}.{language}.txt"] = invitation_message(language, kind, link, has_coffee)
        files[f"poster.{language}.html"] = poster(language, link)
        files[f"note.{language}.md"] = works_council_note(
            language, study, len(people), has_coffee, columns
        )
    return files


def invitation_message(language: str, kind: str, link: str, has_coffee: bool) -> str:
    """Return the mail, the chat message or the reminder; the text is the same for everybody."""
    coffee_text = translate(language, "invitation.coffee") if has_coffee else ""
    message = translate(language, f"invitation.{kind}", link=link, coffee=coffee_text)
    return re.sub(r"\n{3,}", "\n\n", message).strip() + "\n"


def poster(language: str, link: str) -> str:
    """Return an HTML page to print on A4. It loads no other file and no other host."""
    qr_code = segno.make(link, error="m")
    svg = qr_code.svg_inline(border=4, scale=9, dark=LIGHT.ink, light="#fff")
    return render_template(
        "app.study",
        "poster.html",
        language=language,
        link=link,
        code=Markup(svg),
        ink=LIGHT.ink,
    )


def works_council_note(
    language: str, study: Study, invited: int, has_coffee: bool, columns: Sequence[str] = ()
) -> str:
    """Return two pages for works council and privacy officer, from the stored study."""
    policy = study.policy
    criteria = [
        f"- {translate(language, f'report.{c.name}')}: {c.bar:.0%}. {c.because}"
        for c in policy.criteria
    ]
    coffee_text = (
        translate(language, "note.coffee") if has_coffee else translate(language, "note.no_coffee")
    )
    return (
        translate(
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
            coffee=coffee_text,
            columns=_columns_text(language, columns, policy.cell),
        ).strip()
        + "\n"
    )


def _columns_text(language: str, columns: Sequence[str], min_group_size: int) -> str:
    name = "note.columns" if columns else "note.no_columns"
    return translate(language, name, columns=", ".join(columns), cell=min_group_size)


@dataclass(frozen=True, slots=True)
class InvitationResult:
    """The result of an invitation."""

    files: Mapping[str, str]  # texts to send and to print, by file name
    hash: str  # of the invitation list
    people: int
    dropped_columns: tuple[str, ...]  # not kept: fewer than two values with enough people
    warning: str | None  # text if so few people cannot lead to a release


def invite_to_study(
    workspace: Workspace,
    row: StudyRow,
    people: Sequence[Invitee],
    link: str,
    columns: str = "",
    codes: Sequence[str] = (),
) -> InvitationResult:
    """Store the list of a study before its first deck, and return the files of the invitation.

    `columns` are the list's columns to store with rare values merged, separated by commas. Raises
    BadInputError for an invalid link, an unknown column, and if another list is stored already.
    """
    check_play_link(link)
    study = study_of(row)
    ordered = in_invitation_order(people, row.invitation_seed)
    columns_kept = coarsen_columns(ordered, columns, study.policy.cell)
    coarse_columns = {name: values for name, values in columns_kept.items() if values}
    hash = workspace.store.invitations.add(
        row.hash, invitee_pseudonyms(workspace.keys, ordered), codes, coarse_columns
    )
    return InvitationResult(
        invitation_files(study, ordered, link, bool(codes), tuple(coarse_columns)),
        hash,
        len(ordered),
        tuple(name for name in columns_kept if name not in coarse_columns),
        too_small_text("en", len(ordered), smallest_panel_for_study(study)),
    )


def check_play_link(link: str) -> None:
    """Raise BadInputError unless the link is a complete http or https address."""
    parts = urlsplit(link)
    if parts.scheme not in ("http", "https") or not parts.netloc:
        raise BadInputError(f"{link!r} is no link: give the whole address, like https://play.shop.")


def coarsen_columns(
    people: Sequence[Invitee], names: str, min_group_size: int
) -> dict[str, tuple[str, ...] | None]:
    """Return column -> coarse values, in the order of the people; None if too few values are left.

    `names` are separated by commas. Raises BadInputError for a column that the list does not have.
    """
    column_of = {name.strip().lower(): name for name in people[0].row}
    column_of = {
        low: name
        for low, name in column_of.items()
        if low and low not in (SUBJECT_COLUMN, *EMAIL_COLUMNS)
    }
    coarsened: dict[str, tuple[str, ...] | None] = {}
    for requested in filter(None, (name.strip() for name in names.split(","))):
        name = column_of.get(requested.lower())
        if name is None:
            available = ", ".join(each.strip() for each in column_of.values()) or "none"
            raise BadInputError(
                f"The list has no column {requested!r} to keep; it has: {available}."
            )
        coarsened[name.strip()] = coarsen_column(
            [person.row[name] for person in people], min_group_size
        )
    return coarsened
