"""What all rankers share: which brands may be ranked, how popular they are, who is best."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from recsys.dataset.event_aggregation import ItemFacts, aggregate_events
from recsys.dataset.events import EventKind
from recsys.dataset.evidence import empty_evidence
from recsys.errors import WorkspaceError
from recsys.models.base import BrandIndex, build_brand_index, top_k
from recsys.models.baselines import BASELINES
from recsys.models.hybrid import FitOptions, fit_hybrid
from tests.support.ranker_contract import EVERYBODY, SHOP, SOMEBODY, taught
from tests.support.toy_catalogs import NOW, catalogue, event, rows

KNOWN = build_brand_index(EVERYBODY.buyers, SHOP)


class TestTheBest:
    @given(
        st.lists(st.tuples(st.integers(0, 5), st.booleans()), min_size=1, max_size=40),
        st.integers(0, 50),
    )
    def test_they_are_the_first_of_a_full_sort_with_ties_by_code(
        self, pairs: list[tuple[int, bool]], n: int
    ) -> None:
        scores = np.array([score for score, _ in pairs], np.float64)
        allowed = np.array([yes for _, yes in pairs])
        order = sorted(np.flatnonzero(allowed), key=lambda code: (-scores[code], code))
        assert top_k(scores, allowed, n).tolist() == order[:n]

    def test_of_nobody_allowed_nobody_is_best(self) -> None:
        assert top_k(np.ones(3), np.zeros(3, dtype=bool), 2).tolist() == []


class TestTheBasis:
    def test_the_prior_lies_between_nothing_and_the_most_bought(self) -> None:
        assert KNOWN.prior.max() == 1
        assert KNOWN.prior[KNOWN.buyers == 0].max(initial=0) == 0
        assert (np.argsort(KNOWN.prior) == np.argsort(np.log1p(KNOWN.buyers))).all()

    def test_a_shop_in_which_nobody_bought_has_a_prior_of_nothing(self) -> None:
        nobody = replace(KNOWN, buyers=np.zeros(60, np.int64))
        assert nobody.prior.tolist() == [0.0] * 60

    def test_buyers_are_counted_by_any_event_where_nobody_bought(self) -> None:
        looked = aggregate_events(rows(event(4, EventKind.VIEW)), ItemFacts.from_catalog(SHOP), NOW)
        assert np.flatnonzero(build_brand_index(taught(looked).buyers, SHOP).buyers).tolist() == [2]
        assert build_brand_index(taught(empty_evidence()).buyers, SHOP).buyers.sum() == 0

    def test_a_sensitive_brand_is_never_allowed(self) -> None:
        shop = catalogue()
        shop.brand_sensitive[3] = True
        assert not build_brand_index(EVERYBODY.buyers, shop).allowed(())[3]

    def test_a_brand_left_out_is_not_allowed_and_an_unknown_name_is_passed_over(self) -> None:
        allowed = KNOWN.allowed({"Brand 007", "no such brand"})
        assert np.flatnonzero(~allowed).tolist() == [7]


class TestACatalogueThatGrew:
    def wider(self) -> BrandIndex:
        return KNOWN.rebase_on(catalogue(brands=70))

    def test_new_brands_may_be_ranked_and_have_no_buyers(self) -> None:
        wider = self.wider()
        assert wider.buyers[:60].tolist() == KNOWN.buyers.tolist()
        assert wider.buyers[60:].sum() == 0
        assert wider.allowed(()).all()
        assert wider.codes["Brand 069"] == 69

    def test_another_lineage_is_another_shop(self) -> None:
        with pytest.raises(WorkspaceError, match="Fit again"):
            KNOWN.rebase_on(replace(SHOP, lineage="other"))

    def test_what_became_sensitive_since_is_ranked_no_more(self) -> None:
        shop = catalogue()
        shop.brand_sensitive[0] = True
        assert not KNOWN.rebase_on(shop).allowed(())[0]

    def test_a_brand_whose_products_went_to_another_is_ranked_by_nobody(self) -> None:
        shop = catalogue()
        shop.brand_category[0] = -1  # nothing is left of it
        gone = KNOWN.rebase_on(shop)
        model = fit_hybrid(EVERYBODY, SHOP, FitOptions(factors=4, iterations=2)).rebase_on(shop)
        for ranker in (model, *(make(gone) for make in BASELINES.values())):
            names = [score.brand for score in ranker.rank(SOMEBODY, 60)]
            assert len(names) == 59
            assert "Brand 000" not in names
        assert not build_brand_index(EVERYBODY.buyers, shop).allowed(())[0]
