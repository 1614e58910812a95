"""The model keeps the rankers' contract, learns a planted taste and can be kept and restored."""

import copy
import dataclasses

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from recsys.dataset.event_aggregation import ItemFacts, aggregate_events
from recsys.dataset.event_weights import EventWeights
from recsys.dataset.events import EventKind
from recsys.dataset.evidence import empty_evidence, evidence_of_named_brands
from recsys.errors import BadInputError, NotEnoughError, WorkspaceError
from recsys.models.hybrid import (
    FitOptions,
    HybridModel,
    HybridParams,
    ScoreWeights,
    fit_hybrid,
    options_from_dict,
    options_to_row,
)
from tests.support.ranker_contract import (
    EVERYBODY,
    FACTS,
    SHOP,
    SOMEBODY,
    RankerContract,
    many,
    taught,
)
from tests.support.toy_catalogs import NOW, catalogue, event, rows

MODEL = fit_hybrid(EVERYBODY, SHOP, FitOptions(factors=8, iterations=8))


class TestFavouriteModel(RankerContract):
    @staticmethod
    def make() -> HybridModel:
        return MODEL


def test_somebody_who_named_two_brands_of_a_group_gets_that_group() -> None:
    ranked = MODEL.rank(evidence_of_named_brands([0, 6]), n=5, without={"Brand 000", "Brand 006"})
    groups = [int(score.brand[-3:]) % 6 for score in ranked]
    assert groups.count(0) >= 4


def test_a_price_blind_brand_ranks_above_an_equally_often_bought_bargain() -> None:
    blind = [event(0, EventKind.PURCHASE, 1000, days_ago=d) for d in (9, 40, 80)]
    bargain = [event(12, EventKind.PURCHASE, 500, days_ago=d) for d in (9, 40, 80)]
    ranked = MODEL.rank(aggregate_events(rows(*blind, *bargain), FACTS, NOW), n=60)
    place = {score.brand: score.rank for score in ranked}
    assert place["Brand 000"] < place["Brand 006"]


def test_following_a_brand_raises_it() -> None:
    before = aggregate_events(
        rows(event(50, EventKind.VIEW), event(52, EventKind.PURCHASE, 500)), FACTS, NOW
    )
    after = before + aggregate_events(rows(event(50, EventKind.FOLLOW)), FACTS, NOW)
    places = [
        next(s.rank for s in MODEL.rank(evidence, n=60) if s.brand == "Brand 025")
        for evidence in (before, after)
    ]
    assert places[1] < places[0]


def test_popularity_alone_never_explains_the_list() -> None:
    lists = [[s.brand for s in MODEL.rank(evidence_of_named_brands([b]), n=10)] for b in (0, 1, 2)]
    assert len({tuple(names) for names in lists}) == 3


def test_the_reasons_add_up_to_the_score_and_name_what_she_did() -> None:
    top = MODEL.rank(SOMEBODY, n=1)[0]
    assert (
        top.explanation.own + top.explanation.collaborative + top.explanation.popularity
        == pytest.approx(top.score)
    )
    assert top.explanation.purchases == top.explanation.full_price == 1
    assert top.brand not in top.explanation.neighbours
    assert top.explanation.neighbours


def test_a_model_restored_from_its_arrays_ranks_the_same() -> None:
    again = HybridModel.restore(MODEL.arrays(), MODEL.meta())
    assert again.rank(SOMEBODY, n=30) == MODEL.rank(SOMEBODY, n=30)
    assert again.options == MODEL.options
    assert again.params == MODEL.params


@pytest.mark.parametrize("threads", [1, 2])
@pytest.mark.parametrize("seed", [0, 7])
def test_whatever_the_threads_and_the_seed_the_same_model_is_learnt(
    threads: int, seed: int
) -> None:
    options = dataclasses.replace(MODEL.options, seed=seed)
    again, first = fit_hybrid(EVERYBODY, SHOP, options, threads=threads).arrays(), MODEL.arrays()
    assert all(np.array_equal(again[name], first[name]) for name in first)


def test_brands_that_came_after_the_fit_count_by_own_evidence() -> None:
    grown = catalogue(brands=62)
    wider = MODEL.rebase_on(grown)
    log = rows(
        event(122, EventKind.PURCHASE, 1000), event(122, EventKind.PURCHASE, 1000, days_ago=50)
    )
    ranked = wider.rank(aggregate_events(log, ItemFacts.from_catalog(grown), NOW), n=3)
    assert ranked[0].brand == "Brand 061"


def test_a_model_of_another_store_says_fit_again() -> None:
    other = dataclasses.replace(SHOP, lineage="started anew")
    with pytest.raises(WorkspaceError, match="Fit again"):
        MODEL.rebase_on(other)


def test_a_sensitive_brand_is_never_ranked() -> None:
    shop = catalogue()
    shop.brand_sensitive[0] = True
    names = [s.brand for s in MODEL.rebase_on(shop).rank(empty_evidence(), n=60)]
    assert "Brand 000" not in names


