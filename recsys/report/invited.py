"""How far the invited people came, and how the players compare with them."""

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
    """How many people are invited, said yes and came to each step.

    All but the first are in whole cells, as of the moment when the last published batch was full.
    """

    people: int
    consented: int  # at least so many had said yes
    step_counts: Mapping[str, int]  # by step; empty where no step was ever noted


def invited_funnel(
    invitations: InvitationList, published: Sequence[ClassifiedDeck], rule: DisclosureRule
) -> InvitedFunnel:
    """Return the funnel of an invitation list. `published` are the counted decks of a report."""
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
    """Return the last answer up to a moment; False without one."""
    known = [at for at in answers if at <= until]
    return bool(known) and answers[max(known)]


def invited_frame_shares(
    invitations: InvitationList,
    published: Sequence[ClassifiedDeck],
    rule: DisclosureRule,
    shown: ShownMeasures,
) -> dict[str, tuple[FrameShare, ...]]:
    """Return the players against the invited by column of the list.

    A column that could not be compared has no rows.
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
