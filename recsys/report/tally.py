"""What was read of a study so far: each closed deck once, each batch's numbers once."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from recsys.report.batches import (
    NO_PLAYERS,
    NOBODY,
    Batch,
    Closed,
    Players,
    Row,
    ends,
    facts_of,
    lost,
    players_at,
    sort_out,
)
from recsys.report.confidence_sequence import RunPoint, run
from recsys.report.response_table import EMPTY, Sheet, joined, read
from recsys.report.responses import Bools, Ints
from recsys.report.tables import balances
from recsys.stats import Floats
from recsys.study.policy import CRITERIA, Policy, Study
from recsys.study.scoring import DeckScore, Played, score, score_to_row

Runs = tuple[tuple[RunPoint, ...], ...]


def _no_scores() -> Floats:
    return np.empty((len(CRITERIA), 0))


def _no_facts() -> Ints:
    return facts_of(())


@dataclass(frozen=True, slots=True, eq=False)
class Book:
    """What was read of a study so far, so that more decks are added and none is read twice.

    Never published: it holds the decks themselves.
    """

    rows: tuple[Row, ...] = ()  # every closed deck
    seen: frozenset[str] = frozenset()  # whose decks they are
    facts: Ints = field(default_factory=_no_facts)  # of the rows, to count them
    published: int = 0  # rows in full batches
    players: Players = NO_PLAYERS  # at the last full batch
    batches: tuple[Batch, ...] = ()
    scores: Floats = field(default_factory=_no_scores)  # published, shape (CRITERIA, decks)
    sheet: Sheet = EMPTY  # the published decks of the batches of which nobody is forgotten
    lost: int = 0  # the other published batches
    runs: Runs = ()  # of each criterion


def enter(
    book: Book,
    study: Study,
    closed: Iterable[Closed],
    earlier: Mapping[str, int] = NOBODY,
    open_dealt_at: Iterable[int] = (),
) -> Book:
    """Return the book with the decks that closed since, in the order of closing.

    Withdrawn scores stand in the places of their decks; a deck that was withdrawn after it was
    entered asks for a new book. `earlier` is that of `sorted_out`; `open_dealt_at` says when those
    decks were dealt that are open now and could count.
    """
    seen = set(book.seen)
    new = list(sort_out(closed, study, earlier, seen))
    rows, facts = (*book.rows, *new), np.concatenate([book.facts, facts_of(new)], axis=1)
    stops = ends(facts, study.policy.batch)
    stops = stops[stops > book.published]
    last = int(stops[-1]) if len(stops) else book.published
    counted = [row for row in rows[book.published : last] if row.why is None]
    gone = lost(counted, study.policy.batch)
    decks = list(_read_or_scored(counted, gone.repeat(study.policy.batch)))
    part = read([deck for deck in decks if isinstance(deck, Played)])
    sheet = joined(book.sheet, part)
    readable = len(book.sheet.ids) + study.policy.batch * (~gone).cumsum()
    scores = np.concatenate([book.scores, _scores(decks, part)], axis=1)
    players = players_at(facts, stops, open_dealt_at)
    return Book(
        rows=rows,
        seen=frozenset(seen),
        facts=facts,
        published=last,
        players=players[-1] if players else book.players,
        batches=(*book.batches, *_batches(sheet, readable, players, study.policy)),
        scores=scores,
        sheet=sheet,
        lost=book.lost + int(gone.sum()),
        runs=_run_on(book.runs, scores, study),
    )


def _read_or_scored(counted: Sequence[Row], gone: Bools) -> Iterator[Closed]:
    """Yield the decks, those of a batch that lost one as scores alone.

    What the tables lose is then the sum of a batch, never the answers of one person.
    """
    for row, alone in zip(counted, gone.tolist(), strict=True):
        yield score(row.deck) if alone and isinstance(row.deck, Played) else row.deck


def _batches(
    sheet: Sheet, readable: Ints, players: Sequence[Players], policy: Policy
) -> Iterator[Batch]:
    """Yield the batches that may be shown: from the first with a whole cell of people."""
    for at, balance in zip(players, balances(sheet, readable), strict=True):
        if at.counted >= policy.cell:
            yield Batch(at.counted, at.completion, balance)


def _scores(decks: Sequence[Closed], part: Sheet) -> Floats:
    """Return the scores of decks, of which the sheet has those that can still be read."""
    withdrawn = np.array([isinstance(deck, DeckScore) for deck in decks], dtype=np.bool_)
    scores = np.empty((len(CRITERIA), len(decks)))
    scores[:, ~withdrawn] = part.scores
    kept = [score_to_row(deck) for deck in decks if isinstance(deck, DeckScore)]
    scores[:, withdrawn] = np.array([[row[name] for row in kept] for name in CRITERIA])
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
