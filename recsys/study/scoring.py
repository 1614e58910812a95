"""One closed deck -> one employee's score in every criterion, or the reason why it does not count.

A card that was not answered is not counted. *Don't know* is an answer and no favourite; it takes a
scored decoy out of the comparison.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from statistics import median

from recsys.stats import graded_auc, unit_scores
from recsys.study.deck import Arm, Card, Deck, Known, Origin, Stratum
from recsys.study.policy import Policy, StudyKind, TooFast
from recsys.study.swipes import Answer

GRADE = {
    Answer.DONT_KNOW: 0,
    Answer.NOT_FAVOURITE: 0,
    Answer.FAVOURITE: 1,
    Answer.SUPER_LIKE: 2,
}


@dataclass(frozen=True, slots=True)
class Played:
    """A closed deck with the answers that stood when it closed."""

    deck: Deck
    answers: Mapping[int, Answer]  # by position; cards without an answer are absent
    shown_ms: Mapping[int, int]  # by position: how long the card lay open
    dealt_at: int  # milliseconds since 1970, by the server's clock
    closed_at: int
    language: str | None = None  # of the page it was dealt on
    device: str | None = None  # phone, tablet or desk, by its first answer


@dataclass(frozen=True, slots=True)
class DeckScore:
    """One employee's score in every criterion, each in [0, 1]: all that outlives forgetting.

    A score that rounding carried outside is clipped; ValueError for one that lies further outside.
    """

    hit_rate: float
    discrimination: float
    lift: float
    challenger: float = 0.5  # (1 + P_B - P_A) / 2 of two versions' hit rates; .5 of one version

    def __post_init__(self) -> None:
        names = self.__slots__
        clipped = unit_scores([getattr(self, name) for name in names]).tolist()
        for name, value in zip(names, clipped, strict=True):
            object.__setattr__(self, name, value)


def score_to_row(score: DeckScore) -> dict[str, float]:
    """Return a score by the names of the criteria, as it is kept."""
    return {
        "hit_rate": score.hit_rate,
        "discrimination": score.discrimination,
        "lift": score.lift,
        "challenger": score.challenger,
    }


def score_from_row(row: Mapping[str, float]) -> DeckScore:
    """Return the score of what is kept; of before there were comparisons it has no challenger."""
    return DeckScore(
        hit_rate=row["hit_rate"],
        discrimination=row["discrimination"],
        lift=row["lift"],
        challenger=row.get("challenger", 0.5),
    )


Heard = tuple[Card, Answer]
"""A card with its answer."""


def heard(played: Played) -> list[Heard]:
    """Return the answered cards in the order of the deck."""
    answers = played.answers
    return [(c, answers[c.position]) for c in played.deck.cards if c.position in answers]


def score(played: Played) -> DeckScore:
    """Return the scores of STATISTICS' table. Without an answered pick the hit rate is 0."""
    return _score(heard(played))


def _score(cards: Sequence[Heard]) -> DeckScore:
    picks = share_liked(a for c, a in cards if _pick(c))
    return DeckScore(
        hit_rate=picks or 0.0,
        discrimination=graded_auc(grades(cards, _paired_pick), grades(cards, _decoy)),
        lift=_lift(cards),
        challenger=_ahead(share_liked(a for c, a in cards if Arm.CHALLENGER in c.arms), picks),
    )


def _lift(cards: Sequence[Heard]) -> float:
    ours = share_liked(a for c, a in cards if _pick(c) and Arm.BASELINE not in c.arms)
    theirs = share_liked(a for c, a in cards if c.stratum is Stratum.UNIQUE)
    return _ahead(ours, theirs)


def _ahead(one: float | None, other: float | None) -> float:
    """Return (1 + one - other) / 2 of two hit rates; exactly .5 where one is not known."""
    return 0.5 if one is None or other is None else (1 + one - other) / 2


def share_liked(answers: Iterable[Answer]) -> float | None:
    """Return the share of favourites and super likes; None when there is no answer."""
    liked = [answer.liked for answer in answers]
    return sum(liked) / len(liked) if liked else None


