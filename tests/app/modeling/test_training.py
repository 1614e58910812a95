"""A fit reads a sample, saves one whole version or none, and says beforehand what to expect."""

import errno
from collections.abc import Callable, Iterator
from dataclasses import asdict, replace
from pathlib import Path

import numpy as np
import pytest

from app.modeling.recommender import load_recommender
from app.modeling.split import RowCustomers, TemporalSplit
from app.modeling.training import MAX_DIFFERENCE, fit_version, tune_and_fit
from app.modeling.training_data import policy_catalog, read_evidence
from app.storage.event_store.store import EventStore
from app.workspace.settings import Settings
from app.workspace.workspace import DEFAULT_BASELINE, Workspace
from recsys.dataset.events import EventRows
from recsys.dataset.evidence import merge_evidence
from recsys.errors import BadInputError, NotEnoughError, WorkspaceError
from recsys.evaluation.tuning import MIN_USERS
from recsys.models.hybrid import FitOptions, ScoreWeights
from tests.support.cli_runner import brandswipe
from tests.support.event_files import write
from tests.support.planted_shops import QUICK, fitted, silent

CHOOSING = replace(QUICK, weights=None)


def shop_of(folder: Path, rows: list[dict[str, object]]) -> Workspace:
    """A workspace with these events."""
    said = brandswipe("data", "ingest", str(write(rows, folder / "e.csv")), workspace=folder / "ws")
    assert said.code == 0, said.err
    return Workspace(Settings(workspace=folder / "ws"))


def test_a_version_says_what_it_was_made_of(house: Workspace) -> None:
    told: list[tuple[str, float]] = []
    version = fit_version(
        house.registry,
        house.event_store,
        house.policy,
        CHOOSING,
        DEFAULT_BASELINE,
        lambda stage, share: told.append((stage, share)),
    )
    facts = version.facts
    assert facts["data_version"] == house.event_store.version
    assert facts["brands"] == len(house.event_store.catalog.brands)
    assert 0 < facts["customers"] <= facts["customers_in_store"] == house.event_store.customers
    assert facts["options"]["factors"] == QUICK.factors
    assert abs(facts["balance"]) < 0.25
    stages = list(dict.fromkeys(stage for stage, _ in told))
    assert stages == [
        "weighing the parts",
        "reading the sample",
        "learning the brands",
        "dealing trial decks",
    ]
    assert all(0 <= share <= 1 for _, share in told)
    assert [share for stage, share in told if stage == stages[-1]][-1] == 1


def test_a_sample_reads_a_part_of_the_customers(house: Workspace) -> None:
    facts = fitted(house.settings, replace(QUICK, sample=0.2)).facts
    assert 0.15 < facts["customers"] / facts["customers_in_store"] < 0.25


