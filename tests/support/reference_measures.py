"""The measures beside the criteria, card by card: the oracle of recsys.report.response_table."""

from collections.abc import Callable, Mapping, Sequence

from recsys.stats import graded_auc
from recsys.study.deck import Card, CardRole, Source
from recsys.study.scoring import ANSWER_GRADES, AnsweredCard, card_grades, liked_share
from recsys.study.swipes import Answer


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
