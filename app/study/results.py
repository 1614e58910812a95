"""Studies: opening one, closing its decks, reading its report, taking its decision."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import partial
from math import inf

from app.storage.study_db.records import (
    ClosedBy,
    Closing,
    DealtDeck,
    Decision,
    Override,
    Standing,
    StudyRow,
    study_of,
)
from app.storage.study_db.row_codec import score_of
from app.storage.study_db.store import Store
from app.workspace import json_log
from app.workspace.workspace import House
from recsys.errors import BadInputError, IntegrityError
from recsys.report import gate
from recsys.report.batches import Closed, sorted_out
from recsys.report.evaluate import Report, tally
from recsys.report.gate import Verdict
from recsys.report.representativeness import ListRow, against
from recsys.report.shown_measures import ShownMeasures
from recsys.report.tables import Unit
from recsys.study.policy import Policy, Study, StudyKind
from recsys.study.scoring import (
    Excluded,
    Played,
    eligible,
    score,
    score_to_row,
)
from recsys.study.swipes import stand


def _same_rule(row: StudyRow, rule: Policy) -> bool:
    return Policy.from_dict(row.policy).hash == rule.hash


def newest(store: Store, name: str | None = None) -> StudyRow:
    """The study of that name, or the one opened last that is no playground."""
    if name is not None:
        return store.study(name)
    for row in store.studies():
        if row.kind is not StudyKind.PLAYGROUND:
            return row
    raise BadInputError("There is no study yet. Open one with `brandswipe study open`.")


@dataclass(frozen=True, slots=True)
class Judged:
    """What a study says now. Once decided, the decision stands."""

    row: StudyRow
    report: Report
    verdict: Verdict
    decision: Decision | None
    overrides: tuple[Override, ...] = ()
    invited: int | None = None  # None: there is no list, and everybody may play
    agreed: int | None = None  # of those: at least so many had said yes by the last batch
    reached: Mapping[str, int] = field(default_factory=dict)  # by step, where noted
    listed: Mapping[str, tuple[ListRow, ...]] = field(default_factory=dict)  # by column


def judge(store: Store, row: StudyRow) -> Judged:
    """Read the report of a study; the first batch that decides writes the decision and closes it.

    Raises IntegrityError where a decision stands that the answers no longer give.
    """
    study = study_of(row)
    earlier = _earlier(store, row)
    opened = _open_since(store, row, study, earlier)
    report = tally(study, list(_closed(store, row)), opened, earlier=earlier)
    json_log.not_computed(report.failures)
    decision = store.decision(row.hash)
    withdrawn = any(closing.deck is None for closing in store.closings(row.hash))
    verdict = _verdict(report, study.policy, decision if withdrawn else None)
    if decision is None and verdict.outcome is not gate.Outcome.UNDECIDED:
        decision = store.record_decision(
            row.hash, verdict.n, verdict.outcome.value, {"en": verdict.reason}
        )
        store.close_study(row.hash, f"decided after {verdict.n} people")
    if decision and (decision.outcome, decision.batch) != (verdict.outcome.value, verdict.n):
        raise IntegrityError(
            f"The decision of {row.name} was {decision.outcome} after {decision.batch} people, "
            f"but its answers now say {verdict.outcome.value} after {verdict.n}: restore the study "
            "from a backup."
        )
    overrides = tuple(store.overrides(row.hash))
    far = how_far(store, row.hash, report)
    listed = on_the_list(store, row.hash, report)
    return Judged(store.study(row.hash), report, verdict, decision, overrides, *far, listed)


def _verdict(report: Report, rule: Policy, decision: Decision | None) -> Verdict:
    """What the answers say; of a decision whose answers were forgotten in part, what stays says.

    Completion and balance were seen to when the study decided. They need the decks themselves, and
    a forgotten one is gone; the scores still give the outcome at its batch.
    """
    if decision is not None:
        bare = replace(rule, completion=_ANY, balance=inf, least_players=decision.batch)
        return gate.first_decision(report, bare) or gate.decide(report, rule)
    return gate.decide(report, rule)


_ANY = 1e-9  # a share above none


def _closed(store: Store, row: StudyRow) -> Iterator[Closed]:
    """The closed decks in order; of a withdrawn one its scores alone, or why it did not count."""
    decks = {dealt.deck.id: dealt for dealt in store.decks_of(row.hash)}
    standing = store.standing(row.hash)
    for closing in store.closings(row.hash):
        dealt = decks.get(closing.deck or "")
        if dealt is not None:
            yield played(dealt, closing, standing.get(dealt.deck.id))
        elif closing.why_not is not None:
            yield Excluded(closing.why_not)
        elif closing.score is not None:
            yield score_of(closing.score)


def _open_since(store: Store, row: StudyRow, study: Study, earlier: Mapping[str, int]) -> list[int]:
    """When those decks were dealt that are open and could count: of each person the first."""
    closed = {closing.deck for closing in store.closings(row.hash)}
    had, found = set(earlier), []
    for dealt in store.decks_of(row.hash):
        if eligible(dealt.deck, study.kind) is None:
            if dealt.deck.id not in closed and dealt.deck.participant not in had:
                found.append(dealt.dealt_at)
            had.add(dealt.deck.participant)
    return found


def _earlier(store: Store, row: StudyRow) -> dict[str, int]:
    """When people closed a deck of the same model and policy in another live study.

    Whose answers the model has learnt from was always earlier. Simulated people are others in every
    study, by their pseudonyms.
    """
    if row.kind is not StudyKind.LIVE:
        return {}
    found = _taught(store, row)
    for other in store.studies():
        same = other.kind is row.kind and other.hash != row.hash
        same = same and (other.model, other.challenger) == (row.model, row.challenger)
        if same and _same_rule(other, study_of(row).policy):
            for dealt, at in _closings(store, other):
                if eligible(dealt.deck, row.kind) is None:
                    who = dealt.deck.participant
                    found[who] = min(at, found.get(who, at))
    return found


def _taught(store: Store, row: StudyRow) -> dict[str, int]:
    """The people whose answers a version of a study has learnt from: they never judge it."""
    return {
        dealt.deck.participant: 0
        for version in row.versions
        for teacher in store.teachers(version)
        for dealt, _ in _closings(store, store.study(teacher))
    }


def _closings(store: Store, row: StudyRow) -> Iterator[tuple[DealtDeck, int]]:
    """The decks of a study that are closed, and when they were."""
    at = {closing.deck: closing.closed_at for closing in store.closings(row.hash)}
    for dealt in store.decks_of(row.hash):
        closed_at = at.get(dealt.deck.id)
        if closed_at is not None:
            yield dealt, closed_at


def played(dealt: DealtDeck, closing: Closing, standing: Standing | None) -> Played:
    """A closed deck as the report reads it."""
    return Played(
        deck=dealt.deck,
        answers=standing.answers if standing else {},
        shown_ms=standing.shown_ms if standing else {},
        dealt_at=dealt.dealt_at,
        closed_at=closing.closed_at or 0,
        language=dealt.language,
        device=standing.device if standing else None,
    )


def close_deck(store: Store, row: StudyRow, deck: str, by: ClosedBy) -> Closing:
    """Close a deck; its scores enter the study once, now."""
    dealt, study = store.deck(deck), study_of(row)
    standing = _standing(store, deck)
    done = Played(dealt.deck, standing.answers, standing.shown_ms, dealt.dealt_at, store.clock())
    hers = [*_closed_by(store, dealt), done]
    reason = sorted_out(hers, study, _earlier(store, row))[-1].why
    if done.answers and reason is None:
        return store.close_deck(deck, by, score_to_row(score(done)))
    return store.close_deck(deck, by, None, reason.value if reason else None)


def _standing(store: Store, deck: str) -> Standing:
    swipes = store.swipes_of(deck)
    shown: dict[int, int] = {}
    for swipe in swipes:
        shown[swipe.position] = max(swipe.shown_ms or 0, shown.get(swipe.position, 0))
    return Standing(stand(swipes), shown)


def _closed_by(store: Store, dealt: DealtDeck) -> list[Played]:
    """What the same person closed in the same study before."""
    return [
        Played(other.deck, {}, {}, other.dealt_at, closing.closed_at or 0)
        for other in store.decks_by(dealt.deck.participant)
        if other.deck.study == dealt.deck.study and (closing := store.closing(other.deck.id))
    ]


def close_overdue(store: Store, row: StudyRow) -> int:
    """Close every deck of a study whose time is over; return how many."""
    late = store.overdue(row.hash)
    for dealt in late:
        close_deck(store, row, dealt.deck.id, ClosedBy.TIME)
    return len(late)


@dataclass(frozen=True, slots=True)
class Human:
    """One study of a version."""

    judged: Judged

    @property
    def outcome(self) -> str:
        """Release, hold or undecided; of an overridden one what the answers said."""
        return self.judged.verdict.outcome.value


def studies_of(house: House, model: str) -> list[Human]:
    """Return the studies that judge a version, the newest first, each judged now."""
    rows = [
        row
        for row in house.store.studies()
        if model in row.versions and row.kind is not StudyKind.PLAYGROUND
    ]
    return [Human(judge(house.store, row)) for row in rows]


def how_far(
    store: Store, study: str, report: Report
) -> tuple[int | None, int | None, Mapping[str, int]]:
    """Return how many are invited, said yes and came to each step; without a list, nothing.

    All but the first in whole cells, as of the moment when the last published batch was full.
    """
    invited, rule = store.invited(study), report.policy
    if invited is None:
        return None, None, {}
    closed = (closing.closed_at or 0 for closing in _published(store, study, report))
    until, unit = max(closed, default=0), Unit(rule.batch, rule.cell)
    reached = {step.value: unit.cells(n) for step, n in store.reached(study, until).items()}
    return invited, unit.cells(store.agreed(study, until)), reached


def on_the_list(store: Store, study: str, report: Report) -> dict[str, tuple[ListRow, ...]]:
    """Return players against the invited by column of the list, as of the last published batch.

    A column that could not be compared has no rows.
    """
    columns, rule = store.listed(study), report.policy
    if not columns:
        return {}
    dealt = {each.deck.id: each.deck.participant for each in store.decks_of(study)}
    people = [dealt.get(one.deck or "") for one in _published(store, study, report)]
    said = [{} if who is None else store.values_of(study, who) for who in people]
    unit, shown, none = Unit(rule.batch, rule.cell), ShownMeasures(), tuple[ListRow, ...]()
    found = {
        name: shown.compute(
            "listed", partial(against, invited, [values.get(name) for values in said], unit), none
        )
        for name, invited in columns.items()
    }
    json_log.not_computed(shown.failures)
    return found


def _published(store: Store, study: str, report: Report) -> list[Closing]:
    """Return the closed decks behind the report, in the order of closing."""
    counted = [closing for closing in store.closings(study) if closing.why_not is None]
    return counted[: report.players.counted]
