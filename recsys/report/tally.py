"""What was read of a study so far: each closed deck once, each batch's numbers once."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from recsys.report.batches import (
    NO_EARLIER_DECKS,
    NO_PARTICIPANTS,
    Batch,
    ClassifiedDeck,
    ClosedDeck,
    ParticipantCounts,
    batch_end_rows,
    batches_with_withdrawal,
    classify_decks,
    deck_facts,
    participant_counts_at,
)
from recsys.report.confidence_sequence import ConfidenceSequencePoint, confidence_sequence
from recsys.report.response_table import (
    EMPTY_TABLE,
    ResponseTable,
    build_response_table,
    concatenate_tables,
)
from recsys.report.responses import Bools, Ints
from recsys.report.tables import covariate_balance
from recsys.stats import Floats
from recsys.study.criteria import CRITERIA
from recsys.study.policy import Policy, Study
from recsys.study.scoring import CompletedDeck, DeckScore, score_deck, score_to_row

CriterionSequences = tuple[tuple[ConfidenceSequencePoint, ...], ...]


def _no_scores() -> Floats:
    return np.empty((len(CRITERIA), 0))


def _no_facts_table() -> Ints:
    return deck_facts(())


@dataclass(frozen=True, slots=True, eq=False)
class StudyState:
    """What was read of a study so far, so that more decks are added and none is read twice.

    Never published: it holds the decks themselves.
    """

    classified: tuple[ClassifiedDeck, ...] = ()  # every closed deck
    participants: frozenset[str] = frozenset()  # whose decks they are
    facts_table: Ints = field(default_factory=_no_facts_table)  # of the rows, to count them
    n_published: int = 0  # rows in full batches
    participant_counts: ParticipantCounts = NO_PARTICIPANTS  # at the last full batch
    batches: tuple[Batch, ...] = ()
    scores: Floats = field(default_factory=_no_scores)  # published, shape (CRITERIA, decks)
    table: ResponseTable = (
        EMPTY_TABLE  # the published decks of the batches of which nobody is forgotten
    )
    lost_batches: int = 0  # the other published batches
    sequences: CriterionSequences = ()  # of each criterion


def add_closed_decks(
    state: StudyState,
    study: Study,
    closed: Iterable[ClosedDeck],
    earlier: Mapping[str, int] = NO_EARLIER_DECKS,
    open_dealt_at: Iterable[int] = (),
) -> StudyState:
    """Return the book with the decks that closed since, in the order of closing.

    Withdrawn scores stand in the places of their decks; a deck that was withdrawn after it was
    entered asks for a new book. `earlier` is that of `apply_exclusions`; `open_dealt_at` says when
    those decks were dealt that are open now and could count.
    """
    participants = set(state.participants)
    new_decks = list(classify_decks(closed, study, earlier, participants))
    classified, facts_table = (
        (*state.classified, *new_decks),
        np.concatenate([state.facts_table, deck_facts(new_decks)], axis=1),
    )
    batch_ends = batch_end_rows(facts_table, study.policy.batch)
    batch_ends = batch_ends[batch_ends > state.n_published]
    n_published = int(batch_ends[-1]) if len(batch_ends) else state.n_published
    counted_decks = [
        row for row in classified[state.n_published : n_published] if row.exclusion is None
    ]
    is_lost = batches_with_withdrawal(counted_decks, study.policy.batch)
    decks = list(_decks_or_scores(counted_decks, is_lost.repeat(study.policy.batch)))
    new_table = build_response_table([deck for deck in decks if isinstance(deck, CompletedDeck)])
    table = concatenate_tables(state.table, new_table)
    n_readable = len(state.table.ids) + study.policy.batch * (~is_lost).cumsum()
    scores = np.concatenate([state.scores, _score_matrix(decks, new_table)], axis=1)
    participant_counts = participant_counts_at(facts_table, batch_ends, open_dealt_at)
    return StudyState(
        classified=classified,
        participants=frozenset(participants),
        facts_table=facts_table,
        n_published=n_published,
        participant_counts=participant_counts[-1]
        if participant_counts
        else state.participant_counts,
        batches=(
            *state.batches,
            *_publishable_batches(table, n_readable, participant_counts, study.policy),
        ),
        scores=scores,
        table=table,
        lost_batches=state.lost_batches + int(is_lost.sum()),
        sequences=_extend_sequences(state.sequences, scores, study),
    )


def _decks_or_scores(
    counted_decks: Sequence[ClassifiedDeck], is_lost: Bools
) -> Iterator[ClosedDeck]:
    """Yield the decks, those of a batch that lost one as scores alone.

    What the tables lose is then the sum of a batch, never the answers of one person.
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
    """Yield the batches that may be shown: from the first with a whole cell of people."""
    for counts, balance in zip(
        participant_counts, covariate_balance(table, n_readable), strict=True
    ):
        if counts.counted >= policy.cell:
            yield Batch(counts.counted, counts.completion, balance)


def _score_matrix(decks: Sequence[ClosedDeck], table: ResponseTable) -> Floats:
    """Return the scores of decks, of which the sheet has those that can still be read."""
    is_withdrawn = np.array([isinstance(deck, DeckScore) for deck in decks], dtype=np.bool_)
    scores = np.empty((len(CRITERIA), len(decks)))
    scores[:, ~is_withdrawn] = table.scores
    withdrawn_scores = [score_to_row(deck) for deck in decks if isinstance(deck, DeckScore)]
    scores[:, is_withdrawn] = np.array(
        [[row[name] for row in withdrawn_scores] for name in CRITERIA]
    )
    return scores


def policy_scores(scores: Floats, policy: Policy) -> Floats:
    """Return the scores of the policy's criteria, of shape (criteria, decks)."""
    return scores[[CRITERIA.index(criterion.name) for criterion in policy.criteria]]


def _extend_sequences(
    sequences: CriterionSequences, scores: Floats, study: Study
) -> CriterionSequences:
    """Return the runs with the points of the batches that are new."""
    policy, n_criteria = study.policy, len(study.policy.criteria)
    previous = sequences or ((),) * n_criteria
    last_n = previous[0][-1].n if previous[0] else policy.cell - 1
    sizes = range(policy.batch, scores.shape[1] + 1, policy.batch)
    new_sizes = [n for n in sizes if n > last_n]
    return tuple(
        (*points, *confidence_sequence(x, criterion.bar, new_sizes, study.alpha, n_criteria))
        for points, x, criterion in zip(
            previous, policy_scores(scores, policy), policy.criteria, strict=True
        )
    )