def test_all_weights_zero_still_give_a_list_without_a_nan() -> None:
    nothing = HybridParams(ScoreWeights(0.0, 0.0, 0.0))
    ranked = dataclasses.replace(MODEL, params=nothing).rank(SOMEBODY, n=5)
    assert [score.score for score in ranked] == [0.0] * 5


@pytest.mark.parametrize(
    ("name", "value"), [("factors", 0), ("alpha", float("nan")), ("sample", 1.5), ("seed", -1)]
)
def test_an_option_out_of_range_is_named(name: str, value: float) -> None:
    options = dataclasses.replace(FitOptions(), **{name: value})
    with pytest.raises(BadInputError, match=name):
        fit_hybrid(EVERYBODY, SHOP, options)


@pytest.mark.parametrize(
    ("customers", "share"), [(0, 1.0), (1, 1.0), (150_000, 1.0), (6_000_000, 0.025), (10**9, 0.001)]
)
def test_by_default_as_many_customers_are_read_as_are_enough(customers: int, share: float) -> None:
    assert FitOptions().sample_share(customers) == share
    assert FitOptions(sample=0.5).sample_share(customers) == 0.5
    settled = FitOptions(factors=8).with_sample_share(customers)
    assert settled == FitOptions(factors=8, sample=share)


def test_a_weight_out_of_range_is_named() -> None:
    with pytest.raises(BadInputError, match="popularity"):
        fit_hybrid(EVERYBODY, SHOP, FitOptions(weights=ScoreWeights(popularity=-1)))


def test_weights_that_are_set_to_the_defaults_are_given_and_not_chosen() -> None:
    plain = options_to_row(FitOptions(weights=ScoreWeights()))
    assert options_from_dict(plain).weights == ScoreWeights()
    assert options_from_dict(options_to_row(FitOptions())).weights is None


@pytest.mark.parametrize("part", ["options", "blend", "weights", "love"])
def test_a_model_that_says_what_is_not_known_here_is_not_restored(part: str) -> None:
    meta = copy.deepcopy(MODEL.meta())
    parts = {**meta, "weights": meta["blend"]["weights"], "love": meta["blend"]["love"]}
    parts[part]["of tomorrow"] = 1.0
    with pytest.raises(KeyError, match="of tomorrow"):
        HybridModel.restore(MODEL.arrays(), meta)


def test_a_blend_is_what_the_score_is_weighed_by() -> None:
    blend = HybridParams(ScoreWeights(0.0, 0.0, 2.0), popularity_half_life=90)
    top = fit_hybrid(EVERYBODY, SHOP, MODEL.options, params=blend).rank(SOMEBODY, n=1)[0]
    assert (top.score, top.explanation.popularity, top.explanation.own) == (2.0, 2.0, 0.0)


@pytest.mark.parametrize(("ease", "alike"), [(0.0, 0.0), (1.0, 0.0), (0.0, 1.0)])
def test_each_collaborative_part_names_a_neighbour_of_her_own_for_itself(
    ease: float, alike: float
) -> None:
    model = dataclasses.replace(MODEL, params=HybridParams(ease=ease, item_knn=alike))
    scores = model.rank(SOMEBODY, n=8, without={"Brand 000", "Brand 006"})
    assert {name for score in scores for name in score.explanation.neighbours} <= {
        "Brand 000",
        "Brand 006",
        "Brand 012",
    }
    assert scores[0].explanation.neighbours[0] in {"Brand 000", "Brand 006"}


@pytest.mark.parametrize(("ease", "alike"), [(0.0, 0.0), (1.0, 0.0), (0.0, 1.0), (0.3, 0.3)])
def test_names_alone_are_those_of_the_list_with_reasons(ease: float, alike: float) -> None:
    model = dataclasses.replace(MODEL, params=HybridParams(ease=ease, item_knn=alike))
    without = {"Brand 000"}
    scores = model.rank(SOMEBODY, 20, without)
    assert model.names(SOMEBODY, 20, without) == [score.brand for score in scores]


def test_who_has_no_share_is_not_asked() -> None:
    heard = dataclasses.replace(MODEL, params=HybridParams(ease=1.0))
    deaf = dataclasses.replace(heard, als=Mute(), item_knn=Mute())  # type: ignore[arg-type]
    assert deaf.rank(SOMEBODY, 9) == heard.rank(SOMEBODY, 9)


class Mute:
    """Fails whoever asks."""

    def affinity(self, *_: object) -> None:
        raise AssertionError("asked")


def test_what_fades_counts_less_the_longer_ago_it_was() -> None:
    log = rows(event(0, EventKind.PURCHASE, 1000, 400), event(2, EventKind.PURCHASE, 1000, 1))
    evidence = aggregate_events(log, FACTS, NOW)
    own = {
        age: {s.brand: s.explanation.own for s in model.rank(evidence, 60)}
        for age in (None, 90)
        for model in [
            dataclasses.replace(MODEL, params=HybridParams(ScoreWeights(1, 0, 0), half_life=age))
        ]
    }
    assert own[None]["Brand 000"] == own[None]["Brand 001"]
    assert own[90]["Brand 000"] < own[90]["Brand 001"] / 5


