"""What counts as found is what the policy says, and lists get the numbers of a textbook."""

import numpy as np
import pytest

from recsys.dataset.events import EventKind
from recsys.dataset.evidence import empty_evidence
from recsys.errors import BadPolicyError
from recsys.evaluation.metrics import (
    EvalUser,
    Relevance,
    ideal_dcg,
    ndcg,
    recall,
    reciprocal_rank,
    relevance_gains,
)
from recsys.study.policy import Policy
from tests.recsys.study.test_policy_and_gate import POLICY
from tests.support.ranker_contract import FACTS
from tests.support.toy_catalogs import event, rows

RULE = Relevance()


def found(*log: tuple[int, int, int, int, int, int], bought: bool = True) -> dict[int, float]:
    """Brand -> gain of one customer's held-out events."""
    packed = rows(*log)
    _, brand, gain = relevance_gains(np.zeros(len(packed), np.int64), packed, FACTS, RULE, bought)
    return dict(zip(brand.tolist(), gain.tolist(), strict=True))


class TestWhatCounts:
    def test_a_purchase_counts_once_and_at_the_full_price_twice(self) -> None:
        log = [
            event(0, EventKind.PURCHASE, 1000),
            event(2, EventKind.PURCHASE, 500),
            event(4, EventKind.VIEW),
        ]
        assert found(*log, *log) == {0: 2.0, 1: 1.0}

    def test_a_purchase_without_a_price_counts_as_kept(self) -> None:
        assert found(event(0, EventKind.PURCHASE)) == {0: 1.0}

    def test_what_was_sent_back_does_not_count(self) -> None:
        bought, back = event(0, EventKind.PURCHASE, 1000), event(0, EventKind.RETURN, 1000)
        assert found(bought, back) == {}
        assert found(bought, bought, back) == {0: 2.0}

    def test_in_a_log_without_purchases_whatever_she_did_counts(self) -> None:
        assert found(event(0, EventKind.VIEW), event(3, EventKind.CART), bought=False) == {
            0: 1.0,
            1: 1.0,
        }

    def test_each_pair_of_customer_and_brand_comes_once_in_order(self) -> None:
        packed = rows(*[event(item, EventKind.PURCHASE) for item in (8, 0, 1, 6)])
        who, brand, _ = relevance_gains(np.array([1, 1, 1, 0]), packed, FACTS, RULE)
        assert list(zip(who.tolist(), brand.tolist(), strict=True)) == [(0, 3), (1, 0), (1, 4)]

    def test_new_brands_are_those_she_had_no_evidence_for(self) -> None:
        case = EvalUser(empty_evidence(), {"old": 1.0, "new": 2.0}, frozenset({"old"}))
        assert case.relevant("any") == {"old": 1.0, "new": 2.0}
        assert case.relevant("new") == {"new": 2.0}

    @pytest.mark.parametrize(
        ("wrong", "said"),
        [
            ({"held_out": 1.0}, "`held_out` is 1.0; it must lie between 0 and 1"),
            ({"kept": 0.0}, "`kept` must be above 0"),
            ({"full_price": 0.5}, "`full_price` must be at least"),
        ],
    )
    def test_a_rule_that_cannot_be_is_refused(self, wrong: dict[str, float], said: str) -> None:
        plain = POLICY.to_dict()
        plain["relevance"] |= wrong
        with pytest.raises(BadPolicyError, match=said):
            Policy.from_dict(plain)


class TestTheMetrics:
    def test_recall_is_out_of_ten_or_of_what_could_be_found(self) -> None:
        ranked = [f"b{i}" for i in range(20)]
        assert recall(ranked, {"b0", "b9", "b10", "other"}) == 2 / 4
        assert recall(ranked, set(ranked)) == 1.0

    def test_ndcg_is_that_of_the_textbook(self) -> None:
        # one hit at place 3 of one wanted: 1 / log2(4)
        assert ndcg(["a", "b", "c"], {"c": 1.0}) == pytest.approx(0.5)
        assert ndcg(["a", "b"], {"a": 1.0, "b": 1.0}) == pytest.approx(1.0)
        assert ndcg(["a"], {"z": 1.0}) == 0.0

    def test_the_best_order_puts_the_greater_gain_first(self) -> None:
        assert ndcg(["a", "b"], {"a": 2.0, "b": 1.0}) == 1.0
        assert ndcg(["b", "a"], {"a": 2.0, "b": 1.0}) == pytest.approx(
            (1 + 2 / np.log2(3)) / (2 + 1 / np.log2(3))
        )

    def test_no_more_than_ten_can_be_found(self) -> None:
        names = [f"b{i}" for i in range(30)]
        assert ndcg(names, dict.fromkeys(names, 1.0)) == pytest.approx(1.0)
        assert ideal_dcg(np.array([])) == 0.0

    def test_the_reciprocal_rank_is_that_of_the_first_found(self) -> None:
        assert reciprocal_rank(["a", "b", "c"], {"b", "c"}) == 0.5
        assert reciprocal_rank(["a"], {"b"}) == 0.0
        assert reciprocal_rank([f"b{i}" for i in range(20)], {"b10"}) == 0.0
