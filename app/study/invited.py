"""How far the invited of a study came, and how its players compare with them."""

from collections.abc import Mapping
from functools import partial

from app.storage.study_db.records import Closing
from app.storage.study_db.store import StudyStore
from app.workspace import json_log
from recsys.report.report_data import Report
from recsys.report.representativeness import FrameShare, frame_shares
from recsys.report.shown_measures import ShownMeasures
from recsys.report.tables import DisclosureRule


def invitation_funnel(
    store: StudyStore, study: str, report: Report
) -> tuple[int | None, int | None, Mapping[str, int]]:
    """Return how many are invited, said yes and came to each step; without a list, nothing.

    All but the first in whole cells, as of the moment when the last published batch was full.
    """
    invited, policy = store.invited_count(study), report.policy
    if invited is None:
        return None, None, {}
    closing_times = (
        closing.closed_at or 0 for closing in _published_closings(store, study, report)
    )
    until, disclosure = max(closing_times, default=0), DisclosureRule(policy.batch, policy.cell)
    step_counts = {
        step.value: disclosure.round_down(n) for step, n in store.step_counts(study, until).items()
    }
    return invited, disclosure.round_down(store.consented_count(study, until)), step_counts


def list_frame_shares(
    store: StudyStore, study: str, report: Report
) -> dict[str, tuple[FrameShare, ...]]:
    """Return players against the invited by column of the list, as of the last published batch.

    A column that could not be compared has no rows.
    """
    columns, policy = store.column_counts(study), report.policy
    if not columns:
        return {}
    participant_of = {each.deck.id: each.deck.participant for each in store.decks_of(study)}
    participants = [
        participant_of.get(one.deck or "") for one in _published_closings(store, study, report)
    ]
    column_values = [{} if who is None else store.column_values(study, who) for who in participants]
    disclosure, shown, none = (
        DisclosureRule(policy.batch, policy.cell),
        ShownMeasures(),
        tuple[FrameShare, ...](),
    )
    found = {
        name: shown.compute(
            "listed",
            partial(
                frame_shares, invited, [values.get(name) for values in column_values], disclosure
            ),
            none,
        )
        for name, invited in columns.items()
    }
    json_log.not_computed(shown.failures)
    return found


def _published_closings(store: StudyStore, study: str, report: Report) -> list[Closing]:
    """Return the closed decks behind the report, in the order of closing."""
    counted = [closing for closing in store.closings(study) if closing.why_not is None]
    return counted[: report.players.counted]
