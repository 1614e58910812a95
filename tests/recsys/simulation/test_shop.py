"""The planted shop keeps what it promises."""

from datetime import date

import numpy as np
import pandas as pd
import pytest

from recsys.dataset.brand_names import normalize_brand
from recsys.dataset.events import Col, EventKind, ProductCol
from recsys.errors import BadInputError, UnknownNameError
from recsys.simulation import parameters
from recsys.simulation.customers import CategoricalSampler
from recsys.simulation.personas import PERSONA_SPECS
from recsys.simulation.products import PRODUCT_LINES
from recsys.simulation.shop import AS_OF, Shop, TruthCol, plant_shop
from tests.support.paths import ROOT

BRANDS = pd.read_csv(ROOT / "data" / "brands.csv")
CUSTOMERS = 3_000


@pytest.fixture(scope="module")
def shop() -> Shop:
    return plant_shop(BRANDS, CUSTOMERS, seed=1)


@pytest.fixture(scope="module")
def log(shop: Shop) -> pd.DataFrame:
    return whole(shop)[0]


@pytest.fixture(scope="module")
def truth(shop: Shop) -> pd.DataFrame:
    return whole(shop)[1]


@pytest.fixture(scope="module")
def purchases(log: pd.DataFrame, truth: pd.DataFrame) -> pd.DataFrame:
    """All purchases, with whether the brand is a favourite and whether the list price was paid."""
    bought = log[log[Col.EVENT] == "purchase"]
    bought = bought.merge(truth, on=[Col.CUSTOMER, Col.BRAND], how="left")
    full = bought[Col.PRICE] == bought[Col.LIST_PRICE]
    return bought.assign(favourite=bought[TruthCol.STRENGTH].notna(), full=full)


def whole(shop: Shop, size: int = 1_000) -> tuple[pd.DataFrame, pd.DataFrame]:
    events, truth = zip(*shop.chunks(size), strict=True)
    return pd.concat(events, ignore_index=True), pd.concat(truth, ignore_index=True)


def of(log: pd.DataFrame, customer: str) -> pd.DataFrame:
    return log[log[Col.CUSTOMER] == customer]


class TestTheCatalogueOfBrands:
    def test_it_has_hundreds_of_brands_in_many_categories_and_forty_tastes(self) -> None:
        groups = {group for row in BRANDS["taste_groups"] for group in row.split(";")}
        assert len(BRANDS) >= 420
        assert BRANDS["category"].nunique() >= 25
        assert len(groups) == 40

    def test_no_brand_stands_there_twice_however_it_is_spelt(self) -> None:
        spelt = BRANDS["name"].str.casefold().str.replace(r"[^0-9a-zà-ÿ+]", "", regex=True)
        assert spelt[spelt.duplicated()].tolist() == []

    def test_every_name_is_already_as_an_import_would_write_it(self) -> None:
        assert [name for name in BRANDS["name"] if normalize_brand(name) != name] == []

    def test_every_brand_is_described_in_full(self) -> None:
        sets = BRANDS["taste_groups"].str.split(";")
        assert sets.map(len).between(1, 4).all()
        assert sets.map(lambda row: len(set(row)) == len(row)).all()
        assert BRANDS["price_tier"].isin([1, 2, 3, 4]).all()
        assert sorted(BRANDS["popularity_rank"]) == list(range(1, len(BRANDS) + 1))
        assert BRANDS["sensitive"].isin([0, 1]).all()

    def test_every_category_is_one_the_shop_can_fill(self) -> None:
        assert set(BRANDS["category"]) == set(PRODUCT_LINES)

    def test_sensitive_brands_have_categories_of_their_own(self) -> None:
        share = BRANDS.groupby("category")["sensitive"].mean()
        assert set(share) == {0.0, 1.0}
        assert set(share[share == 1].index) == {"Intimacy", "Slimming", "Medical self-care"}
        assert BRANDS["sensitive"].sum() >= 8

    def test_every_taste_group_has_brands_to_choose_from(self) -> None:
        assert BRANDS["taste_groups"].str.split(";").explode().value_counts().min() >= 10


