"""Customers of the planted shop: tastes, favourites, activity and reasons to shop."""

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from recsys.simulation import parameters
from recsys.simulation.products import DAY, Assortment

IntArray = NDArray[np.int64]
FloatArray = NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class CategoricalSampler:
    """A vectorized weighted sampler over many lists of different lengths."""

    items: IntArray  # all lists, concatenated
    edges: FloatArray  # cumulative share within a list, plus the index of the list

    @classmethod
    def from_lists(cls, lists: Iterable[tuple[IntArray, FloatArray]]) -> "CategoricalSampler":
        """Build a sampler of (items, weights) pairs; no list may be empty or have no weight."""
        items, edges = [], []
        for row, (members, weights) in enumerate(lists):
            items.append(members)
            edges.append(row + np.cumsum(weights) / weights.sum())
            edges[-1][-1] = row + 1
        return cls(np.concatenate(items), np.concatenate(edges))

    @classmethod
    def from_rows(cls, items: IntArray, weights: FloatArray) -> "CategoricalSampler":
        """Build a sampler with one list per row; both are (n, k), each row has some weight."""
        cumulative = np.cumsum(weights, axis=1)
        cumulative /= cumulative[:, -1:]
        return cls(items.ravel(), (cumulative + np.arange(len(items))[:, None]).ravel())

    def sample(self, rows: IntArray, u: FloatArray) -> IntArray:
        """Return one item of each list in `rows`; `u` is uniform on [0, 1), both (n,)."""
        positions = np.searchsorted(self.edges, rows + u, side="right")
        return self.items[np.minimum(positions, len(self.items) - 1)]


@dataclass(frozen=True, slots=True, eq=False)
class ShopWorld:
    """The data that all customers share. B brands, G taste groups, C categories."""

    assortment: Assortment
    names: NDArray[np.object_]  # (B,)
    groups: NDArray[np.object_]  # (G,) names of the taste groups
    membership: FloatArray  # (B, G) taste groups of a brand; each row adds up to 1
    popularity: FloatArray  # (B,) power law of the rank; adds up to 1
    eligible: NDArray[np.bool_]  # (B,) not sensitive
    category: IntArray  # (B,) category codes
    any_brand: CategoricalSampler
    need_brands: CategoricalSampler
    staple_brands: CategoricalSampler
    by_group: CategoricalSampler
    by_category: CategoricalSampler
    start: int  # seconds since 1970
    as_of: int


def build_world(brands: pd.DataFrame, assortment: Assortment, as_of: int) -> ShopWorld:
    """Return the world of a catalogue. `as_of` is the end of the log in seconds since 1970."""
    ranks = brands["popularity_rank"].rank().to_numpy(dtype=np.float64)
    popularity: FloatArray = np.power(ranks, -parameters.POPULARITY_EXPONENT, dtype=np.float64)
    taste_popularity: FloatArray = popularity**parameters.TASTE_POPULARITY_EXPONENT
    group_sets = brands["taste_groups"].str.split(";")
    groups = sorted({group for row in group_sets for group in row})
    membership = np.array(
        [[group in row for group in groups] for row in group_sets], dtype=np.float64
    )
    category_codes, categories = pd.factorize(brands["category"])
    brand_codes = np.arange(len(brands), dtype=np.int64)
    return ShopWorld(
        assortment=assortment,
        names=brands["name"].to_numpy(dtype=object),
        groups=np.array(groups, dtype=object),
        membership=membership / membership.sum(axis=1, keepdims=True),
        popularity=popularity / popularity.sum(),
        eligible=~brands["sensitive"].to_numpy().astype(bool),
        category=category_codes.astype(np.int64),
        any_brand=CategoricalSampler.from_lists([(brand_codes, popularity)]),
        need_brands=_category_sampler(brands, popularity, parameters.NEED_CATEGORIES),
        staple_brands=_category_sampler(brands, popularity, parameters.STAPLE_CATEGORIES),
        by_group=CategoricalSampler.from_lists(
            (np.flatnonzero(row), taste_popularity[row > 0]) for row in membership.T
        ),
        by_category=CategoricalSampler.from_lists(
            (brand_codes[category_codes == c], popularity[category_codes == c])
            for c in range(len(categories))
        ),
        start=as_of - parameters.YEARS * 365 * DAY,
        as_of=as_of,
    )


def _category_sampler(
    brands: pd.DataFrame, popularity: FloatArray, categories: frozenset[str]
) -> CategoricalSampler:
    """Return a sampler over the brands of these categories, or over all if they have none."""
    in_categories = brands["category"].isin(categories).to_numpy()
    in_categories = in_categories if in_categories.any() else ~in_categories
    return CategoricalSampler.from_lists(
        [(np.flatnonzero(in_categories), popularity[in_categories])]
    )


@dataclass(frozen=True, slots=True, eq=False)
class CustomerTraits:
    """The traits of n customers, before favourites are drawn."""

    groups: IntArray  # (n, GROUPS_PER_CUSTOMER) taste groups, strongest first
    partner: IntArray  # (n, 2) taste groups of the second person in the account
    affinity_boost: FloatArray  # (n, B) or (1, 1): added to the brand utility
    n_favourites: IntArray  # (n,) number of favourites
    rate: FloatArray  # (n,) mean number of occasions
    first_seen: IntArray  # (n,) start as a customer, seconds since 1970
    reason_shares: FloatArray  # (n, 7) share of each reason to shop


