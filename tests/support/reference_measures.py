"""Scores and measures card by card: the oracle of what is computed of all decks at once."""

from collections.abc import Callable, Iterable, Mapping, Sequence

from recsys.study.deck import Card, CardRole, Source
from recsys.study.scoring import DeckScore
from recsys.study.swipes import Answer, CompletedDeck

ANSWER_GRADES = {
    Answer.DONT_KNOW: 0,
    Answer.NOT_FAVOURITE: 0,
    Answer.FAVOURITE: 1,
    Answer.SUPER_LIKE: 2,
}
AnsweredCard = tuple[Card, Answer]
"""A card with its answer."""


def answered_cards(deck: CompletedDeck) -> list[AnsweredCard]:
    """Return the answered cards in the order of the deck."""
    answers = deck.answers
    return [(c, answers[c.position]) for c in deck.deck.cards if c.position in answers]


def reference_score(deck: CompletedDeck) -> DeckScore:
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


def graded_auc(picks: Sequence[int], decoys: Sequence[int]) -> float:
    """Return the chance that a pick is graded above a decoy, a tie counting half.

    Mann and Whitney 1947; Hanley and McNeil, Radiology 1982. Nothing to compare: exactly .5.
    """
    if not picks or not decoys:
        return 0.5
    points = sum((p > d) + (p == d) / 2 for p in picks for d in decoys)
    return points / (len(picks) * len(decoys))


def pick(card: Card) -> bool:
    return card.role is CardRole.PICK


def paired_pick(card: Card) -> bool:
    return pick(card) and card.partner is not None


def decoy(card: Card) -> bool:
    return card.role is CardRole.MATCHED_DECOY


def binary_auc(cards: Sequence[AnsweredCard]) -> float:
    """(1 + hit rate - false-alarm rate) / 2 on the pairs."""
    picks, decoys = card_grades(cards, paired_pick), card_grades(cards, decoy)
    return graded_auc([min(g, 1) for g in picks], [min(g, 1) for g in decoys])


def auc_of_all_picks(cards: Sequence[AnsweredCard]) -> float:
    return graded_auc(card_grades(cards, pick), card_grades(cards, decoy))


def decoy_rejection(cards: Sequence[AnsweredCard]) -> float | None:
    """The share of scored decoys that she knows and did not like."""
    decoys = card_grades(cards, decoy)
    return sum(g == 0 for g in decoys) / len(decoys) if decoys else None


def near_liked(cards: Sequence[AnsweredCard]) -> float | None:
    return liked_share(a for c, a in cards if c.role is CardRole.FAMILIAR_DECOY)


def new_hit_rate(cards: Sequence[AnsweredCard]) -> float | None:
    return liked_share(a for c, a in cards if pick(c) and not c.known)


def new_discrimination(cards: Sequence[AnsweredCard]) -> float | None:
    picks = card_grades(cards, lambda c: paired_pick(c) and not c.known)
    return graded_auc(picks, card_grades(cards, decoy)) if picks else None


def rival_weights(cards: Sequence[Card]) -> dict[int, float]:
    """How much of the rival's list each dealt card stands for, by position."""
    picks = [c for c in cards if pick(c)]
    shared = [c.position for c in picks if Source.BASELINE in c.sources]
    unique = [c.position for c in cards if c.role is CardRole.BASELINE_ONLY]
    each = (len(picks) - len(shared)) / len(unique) if unique else 0.0
    return dict.fromkeys(shared, 1.0) | dict.fromkeys(unique, each)


def weighted_share(
    cards: Sequence[AnsweredCard], weights: Mapping[int, float], said: Callable[[Answer], bool]
) -> float | None:
    mine = [(weights[c.position], said(a)) for c, a in cards if c.position in weights]
    total = sum(weight for weight, _ in mine)
    return sum(weight for weight, yes in mine if yes) / total if total else None


def rival_discrimination(
    cards: Sequence[AnsweredCard], weights: Mapping[int, float]
) -> float | None:
    decoys = card_grades(cards, decoy)
    mine = [
        (weights[c.position], graded_auc([ANSWER_GRADES[a]], decoys))
        for c, a in cards
        if c.position in weights
    ]
    total = sum(weight for weight, _ in mine)
    return sum(weight * auc for weight, auc in mine) / total if total else None


def measures(cards: Sequence[Card], answered: Sequence[AnsweredCard]) -> dict[str, float | None]:
    """Every measure by its name."""
    rival = rival_weights(cards)
    new = [(c, a) for c, a in answered if not (c.known and c.position in rival)]

    def liked(answer: Answer) -> bool:
        return answer.liked

    return {
        "binary_auc": binary_auc(answered),
        "auc_of_all_picks": auc_of_all_picks(answered),
        "decoy_rejection": decoy_rejection(answered),
        "near_liked": near_liked(answered),
        "rival_hit_rate": weighted_share(answered, rival, liked),
        "rival_discrimination": rival_discrimination(answered, rival),
        "new_hit_rate": new_hit_rate(answered),
        "new_discrimination": new_discrimination(answered),
        "new_rival_hit_rate": weighted_share(new, rival, liked),
        "new_rival_discrimination": rival_discrimination(new, rival),
    }
