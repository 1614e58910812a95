"""The weights are chosen on what customers did next, and only where that says something."""

from dataclasses import replace

import numpy as np
import pytest

from recsys.dataset.event_aggregation import aggregate_events
from recsys.dataset.events import EventKind
from recsys.dataset.evidence import split_by_customer
from recsys.evaluation.candidate_cache import build_candidate_cache
from recsys.evaluation.metrics import TASKS, EvalUser, ndcg
from recsys.evaluation.tuning import MIN_USERS, TuningResult, tune_hybrid_params
from recsys.models.hybrid import FitOptions, HybridModel, HybridParams, ScoreWeights, fit_hybrid
from tests.support.ranker_contract import EVERYBODY, FACTS, SHOP, many, taught
from tests.support.toy_catalogs import NOW, catalogue, event, rows

MODEL = fit_hybrid(EVERYBODY, SHOP, FitOptions(factors=8, iterations=4, regularization=0.3))
EVERYBODY = dict(split_by_customer(many(), range(300)))


def asked(customer: int, *brands: int, gain: float = 1.0) -> EvalUser:
    """A customer of the crowd who then bought these brands."""
    before = EVERYBODY[customer]
    known = frozenset(f"Brand {code:03d}" for code in before.brand)
    return EvalUser(before, {f"Brand {b:03d}": gain for b in brands}, known)


def buys_again(customer: int) -> EvalUser:
    """Somebody who then bought what she bought before."""
    return asked(customer, *EVERYBODY[customer].brand.tolist())


def buys_what_all_buy(customer: int) -> EvalUser:
    """Somebody who then bought the brands that most customers buy, but none of her own."""
    first = np.argsort(-MODEL.brand_index.buyers, kind="stable")[:12]
    return asked(customer, *np.setdiff1d(first, EVERYBODY[customer].brand).tolist())


def buys_of_her_group(customer: int) -> EvalUser:
    """Somebody who then bought everything of her own group that she did not have."""
    group = np.arange(customer % 6, 60, 6)
    return asked(customer, *np.setdiff1d(group, EVERYBODY[customer].brand).tolist())


class TestTheChoice:
    def test_who_buys_what_all_buy_makes_popularity_count(self) -> None:
        found = tune_hybrid_params(MODEL, [buys_what_all_buy(c) for c in range(200)])
        weights = found.params.weights
        assert weights.popularity > 5 * weights.collaborative
        assert found.customers == 200

    def test_who_buys_of_her_taste_makes_the_others_count(self) -> None:
        weights = tune_hybrid_params(
            MODEL, [buys_of_her_group(c) for c in range(200)]
        ).params.weights
        assert weights.collaborative > weights.popularity

    def test_who_buys_again_leaves_popularity_at_most_where_it_was(self) -> None:
        found = tune_hybrid_params(MODEL, [buys_again(c) for c in range(200)])
        assert found.params.weights.popularity <= ScoreWeights().popularity
        assert found.any is not None
        assert found.any > 0.95
        assert found.new == 0.0

    def test_who_never_comes_back_to_a_brand_is_shown_other_ones(self) -> None:
        cases = [buys_of_her_group(c) for c in range(200)]
        found = tune_hybrid_params(MODEL, cases)
        assert found.params.weights.own < 0
        assert found.any == pytest.approx(found.new, abs=0.01)
        top = [s.brand for s in replace(MODEL, params=found.params).rank(cases[0].evidence, 5)]
        assert not set(top) & cases[0].known_brands

    def test_what_is_chosen_is_no_worse_than_the_defaults(self) -> None:
        cases = [buys_of_her_group(c) for c in range(120)] + [buys_again(c) for c in range(80)]
        found = tune_hybrid_params(MODEL, cases)
        board = build_candidate_cache(MODEL, cases)
        assert board.objective(found.params).mean() >= board.objective(MODEL.params).mean()

    def test_what_speaks_of_nothing_loses_its_say(self) -> None:
        """Everybody looked at three brands and bought three; then she buys those again."""
        log, whose = [], []
        rng = np.random.default_rng(1)
        bought = {c: rng.choice(60, 3, replace=False) for c in range(240)}
        for customer, hers in bought.items():
            others = rng.choice(np.setdiff1d(np.arange(60), hers), 12, replace=False)
            log += [event(2 * int(b), EventKind.PURCHASE, 400) for b in hers]
            log += [event(2 * int(b), EventKind.VIEW) for b in others for _ in range(40)]
            whose += [customer] * (3 + 40 * 12)
        evidence = aggregate_events(rows(*log), FACTS, NOW, np.array(whose))
        model = fit_hybrid(taught(evidence), SHOP, FitOptions(factors=4, iterations=2))
        cases = [
            EvalUser(before, {f"Brand {b:03d}": 1.0 for b in bought[customer]}, frozenset())
            for customer, before in split_by_customer(evidence, range(240))
        ]
        love = tune_hybrid_params(model, cases).params.event_weights
        default = HybridParams().event_weights
        assert love.views / love.purchases < default.views / default.purchases

    def test_the_same_cases_choose_the_same(self) -> None:
        cases = [buys_of_her_group(c) for c in range(150)]
        assert tune_hybrid_params(MODEL, cases) == tune_hybrid_params(MODEL, cases)


