"""One closed deck -> one employee's score in every criterion, or the reason why it does not count.

A card that was not answered is not counted. *Don't know* is an answer and no favourite; it takes a
scored decoy out of the comparison.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from statistics import median
from typing import Protocol

from recsys.stats import graded_auc, unit_scores
from recsys.study.deck import Card, CardRole, Deck, HistoryDepth, Origin, Source
from recsys.study.policy import Policy, StudyKind, TooFast
from recsys.study.swipes import Answer

ANSWER_GRADES = {
    Answer.DONT_KNOW: 0,
    Answer.NOT_FAVOURITE: 0,
    Answer.FAVOURITE: 1,
    Answer.SUPER_LIKE: 2,
}


@dataclass(frozen=True, slots=True)
class CompletedDeck:
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

    precision: float
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
        "hit_rate": score.precision,
        "discrimination": score.discrimination,
        "lift": score.lift,
        "challenger": score.challenger,
    }


def score_from_row(row: Mapping[str, float]) -> DeckScore:
    """Return the score of what is kept; of before there were comparisons it has no challenger."""
    return DeckScore(
        precision=row["hit_rate"],
        discrimination=row["discrimination"],
        lift=row["lift"],
        challenger=row.get("challenger", 0.5),
    )


AnsweredCard = tuple[Card, Answer]
"""A card with its answer."""


def answered_cards(deck: CompletedDeck) -> list[AnsweredCard]:
    """Return the answered cards in the order of the deck."""
    answers = deck.answers
    return [(c, answers[c.position]) for c in deck.deck.cards if c.position in answers]


def score_deck(deck: CompletedDeck) -> DeckScore:
    """Return the scores of STATISTICS' table. Without an answered pick the hit rate is 0."""
    return _score_cards(answered_cards(deck))


def _score_cards(cards: Sequence[AnsweredCard]) -> DeckScore:
    precision = liked_share(a for c, a in cards if _is_pick(c))
    return DeckScore(
        precision=precision or 0.0,
        discrimination=graded_auc(
            card_grades(cards, _is_paired_pick), card_grades(cards, _is_matched_decoy)
        ),
        lift=_lift_score(cards),
        challenger=_difference_score(
            liked_share(a for c, a in cards if Source.CHALLENGER in c.sources), precision
        ),
    )


def _lift_score(cards: Sequence[AnsweredCard]) -> float:
    own_share = liked_share(a for c, a in cards if _is_pick(c) and Source.BASELINE not in c.sources)
    baseline_share = liked_share(a for c, a in cards if c.role is CardRole.BASELINE_ONLY)
    return _difference_score(own_share, baseline_share)


def _difference_score(first: float | None, second: float | None) -> float:
    """Return (1 + one - other) / 2 of two hit rates; exactly .5 where one is not known."""
    return 0.5 if first is None or second is None else (1 + first - second) / 2


def liked_share(answers: Iterable[Answer]) -> float | None:
    """Return the share of favourites and super likes; None when there is no answer."""
    liked = [answer.liked for answer in answers]
    return sum(liked) / len(liked) if liked else None


def card_grades(cards: Sequence[AnsweredCard], selected: Callable[[Card], bool]) -> list[int]:
    """Return the grades of the wanted cards, a decoy that she does not know left out."""
    return [
        ANSWER_GRADES[a]
        for c, a in cards
        if selected(c) and not (a is Answer.DONT_KNOW and _is_matched_decoy(c))
    ]


def _is_pick(card: Card) -> bool:
    return card.role is CardRole.PICK


def _is_paired_pick(card: Card) -> bool:
    return card.role is CardRole.PICK and card.partner is not None


def _is_matched_decoy(card: Card) -> bool:
    return card.role is CardRole.MATCHED_DECOY


