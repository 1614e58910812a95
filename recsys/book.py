"""What was read of a study so far: each closed deck once, each batch's numbers once."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from recsys.counting import NOBODY, Closed, Row, ends, sort_out
from recsys.policy import CRITERIA, Policy, Study
from recsys.run import RunPoint, run
from recsys.scores import DeckScore, Played
from recsys.sheet import EMPTY, Sheet, joined, read
from recsys.stats import Floats

Runs = tuple[tuple[RunPoint, ...], ...]


def _no_scores() -> Floats:
    return np.empty((len(CRITERIA), 0))


@dataclass(frozen=True, slots=True, eq=False)
class Book:
    """What was read of a study so far, so that more decks are added and none is read twice.

    Never published: it holds the decks themselves.
    """

    rows: tuple[Row, ...] = ()  # every closed deck
    seen: frozenset[str] = frozenset()  # whose decks they are
    stops: tuple[int, ...] = ()  # after how many rows each batch is full
    scores: Floats = field(default_factory=_no_scores)  # published, shape (CRITERIA, decks)
    sheet: Sheet = EMPTY  # the published decks that can still be read
    runs: Runs = ()  # of each criterion

    @property
    def published(self) -> tuple[Row, ...]:
        """Return the rows of the full batches."""
        return self.rows[: self.stops[-1]] if self.stops else ()


def enter(
    book: Book, study: Study, closed: Iterable[Closed], earlier: Mapping[str, int] = NOBODY
) -> Book:
    """Return the book with the decks that closed since, in the order of closing.

    Withdrawn scores stand in the places of their decks; a deck that was withdrawn after it was
    entered asks for a new book. `earlier` is that of `sorted_out`.
    """
    seen = set(book.seen)
    rows = (*book.rows, *sort_out(closed, study, earlier, seen))
    stops = tuple(ends(rows, study.policy.batch))
    before = len(book.published)
    new = [row.deck for row in rows[before : stops[-1] if stops else 0] if row.why is None]
    part = read([deck for deck in new if isinstance(deck, Played)])
    scores = np.concatenate([book.scores, _scores(new, part)], axis=1)
    points = _run_on(book.runs, scores, study)
    return Book(rows, frozenset(seen), stops, scores, joined(book.sheet, part), points)


def _scores(decks: Sequence[Closed], part: Sheet) -> Floats:
    """Return the scores of decks, of which the sheet has those that can still be read."""
    withdrawn = np.array([isinstance(deck, DeckScore) for deck in decks], dtype=np.bool_)
    scores = np.empty((len(CRITERIA), len(decks)))
    scores[:, ~withdrawn] = part.scores
    kept = [[getattr(d, name) for d in decks if isinstance(d, DeckScore)] for name in CRITERIA]
    scores[:, withdrawn] = np.array(kept)
    return scores


def gated(scores: Floats, policy: Policy) -> Floats:
    """Return the scores of the policy's criteria, of shape (criteria, decks)."""
    return scores[[CRITERIA.index(criterion.name) for criterion in policy.criteria]]


def _run_on(runs: Runs, scores: Floats, study: Study) -> Runs:
    """Return the runs with the points of the batches that are new."""
    policy, count = study.policy, len(study.policy.criteria)
    known = runs or ((),) * count
    last = known[0][-1].n if known[0] else policy.cell - 1
    stops = range(policy.batch, scores.shape[1] + 1, policy.batch)
    new = [n for n in stops if n > last]
    return tuple(
        (*points, *run(x, criterion.bar, new, study.alpha, count))
        for points, x, criterion in zip(known, gated(scores, policy), policy.criteria, strict=True)
    )