def test_what_others_do_may_be_asked_with_what_she_did_of_late() -> None:
    log = rows(event(0, EventKind.PURCHASE, 1000, 400), event(2, EventKind.PURCHASE, 1000, 1))
    evidence = aggregate_events(log, FACTS, NOW)
    model = dataclasses.replace(
        MODEL, params=HybridParams(ScoreWeights(0, 1, 0), query_half_life=30)
    )
    ranked = model.rank(evidence, 6, {"Brand 000", "Brand 001"})
    assert [int(score.brand[-3:]) % 6 for score in ranked].count(1) >= 5


def test_what_love_is_made_of_is_the_blend_s() -> None:
    blind = dataclasses.replace(MODEL, params=HybridParams(event_weights=EventWeights(follows=0.0)))
    followed = aggregate_events(rows(event(50, EventKind.FOLLOW)), FACTS, NOW)
    own = [
        next(s.explanation.own for s in model.rank(followed, 60) if s.brand == "Brand 025")
        for model in (blind, MODEL)
    ]
    assert own[0] < own[1] / 5


def test_without_another_brand_of_hers_nobody_else_is_named_as_a_reason() -> None:
    one = aggregate_events(rows(event(0, EventKind.PURCHASE, 1000)), FACTS, NOW)
    best, other = fit_hybrid(taught(one), SHOP, FitOptions()).rank(one, n=2)
    assert (best.brand, best.explanation.neighbours, best.explanation.collaborative) == (
        "Brand 000",
        (),
        0.0,
    )
    assert best.explanation.own + best.explanation.popularity == pytest.approx(best.score)
    assert other.score < best.score


def test_somebody_who_sent_everything_back_has_no_love_and_no_nan() -> None:
    sent = aggregate_events(
        rows(event(0, EventKind.RETURN), event(2, EventKind.RETURN)), FACTS, NOW
    )
    ranked = fit_hybrid(taught(sent), SHOP, FitOptions(factors=4)).rank(sent, n=60)
    assert np.isfinite([score.score for score in ranked]).all()
    assert {score.explanation.own for score in ranked} == {0.0}


def test_a_person_with_a_hundred_thousand_events_is_ranked_like_any_other() -> None:
    rng = np.random.default_rng(1)
    log = np.tile(rows(event(0, EventKind.PURCHASE, 1000)), 100_000)
    log["item"] = rng.integers(0, 120, len(log))
    ranked = MODEL.rank(aggregate_events(log, FACTS, NOW), n=60)
    assert len({score.brand for score in ranked}) == 60
    assert np.isfinite([score.score for score in ranked]).all()


def test_a_brand_that_the_sample_missed_is_found_by_own_evidence() -> None:
    seen = many()
    kept = seen.brand != 59
    sample = dataclasses.replace(
        seen,
        **{
            name: getattr(seen, name)[kept]
            for name in ("customer", "brand", "sums", "first", "last")
        },
        distinct_keys=seen.distinct_keys[seen.distinct_keys["brand"] != 59],
    )
    log = rows(*[event(118, EventKind.PURCHASE, 1000, days) for days in (3, 9, 27)])
    ranked = fit_hybrid(taught(sample), SHOP, MODEL.options).rank(
        aggregate_events(log, FACTS, NOW), n=3
    )
    assert ranked[0].brand == "Brand 059"


def test_a_log_without_evidence_cannot_be_learnt_from() -> None:
    with pytest.raises(NotEnoughError, match="Import events"):
        fit_hybrid(taught(empty_evidence()), SHOP, FitOptions())


def test_progress_ends_at_one() -> None:
    told: list[float] = []
    options = FitOptions(factors=4, iterations=3)
    fit_hybrid(EVERYBODY, SHOP, options, lambda _stage, share: told.append(share))
    assert told[-1] == 1.0
    assert told == sorted(told)


@pytest.mark.parametrize("brands", [1, 2])
def test_a_log_of_one_customer_and_hardly_a_brand_can_be_learnt(brands: int) -> None:
    shop = catalogue(brands=brands, categories=1)
    evidence = aggregate_events(
        rows(event(0, EventKind.PURCHASE, 1000)), ItemFacts.from_catalog(shop), NOW
    )
    ranked = fit_hybrid(taught(evidence, brands), shop, FitOptions()).rank(evidence, n=10)
    assert ranked[0].brand == "Brand 000"
    assert np.isfinite(ranked[0].score)


def test_a_log_without_purchases_counts_popularity_by_any_event() -> None:
    evidence = aggregate_events(rows(event(4, EventKind.VIEW)), FACTS, NOW)
    assert fit_hybrid(taught(evidence), SHOP, FitOptions(factors=2)).brand_index.buyers.sum() == 1


@given(st.lists(st.tuples(st.integers(0, 119), st.integers(0, 5)), max_size=30))
@settings(max_examples=50, deadline=None)
def test_whatever_she_did_no_score_is_a_nan(done: list[tuple[int, int]]) -> None:
    log = rows(*(event(item, EventKind(kind), 900) for item, kind in done))
    scores = [s.score for s in MODEL.rank(aggregate_events(log, FACTS, NOW), n=60)]
    assert np.isfinite(scores).all()
