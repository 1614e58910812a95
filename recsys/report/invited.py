"""The funnel of the invited people, and the comparison of players with invited people."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial

from recsys.disclosure import DisclosureRule
from recsys.report.batches import ClassifiedDeck
from recsys.report.representativeness import FrameShare, frame_shares
from recsys.report.shown_measures import ShownMeasures
from recsys.report.snapshot import InvitationList
from recsys.study.swipes import CompletedDeck


@dataclass(frozen=True, slots=True)
class InvitedFunnel:
    """Number of people that are invited, consented, and reached each step.

    All but `people` are lower bounds in multiples of `min_group_size`, as of the moment when the
    last published batch was full.
    """

    people: int
    consented: int
    step_counts: Mapping[str, int]  # by step; empty if no step was ever recorded


def invited_funnel(
    invitations: InvitationList, published: Sequence[ClassifiedDeck], rule: DisclosureRule
) -> InvitedFunnel:
    """Return the funnel of an invitation list. published: the counted decks of a report."""
    until = max((row.closed_at for row in published), default=0)
    consented = sum(_consent_at(times, until) for times in invitations.consents)
    return InvitedFunnel(
        invitations.people,
        rule.round_down(consented),
        {
            step: rule.round_down(sum(at <= until for at in times))
            for step, times in invitations.step_times.items()
        },
    )


def _consent_at(answers: Mapping[int, bool], until: int) -> bool:
    """Return the last answer up to `until`, False without one. answers: time -> consent."""
    known = [at for at in answers if at <= until]
    return bool(known) and answers[max(known)]


def invited_frame_shares(
    invitations: InvitationList,
    published: Sequence[ClassifiedDeck],
    rule: DisclosureRule,
    shown: ShownMeasures,
) -> dict[str, tuple[FrameShare, ...]]:
    """Compare players with the invited people, by column of the invitation list.

    A column has no rows if its comparison failed; `shown` keeps the failure.
    """
    values = [
        invitations.column_values.get(row.deck.deck.participant, {})
        if isinstance(row.deck, CompletedDeck)
        else {}
        for row in published
    ]
    unknown = tuple[FrameShare, ...]()
    return {
        name: shown.compute(
            "listed",
            partial(frame_shares, invited, [of.get(name) for of in values], rule),
            unknown,
        )
        for name, invited in invitations.column_counts.items()
    }