@dataclass(frozen=True, slots=True, eq=False)
class SimulatedCustomers:
    """Customers with their favourites: F = MAX_FAVOURITES columns, strongest first, -1 for none."""

    traits: CustomerTraits
    favourites: IntArray  # (n, F) brand codes
    purchase_weights: FloatArray  # (n, F) weight among purchases of favourites; 0: not bought here
    staples: IntArray  # (n, 3) brand codes of habitual purchases


def draw_traits(world: ShopWorld, rng: np.random.Generator, n: int) -> CustomerTraits:
    """Return `n` ordinary customers."""
    first_seen = _draw_first_seen(world, rng, n)
    tenure_share = (world.as_of - first_seen) / (world.as_of - world.start)
    activity = rng.lognormal(-(parameters.ACTIVITY_SD**2) / 2, parameters.ACTIVITY_SD, n)
    rate = parameters.MEAN_OCCASIONS * activity * np.sqrt(tenure_share)
    is_thin = rng.random(n) < parameters.THIN_SHARE
    return CustomerTraits(
        groups=_draw_taste_groups(world, rng, n, parameters.GROUPS_PER_CUSTOMER),
        partner=_draw_taste_groups(world, rng, n, 2),
        affinity_boost=np.zeros((1, 1)),
        n_favourites=parameters.MIN_FAVOURITES
        + rng.binomial(
            parameters.MAX_FAVOURITES - parameters.MIN_FAVOURITES,
            parameters.FAVOURITES_FILL_SHARE,
            n,
        ),
        rate=np.where(is_thin, rng.uniform(0.3, 2, n), rate),
        first_seen=first_seen,
        reason_shares=_draw_reason_shares(rng, n),
    )


def _draw_taste_groups(world: ShopWorld, rng: np.random.Generator, n: int, k: int) -> IntArray:
    """Return `k` taste groups per customer, (n, k): the main group, then similar groups.

    Two groups are similar if they share brands. Groups repeat if the shop has fewer than `k`.
    """
    group_popularity = np.sqrt(world.popularity @ (world.membership > 0))
    first = rng.choice(len(group_popularity), n, p=group_popularity / group_popularity.sum())
    overlap = world.membership.T @ world.membership
    similarity = (
        overlap / np.sqrt(np.outer(overlap.diagonal(), overlap.diagonal()))
        + parameters.STRAY_TASTE_WEIGHT
    )
    score = np.log(similarity[first]) + rng.gumbel(size=(n, len(group_popularity)))
    score[np.arange(n), first] = np.inf
    return np.argsort(-score, axis=1)[:, np.arange(k) % len(group_popularity)].astype(np.int64)


def _draw_first_seen(world: ShopWorld, rng: np.random.Generator, n: int) -> IntArray:
    days = (world.as_of - world.start) / DAY
    u, kind_draw = rng.random(n), rng.random(n)
    new_day = days - u * 60
    later_day = np.where(kind_draw < parameters.NEW_SHARE + parameters.LATER_SHARE, u * days, 0)
    first_day = np.where(kind_draw < parameters.NEW_SHARE, new_day, later_day)
    return np.asarray(world.start + first_day * DAY, dtype=np.int64)


def _draw_reason_shares(rng: np.random.Generator, n: int) -> FloatArray:
    """Return reason shares, (n, 7): random around the average; a partner in some accounts only."""
    shares = parameters.occasion_column("share") * rng.gamma(4, 1 / 4, (n, len(parameters.REASONS)))
    shares[rng.random(n) >= parameters.HOUSEHOLD_SHARE, parameters.PARTNER] = 0
    return np.asarray(shares / shares.sum(axis=1, keepdims=True), dtype=np.float64)


def draw_favourites(
    world: ShopWorld, rng: np.random.Generator, traits: CustomerTraits
) -> SimulatedCustomers:
    """Draw the favourites of each customer, and decide which of them are bought in this shop.

    A favourite depends on taste, a little on popularity, and on random noise.
    """
    n, max_favourites = (
        len(traits.groups),
        min(parameters.MAX_FAVOURITES, int(world.eligible.sum())),
    )
    favourites = np.full((n, parameters.MAX_FAVOURITES), -1)
    favourites[:, :max_favourites] = np.argsort(-_brand_utility(world, rng, traits), axis=1)[
        :, :max_favourites
    ]
    favourites[np.arange(parameters.MAX_FAVOURITES) >= traits.n_favourites[:, None]] = -1
    purchase_weights = rng.gamma(parameters.PURCHASE_EVENNESS, size=favourites.shape) * (
        rng.random(favourites.shape) < parameters.BOUGHT_HERE_SHARE
    )
    purchase_weights[favourites < 0] = 0
    places = np.zeros((n, 3), dtype=np.int64)
    staples = world.staple_brands.sample(places.ravel(), rng.random(places.size)).reshape(n, 3)
    return SimulatedCustomers(traits, favourites, purchase_weights, staples)


def _brand_utility(
    world: ShopWorld, rng: np.random.Generator, traits: CustomerTraits
) -> FloatArray:
    """Return the utility of each brand for each customer, (n, B); -inf for sensitive brands."""
    n = len(traits.groups)
    group_weights = np.zeros((n, len(world.groups)))
    for position in range(parameters.GROUPS_PER_CUSTOMER):
        group_weights[np.arange(n), traits.groups[:, position]] += 1 - 0.2 * position
    taste = group_weights @ world.membership.T
    noise = rng.gumbel(size=(n, len(world.names)))
    utility = (
        parameters.TASTE_PULL * taste
        + parameters.POPULARITY_PULL * np.log(world.popularity)
        + noise
    )
    return np.asarray(
        np.where(world.eligible, utility + traits.affinity_boost, -np.inf), dtype=np.float64
    )
