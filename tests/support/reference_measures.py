"""The measures beside the criteria, card by card: the oracle of recsys.report.response_table."""

from collections.abc import Callable, Mapping, Sequence

from recsys.stats import graded_auc
from recsys.study.deck import Arm, Card, Stratum
from recsys.study.scoring import GRADE, Heard, grades, share_liked
from recsys.study.swipes import Answer


def pick(card: Card) -> bool:
    return card.stratum is Stratum.PICK


def paired_pick(card: Card) -> bool:
    return pick(card) and card.partner is not None


def decoy(card: Card) -> bool:
    return card.stratum is Stratum.FAR


def binary_auc(cards: Sequence[Heard]) -> float:
    """(1 + hit rate - false-alarm rate) / 2 on the pairs."""
    picks, decoys = grades(cards, paired_pick), grades(cards, decoy)
    return graded_auc([min(g, 1) for g in picks], [min(g, 1) for g in decoys])


def auc_of_all_picks(cards: Sequence[Heard]) -> float:
    return graded_auc(grades(cards, pick), grades(cards, decoy))


def decoy_rejection(cards: Sequence[Heard]) -> float | None:
    """The share of scored decoys that she knows and did not like."""
    decoys = grades(cards, decoy)
    return sum(g == 0 for g in decoys) / len(decoys) if decoys else None


def near_liked(cards: Sequence[Heard]) -> float | None:
    return share_liked(a for c, a in cards if c.stratum is Stratum.NEAR)


def new_hit_rate(cards: Sequence[Heard]) -> float | None:
    return share_liked(a for c, a in cards if pick(c) and not c.known)


def new_discrimination(cards: Sequence[Heard]) -> float | None:
    picks = grades(cards, lambda c: paired_pick(c) and not c.known)
    return graded_auc(picks, grades(cards, decoy)) if picks else None


def rival_weights(cards: Sequence[Card]) -> dict[int, float]:
    """How much of the rival's list each dealt card stands for, by position."""
    picks = [c for c in cards if pick(c)]
    shared = [c.position for c in picks if Arm.BASELINE in c.arms]
    unique = [c.position for c in cards if c.stratum is Stratum.UNIQUE]
    each = (len(picks) - len(shared)) / len(unique) if unique else 0.0
    return dict.fromkeys(shared, 1.0) | dict.fromkeys(unique, each)


def weighted_share(
    cards: Sequence[Heard], weights: Mapping[int, float], said: Callable[[Answer], bool]
) -> float | None:
    mine = [(weights[c.position], said(a)) for c, a in cards if c.position in weights]
    total = sum(weight for weight, _ in mine)
    return sum(weight for weight, yes in mine if yes) / total if total else None


def rival_discrimination(cards: Sequence[Heard], weights: Mapping[int, float]) -> float | None:
    decoys = grades(cards, decoy)
    mine = [
        (weights[c.position], graded_auc([GRADE[a]], decoys))
        for c, a in cards
        if c.position in weights
    ]
    total = sum(weight for weight, _ in mine)
    return sum(weight * auc for weight, auc in mine) / total if total else None


def measures(cards: Sequence[Card], answered: Sequence[Heard]) -> dict[str, float | None]:
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