def test_by_default_no_more_customers_are_read_than_are_enough(
    house: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    customers = house.event_store.customers
    monkeypatch.setattr("recsys.models.hybrid_params.DEFAULT_SAMPLE_SIZE", customers // 4)
    version = fitted(house.settings)
    assert 0.2 < version.facts["customers"] / customers < 0.3
    share = customers // 4 / customers
    assert version.facts["options"]["sample"] == version.meta["options"]["sample"] == share
    again = fitted(house.settings, replace(QUICK, sample=share))
    assert again.meta == version.meta
    monkeypatch.undo()
    assert fitted(house.settings).facts["options"]["sample"] == 1.0


def test_the_same_events_options_and_seed_learn_the_same_model(house: Workspace) -> None:
    arrays = [house.registry.load(fitted(house.settings).hash)[0] for _ in range(2)]
    assert all(np.array_equal(arrays[0][name], arrays[1][name]) for name in arrays[0])


def test_whatever_the_chunks_of_the_log_the_same_model_is_learnt(
    planted_house: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    store, whole = planted_house.event_store, EventStore.scan

    def piecemeal(
        store: EventStore, sample: float, seed: int
    ) -> Iterator[tuple[RowCustomers, EventRows]]:
        return whole(store, sample, seed, chunk=7_000)

    options = replace(QUICK, sample=0.4)
    one = tune_and_fit(store, planted_house.policy, options, silent)[0].arrays()
    monkeypatch.setattr(EventStore, "scan", piecemeal)
    other = tune_and_fit(store, planted_house.policy, options, silent)[0].arrays()
    assert one.keys() == other.keys()
    assert all(np.array_equal(one[name], other[name]) for name in one)


def test_a_model_that_was_saved_ranks_as_it_did(planted_house: Workspace) -> None:
    brain = load_recommender(planted_house)
    again = load_recommender(Workspace(planted_house.settings))
    for customer in ("c0000004", "c0000100"):
        evidence = brain.evidence_of(customer)
        assert brain.rank(evidence, 20) == again.rank(evidence, 20)


def test_evidence_up_to_a_time_holds_nothing_later(planted_house: Workspace) -> None:
    store = planted_house.event_store
    catalogue = policy_catalog(store, planted_house.policy)
    start = TemporalSplit.of(store, 0.25, 1.0, 0).training_part()
    part = merge_evidence([*read_evidence(store, catalogue, FitOptions(), silent, start)])
    whole = merge_evidence([*read_evidence(store, catalogue, FitOptions(), silent)])
    assert 0 < len(part) < len(whole)
    assert part.last.max() <= start.as_of < whole.last.max()


def test_a_version_says_what_was_chosen_on_whom_and_keeps_what_was_asked(house: Workspace) -> None:
    version = fitted(house.settings, CHOOSING)
    weighed = version.facts["weighed"]
    assert weighed["customers"] >= MIN_USERS
    assert 0 < weighed["any"] < 1
    assert version.facts["options"]["weights"] == weighed["blend"]["weights"]
    assert version.meta["options"]["weights"] is None
    assert version.meta["blend"] == weighed["blend"]


def test_weights_that_somebody_set_are_taken_as_they_are(house: Workspace) -> None:
    given = ScoreWeights(1.0, 0.5, 0.25)
    version = fitted(house.settings, replace(QUICK, weights=given))
    assert version.meta["blend"]["weights"] == asdict(given)
    assert version.facts["weighed"]["reason"] == "The weights were given."


def test_a_log_without_an_end_to_hold_out_keeps_the_defaults_and_says_so(tmp_path: Path) -> None:
    one = [{"customer_id": "ann", "ts": 1_760_000_000, "event": "purchase", "brand": "Lego"}]
    (tmp_path / "one").mkdir()
    weighed = fitted(shop_of(tmp_path / "one", [*one, *one]).settings, CHOOSING).facts["weighed"]
    assert "Only 0 customers came back" in weighed["reason"]
    late = [{**one[0], "brand": "n/a"}, {**one[0], "ts": 1_760_900_000, "event": "view"}]
    (tmp_path / "late").mkdir()
    weighed = fitted(shop_of(tmp_path / "late", late).settings, CHOOSING).facts["weighed"]
    assert "too short" in weighed["reason"]
    assert weighed["blend"]["weights"] == asdict(ScoreWeights())


def visits(days_of: Callable[[int], list[int]]) -> list[dict[str, object]]:
    """120 customers who each bought on these days of hers, brands of her own group."""
    return [
        {
            "customer_id": f"c{who}",
            "ts": 1_700_000_000 + 86_400 * day,
            "event": "purchase",
            "brand": f"brand {(who + 7 * place) % 30}",
        }
        for who in range(120)
        for place, day in enumerate(days_of(who))
    ]


def test_where_nobody_comes_back_the_weights_are_chosen_on_each_sequence_s_end(
    tmp_path: Path,
) -> None:
    """Everybody came for four days, one customer after another."""
    log = visits(lambda who: [4 * who, 4 * who + 1, 4 * who + 2, 4 * who + 3])
    weighed = fitted(shop_of(tmp_path, log).settings, CHOOSING).facts["weighed"]
    assert weighed["customers"] == 120
    assert weighed["reason"] == ""


def test_who_came_back_is_looked_for_beyond_the_customers_learnt_from(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("app.modeling.training_data.TUNING_CUSTOMERS", 60)
    monkeypatch.setattr("app.modeling.training_data.TUNING_EVENTS", 60)
    log = visits(lambda who: [who, who + 100, who + 200, who + 300])
    weighed = fitted(shop_of(tmp_path, log).settings, CHOOSING).facts["weighed"]
    assert weighed["customers"] > 100


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"factors": 0}, "factors is 0"),
        ({"sample": 0.0}, "sample is 0"),
        ({"alpha": float("nan")}, "alpha is nan"),
        ({"regularization": -1.0}, "regularisation is -1"),
        ({"seed": 2**31}, "seed is"),
    ],
)
def test_options_out_of_range_are_refused_before_anything_is_read(
    planted_house: Workspace, wrong: dict[str, float], said: str
) -> None:
    before = planted_house.registry.versions()
    with pytest.raises(BadInputError, match=said):
        fitted(planted_house.settings, replace(FitOptions(), **wrong))
    assert planted_house.registry.versions() == before