class ExclusionReason(StrEnum):
    """Why a closed deck does not count."""

    ORIGIN = "origin"
    THIN_HISTORY = "thin"
    NOT_FIRST = "again"
    TOO_FEW = "too_few"
    TOO_FAST = "too_fast"

    @property
    def words(self) -> str:
        """Return the reason for a reader."""
        return _REASON_WORDS[self][0]

    @property
    def words_nl(self) -> str:
        """Return the reason for a Dutch reader."""
        return _REASON_WORDS[self][1]


_REASON_WORDS = {
    ExclusionReason.ORIGIN: ("for practice or fun", "om te oefenen of voor de lol"),
    ExclusionReason.THIN_HISTORY: (
        "too little history to guess from",
        "te weinig geschiedenis om te raden",
    ),
    ExclusionReason.NOT_FIRST: (
        "a second deck of the same person",
        "een tweede stapel van dezelfde persoon",
    ),
    ExclusionReason.TOO_FEW: (
        "fewer than two whole blocks answered",
        "minder dan twee hele blokken",
    ),
    ExclusionReason.TOO_FAST: ("answered too fast to have read", "te snel beantwoord om te lezen"),
}

COUNTED_ORIGIN = {
    StudyKind.LIVE: Origin.OWN,
    StudyKind.SIMULATED: Origin.SIMULATED,
    StudyKind.PLAYGROUND: Origin.SIMULATED,
}
"""Whose decks a study of a kind counts."""


def is_too_fast(times_ms: Sequence[int], rule: TooFast) -> bool:
    """Return whether these times are too short to have read the cards.

    It is given times and nothing else: leaving people out by their answers moves the result.
    """
    if not times_ms:
        return False
    fast_share = sum(ms < rule.card_ms for ms in times_ms) / len(times_ms)
    return median(times_ms) < rule.median_ms or fast_share > rule.share


class DealtFrom(Protocol):
    """What a deck was dealt from."""

    @property
    def origin(self) -> Origin: ...
    @property
    def evidence(self) -> HistoryDepth: ...


def ineligibility(deck: DealtFrom, kind: StudyKind) -> ExclusionReason | None:
    """Return why a deck of this origin can never count in a study of this kind."""
    if deck.origin is not COUNTED_ORIGIN[kind]:
        return ExclusionReason.ORIGIN
    is_thin = kind is StudyKind.LIVE and deck.evidence is not HistoryDepth.ENOUGH
    return ExclusionReason.THIN_HISTORY if is_thin else None


@dataclass(frozen=True, slots=True)
class ResponseTimes:
    """How a deck was played, and nothing of what was answered: all that leaving out may see."""

    deck: Deck
    answered: frozenset[int]  # positions
    shown_ms: Mapping[int, int]

    @classmethod
    def from_deck(cls, deck: CompletedDeck) -> "ResponseTimes":
        """Return the pace of a closed deck."""
        return cls(deck.deck, frozenset(deck.answers), deck.shown_ms)


def complete_blocks(cards: int, answered: frozenset[int], block: int) -> int:
    """Return how many blocks of a deck of so many cards are answered to the last card."""
    ends = (min(start + block, cards + 1) for start in range(1, cards + 1, block))
    starts = range(1, cards + 1, block)
    return sum(answered.issuperset(range(s, e)) for s, e in zip(starts, ends, strict=True))


def exclusion_reason(
    times: ResponseTimes, kind: StudyKind, policy: Policy
) -> ExclusionReason | None:
    """Return why a deck does not count, leaving aside whether it is the person's first."""
    reason = ineligibility(times.deck, kind)
    if reason:
        return reason
    answered, cards = times.answered, times.deck.cards
    enough = complete_blocks(len(cards), answered, policy.deck.block) >= policy.whole_blocks
    if not enough or not any(_is_pick(c) and c.position in answered for c in cards):
        return ExclusionReason.TOO_FEW
    times_ms = [ms for position, ms in times.shown_ms.items() if position in answered]
    return ExclusionReason.TOO_FAST if is_too_fast(times_ms, policy.too_fast) else None


def is_complete(times: ResponseTimes) -> bool:
    """Return whether every card of the deck was answered."""
    return times.answered.issuperset(range(1, len(times.deck.cards) + 1))
