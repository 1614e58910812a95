"""What comes next on the play page: decided here without Streamlit and without a database.

The store knows which deck was dealt and whether reading was allowed. A `Stage` is what this visit
adds to that. While cards are dealt, the session holds the pending deal.
"""

from enum import StrEnum, auto

from app.study.eligibility import Eligibility, Ineligible


class Stage(StrEnum):
    """What a player has chosen in this visit, or learned in it."""

    ARRIVED = auto()  # nothing yet: the store alone says what comes next
    AGAIN = auto()  # another deck from the same history
    PRACTICE = auto()  # a deck of which it was said that it does not count
    RECONSIDER = auto()  # the question whether history may be read, after an earlier no
    THIN = auto()  # there was too little history to guess from
    PICKS = auto()  # decks from picked brands, though the shop knows this person
    PICKS_AGAIN = auto()  # another deck from picked brands


class Step(StrEnum):
    """What the page shows or does where no deck is shown."""

    TELL_THIN = auto()  # too little history: brands can be picked instead
    PICK_BRANDS = auto()
    TELL_PRACTICE = auto()  # why a deck would not count
    ASK_CONSENT = auto()
    DEAL = auto()


def reads_history(stage: Stage, consent: bool | None) -> bool:
    """Return whether somebody the shop knows plays from that history. `consent` is the last word.

    A no counts until it is reconsidered.
    """
    if stage in (Stage.PICKS, Stage.PICKS_AGAIN):
        return False
    return stage in (Stage.RECONSIDER, Stage.PRACTICE) or consent is not False


def shows_dealt_deck(stage: Stage) -> bool:
    """Return whether a deck that was dealt before is shown; else another one is begun."""
    return stage not in (Stage.AGAIN, Stage.PICKS_AGAIN, Stage.THIN)


def next_step(stage: Stage, eligibility: Eligibility, consent: bool | None) -> Step:
    """Return the next step towards a new deck.

    A yes need not be said again for another deck, nor that practice does not count.
    """
    if stage is Stage.THIN:
        return Step.TELL_THIN
    if eligibility.player.customer is None:
        return Step.PICK_BRANDS
    counts = eligibility.reason in (None, Ineligible.PLAYED)
    if not counts and stage not in (Stage.PRACTICE, Stage.AGAIN):
        return Step.TELL_PRACTICE
    return Step.DEAL if stage is Stage.AGAIN and consent else Step.ASK_CONSENT


def after_reveal(stage: Stage) -> Stage:
    """Return the stage of somebody who wants another deck."""
    return Stage.PICKS_AGAIN if stage in (Stage.PICKS, Stage.PICKS_AGAIN) else Stage.AGAIN


def after_deal(stage: Stage) -> Stage:
    """Return the stage once cards are being dealt: what was asked for is done."""
    done = {
        Stage.AGAIN: Stage.ARRIVED,
        Stage.RECONSIDER: Stage.ARRIVED,
        Stage.PICKS_AGAIN: Stage.PICKS,
    }
    return done.get(stage, stage)