def grades(cards: Sequence[Heard], wanted: Callable[[Card], bool]) -> list[int]:
    """Return the grades of the wanted cards, a decoy that she does not know left out."""
    return [GRADE[a] for c, a in cards if wanted(c) and not (a is Answer.DONT_KNOW and _decoy(c))]


def _pick(card: Card) -> bool:
    return card.stratum is Stratum.PICK


def _paired_pick(card: Card) -> bool:
    return card.stratum is Stratum.PICK and card.partner is not None


def _decoy(card: Card) -> bool:
    return card.stratum is Stratum.FAR


class Excluded(StrEnum):
    """Why a closed deck does not count."""

    ORIGIN = "origin"
    THIN = "thin"
    AGAIN = "again"
    TOO_FEW = "too_few"
    TOO_FAST = "too_fast"

    @property
    def words(self) -> str:
        """Return the reason for a reader."""
        return _WORDS[self][0]

    @property
    def words_nl(self) -> str:
        """Return the reason for a Dutch reader."""
        return _WORDS[self][1]


_WORDS = {
    Excluded.ORIGIN: ("for practice or fun", "om te oefenen of voor de lol"),
    Excluded.THIN: ("too little history to guess from", "te weinig geschiedenis om te raden"),
    Excluded.AGAIN: ("a second deck of the same person", "een tweede stapel van dezelfde persoon"),
    Excluded.TOO_FEW: ("fewer than two whole blocks answered", "minder dan twee hele blokken"),
    Excluded.TOO_FAST: ("answered too fast to have read", "te snel beantwoord om te lezen"),
}

COUNTED = {
    StudyKind.LIVE: Origin.OWN,
    StudyKind.SIMULATED: Origin.SIMULATED,
    StudyKind.PLAYGROUND: Origin.SIMULATED,
}
"""Whose decks a study of a kind counts."""


def too_fast(times_ms: Sequence[int], rule: TooFast) -> bool:
    """Return whether these times are too short to have read the cards.

    It is given times and nothing else: leaving people out by their answers moves the result.
    """
    if not times_ms:
        return False
    quick = sum(ms < rule.card_ms for ms in times_ms) / len(times_ms)
    return median(times_ms) < rule.median_ms or quick > rule.share


def eligible(deck: Deck, kind: StudyKind) -> Excluded | None:
    """Return why a deck of this origin can never count in a study of this kind."""
    if deck.origin is not COUNTED[kind]:
        return Excluded.ORIGIN
    thin = kind is StudyKind.LIVE and deck.evidence is not Known.ENOUGH
    return Excluded.THIN if thin else None


@dataclass(frozen=True, slots=True)
class Pace:
    """How a deck was played, and nothing of what was answered: all that leaving out may see."""

    deck: Deck
    answered: frozenset[int]  # positions
    shown_ms: Mapping[int, int]

    @classmethod
    def of(cls, played: Played) -> "Pace":
        """Return the pace of a closed deck."""
        return cls(played.deck, frozenset(played.answers), played.shown_ms)


def whole_blocks(cards: int, answered: frozenset[int], block: int) -> int:
    """Return how many blocks of a deck of so many cards are answered to the last card."""
    ends = (min(start + block, cards + 1) for start in range(1, cards + 1, block))
    starts = range(1, cards + 1, block)
    return sum(answered.issuperset(range(s, e)) for s, e in zip(starts, ends, strict=True))


def excluded(pace: Pace, kind: StudyKind, policy: Policy) -> Excluded | None:
    """Return why a deck does not count, leaving aside whether it is the person's first."""
    reason = eligible(pace.deck, kind)
    if reason:
        return reason
    answered, cards = pace.answered, pace.deck.cards
    enough = whole_blocks(len(cards), answered, policy.deck.block) >= policy.whole_blocks
    if not enough or not any(_pick(c) and c.position in answered for c in cards):
        return Excluded.TOO_FEW
    times = [ms for position, ms in pace.shown_ms.items() if position in answered]
    return Excluded.TOO_FAST if too_fast(times, policy.too_fast) else None


def complete(pace: Pace) -> bool:
    """Return whether every card of the deck was answered."""
    return pace.answered.issuperset(range(1, len(pace.deck.cards) + 1))
