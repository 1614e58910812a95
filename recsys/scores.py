"""One closed deck -> one employee's score in every criterion, or the reason why it does not count.

A card that was not answered is not counted. *Don't know* is an answer and no favourite; it takes a
scored decoy out of the comparison.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from statistics import median

from recsys.deck import Arm, Card, Deck, Known, Origin, Stratum
from recsys.policy import Policy, StudyKind, TooFast
from recsys.stats import graded_auc
from recsys.swipes import Answer

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


@dataclass(frozen=True, slots=True)
class DeckScore:
    """One employee's score in every criterion, each in [0, 1]: all that outlives forgetting."""

    hit_rate: float
    discrimination: float
    lift: float


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
    picks = [a for c, a in cards if c.stratum is Stratum.PICK]
    return DeckScore(
        hit_rate=share_liked(picks) or 0.0,
        discrimination=graded_auc(grades(cards, _paired_pick), grades(cards, _decoy)),
        lift=_lift(cards),
    )


def _lift(cards: Sequence[Heard]) -> float:
    ours = share_liked(a for c, a in cards if _pick(c) and Arm.BASELINE not in c.arms)
    theirs = share_liked(a for c, a in cards if c.stratum is Stratum.UNIQUE)
    return 0.5 if ours is None or theirs is None else (1 + ours - theirs) / 2


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


def binary_auc(cards: Sequence[Heard]) -> float:
    """Return the AUC of liked or not: (1 + hit rate - false-alarm rate) / 2 on the pairs."""
    picks, decoys = grades(cards, _paired_pick), grades(cards, _decoy)
    return graded_auc([min(g, 1) for g in picks], [min(g, 1) for g in decoys])


def auc_of_all_picks(cards: Sequence[Heard]) -> float:
    """Return the graded AUC of every pick, paired or not, against the scored decoys."""
    return graded_auc(grades(cards, _pick), grades(cards, _decoy))


def decoy_rejection(cards: Sequence[Heard]) -> float | None:
    """Return the share of scored decoys that she knows and did not like."""
    decoys = grades(cards, _decoy)
    return sum(g == 0 for g in decoys) / len(decoys) if decoys else None


def near_liked(cards: Sequence[Heard]) -> float | None:
    """Return whether she liked the brand of her history that the model did not pick."""
    return share_liked(a for c, a in cards if c.stratum is Stratum.NEAR)


def new_hit_rate(cards: Sequence[Heard]) -> float | None:
    """Return the hit rate on picks of which she had no view or purchase."""
    return share_liked(a for c, a in cards if _pick(c) and not c.known)


def new_discrimination(cards: Sequence[Heard]) -> float | None:
    """Return the graded AUC of the paired picks that were new to her; None without any."""
    picks = grades(cards, lambda c: _paired_pick(c) and not c.known)
    return graded_auc(picks, grades(cards, _decoy)) if picks else None


def rival_weights(cards: Sequence[Card]) -> dict[int, float]:
    """Return by position how much of the rival's list a dealt card stands for.

    Brands that both lists name are all dealt and stand for themselves. Of the rival's own, a random
    part is dealt, and each stands for its share of them: the list is as long as the picks.
    """
    picks = [c for c in cards if _pick(c)]
    shared = [c.position for c in picks if Arm.BASELINE in c.arms]
    unique = [c.position for c in cards if c.stratum is Stratum.UNIQUE]
    each = (len(picks) - len(shared)) / len(unique) if unique else 0.0
    return dict.fromkeys(shared, 1.0) | dict.fromkeys(unique, each)


def weighted_share(
    cards: Sequence[Heard], weights: Mapping[int, float], said: Callable[[Answer], bool]
) -> float | None:
    """Return the weighted share of cards whose answer is one of those said; None without any."""
    mine = [(weights[c.position], said(a)) for c, a in cards if c.position in weights]
    total = sum(weight for weight, _ in mine)
    return sum(weight for weight, yes in mine if yes) / total if total else None


def rival_discrimination(cards: Sequence[Heard], weights: Mapping[int, float]) -> float | None:
    """Return the graded AUC that the rival's cards alone have against the same decoys."""
    decoys = grades(cards, _decoy)
    mine = [
        (weights[c.position], graded_auc([GRADE[a]], decoys))
        for c, a in cards
        if c.position in weights
    ]
    total = sum(weight for weight, _ in mine)
    return sum(weight * auc for weight, auc in mine) / total if total else None


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


def whole_blocks(cards: Sequence[Card], answered: Iterable[int], block: int) -> int:
    """Return how many blocks of the deck are answered to the last card."""
    done = set(answered)
    places = [card.position in done for card in sorted(cards, key=lambda c: c.position)]
    return sum(all(places[i : i + block]) for i in range(0, len(places), block))


def excluded(played: Played, kind: StudyKind, policy: Policy) -> Excluded | None:
    """Return why a deck does not count, leaving aside whether it is the person's first."""
    reason = eligible(played.deck, kind)
    if reason:
        return reason
    answers, cards = played.answers, played.deck.cards
    enough = whole_blocks(cards, answers, policy.deck.block) >= policy.whole_blocks
    if not enough or not any(_pick(c) and c.position in answers for c in cards):
        return Excluded.TOO_FEW
    times = [ms for position, ms in played.shown_ms.items() if position in answers]
    return Excluded.TOO_FAST if too_fast(times, policy.too_fast) else None


def complete(played: Played) -> bool:
    """Return whether every card of the deck was answered."""
    return all(card.position in played.answers for card in played.deck.cards)
