"""The cards of a release in Markdown: data card, study card and model card.

After Gebru et al., "Datasheets for Datasets", Communications of the ACM 2021, for the data, and
Mitchell et al., "Model Cards for Model Reporting", FAT* 2019, for the model.
"""

from collections.abc import Iterator
from contextlib import suppress
from hashlib import sha256
from pathlib import Path

from app.modeling.user_coverage import measure_user_coverage
from app.presentation.verdict_text import verdict_text
from app.reports.markdown import escape_cell, iso_day, markdown_table
from app.reports.model_card import model_card
from app.reports.wording import format_criterion_value
from app.storage.event_store.store import EventStore
from app.storage.study_db.records import study_of
from app.study.results import StudyStatus
from app.workspace.workspace import Workspace
from recsys.dataset.events import NO_PRICE
from recsys.errors import WorkspaceError
from recsys.study.policy import Policy, Study, StudyKind

CARDS_FOLDER = "cards"


def write_cards(workspace: Workspace, result: StudyStatus, folder: Path) -> dict[str, str]:
    """Write data.md, study.md and model.md into a folder; return their SHA-256 by file name."""
    version = workspace.registry.version(result.row.model)
    texts = {
        "data.md": data_card(workspace, result.report.policy),
        "study.md": study_card(result),
        "model.md": model_card(workspace, version),
    }
    folder.mkdir(parents=True)
    for name, text in texts.items():
        (folder / name).write_text(text, encoding="utf-8")
    return {name: sha256(text.encode()).hexdigest() for name, text in texts.items()}


def data_card(workspace: Workspace, policy: Policy) -> str:
    """Return the card of the event store's current content; it names no customer."""
    with suppress(WorkspaceError):
        return _data_card(workspace.event_store, policy)
    return "# Data card\n\nThe shop's events were not here when this card was written.\n"


def _data_card(event_store: EventStore, policy: Policy) -> str:
    parts = [
        "# Data card",
        f"Event store `{event_store.version}`. "
        + (
            "A planted shop: its customers are invented."
            if event_store.planted
            else "A shop's own log."
        ),
        "## What it holds",
        markdown_table(("what", "how much"), list(_contents_rows(event_store))),
        "## Deliveries",
        markdown_table(
            ("delivery", "events", "customers", "newest event"), list(_delivery_rows(event_store))
        ),
        "## Which customers it knows well enough",
        *_coverage_lines(event_store, policy),
        "## Limits",
        "\n".join(f"- {limit}" for limit in _data_limits(event_store)),
    ]
    return "\n\n".join(parts) + "\n"


def _contents_rows(event_store: EventStore) -> Iterator[tuple[str, str]]:
    catalog = event_store.catalog
    yield "customers", f"{event_store.customers:,}"
    yield "events", f"{event_store.events:,}"
    yield "newest event", iso_day(event_store.as_of) if event_store.as_of else "unknown"
    yield "brands", f"{len(catalog.brands):,}"
    yield "brands that are never shown", f"{int(catalog.brand_sensitive.sum()):,}"
    yield "products", f"{len(set(catalog.item_product) - {''}):,}"
    yield "categories", f"{len(set(catalog.categories) - {''}):,}"


def _delivery_rows(event_store: EventStore) -> Iterator[tuple[str, ...]]:
    for segment in event_store.manifest["segments"]:
        newest = iso_day(segment["as_of"]) if segment["as_of"] else "unknown"
        yield segment["name"], f"{segment['events']:,}", f"{segment['customers']:,}", newest


def _coverage_lines(event_store: EventStore, policy: Policy) -> Iterator[str]:
    user_coverage = measure_user_coverage(event_store, policy)
    if user_coverage is None:
        yield "Too few customers to say."
        return
    yield (
        f"Of {user_coverage.customers:,} customers that were counted, "
        f"{user_coverage.enough_share:.0%} have "
        f"{user_coverage.min_brands} brands or more in their history. The model speaks for them."
    )


def _data_limits(event_store: EventStore) -> Iterator[str]:
    catalog = event_store.catalog
    if not event_store.as_of:
        yield "No times: nothing is known of what is recent."
    if len(catalog.item_price) and bool((catalog.item_price == NO_PRICE).all()):
        yield "No prices: buying at the full price cannot be told from a bargain."
    if not catalog.item_released.any():
        yield "No release dates: looking at what is new is not seen."
    yield "A log knows what was shown and sold; what a customer bought elsewhere is not in it."
    yield "One account may be several people, and a gift says nothing of the giver's taste."


def study_card(result: StudyStatus) -> str:
    """Return the card of a study: question, rule, results and players, from published batches."""
    row, report, study = result.row, result.report, study_of(result.row)
    parts = [
        f"# Study card: {escape_cell(row.name)}",
        f"Study `{row.hash}`, policy `{report.policy.hash}`, attempt {report.attempt}, opened on "
        f"{iso_day(row.opened_at / 1000)}.",
        "## What was asked",
        f"> {escape_cell(report.policy.question.en)}",
        "## The rule, written down before the first card",
        markdown_table(("criterion", "bar", "because"), list(_criterion_rows(result))),
        "## What came out",
        verdict_text("en", result.verdict),
        *(
            f"Overridden to {o.outcome} by {escape_cell(o.role)}: {escape_cell(o.reason)}"
            for o in result.overrides
        ),
        markdown_table(("criterion", "people", "estimate", "between"), list(_result_rows(result))),
        "## Who took part",
        _players_text(result),
        "## Limits",
        "\n".join(f"- {limit}" for limit in _study_limits(study)),
    ]
    return "\n\n".join(parts) + "\n"


def _criterion_rows(result: StudyStatus) -> Iterator[tuple[str, ...]]:
    for criterion in result.report.policy.criteria:
        bar = format_criterion_value("en", criterion.name, criterion.bar)
        yield criterion.name.replace("_", " "), bar, escape_cell(criterion.because)


def _result_rows(result: StudyStatus) -> Iterator[tuple[str, ...]]:
    for criterion in result.verdict.criteria:
        value, low, high = (
            format_criterion_value("en", criterion.name, x)
            for x in (criterion.value, criterion.low, criterion.high)
        )
        yield criterion.name.replace("_", " "), str(result.verdict.n), value, f"{low} and {high}"


def _players_text(result: StudyStatus) -> str:
    players = result.report.players
    invited = "" if result.invited is None else f" {result.invited.people} people were invited."
    return f"{players.counted} decks counted, of {players.dealt} dealt or a few more.{invited}"


def _study_limits(study: Study) -> Iterator[str]:
    yield scope_sentence(study)
    yield "The order of invitation matters, and every attempt is a chance more."
    yield "A necessary check, not a promise of sales: measure engagement by arm."


def scope_sentence(study: Study) -> str:
    """Return a sentence on the people that the result of a study is valid for."""
    if study.kind is not StudyKind.LIVE:
        return "It speaks for simulated colleagues of a planted shop, and for no real person."
    return (
        f"It speaks for people invited like these, with at least {study.policy.least_brands} "
        "brands in their history, and not for all customers."
    )
