"""Opening of a study: what is locked before its first deck, and when it is played."""

from datetime import UTC, date, datetime, time, timedelta

from app.storage.study_db.records import StudyRow
from app.storage.study_db.store import StudyStore
from app.workspace.policies import COMPARISON_POLICY
from recsys.errors import BadInputError
from recsys.study.policy import Policy, Study, StudyKind

NO_DATES = (None, None)
"""The dates of a study that is played from its opening until it is closed."""


def open_study(
    store: StudyStore,
    name: str | None,
    kind: StudyKind,
    policy: Policy,
    model: str,
    baseline: str,
    invitation_seed: int,
    challenger: str | None = None,
    dates: tuple[int | None, int | None] = NO_DATES,
) -> StudyRow:
    """Store a study. One hash locks policy, model versions, baseline and order of invitation.

    Decks that count are dealt from the first of the `dates` on and before the second (milliseconds
    since 1970, UTC); None means no limit. Raises BadInputError if the name exists, and for wrong
    dates or a wrong challenger.

    Every live study of the workspace is one more attempt, under any policy: a change of one letter
    in the policy does not make it a new question.
    """
    check_challenger(policy, model, challenger)
    plays_from, plays_until = dates
    if plays_from is not None and plays_until is not None and plays_until <= plays_from:
        raise BadInputError("The last day of play is before the first: choose a later one.")
    live_studies = [row for row in store.studies.all() if row.kind is StudyKind.LIVE]
    study = Study(
        name=name or _new_name(store, kind),
        kind=kind,
        policy=policy,
        model=model,
        baseline=baseline,
        invitation_seed=invitation_seed,
        attempt=len(live_studies) + 1 if kind is StudyKind.LIVE else 1,
        challenger=challenger,
    )
    return store.studies.open(
        StudyRow(
            hash=study.hash,
            name=study.name,
            kind=kind,
            policy=policy.to_dict(),
            model=model,
            baseline=baseline,
            invitation_seed=invitation_seed,
            attempt=study.attempt,
            challenger=challenger,
            plays_from=plays_from,
            plays_until=plays_until,
        )
    )


def play_dates(first: date | None, last: date | None) -> tuple[int | None, int | None]:
    """Return the `dates` of `open_study` for a first and a last day of play (UTC)."""
    end = None if last is None else last + timedelta(days=1)
    return _midnight(first), _midnight(end)


def _midnight(day: date | None) -> int | None:
    if day is None:
        return None
    return round(datetime.combine(day, time(), UTC).timestamp() * 1000)


def check_challenger(policy: Policy, model: str, challenger: str | None) -> None:
    """Raise BadInputError unless a comparing policy has two versions, and any other policy one."""
    if policy.is_paired_comparison and challenger is None:
        raise BadInputError("This policy compares two versions: name the second one as challenger.")
    if challenger is not None and not policy.is_paired_comparison:
        raise BadInputError(
            f"This policy judges one version: a challenger needs the policy {COMPARISON_POLICY}."
        )
    if challenger == model:
        raise BadInputError("A version cannot challenge itself: name two different ones.")


def _new_name(store: StudyStore, kind: StudyKind) -> str:
    taken = {row.name for row in store.studies.all()}
    numbers = (n for n in range(1, len(taken) + 2) if f"{kind.value} {n}" not in taken)
    return f"{kind.value} {next(numbers)}"