class TestTheProducts:
    def test_each_brand_has_six_to_twenty_with_a_title_of_their_own(self, shop: Shop) -> None:
        count = shop.products.groupby(Col.BRAND).size()
        assert len(count) == len(BRANDS)
        assert count.between(6, 20).all()
        assert shop.products[ProductCol.TITLE].is_unique
        assert shop.products[Col.PRODUCT].is_unique

    def test_a_dear_tier_costs_more_than_a_cheap_one(self, shop: Shop) -> None:
        products = shop.products.merge(BRANDS, left_on=Col.BRAND, right_on="name")
        typical = products.groupby("price_tier")[Col.LIST_PRICE].median()
        assert typical.is_monotonic_increasing

    def test_products_of_sensitive_brands_are_flagged_and_no_others(self, shop: Shop) -> None:
        flagged = shop.products.groupby(Col.BRAND)[ProductCol.SENSITIVE].agg(["all", "any"])
        expected = BRANDS.set_index("name")["sensitive"].astype(bool).reindex(flagged.index)
        assert (flagged["all"] == expected).all()
        assert (flagged["any"] == expected).all()

    def test_some_are_featured_and_all_are_released_before_the_end(self, shop: Shop) -> None:
        assert 0.1 < shop.products[ProductCol.FEATURED].mean() < 0.2
        assert shop.products[ProductCol.RELEASED].max() < pd.Timestamp(AS_OF)


class TestTheLog:
    def test_it_has_the_columns_of_an_event_file(self, log: pd.DataFrame) -> None:
        names = [value for name, value in vars(Col).items() if name.isupper()]
        assert list(log.columns) == names
        assert not log.isna().any(axis=None)
        assert set(log[Col.EVENT]) == {kind.name.lower() for kind in EventKind}
        assert str(log[Col.TS].dt.tz) == "UTC"

    def test_it_lasts_two_years_and_ends_before_the_date_given(self, log: pd.DataFrame) -> None:
        end = pd.Timestamp(AS_OF, tz="UTC")
        assert log[Col.TS].max() < end
        assert log[Col.TS].min() >= end - pd.Timedelta(days=730)
        assert log[Col.TS].max() > end - pd.Timedelta(days=1)

    def test_another_end_moves_the_whole_log(self) -> None:
        events, _ = whole(plant_shop(BRANDS, 1, seed=1, as_of=date(2020, 1, 20)))
        assert events[Col.TS].max() < pd.Timestamp("2020-01-20", tz="UTC")
        assert events[Col.TS].min() >= pd.Timestamp("2018-01-20", tz="UTC")

    def test_nothing_is_touched_before_its_release(self, shop: Shop, log: pd.DataFrame) -> None:
        released = shop.products.set_index(Col.PRODUCT)[ProductCol.RELEASED]
        on = log[Col.PRODUCT].map(released).dt.tz_localize("UTC")
        assert (log[Col.TS] >= on).all()

    def test_brand_category_and_list_price_are_those_of_the_product(
        self, shop: Shop, log: pd.DataFrame
    ) -> None:
        known = shop.products.set_index(Col.PRODUCT).loc[log[Col.PRODUCT]].reset_index(drop=True)
        for column in (Col.BRAND, Col.CATEGORY, Col.LIST_PRICE):
            assert (known[column] == log[column]).all()
        assert log[Col.PRICE].gt(0).all()
        assert (log[Col.PRICE] <= log[Col.LIST_PRICE]).all()

    def test_each_customer_is_in_one_piece_and_in_order_of_time(self, log: pd.DataFrame) -> None:
        starts = log[Col.CUSTOMER] != log[Col.CUSTOMER].shift()
        assert starts.sum() == log[Col.CUSTOMER].nunique()
        assert log.groupby(Col.CUSTOMER)[Col.TS].is_monotonic_increasing.all()

    def test_no_event_stands_there_twice(self, log: pd.DataFrame) -> None:
        assert not log.duplicated().any()

    def test_only_purchases_are_of_more_than_one_unit(self, log: pd.DataFrame) -> None:
        bought = log[Col.EVENT] == "purchase"
        assert (log.loc[~bought, Col.QUANTITY] == 1).all()
        assert abs((log.loc[bought, Col.QUANTITY] == 1).mean() - parameters.UNIT_SHARES[0]) < 0.02
        assert log[Col.QUANTITY].max() == len(parameters.UNIT_SHARES)

    def test_every_return_follows_a_purchase_of_the_same_product(self, log: pd.DataFrame) -> None:
        key = [Col.CUSTOMER, Col.PRODUCT]
        bought = log[log[Col.EVENT] == "purchase"].groupby(key)[Col.TS].min()
        back = log[log[Col.EVENT] == "return"]
        first = bought.reindex(pd.MultiIndex.from_frame(back[key])).to_numpy()
        assert (back[Col.TS].to_numpy() > first).all()


