"""Cards and answers of many decks as arrays with one entry per card, for vectorized scoring."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import chain

import numpy as np
from numpy.typing import NDArray

from recsys.stats import Bools, Floats
from recsys.study.deck import CardRole, Source
from recsys.study.swipes import Answer, CompletedDeck

Ints = NDArray[np.int64]

UNANSWERED, DONT_KNOW, NOT_FAVOURITE, LIKED, SUPER_LIKED = range(-1, 4)
_ANSWER_CODES: dict[Answer | None, int] = {
    None: UNANSWERED,
    Answer.DONT_KNOW: DONT_KNOW,
    Answer.NOT_FAVOURITE: NOT_FAVOURITE,
    Answer.FAVOURITE: LIKED,
    Answer.SUPER_LIKE: SUPER_LIKED,
}
_LIST_SOURCES = (Source.BASELINE, Source.CHALLENGER)
_ROLE_CODES = {stratum: place for place, stratum in enumerate(CardRole)}
PICK, BASELINE_ONLY, MATCHED_DECOY, FAMILIAR_DECOY = (
    _ROLE_CODES[s]
    for s in (
        CardRole.PICK,
        CardRole.BASELINE_ONLY,
        CardRole.MATCHED_DECOY,
        CardRole.FAMILIAR_DECOY,
    )
)


@dataclass(frozen=True, slots=True, eq=False)
class ResponseColumns:
    """All n cards of some decks, as arrays with one entry per card, (n,)."""

    n_decks: int
    deck: Ints  # index of the deck, ascending
    answer: Ints  # UNANSWERED to SUPER_LIKED
    role: Ints  # index in CardRole
    partner: Ints  # index of the paired card; -1 without one
    known: Bools  # as in Card
    in_baseline: Bools  # a pick that is also on the baseline's list
    in_challenger: Bools  # on the list of the second version, in a paired comparison
    popularity: Floats  # log(1 + buyers)

    @property
    def answered(self) -> Bools:
        return self.answer > UNANSWERED

    @property
    def paired(self) -> Bools:
        paired: Bools = self.partner >= 0
        return paired

    @property
    def known_decoy(self) -> Bools:
        """Matched decoys with an answer other than *don't know*."""
        known: Bools = (self.answer > DONT_KNOW) & (self.role == MATCHED_DECOY)
        return known

    def count(self, mask: Bools) -> Floats:
        """Return the number of masked cards in each deck, (n_decks,)."""
        return np.bincount(self.deck[mask], minlength=self.n_decks).astype(np.float64)

    def weighted_count(self, mask: Bools, weights: Floats) -> Floats:
        """Return the total weight of the masked cards in each deck, (n_decks,)."""
        return np.bincount(self.deck[mask], weights[mask], self.n_decks).astype(np.float64)


def response_columns(
    decks: Sequence[CompletedDeck],
) -> tuple[ResponseColumns, list[str], list[str]]:
    """Return the columns of all decks, and the brand and category of each card."""
    cards = list(chain.from_iterable(d.deck.cards for d in decks))
    sizes = _ints(len(d.deck.cards) for d in decks)
    answers = chain.from_iterable(
        map(d.answers.get, range(1, len(d.deck.cards) + 1)) for d in decks
    )
    starts = np.cumsum(sizes) - sizes
    role = _ints(_ROLE_CODES[card.role] for card in cards)
    partner = _ints(card.partner or 0 for card in cards)
    in_baseline, in_challenger = ([arm in card.sources for card in cards] for arm in _LIST_SOURCES)
    columns = ResponseColumns(
        n_decks=len(decks),
        deck=np.repeat(np.arange(len(decks)), sizes),
        answer=_ints(map(_ANSWER_CODES.__getitem__, answers)),
        role=role,
        partner=np.where(partner > 0, np.repeat(starts, sizes) + partner - 1, -1),
        known=np.array([card.known for card in cards], dtype=np.bool_),
        in_baseline=np.array(in_baseline, dtype=np.bool_) & (role == PICK),
        in_challenger=np.array(in_challenger, dtype=np.bool_),
        popularity=np.log1p(_ints(card.popularity for card in cards)),
    )
    return columns, [card.brand for card in cards], [card.category for card in cards]


def _ints(values: Iterable[int]) -> Ints:
    return np.fromiter(values, dtype=np.int64)
