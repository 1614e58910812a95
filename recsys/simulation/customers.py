"""Who the customers of the planted shop are: tastes, favourites, and how each comes to shop."""

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from recsys.simulation import parameters
from recsys.simulation.products import DAY, Assortment

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class Wheel:
    """Weighted draws from many unequal lists at once."""

    items: Ints  # all lists, one after another
    edges: Floats  # running share within a list, plus the number of the list

    @classmethod
    def of(cls, lists: Iterable[tuple[Ints, Floats]]) -> "Wheel":
        """Make a wheel of (items, weights) pairs; no list may be empty or weigh nothing."""
        items, edges = [], []
        for row, (members, weights) in enumerate(lists):
            items.append(members)
            edges.append(row + np.cumsum(weights) / weights.sum())
            edges[-1][-1] = row + 1
        return cls(np.concatenate(items), np.concatenate(edges))

    @classmethod
    def of_table(cls, items: Ints, weights: Floats) -> "Wheel":
        """Make a wheel of one list a row; both are (n, k), and each row weighs something."""
        share = np.cumsum(weights, axis=1)
        share /= share[:, -1:]
        return cls(items.ravel(), (share + np.arange(len(items))[:, None]).ravel())

    def spin(self, rows: Ints, u: Floats) -> Ints:
        """Return one item of each list in `rows`; `u` is uniform on [0, 1), both (n,)."""
        at = np.searchsorted(self.edges, rows + u, side="right")
        return self.items[np.minimum(at, len(self.items) - 1)]


@dataclass(frozen=True, slots=True, eq=False)
class World:
    """What is the same for every customer. B brands, G taste groups, C categories."""

    assortment: Assortment
    names: NDArray[np.object_]  # (B,)
    groups: NDArray[np.object_]  # (G,) names of the taste groups
    member: Floats  # (B, G) a brand's membership, each row adds up to 1
    fame: Floats  # (B,) share of the power law
    lovable: NDArray[np.bool_]  # (B,) not sensitive
    category: Ints  # (B,)
    everything: Wheel
    needs: Wheel
    staples: Wheel
    by_group: Wheel
    by_category: Wheel
    start: int  # seconds since 1970
    as_of: int


def world(brands: pd.DataFrame, assortment: Assortment, as_of: int) -> World:
    """Return the world of a catalogue. `as_of` is the end of the log in seconds."""
    rank = brands["popularity_rank"].rank().to_numpy(dtype=np.float64)
    fame: Floats = np.power(rank, -parameters.POPULARITY, dtype=np.float64)
    taste_fame: Floats = fame**parameters.WITHIN_TASTE
    sets = brands["taste_groups"].str.split(";")
    groups = sorted({group for row in sets for group in row})
    member = np.array([[group in row for group in groups] for row in sets], dtype=np.float64)
    code, categories = pd.factorize(brands["category"])
    one = np.arange(len(brands), dtype=np.int64)
    return World(
        assortment=assortment,
        names=brands["name"].to_numpy(dtype=object),
        groups=np.array(groups, dtype=object),
        member=member / member.sum(axis=1, keepdims=True),
        fame=fame / fame.sum(),
        lovable=~brands["sensitive"].to_numpy().astype(bool),
        category=code.astype(np.int64),
        everything=Wheel.of([(one, fame)]),
        needs=_of_categories(brands, fame, parameters.NEED_CATEGORIES),
        staples=_of_categories(brands, fame, parameters.STAPLE_CATEGORIES),
        by_group=Wheel.of((np.flatnonzero(row), taste_fame[row > 0]) for row in member.T),
        by_category=Wheel.of((one[code == c], fame[code == c]) for c in range(len(categories))),
        start=as_of - parameters.YEARS * 365 * DAY,
        as_of=as_of,
    )


def _of_categories(brands: pd.DataFrame, fame: Floats, wanted: frozenset[str]) -> Wheel:
    """Return a wheel over the brands of these categories, or over all where there are none."""
    chosen = brands["category"].isin(wanted).to_numpy()
    chosen = chosen if chosen.any() else ~chosen
    return Wheel.of([(np.flatnonzero(chosen), fame[chosen])])


@dataclass(frozen=True, slots=True, eq=False)
class Draft:
    """Customers before they have favourites; n of them."""

    groups: Ints  # (n, GROUPS) taste groups, strongest first
    partner: Ints  # (n, 2) taste groups of the second person
    pull: Floats  # (n, B) or (1, 1): extra liking
    wanted: Ints  # (n,) number of favourites
    rate: Floats  # (n,) mean number of occasions
    since: Ints  # (n,) first second as a customer
    mix: Floats  # (n, 7) share of each reason to come