class TestTheMeasuredFigures:
    """The planted log is near the real one where the real one could be measured."""

    def test_activity_has_the_measured_spread_and_tail(self, purchases: pd.DataFrame) -> None:
        count = purchases.groupby(Col.CUSTOMER).size().sort_values()
        assert count.std() / count.mean() == pytest.approx(0.97, abs=0.12)
        assert count.tail(len(count) // 10).sum() / count.sum() == pytest.approx(0.32, abs=0.04)

    def test_popularity_follows_the_measured_power_law(self, purchases: pd.DataFrame) -> None:
        buyers = purchases.groupby(Col.BRAND)[Col.CUSTOMER].nunique().sort_values(ascending=False)
        rank = np.arange(5, 301)
        slope = np.polyfit(np.log(rank), np.log(buyers.to_numpy()[4:300]), 1)[0]
        assert slope == pytest.approx(-1.0, abs=0.15)

    def test_about_half_of_all_purchases_are_at_the_list_price(
        self, purchases: pd.DataFrame
    ) -> None:
        assert purchases["full"].mean() == pytest.approx(0.52, abs=0.05)

    def test_discounts_are_as_deep_as_measured(self, purchases: pd.DataFrame) -> None:
        cut = purchases[~purchases["full"]]
        assert (1 - cut[Col.PRICE] / cut[Col.LIST_PRICE]).mean() == pytest.approx(0.26, abs=0.01)

    def test_purchases_come_in_bursts_as_measured(self, purchases: pd.DataFrame) -> None:
        ordered = purchases.sort_values([Col.CUSTOMER, Col.TS])
        gap = ordered.groupby(Col.CUSTOMER)[Col.TS].diff().dt.total_seconds().dropna()
        assert gap.std() / gap.mean() == pytest.approx(1.5, abs=0.12)


class TestTheCustomers:
    def test_everybody_has_three_to_ten_favourites_in_order_of_strength(
        self, truth: pd.DataFrame
    ) -> None:
        rows = truth.groupby(Col.CUSTOMER)
        assert truth[Col.CUSTOMER].nunique() == CUSTOMERS + len(PERSONA_SPECS)
        assert rows.size().between(parameters.MIN_FAVOURITES, parameters.MAX_FAVOURITES).all()
        assert (truth[TruthCol.STRENGTH] == rows.cumcount() + 1).all()
        assert not truth.duplicated([Col.CUSTOMER, Col.BRAND]).any()

    def test_no_sensitive_brand_is_a_favourite_though_some_are_bought(
        self, truth: pd.DataFrame, purchases: pd.DataFrame
    ) -> None:
        sensitive = set(BRANDS.loc[BRANDS["sensitive"] == 1, "name"])
        assert not set(truth[Col.BRAND]) & sensitive
        assert set(purchases[Col.BRAND]) & sensitive

    def test_favourites_mostly_are_of_her_taste(self, truth: pd.DataFrame) -> None:
        groups = dict(zip(BRANDS["name"], BRANDS["taste_groups"].str.split(";"), strict=True))
        pairs = zip(truth[Col.BRAND], truth[TruthCol.GROUPS].str.split(";"), strict=True)
        assert np.mean([bool(set(groups[brand]) & set(own)) for brand, own in pairs]) > 0.85

    def test_favourites_are_bought_at_the_list_price_more_often_than_other_brands(
        self, purchases: pd.DataFrame
    ) -> None:
        full = purchases.groupby("favourite")["full"].mean()
        assert full[True] == pytest.approx(0.79, abs=0.05)
        assert full[False] < 0.35

    def test_new_products_of_favourites_are_looked_at_within_thirty_days(
        self, shop: Shop, log: pd.DataFrame, truth: pd.DataFrame
    ) -> None:
        released = shop.products.set_index(Col.PRODUCT)[ProductCol.RELEASED]
        views = log[log[Col.EVENT] == "view"]
        age = views[Col.TS] - views[Col.PRODUCT].map(released).dt.tz_localize("UTC")
        loved = views.merge(truth, on=[Col.CUSTOMER, Col.BRAND], how="left")[TruthCol.STRENGTH]
        fresh = (age < pd.Timedelta(days=30)).groupby(loved.notna().to_numpy()).mean()
        assert fresh[True] > 3 * fresh[False]

    def test_only_favourites_are_followed(self, log: pd.DataFrame, truth: pd.DataFrame) -> None:
        follows = log[log[Col.EVENT] == "follow"].merge(truth, on=[Col.CUSTOMER, Col.BRAND])
        assert len(follows) == (log[Col.EVENT] == "follow").sum()
        assert len(follows) / len(truth) == pytest.approx(0.8 * parameters.FOLLOW_CHANCE, abs=0.03)

    def test_many_favourites_were_never_bought_and_some_never_touched(
        self, log: pd.DataFrame, truth: pd.DataFrame, purchases: pd.DataFrame
    ) -> None:
        loved = pd.MultiIndex.from_frame(truth[[Col.CUSTOMER, Col.BRAND]])
        bought = pd.MultiIndex.from_frame(purchases[[Col.CUSTOMER, Col.BRAND]])
        touched = pd.MultiIndex.from_frame(log[[Col.CUSTOMER, Col.BRAND]])
        assert (~loved.isin(bought)).mean() > 0.4
        assert 0.1 < (~loved.isin(touched)).mean() < 0.35

    def test_many_brands_that_are_bought_often_are_no_favourites(
        self, purchases: pd.DataFrame
    ) -> None:
        pairs = purchases.groupby([Col.CUSTOMER, Col.BRAND])["favourite"].agg(["size", "first"])
        assert (~pairs.loc[pairs["size"] >= 3, "first"]).mean() > 0.15

    def test_a_screen_protector_is_bought_once(self, purchases: pd.DataFrame) -> None:
        needed = purchases[(purchases[Col.CATEGORY] == "Phone accessories")]
        times = needed[~needed["favourite"]].groupby([Col.CUSTOMER, Col.BRAND]).size()
        assert (times == 1).mean() > 0.8

    def test_some_are_thin_some_are_new_and_most_are_neither(self, log: pd.DataFrame) -> None:
        rows = log.groupby(Col.CUSTOMER)[Col.TS].agg(["size", "min"])
        new = rows["min"] > pd.Timestamp(AS_OF, tz="UTC") - pd.Timedelta(days=60)
        assert 0.04 < (rows["size"] <= 6).mean() < 0.25
        assert parameters.NEW_SHARE * 0.7 < new.mean() < 0.15
        assert 50 < rows["size"].mean() < 75

    def test_december_is_busier_than_any_other_month(self, purchases: pd.DataFrame) -> None:
        gifts = purchases[~purchases["favourite"]]
        month = gifts[Col.TS].dt.month.value_counts()
        assert month.idxmax() == 12
        assert month[12] > 1.3 * month.drop(12).mean()


class TestTheSameShop:
    def test_the_same_seed_plants_the_same_shop(self, log: pd.DataFrame) -> None:
        again, _ = whole(plant_shop(BRANDS, CUSTOMERS, seed=1))
        pd.testing.assert_frame_equal(again, log)

    def test_another_seed_plants_another(self, shop: Shop) -> None:
        other = plant_shop(BRANDS, 1, seed=2)
        assert not other.products.equals(shop.products)
        assert not whole(other)[1].equals(whole(plant_shop(BRANDS, 1, seed=1))[1])

    @pytest.mark.parametrize("size", [1, 2_000, 50_000])
    def test_chunks_of_any_size_hold_the_same_log(
        self, shop: Shop, log: pd.DataFrame, truth: pd.DataFrame, size: int
    ) -> None:
        events, favourites = whole(shop, size)
        pd.testing.assert_frame_equal(events, log)
        pd.testing.assert_frame_equal(favourites, truth)

    def test_a_customer_is_the_same_however_many_come_after_her(self, log: pd.DataFrame) -> None:
        few, _ = whole(plant_shop(BRANDS, 1_200, seed=1))
        pd.testing.assert_frame_equal(few, log.head(len(few)))

    def test_a_chunk_need_not_wait_for_those_before_it(self) -> None:
        """A million customers are not made to hand out the first thousand."""
        events, _ = next(plant_shop(BRANDS, 1_000_000, seed=1).chunks(1_000))
        assert events[Col.CUSTOMER].nunique() <= 1_000 + len(PERSONA_SPECS)


class TestSmallShops:
    def test_one_customer_works(self) -> None:
        events, truth = whole(plant_shop(BRANDS, 1, seed=3))
        ordinary = set(truth[Col.CUSTOMER]) - {
            f"persona-{role.name.lower()}" for role in PERSONA_SPECS
        }
        assert ordinary == {"c0000000"}
        assert set(events[Col.CUSTOMER]) <= set(truth[Col.CUSTOMER])

    @pytest.mark.parametrize("size", [4, 12, 60])
    def test_a_few_brands_work(self, size: int) -> None:
        few = BRANDS.nsmallest(size, "popularity_rank")
        shop = plant_shop(few, 50, seed=1)
        events, truth = whole(shop)
        assert set(truth[Col.BRAND]) <= set(few["name"])
        assert set(events[Col.BRAND]) <= set(few["name"])
        assert len(shop.personas) == 4

    def test_a_shop_without_customers_is_refused(self) -> None:
        with pytest.raises(BadInputError, match="at least 1 customer, not 0"):
            plant_shop(BRANDS, 0, seed=1)

    def test_a_catalogue_without_a_column_is_refused_by_name(self) -> None:
        with pytest.raises(BadInputError, match="lacks price_tier, sensitive"):
            plant_shop(BRANDS.drop(columns=["price_tier", "sensitive"]), 1, seed=1)

    def test_a_category_nobody_knows_is_refused_by_name(self) -> None:
        with pytest.raises(UnknownNameError, match=r"No category is called 'Toyz'.*'Toys'"):
            plant_shop(BRANDS.assign(category="Toyz"), 1, seed=1)


class TestThePersonas:
    def test_there_are_four_with_rich_histories_in_the_log(
        self, shop: Shop, log: pd.DataFrame
    ) -> None:
        assert len({persona.customer_id for persona in shop.personas}) == 4
        for persona in shop.personas:
            assert len(of(log, persona.customer_id)) > 80

    def test_each_story_names_brands_that_she_truly_loves(
        self, shop: Shop, truth: pd.DataFrame
    ) -> None:
        for persona, role in zip(shop.personas, PERSONA_SPECS, strict=True):
            loved = of(truth, persona.customer_id)[Col.BRAND].tolist()
            assert loved == list(role.brands)
            for story in (persona.en, persona.nl):
                assert all(brand in story for brand in [*loved[:3], loved[-1]])

    def test_the_three_named_first_are_bought_and_the_quiet_one_never_is(
        self, shop: Shop, log: pd.DataFrame, truth: pd.DataFrame
    ) -> None:
        for persona in shop.personas:
            mine = of(log, persona.customer_id)
            bought = set(mine.loc[mine[Col.EVENT] == "purchase", Col.BRAND])
            loved = of(truth, persona.customer_id)[Col.BRAND].tolist()
            assert set(loved[:3]) <= bought
            assert loved[-1] not in bought

    def test_noor_buys_presents_in_december(self, log: pd.DataFrame, truth: pd.DataFrame) -> None:
        other = self.not_loved("persona-noor", log, truth)
        late = other[Col.TS].dt.strftime("%m%d").between("1120", "1224")
        assert late.mean() > 0.25

    def test_daan_buys_more_brands_once_at_a_discount_than_he_loves(
        self, log: pd.DataFrame, truth: pd.DataFrame
    ) -> None:
        other = self.not_loved("persona-daan", log, truth)
        assert (other[Col.PRICE] < other[Col.LIST_PRICE]).mean() > 0.6
        assert other[Col.BRAND].nunique() > 10

    def test_samira_shares_her_account_with_a_cyclist(
        self, log: pd.DataFrame, truth: pd.DataFrame
    ) -> None:
        other = self.not_loved("persona-samira", log, truth)
        groups = dict(zip(BRANDS["name"], BRANDS["taste_groups"], strict=True))
        sporty = [b for b in other[Col.BRAND] if {"cycling", "running"} & {*groups[b].split(";")}]
        assert len(sporty) > 5

    def test_henk_looks_more_than_he_buys(self, log: pd.DataFrame) -> None:
        kinds = of(log, "persona-henk")[Col.EVENT].value_counts()
        assert kinds["view"] > 3 * kinds["purchase"]

    @staticmethod
    def not_loved(customer: str, log: pd.DataFrame, truth: pd.DataFrame) -> pd.DataFrame:
        """Return the purchases of brands that are no favourites."""
        mine = of(log, customer)
        loved = of(truth, customer)[Col.BRAND]
        return mine[(mine[Col.EVENT] == "purchase") & ~mine[Col.BRAND].isin(loved)]


class TestTheWheel:
    def test_it_draws_each_item_as_often_as_it_weighs(self) -> None:
        lists = [(np.array([7]), np.ones(1)), (np.array([1, 2, 3]), np.array([1.0, 0.0, 3.0]))]
        u = np.random.default_rng(0).random(20_000)
        drawn = CategoricalSampler.from_lists(lists).sample(np.ones(20_000, dtype=np.int64), u)
        assert set(drawn) == {1, 3}
        assert (drawn == 3).mean() == pytest.approx(0.75, abs=0.01)

    def test_the_list_before_is_never_drawn_from(self) -> None:
        wheel = CategoricalSampler.from_rows(
            np.array([[1, 2], [3, 4]]), np.array([[1.0, 0.0], [0.0, 1.0]])
        )
        rows, u = np.array([0, 1, 0, 1]), np.array([0.0, 0.0, 0.9999999, 0.9999999])
        assert wheel.sample(rows, u).tolist() == [1, 4, 1, 4]
