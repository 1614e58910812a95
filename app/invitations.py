"""Inviting to a study: its list is locked as marks that name nobody, its papers are made."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from urllib.parse import urlsplit

from app.house import House
from app.inviting import Invited, in_order, papers, participants
from app.inviting_columns import kept_columns
from app.rows.records import StudyRow, study_of
from recsys.errors import BadInputError
from recsys.report.evaluate import smallest_release
from recsys.report.verdict import too_small


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
