"""Tally of a study: its counted decks, with scores, batches and confidence sequences."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from recsys.report.batches import (
    NO_EARLIER_DECKS,
    NO_PARTICIPANTS,
    Batch,
    ClassifiedDeck,
    ClosedDeck,
    ParticipantCounts,
    apply_exclusions,
    batch_end_rows,
    batches_with_withdrawal,
    deck_facts,
    participant_counts_at,
)
from recsys.report.confidence_sequence import ConfidenceSequencePoint, confidence_sequence
from recsys.report.response_table import ResponseTable, build_response_table
from recsys.report.tables import covariate_balance
from recsys.stats import Bools, Floats
from recsys.study.criteria import CRITERIA
from recsys.study.policy import Policy, Study
from recsys.study.response_columns import Ints
from recsys.study.scoring import DeckScore, score_deck, score_to_row
from recsys.study.swipes import CompletedDeck


@dataclass(frozen=True, slots=True, eq=False)
class Tally:
    """The data of the published batches of a study.

    The tally itself is never published: it holds the decks.
    """

    classified: tuple[ClassifiedDeck, ...]  # every closed deck
    n_published: int  # number of them up to the end of the last full batch
    participant_counts: ParticipantCounts  # at the last full batch
    batches: tuple[Batch, ...]
    scores: Floats  # (len(CRITERIA), n_decks) of the counted decks of full batches
    table: ResponseTable  # of the full batches without a forgotten participant
    lost_batches: int  # number of the other full batches
    sequences: tuple[tuple[ConfidenceSequencePoint, ...], ...]  # one per criterion of the policy

    @property
    def published(self) -> tuple[ClassifiedDeck, ...]:
        """The decks up to the end of the last full batch, including decks that do not count."""
        return self.classified[: self.n_published]


def tally_decks(
    study: Study,
    closed: Iterable[ClosedDeck],
    earlier: Mapping[str, int] = NO_EARLIER_DECKS,
    open_dealt_at: Iterable[int] = (),
) -> Tally:
    """Return the tally of a study.

    Parameters
    ----------
    study
        The study, with its policy.
    closed
        Its closed decks in the order of closing; withdrawn decks keep their places.
    earlier
        See `apply_exclusions`.
    open_dealt_at
        Deal time of each open deck that could count, in milliseconds since 1970.
    """
    policy = study.policy
    classified = apply_exclusions(closed, study, earlier)
    facts = deck_facts(classified)
    batch_ends = batch_end_rows(facts, policy.batch)
    n_published = int(batch_ends[-1]) if len(batch_ends) else 0
    counted = [row for row in classified[:n_published] if row.exclusion is None]
    is_lost = batches_with_withdrawal(counted, policy.batch)
    decks = list(_decks_or_scores(counted, is_lost.repeat(policy.batch)))
    table = build_response_table([deck for deck in decks if isinstance(deck, CompletedDeck)])
    scores = _score_matrix(decks, table)
    counts = participant_counts_at(facts, batch_ends, open_dealt_at)
    n_readable = policy.batch * (~is_lost).cumsum()
    return Tally(
        classified=tuple(classified),
        n_published=n_published,
        participant_counts=counts[-1] if counts else NO_PARTICIPANTS,
        batches=tuple(_publishable_batches(table, n_readable, counts, policy)),
        scores=scores,
        table=table,
        lost_batches=int(is_lost.sum()),
        sequences=_confidence_sequences(scores, study),
    )


def _decks_or_scores(
    counted_decks: Sequence[ClassifiedDeck], is_lost: Bools
) -> Iterator[ClosedDeck]:
    """Yield the decks; of a batch with a withdrawn deck, yield the scores only.

    So the tables lose a whole batch, and never the answers of one person.
    """
    for classified, scores_only in zip(counted_decks, is_lost.tolist(), strict=True):
        yield (
            score_deck(classified.deck)
            if scores_only and isinstance(classified.deck, CompletedDeck)
            else classified.deck
        )


def _publishable_batches(
    table: ResponseTable,
    n_readable: Ints,
    participant_counts: Sequence[ParticipantCounts],
    policy: Policy,
) -> Iterator[Batch]:
    """Yield the batches that may be shown: those with at least `Policy.cell` counted people."""
    for counts, balance in zip(
        participant_counts, covariate_balance(table, n_readable), strict=True
    ):
        if counts.counted >= policy.cell:
            yield Batch(counts.counted, counts.completion, balance)


def _score_matrix(decks: Sequence[ClosedDeck], table: ResponseTable) -> Floats:
    """Return the scores of all decks, (len(CRITERIA), n_decks).

    `table` has the CompletedDecks; the others are DeckScores.
    """
    is_withdrawn = np.array([isinstance(deck, DeckScore) for deck in decks], dtype=np.bool_)
    scores = np.empty((len(CRITERIA), len(decks)))
    scores[:, ~is_withdrawn] = table.scores
    withdrawn_scores = [score_to_row(deck) for deck in decks if isinstance(deck, DeckScore)]
    scores[:, is_withdrawn] = np.array(
        [[row[name] for row in withdrawn_scores] for name in CRITERIA]
    )
    return scores


def policy_scores(scores: Floats, policy: Policy) -> Floats:
    """Return the rows of `scores` for the policy's criteria, (n_criteria, n_decks)."""
    return scores[[CRITERIA.index(criterion.name) for criterion in policy.criteria]]


def _confidence_sequences(
    scores: Floats, study: Study
) -> tuple[tuple[ConfidenceSequencePoint, ...], ...]:
    """Return the sequence of each criterion, with one point per batch that may be shown."""
    policy = study.policy
    every_batch = range(policy.batch, scores.shape[1] + 1, policy.batch)
    sizes = [n for n in every_batch if n >= policy.cell]
    n_criteria = len(policy.criteria)
    return tuple(
        tuple(confidence_sequence(x, criterion.bar, sizes, study.alpha, n_criteria))
        for x, criterion in zip(policy_scores(scores, policy), policy.criteria, strict=True)
    )