@dataclass(frozen=True, slots=True, eq=False)
class Crowd:
    """Customers with their favourites; F = MOST places, strongest first, -1 for none."""

    draft: Draft
    favourites: Ints  # (n, F)
    bought: Floats  # (n, F) how much of her shopping for favourites goes to it; 0: none here
    staples: Ints  # (n, 3)


def draft(world: World, rng: np.random.Generator, n: int) -> Draft:
    """Return `n` ordinary customers."""
    since = _since(world, rng, n)
    there = (world.as_of - since) / (world.as_of - world.start)
    active = rng.lognormal(-(parameters.SPREAD**2) / 2, parameters.SPREAD, n)
    rate = parameters.OCCASIONS * active * np.sqrt(there)
    thin = rng.random(n) < parameters.THIN
    return Draft(
        groups=_tastes(world, rng, n, parameters.GROUPS),
        partner=_tastes(world, rng, n, 2),
        pull=np.zeros((1, 1)),
        wanted=parameters.LEAST
        + rng.binomial(parameters.MOST - parameters.LEAST, parameters.MANY, n),
        rate=np.where(thin, rng.uniform(0.3, 2, n), rate),
        since=since,
        mix=_mix(rng, n),
    )


def _tastes(world: World, rng: np.random.Generator, n: int, k: int) -> Ints:
    """Return `k` taste groups a customer, shape (n, k): a first, and others that are near it.

    Two groups are near when they share brands. Groups repeat where the shop has fewer than `k`.
    """
    common = np.sqrt(world.fame @ (world.member > 0))
    first = rng.choice(len(common), n, p=common / common.sum())
    shared = world.member.T @ world.member
    near = shared / np.sqrt(np.outer(shared.diagonal(), shared.diagonal())) + parameters.STRAY
    score = np.log(near[first]) + rng.gumbel(size=(n, len(common)))
    score[np.arange(n), first] = np.inf
    return np.argsort(-score, axis=1)[:, np.arange(k) % len(common)].astype(np.int64)


def _since(world: World, rng: np.random.Generator, n: int) -> Ints:
    days = (world.as_of - world.start) / DAY
    u, chance = rng.random(n), rng.random(n)
    new = days - u * 60
    later = np.where(chance < parameters.NEW + parameters.LATER, u * days, 0)
    first = np.where(chance < parameters.NEW, new, later)
    return np.asarray(world.start + first * DAY, dtype=np.int64)


def _mix(rng: np.random.Generator, n: int) -> Floats:
    """Return the reasons of each customer, scattered round the average; partners for some."""
    mix = parameters.column("share") * rng.gamma(4, 1 / 4, (n, len(parameters.REASONS)))
    mix[rng.random(n) >= parameters.HOUSEHOLDS, parameters.PARTNER] = 0
    return np.asarray(mix / mix.sum(axis=1, keepdims=True), dtype=np.float64)


def settle(world: World, rng: np.random.Generator, draft: Draft) -> Crowd:
    """Give each customer favourites, and say which of them she buys here.

    A favourite is drawn by taste, a little by fame, and by whim.
    """
    n, most = len(draft.groups), min(parameters.MOST, int(world.lovable.sum()))
    favourites = np.full((n, parameters.MOST), -1)
    favourites[:, :most] = np.argsort(-_liking(world, rng, draft), axis=1)[:, :most]
    favourites[np.arange(parameters.MOST) >= draft.wanted[:, None]] = -1
    bought = rng.gamma(parameters.EVEN, size=favourites.shape) * (
        rng.random(favourites.shape) < parameters.SEEN
    )
    bought[favourites < 0] = 0
    places = np.zeros((n, 3), dtype=np.int64)
    staples = world.staples.spin(places.ravel(), rng.random(places.size)).reshape(n, 3)
    return Crowd(draft, favourites, bought, staples)


def _liking(world: World, rng: np.random.Generator, draft: Draft) -> Floats:
    """Return how much each customer likes each brand, shape (n, B); sensitive ones not at all."""
    n = len(draft.groups)
    weight = np.zeros((n, len(world.groups)))
    for place in range(parameters.GROUPS):
        weight[np.arange(n), draft.groups[:, place]] += 1 - 0.2 * place
    taste = weight @ world.member.T
    whim = rng.gumbel(size=(n, len(world.names)))
    liking = parameters.TASTE_PULL * taste + parameters.FAME_PULL * np.log(world.fame) + whim
    return np.asarray(np.where(world.lovable, liking + draft.pull, -np.inf), dtype=np.float64)
