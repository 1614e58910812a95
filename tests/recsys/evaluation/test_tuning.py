"""The weights are chosen on what customers did next, and only where that says something."""

from dataclasses import replace

import numpy as np
import pytest

from recsys.dataset.aggregation import summarise
from recsys.dataset.events import Kind
from recsys.dataset.evidence import persons
from recsys.evaluation.candidate_cache import board_of
from recsys.evaluation.metrics import TASKS, Case, ndcg
from recsys.evaluation.tuning import LEAST_CASES, Weighed, weigh
from recsys.models.hybrid import Blend, FavouriteModel, FitOptions, Weights, fit
from tests.support.ranker_contract import EVERYBODY, FACTS, SHOP, many, taught
from tests.support.toy_catalogs import NOW, catalogue, event, rows

MODEL = fit(EVERYBODY, SHOP, FitOptions(factors=8, iterations=4, regularisation=0.3))
EVERYBODY = dict(persons(many(), range(300)))


def asked(customer: int, *brands: int, gain: float = 1.0) -> Case:
    """A customer of the crowd who then bought these brands."""
    before = EVERYBODY[customer]
    known = frozenset(f"Brand {code:03d}" for code in before.brand)
    return Case(before, {f"Brand {b:03d}": gain for b in brands}, known)


def buys_again(customer: int) -> Case:
    """Somebody who then bought what she bought before."""
    return asked(customer, *EVERYBODY[customer].brand.tolist())


def buys_what_all_buy(customer: int) -> Case:
    """Somebody who then bought the brands that most customers buy, but none of her own."""
    first = np.argsort(-MODEL.basis.buyers, kind="stable")[:12]
    return asked(customer, *np.setdiff1d(first, EVERYBODY[customer].brand).tolist())


def buys_of_her_group(customer: int) -> Case:
    """Somebody who then bought everything of her own group that she did not have."""
    group = np.arange(customer % 6, 60, 6)
    return asked(customer, *np.setdiff1d(group, EVERYBODY[customer].brand).tolist())


class TestTheChoice:
    def test_who_buys_what_all_buy_makes_popularity_count(self) -> None:
        found = weigh(MODEL, [buys_what_all_buy(c) for c in range(200)])
        weights = found.blend.weights
        assert weights.popularity > 5 * weights.collaborative
        assert found.customers == 200

    def test_who_buys_of_her_taste_makes_the_others_count(self) -> None:
        weights = weigh(MODEL, [buys_of_her_group(c) for c in range(200)]).blend.weights
        assert weights.collaborative > weights.popularity

    def test_who_buys_again_leaves_popularity_at_most_where_it_was(self) -> None:
        found = weigh(MODEL, [buys_again(c) for c in range(200)])
        assert found.blend.weights.popularity <= Weights().popularity
        assert found.any is not None
        assert found.any > 0.95
        assert found.new == 0.0

    def test_who_never_comes_back_to_a_brand_is_shown_other_ones(self) -> None:
        cases = [buys_of_her_group(c) for c in range(200)]
        found = weigh(MODEL, cases)
        assert found.blend.weights.own < 0
        assert found.any == pytest.approx(found.new, abs=0.01)
        top = [s.brand for s in replace(MODEL, blend=found.blend).rank(cases[0].before, 5)]
        assert not set(top) & cases[0].known

    def test_what_is_chosen_is_no_worse_than_the_defaults(self) -> None:
        cases = [buys_of_her_group(c) for c in range(120)] + [buys_again(c) for c in range(80)]
        found = weigh(MODEL, cases)
        board = board_of(MODEL, cases)
        assert board.worth(found.blend).mean() >= board.worth(MODEL.blend).mean()

    def test_what_speaks_of_nothing_loses_its_say(self) -> None:
        """Everybody looked at three brands and bought three; then she buys those again."""
        log, whose = [], []
        rng = np.random.default_rng(1)
        bought = {c: rng.choice(60, 3, replace=False) for c in range(240)}
        for customer, hers in bought.items():
            others = rng.choice(np.setdiff1d(np.arange(60), hers), 12, replace=False)
            log += [event(2 * int(b), Kind.PURCHASE, 400) for b in hers]
            log += [event(2 * int(b), Kind.VIEW) for b in others for _ in range(40)]
            whose += [customer] * (3 + 40 * 12)
        evidence = summarise(rows(*log), FACTS, NOW, np.array(whose))
        model = fit(taught(evidence), SHOP, FitOptions(factors=4, iterations=2))
        cases = [
            Case(before, {f"Brand {b:03d}": 1.0 for b in bought[customer]}, frozenset())
            for customer, before in persons(evidence, range(240))
        ]
        love = weigh(model, cases).blend.love
        default = Blend().love
        assert love.views / love.purchases < default.views / default.purchases

    def test_the_same_cases_choose_the_same(self) -> None:
        cases = [buys_of_her_group(c) for c in range(150)]
        assert weigh(MODEL, cases) == weigh(MODEL, cases)


