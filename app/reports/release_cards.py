"""The cards of a release, in Markdown, each from facts: its data, its study, its model.

After Gebru et al., "Datasheets for Datasets", Communications of the ACM 2021, for the data, and
Mitchell et al., "Model Cards for Model Reporting", FAT* 2019, for the model.
"""

from collections.abc import Iterator
from contextlib import suppress
from hashlib import sha256
from pathlib import Path

from app.modeling.user_coverage import audience_of
from app.reports.markdown import cell, day, table
from app.reports.model_card import model_card
from app.reports.wording import reading
from app.storage.event_store.store import Warehouse
from app.storage.study_db.records import study_of
from app.study.results import Judged
from app.workspace.workspace import House
from recsys.dataset.events import NO_PRICE
from recsys.errors import WorkspaceError
from recsys.study.policy import Policy, Study, StudyKind

CARDS = "cards"


def write_cards(house: House, judged: Judged, to: Path) -> dict[str, str]:
    """Write data.md, study.md and model.md into a folder; return their hashes by name."""
    version = house.registry.version(judged.row.model)
    texts = {
        "data.md": data_card(house, judged.report.policy),
        "study.md": study_card(judged),
        "model.md": model_card(house, version),
    }
    to.mkdir(parents=True)
    for name, text in texts.items():
        (to / name).write_text(text, encoding="utf-8")
    return {name: sha256(text.encode()).hexdigest() for name, text in texts.items()}


def data_card(house: House, policy: Policy) -> str:
    """Return what the event store held when this was asked; it names no customer."""
    with suppress(WorkspaceError):
        return _data_card(house.warehouse, policy)
    return "# Data card\n\nThe shop's events were not here when this card was written.\n"


def _data_card(store: Warehouse, policy: Policy) -> str:
    parts = [
        "# Data card",
        f"Event store `{store.version}`. "
        + ("A planted shop: its customers are invented." if store.planted else "A shop's own log."),
        "## What it holds",
        table(("what", "how much"), list(_held(store))),
        "## Deliveries",
        table(("delivery", "events", "customers", "newest event"), list(_deliveries(store))),
        "## Of whom it knows enough",
        *_known(store, policy),
        "## Limits",
        "\n".join(f"- {limit}" for limit in _limits(store)),
    ]
    return "\n\n".join(parts) + "\n"


def _held(store: Warehouse) -> Iterator[tuple[str, str]]:
    c = store.catalogue
    yield "customers", f"{store.customers:,}"
    yield "events", f"{store.events:,}"
    yield "newest event", day(store.as_of) if store.as_of else "unknown"
    yield "brands", f"{len(c.brands):,}"
    yield "brands that are never shown", f"{int(c.brand_sensitive.sum()):,}"
    yield "products", f"{len(set(c.item_product) - {''}):,}"
    yield "categories", f"{len(set(c.categories) - {''}):,}"


def _deliveries(store: Warehouse) -> Iterator[tuple[str, ...]]:
    for part in store.manifest["segments"]:
        newest = day(part["as_of"]) if part["as_of"] else "unknown"
        yield part["name"], f"{part['events']:,}", f"{part['customers']:,}", newest


def _known(store: Warehouse, policy: Policy) -> Iterator[str]:
    found = audience_of(store, policy)
    if found is None:
        yield "Too few customers to say."
        return
    yield (
        f"Of {found.customers:,} customers that were counted, {found.enough:.0%} have "
        f"{found.least} brands or more in their history. The model speaks for them."
    )


def _limits(store: Warehouse) -> Iterator[str]:
    c = store.catalogue
    if not store.as_of:
        yield "No times: nothing is known of what is recent."
    if len(c.item_price) and bool((c.item_price == NO_PRICE).all()):
        yield "No prices: buying at the full price cannot be told from a bargain."
    if not c.item_released.any():
        yield "No release dates: looking at what is new is not seen."
    yield "A log knows what was shown and sold; what a customer bought elsewhere is not in it."
    yield "One account may be several people, and a gift says nothing of the giver's taste."


def study_card(judged: Judged) -> str:
    """Return what was asked of whom, by which rule, and what came out, from published batches."""
    row, report, study = judged.row, judged.report, study_of(judged.row)
    parts = [
        f"# Study card: {cell(row.name)}",
        f"Study `{row.hash}`, policy `{report.policy.hash}`, attempt {report.attempt}, opened on "
        f"{day(row.opened_at / 1000)}.",
        "## What was asked",
        f"> {cell(report.policy.question.en)}",
        "## The rule, written down before the first card",
        table(("criterion", "bar", "because"), list(_rule(judged))),
        "## What came out",
        judged.verdict.reason,
        *(
            f"Overridden to {o.outcome} by {cell(o.role)}: {cell(o.reason)}"
            for o in judged.overrides
        ),
        table(("criterion", "people", "estimate", "between"), list(_came_out(judged))),
        "## Who took part",
        _players(judged),
        "## Limits",
        "\n".join(f"- {limit}" for limit in _study_limits(study)),
    ]
    return "\n\n".join(parts) + "\n"


def _rule(judged: Judged) -> Iterator[tuple[str, ...]]:
    for criterion in judged.report.policy.criteria:
        bar = reading("en", criterion.name, criterion.bar)
        yield criterion.name.replace("_", " "), bar, cell(criterion.because)


def _came_out(judged: Judged) -> Iterator[tuple[str, ...]]:
    for found in judged.verdict.criteria:
        value, low, high = (
            reading("en", found.name, x) for x in (found.value, found.low, found.high)
        )
        yield found.name.replace("_", " "), str(judged.verdict.n), value, f"{low} and {high}"


def _players(judged: Judged) -> str:
    players = judged.report.players
    invited = "" if judged.invited is None else f" {judged.invited} people were invited."
    return f"{players.counted} decks counted, of {players.dealt} dealt or a few more.{invited}"


def _study_limits(study: Study) -> Iterator[str]:
    yield scope(study)
    yield "The order of invitation matters, and every attempt is a chance more."
    yield "A necessary check, not a promise of sales: measure engagement by arm."


def scope(study: Study) -> str:
    """For whom a study speaks."""
    if study.kind is not StudyKind.LIVE:
        return "It speaks for simulated colleagues of a planted shop, and for no real person."
    return (
        f"It speaks for people invited like these, with at least {study.policy.least_brands} "
        "brands in their history, and not for all customers."
    )