def test_a_shop_too_small_for_a_deck_is_fitted_and_its_balance_is_unknown(
    tmp_path: Path,
) -> None:
    rows: list[dict[str, object]] = [
        {"customer_id": f"c{n}", "ts": 1_760_000_000 + n, "event": "purchase", "brand": f"b{n % 7}"}
        for n in range(70)
    ]
    rows += [{**row, "customer_id": "all", "ts": 1_760_000_900} for row in rows[:7]]
    house = shop_of(tmp_path, rows)
    assert fitted(house.settings).facts["balance"] is None


def test_decoys_that_all_differ_alike_have_a_finite_balance(tmp_path: Path) -> None:
    """Eighty brands of one customer each and forty of two: no spread on either side."""
    brands = [f"loved {n:02d}" for n in range(40)] + [f"other {n:02d}" for n in range(80)]
    rows: list[dict[str, object]] = [
        {"customer_id": who, "ts": 1_760_000_000 + n, "event": "purchase", "brand": brand}
        for who in ("ann", "bob")
        for n, brand in enumerate(brands[:40])
    ]
    rows += [
        {"customer_id": f"c{n}", "ts": 1_760_000_000, "event": "purchase", "brand": brand}
        for n, brand in enumerate(brands[40:])
    ]
    balance = fitted(shop_of(tmp_path, rows).settings).facts["balance"]
    assert balance is not None
    assert 0 < abs(balance) <= MAX_DIFFERENCE


def test_events_without_any_brand_cannot_be_learnt_from(tmp_path: Path) -> None:
    house = shop_of(
        tmp_path, [{"customer_id": "ann", "ts": 1_760_000_000, "event": "view", "brand": "n/a"}]
    )
    with pytest.raises(NotEnoughError, match="brand that may be shown"):
        fitted(house.settings)
    assert house.registry.versions() == []


def test_a_full_disk_leaves_the_earlier_versions_and_no_half_one(
    house: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = house.registry.versions()

    def full(*_: object, **__: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr("app.storage.model_registry.np.save", full)
    with pytest.raises(WorkspaceError, match=r"No space left.*earlier versions are intact"):
        fitted(house.settings)
    assert house.registry.versions() == before
    assert not list(house.registry.folder.glob(".new-*"))
    assert load_recommender(house).rank(load_recommender(house).evidence_of("c0000004"), 3)


def test_a_fit_that_is_stopped_leaves_nothing(house: Workspace) -> None:
    before = sorted(house.folder.rglob("*"))

    def stop(stage: str, _share: float) -> None:
        if stage == "dealing trial decks":
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        fit_version(house.registry, house.event_store, house.policy, QUICK, DEFAULT_BASELINE, stop)
    assert sorted(house.folder.rglob("*")) == before
