"""State machine of the play page, without Streamlit and without a database.

The store has the dealt decks and the consent. A `Stage` is the additional state of this visit.
While a deck is dealt, the session has the pending deal.
"""

from enum import StrEnum, auto

from app.study.eligibility import Eligibility, Ineligible


class Stage(StrEnum):
    """What a player has chosen or been told in this visit."""

    ARRIVED = auto()  # nothing yet: the store alone decides the next step
    AGAIN = auto()  # another deck from the same history
    PRACTICE = auto()  # a practice deck; the player was told that it does not count
    RECONSIDER = auto()  # asks again for consent after an earlier no
    THIN = auto()  # there was too little history for recommendations
    PICKS = auto()  # decks from picked brands, although the customer is known
    PICKS_AGAIN = auto()  # another deck from picked brands


class Step(StrEnum):
    """What the page shows or does when no deck is shown."""

    TELL_THIN = auto()  # too little history: brands can be picked instead
    PICK_BRANDS = auto()
    TELL_PRACTICE = auto()  # explain why a deck would not count
    ASK_CONSENT = auto()
    DEAL = auto()


def reads_history(stage: Stage, consent: bool | None) -> bool:
    """Return whether a linked customer plays from purchase history. `consent`: the last answer.

    A no is valid until the player reconsiders it.
    """
    if stage in (Stage.PICKS, Stage.PICKS_AGAIN):
        return False
    return stage in (Stage.RECONSIDER, Stage.PRACTICE) or consent is not False


def shows_dealt_deck(stage: Stage) -> bool:
    """Return whether an already dealt deck is shown; otherwise a new deck is started."""
    return stage not in (Stage.AGAIN, Stage.PICKS_AGAIN, Stage.THIN)


def next_step(stage: Stage, eligibility: Eligibility, consent: bool | None) -> Step:
    """Return the next step towards a new deck.

    For another deck, consent is not asked again, nor is the practice notice shown again.
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
    """Return the stage of a player who wants another deck."""
    return Stage.PICKS_AGAIN if stage in (Stage.PICKS, Stage.PICKS_AGAIN) else Stage.AGAIN


def after_deal(stage: Stage) -> Stage:
    """Return the stage after dealing has started: a request for a deck is fulfilled."""
    done = {
        Stage.AGAIN: Stage.ARRIVED,
        Stage.RECONSIDER: Stage.ARRIVED,
        Stage.PICKS_AGAIN: Stage.PICKS,
    }
    return done.get(stage, stage)
