"""Evidence of a sample of the customers, for fitting and for tuning."""

from collections.abc import Iterator
from itertools import islice

import numpy as np

from app.modeling.split import HoldoutTask, TemporalSplit
from app.storage.event_store.store import EventStore
from recsys.dataset.catalog import Catalog, flag_sensitive
from recsys.dataset.event_aggregation import ItemFacts, aggregate_events
from recsys.dataset.evidence import Evidence
from recsys.evaluation.metrics import EvalUser
from recsys.models.hybrid import FitOptions
from recsys.progress import ProgressCallback, WorkStage
from recsys.study.policy import Policy

TUNING_CUSTOMERS = 20_000  # smallest sample to fit on during tuning
TUNING_EVENTS = 1_000_000  # fewest events to fit on: short histories need more customers
TUNING_USERS = 2_000  # evaluation users, at most
TUNING_READ_SHARE = 0.3  # of the stage's progress; the parameter search is the rest


def tuning_data(
    event_store: EventStore,
    task: HoldoutTask,
    sample_and_seed: tuple[float, int],
    progress: ProgressCallback,
) -> tuple[list[Evidence], list[EvalUser]]:
    """Return histories and evaluation users of a sample of customers, given as (share, seed).

    If the sample has too few evaluation users, they are taken from the whole log.
    """
    expected_customers = max(1.0, event_store.customers * sample_and_seed[0])
    histories, eval_users, customers_read = list[Evidence](), list[EvalUser](), 0
    for numbers, rows in event_store.scan(*sample_and_seed):
        histories.append(task.history(numbers, rows))
        eval_users += islice(
            task.eval_users(numbers, rows, histories[-1]), TUNING_USERS - len(eval_users)
        )
        customers_read += len(np.unique(numbers))
        progress(
            WorkStage.TUNING, TUNING_READ_SHARE * min(1.0, customers_read / expected_customers)
        )
    if len(eval_users) < TUNING_USERS and sample_and_seed[0] < 1:
        eval_users = list(islice(task.all_eval_users(event_store), TUNING_USERS))
    return histories, eval_users


def tuning_sample_share(event_store: EventStore) -> float:
    """Return the share of customers to fit on during tuning; 1 or more means all."""
    by_customers = TUNING_CUSTOMERS / max(1, event_store.customers)
    return max(by_customers, TUNING_EVENTS / max(1, event_store.events))


def policy_catalog(event_store: EventStore, policy: Policy) -> Catalog:
    """Return the catalogue with the policy's sensitive brands and products flagged."""
    return flag_sensitive(event_store.catalog, policy.is_sensitive)


def read_evidence(
    event_store: EventStore,
    catalog: Catalog,
    options: FitOptions,
    progress: ProgressCallback,
    split: TemporalSplit | None = None,
) -> Iterator[Evidence]:
    """Yield the sample's evidence chunk by chunk, from the whole log or the part `split`."""
    facts, as_of = (
        ItemFacts.from_catalog(catalog),
        event_store.as_of if split is None else split.as_of,
    )
    share = options.sample_share(event_store.customers)
    customers_read, expected_customers = 0, max(1.0, event_store.customers * share)
    for numbers, rows in event_store.scan(share, options.seed):
        in_split = slice(None) if split is None else split.contains(numbers, rows)
        yield aggregate_events(rows[in_split], facts, as_of, numbers[in_split])
        customers_read += len(np.unique(numbers))
        progress(WorkStage.READING_SAMPLE, min(1.0, customers_read / expected_customers))
