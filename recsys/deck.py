"""picks + baseline + decoys -> Deck: blind, shuffled, frozen, hashed."""

from dataclasses import dataclass
from enum import StrEnum


class Arm(StrEnum):
    """Who proposed a card."""

    PICK = "pick"
    BASELINE = "baseline"
    DECOY = "decoy"


class Origin(StrEnum):
    """Whose history a deck was computed from. A live study counts OWN alone."""

    OWN = "own"
    ELICITED = "elicited"
    PERSONA = "persona"
    SIMULATED = "simulated"
    PRACTICE = "practice"


class Known(StrEnum):
    """How much the shop knows of the person."""

    ENOUGH = "enough"
    THIN = "thin"


class Stratum(StrEnum):
    """What part a card plays."""

    PICK = "pick"  # from the model's list
    UNIQUE = "unique"  # from the rival's list alone
    FAR = "far"  # a scored decoy: no own view or purchase, paired with a pick
    NEAR = "near"  # own history, yet not picked: reported, never scored
    SPARE = "spare"  # a decoy that fills a vacant place: never scored


class Step(StrEnum):
    """Where a scored decoy was found, seen from its pick."""

    CATEGORY = "category"
    TIER = "tier"
    ANYWHERE = "anywhere"


@dataclass(frozen=True, slots=True)
class Card:
    """The whole card. Stays on the server until the deck is closed."""

    position: int  # from 1
    brand: str
    category: str
    arms: frozenset[Arm]
    stratum: Stratum
    partner: int | None  # position of the paired card (pick <-> far decoy)
    step: Step | None  # how far its partner had to be sought
    known: bool  # she has a view or purchase of this brand
    popularity: int  # customers with a purchase of it, in the model's sample


@dataclass(frozen=True, slots=True)
class Face:
    """The half of a card that the browser may see: a function of brand and catalogue alone."""

    position: int
    brand: str
    picture: str | None
    category: str
    products: tuple[str, ...]  # up to three titles


@dataclass(frozen=True, slots=True)
class DeckRecipe:
    """How many cards of which part. The default is the study's deck of 20."""

    picks: int = 10
    baseline: int = 5
    scored: int = 4  # far decoys, each paired with a pick
    near: int = 1
    block: int = 4  # cards a shuffled block

    @property
    def cards(self) -> int:
        """Cards in the deck."""
        return self.picks + self.baseline + self.scored + self.near


TASTER = DeckRecipe(picks=4, baseline=2, scored=2, near=0)
"""Eight cards for somebody who has only named a few brands."""


@dataclass(frozen=True, slots=True)
class Deck:
    """Dealt once, never changed."""

    id: str  # random, the only part of this the browser sees
    study: str  # hash of the study
    participant: str  # pseudonym
    origin: Origin
    evidence: Known
    model: str  # hash of the model version
    seed: int  # 128 random bits
    cards: tuple[Card, ...]
    hash: str