class TestTooLittle:
    def test_few_customers_keep_the_defaults_and_say_so(self) -> None:
        found = weigh(MODEL, [buys_again(c) for c in range(LEAST_CASES - 1)])
        assert found == Weighed(MODEL.blend, 99, reason=found.reason)
        assert "Only 99 customers came back" in found.reason

    def test_answers_without_a_pattern_keep_the_defaults(self) -> None:
        rng = np.random.default_rng(4)
        cases = [asked(c, *rng.choice(60, 2, replace=False).tolist()) for c in range(120)]
        chosen = weigh(MODEL, cases).blend
        assert chosen.fashion is chosen.half_life is None


class TestTheBoard:
    @pytest.mark.parametrize(
        "blend",
        [
            Blend(),
            Blend(Weights(1.0, 3.0, 0.01), 1.0, half_life=90, fashion=30),
            Blend(Weights(-1.0, 1.0, 0.1), 0.3, 0.3, drift=30),
        ],
    )
    def test_it_ranks_as_the_model_does(self, blend: Blend) -> None:
        cases = [asked(c, 0, 7, 13, 25, 48, gain=2.0) for c in range(40)]
        model = replace(MODEL, blend=blend)
        found = board_of(model, cases).found(blend)
        for task in TASKS:
            expected = [self.judged(model, case, task) for case in cases if case.wanted(task)]
            assert found[task].mean() == pytest.approx(np.mean(expected), abs=1e-6)

    @staticmethod
    def judged(model: FavouriteModel, case: Case, task: str) -> float:
        without = case.known if task == "new" else ()
        ranked = [score.brand for score in model.rank(case.before, 10, without)]
        return ndcg(ranked, case.wanted(task))

    def test_a_shop_smaller_than_a_list_has_a_board(self) -> None:
        shop = catalogue(brands=3)
        log = rows(event(0, Kind.PURCHASE), event(2, Kind.PURCHASE), event(4, Kind.PURCHASE))
        evidence = summarise(log, FACTS, NOW, np.arange(3))
        model = fit(taught(evidence, 3), shop, FitOptions())
        cases = [
            Case(before, {"Brand 000": 1.0}, frozenset({f"Brand {before.brand[0]:03d}"}))
            for _, before in persons(evidence, range(3))
        ]
        found = board_of(model, cases).found(Blend())
        assert np.isfinite(found["any"]).all()
        assert found["new"][0] == 0.0

    def test_a_customer_who_knows_every_brand_has_nothing_new(self) -> None:
        evidence = summarise(rows(*[event(2 * b, Kind.VIEW) for b in range(60)]), FACTS, NOW)
        case = Case(evidence, {"Brand 001": 1.0}, frozenset(f"Brand {b:03d}" for b in range(60)))
        assert board_of(MODEL, [case]).found(Blend())["new"].tolist() == [0.0]


def test_progress_is_told_to_the_end() -> None:
    told: list[float] = []
    weigh(MODEL, [buys_again(c) for c in range(110)], told.append)
    assert told == sorted(told)
    assert told[-1] == 1.0