class TestTooLittle:
    def test_few_customers_keep_the_defaults_and_say_so(self) -> None:
        found = tune_hybrid_params(MODEL, [buys_again(c) for c in range(MIN_USERS - 1)])
        assert found == TuningResult(MODEL.params, 99, reason=found.reason)
        assert "Only 99 customers came back" in found.reason

    def test_answers_without_a_pattern_keep_the_defaults(self) -> None:
        rng = np.random.default_rng(4)
        cases = [asked(c, *rng.choice(60, 2, replace=False).tolist()) for c in range(120)]
        chosen = tune_hybrid_params(MODEL, cases).params
        assert chosen.popularity_half_life is chosen.half_life is None


class TestTheBoard:
    @pytest.mark.parametrize(
        "blend",
        [
            HybridParams(),
            HybridParams(ScoreWeights(1.0, 3.0, 0.01), 1.0, half_life=90, popularity_half_life=30),
            HybridParams(ScoreWeights(-1.0, 1.0, 0.1), 0.3, 0.3, query_half_life=30),
        ],
    )
    def test_it_ranks_as_the_model_does(self, blend: HybridParams) -> None:
        cases = [asked(c, 0, 7, 13, 25, 48, gain=2.0) for c in range(40)]
        model = replace(MODEL, params=blend)
        found = build_candidate_cache(model, cases).ndcg(blend)
        for task in TASKS:
            expected = [self.judged(model, case, task) for case in cases if case.relevant(task)]
            assert found[task].mean() == pytest.approx(np.mean(expected), abs=1e-6)

    @staticmethod
    def judged(model: HybridModel, case: EvalUser, task: str) -> float:
        without = case.known_brands if task == "new" else ()
        ranked = [score.brand for score in model.rank(case.evidence, 10, without)]
        return ndcg(ranked, case.relevant(task))

    def test_a_shop_smaller_than_a_list_has_a_board(self) -> None:
        shop = catalogue(brands=3)
        log = rows(
            event(0, EventKind.PURCHASE), event(2, EventKind.PURCHASE), event(4, EventKind.PURCHASE)
        )
        evidence = aggregate_events(log, FACTS, NOW, np.arange(3))
        model = fit_hybrid(taught(evidence, 3), shop, FitOptions())
        cases = [
            EvalUser(before, {"Brand 000": 1.0}, frozenset({f"Brand {before.brand[0]:03d}"}))
            for _, before in split_by_customer(evidence, range(3))
        ]
        found = build_candidate_cache(model, cases).ndcg(HybridParams())
        assert np.isfinite(found["any"]).all()
        assert found["new"][0] == 0.0

    def test_a_customer_who_knows_every_brand_has_nothing_new(self) -> None:
        evidence = aggregate_events(
            rows(*[event(2 * b, EventKind.VIEW) for b in range(60)]), FACTS, NOW
        )
        case = EvalUser(
            evidence, {"Brand 001": 1.0}, frozenset(f"Brand {b:03d}" for b in range(60))
        )
        assert build_candidate_cache(MODEL, [case]).ndcg(HybridParams())["new"].tolist() == [0.0]


def test_progress_is_told_to_the_end() -> None:
    told: list[float] = []
    tune_hybrid_params(MODEL, [buys_again(c) for c in range(110)], told.append)
    assert told == sorted(told)
    assert told[-1] == 1.0
