"""What the customers of the planted shop do: occasions, and the events each of them leaves."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from recsys.dataset.events import Kind
from recsys.simulation import parameters
from recsys.simulation.customers import Crowd, Floats, Ints, Wheel, World
from recsys.simulation.products import DAY

HOUR = 3_600


@dataclass(frozen=True, slots=True, eq=False)
class Log:
    """Events of one block, all arrays (n,)."""

    who: Ints  # number of the customer within the block
    ts: Ints  # seconds since 1970, UTC
    kind: Ints  # Kind
    product: Ints  # number of the product in the assortment
    cents: Ints  # asked or paid a unit
    quantity: Ints

    @classmethod
    def joined(cls, parts: list["Log"]) -> "Log":
        """Return the parts as one."""
        return cls(*(np.concatenate([getattr(p, name) for p in parts]) for name in cls.__slots__))

    def take(self, rows: Ints | NDArray[np.bool_]) -> "Log":
        """Return these rows."""
        return Log(*(getattr(self, name)[rows] for name in self.__slots__))


@dataclass(frozen=True, slots=True, eq=False)
class Visits:
    """Occasions: somebody looks at a product at a time and may buy it. All arrays (n,)."""

    who: Ints
    why: Ints  # index in figures.REASONS
    ts: Ints
    product: Ints
    cents: Ints

    def log(self, kind: Kind, rows: NDArray[np.bool_] | Ints, delay: Ints | int) -> Log:
        """Return one event for each of these rows, `delay` seconds after the occasion."""
        who = self.who[rows]
        ts, ones = self.ts[rows] + delay, np.ones(len(who), dtype=np.int64)
        return Log(who, ts, ones * int(kind), self.product[rows], self.cents[rows], ones)


def live(world: World, rng: np.random.Generator, crowd: Crowd) -> Log:
    """Return all that this crowd did, ordered by customer and time."""
    visits = _visits(world, rng, crowd)
    parts = [*_events(world, rng, visits), *_news(world, rng, crowd), _follows(world, rng, crowd)]
    log = Log.joined(parts)
    log = log.take((log.ts >= crowd.draft.since[log.who]) & (log.ts < world.as_of))
    _count(rng, log)
    return _ordered(log)


def _count(rng: np.random.Generator, log: Log) -> None:
    """Write into the log how many units each purchase is of."""
    bought = np.flatnonzero(log.kind == int(Kind.PURCHASE))
    units = 1 + np.searchsorted(np.cumsum(parameters.UNITS), rng.random(len(bought)))
    log.quantity[bought] = np.minimum(units, len(parameters.UNITS))


def _ordered(log: Log) -> Log:
    """Return the log by customer and time; nobody does the same thing twice in one second."""
    log = log.take(np.lexsort((log.product, log.kind, log.ts, log.who)))
    columns = (log.product, log.kind, log.ts, log.who)
    same = np.logical_and.reduce([column[1:] == column[:-1] for column in columns])
    return log.take(np.concatenate([[True], ~same])[: len(log.who)])


def _visits(world: World, rng: np.random.Generator, crowd: Crowd) -> Visits:
    n = len(crowd.favourites)
    count = rng.poisson(crowd.draft.rate)
    who = np.repeat(np.arange(n), count)
    reasons = np.tile(np.arange(len(parameters.REASONS)), (n, 1))
    why = Wheel.of_table(reasons, crowd.draft.mix).spin(who, rng.random(len(who)))
    ts = _times(world, rng, crowd, who, why)
    brand = _brands(world, rng, crowd, who, why)
    product = world.assortment.on_sale(brand, ts, rng.random(len(who)))
    cents = _paid(rng, world.assortment.cents[product], parameters.column("full_price")[why])
    return Visits(who, why, ts, product, cents)


def _times(world: World, rng: np.random.Generator, crowd: Crowd, who: Ints, why: Ints) -> Ints:
    """Return when: in bursts, mostly in the evening, gifts mostly before Christmas."""
    since = crowd.draft.since[who]
    ts = since + (rng.random(len(who)) * (world.as_of - since)).astype(np.int64)
    first = np.concatenate([[True], who[1:] != who[:-1]])[: len(who)]
    alone = first | (rng.random(len(who)) >= parameters.CLUSTERED)
    anchor = np.maximum.accumulate(np.where(alone, np.arange(len(who)), 0))
    soon = (rng.exponential(3 * DAY, len(who))).astype(np.int64)
    ts = np.where(alone, ts, ts[anchor] + soon)
    party = _december(world, rng, len(who))
    gift = (
        (why == parameters.GIFT) & (rng.random(len(who)) < parameters.DECEMBER) & (party >= since)
    )
    when: Ints = np.where(gift, party, ts)
    return np.maximum(_evening(rng, when), since + HOUR * 2)  # nobody looks before she came


def _december(world: World, rng: np.random.Generator, n: int) -> Ints:
    """Return a second between 20 November and 24 December of a year within the log, shape (n,)."""
    end = np.datetime64(world.as_of, "s").astype("datetime64[Y]")
    years = [end - np.timedelta64(back, "Y") for back in range(parameters.YEARS + 1)]
    eves = np.array([(y.astype("datetime64[D]") + 357).astype("datetime64[s]") for y in years])
    seconds = eves.astype(np.int64)
    seconds = seconds[seconds <= world.as_of][: parameters.YEARS]
    early = (rng.random(n) * 34 * DAY).astype(np.int64)
    return np.asarray(rng.choice(seconds, n) - early, dtype=np.int64)


def _evening(rng: np.random.Generator, ts: Ints) -> Ints:
    """Move each time within its day, to between 6 and 22 hours UTC and mostly late."""
    hour = rng.triangular(6, 19.5, 22, len(ts))
    return np.asarray(ts - ts % DAY + (hour * HOUR).astype(np.int64), dtype=np.int64)


def _brands(world: World, rng: np.random.Generator, crowd: Crowd, who: Ints, why: Ints) -> Ints:
    """Return the brand of each occasion by its reason."""
    u, nobody = rng.random(len(who)), np.zeros(len(who), dtype=np.int64)
    group = rng.random(len(who))
    own = _pick(crowd.draft.groups, who, group**1.6)
    theirs = _pick(crowd.draft.partner, who, group**1.6)
    other = (group * len(world.groups)).astype(np.int64)
    every, hers = world.everything.spin(nobody, u), world.by_group.spin(own, u)
    whim = rng.random(len(who))
    choices = {
        parameters.FAVOURITE: _favourite(crowd, who, u, every),
        parameters.BARGAIN: np.where(whim < parameters.BARGAINS_IN_TASTE, hers, every),
        parameters.NEED: world.needs.spin(nobody, u),
        parameters.STAPLE: _pick(crowd.staples, who, group),
        parameters.GIFT: world.by_group.spin(other, u),
        parameters.BROWSE: np.where(whim < parameters.BROWSES_TASTE, hers, every),
        parameters.PARTNER: world.by_group.spin(theirs, u),
    }
    return np.choose(why, [choices[reason] for reason in range(len(parameters.REASONS))])


def _pick(table: Ints, who: Ints, u: Floats) -> Ints:
    """Return one place of each customer's row, the earlier the smaller `u`."""
    return np.asarray(table[who, (u * table.shape[1]).astype(np.int64)], dtype=np.int64)


def _favourite(crowd: Crowd, who: Ints, u: Floats, otherwise: Ints) -> Ints:
    """Return a favourite that she buys here; somebody who buys none looks at anything."""
    none = crowd.bought.sum(axis=1) == 0
    weights = crowd.bought + none[:, None]
    chosen = Wheel.of_table(crowd.favourites, weights).spin(who, u)
    return np.where(none[who] | (chosen < 0), otherwise, chosen)


def _paid(rng: np.random.Generator, list_cents: Ints, full: Floats) -> Ints:
    depth = np.where(rng.random(len(full)) < full, 0, rng.beta(*parameters.DEPTH, len(full)))
    paid: Floats = np.rint(list_cents * (1 - depth))
    return np.maximum(paid, 1).astype(np.int64)


def _events(world: World, rng: np.random.Generator, visits: Visits) -> list[Log]:
    """Return views, views of rivals, wishes, carts, purchases and returns of all occasions."""
    n, why = len(visits.who), visits.why
    looks = np.repeat(np.arange(n), 1 + rng.poisson(parameters.column("looks")[why]))
    bought = rng.random(n) < parameters.column("bought")[why]
    wished = rng.random(n) < parameters.column("wished")[why]
    carted = rng.random(n) < np.where(bought, 0.5, 0.08)
    back = bought & (rng.random(n) < parameters.column("returned")[why])
    days = 3 * DAY + (rng.random(back.sum()) * 11 * DAY).astype(np.int64)
    before = -60 - (rng.random(len(looks)) * HOUR).astype(np.int64)
    return [
        visits.log(Kind.VIEW, looks, before),
        _rivals(world, rng, visits),
        visits.log(Kind.WISHLIST, wished, -40),
        visits.log(Kind.CART, carted, -30),
        visits.log(Kind.PURCHASE, bought, 0),
        visits.log(Kind.RETURN, back, days),
    ]


def _rivals(world: World, rng: np.random.Generator, visits: Visits) -> Log:
    """Return views of other products of the category: somebody compares."""
    rows = np.repeat(
        np.arange(len(visits.who)), rng.poisson(parameters.column("rivals")[visits.why])
    )
    category = world.category[world.assortment.brand[visits.product[rows]]]
    brand = world.by_category.spin(category, rng.random(len(rows)))
    product = world.assortment.on_sale(brand, visits.ts[rows], rng.random(len(rows)))
    cents = _paid(rng, world.assortment.cents[product], np.full(len(rows), 0.4))
    seen = Visits(visits.who[rows], visits.why[rows], visits.ts[rows], product, cents)
    early = -60 - (rng.random(len(rows)) * 2 * HOUR).astype(np.int64)
    return seen.log(Kind.VIEW, np.arange(len(rows)), early)


def _news(world: World, rng: np.random.Generator, crowd: Crowd) -> list[Log]:
    """Return looks at new products of favourites within 30 days, some of them bought at once."""
    who, place = np.nonzero(crowd.favourites >= 0)
    brand, seen = crowd.favourites[who, place], crowd.bought[who, place] > 0
    new = np.searchsorted(
        world.assortment.brand * (1 << 33) + world.assortment.released,
        brand * (1 << 33) + world.start,
    )
    count = world.assortment.first[brand + 1] - new
    row = np.repeat(np.arange(len(who)), count)
    product = new[row] + np.arange(len(row)) - np.repeat(np.cumsum(count) - count, count)
    chance = np.where(seen, parameters.NEWS, parameters.QUIET_NEWS) * _keen(crowd)[who]
    looked = rng.random(len(row)) < chance[row]
    row, product = row[looked], product[looked]
    days = np.minimum(rng.exponential(8, len(row)), 29)
    ts = _evening(rng, world.assortment.released[product] + (days * DAY).astype(np.int64))
    cents = world.assortment.cents[product]
    visits = Visits(who[row], np.full(len(row), parameters.FAVOURITE), ts, product, cents)
    bought = seen[row] & (rng.random(len(row)) < parameters.NEWS_BOUGHT)
    ever = np.ones(len(row), dtype=bool)
    return [visits.log(Kind.VIEW, ever, 0), visits.log(Kind.PURCHASE, bought, 120)]


def _keen(crowd: Crowd) -> Floats:
    """Return how much each keeps an eye on the shop, from 0 to 1: who hardly comes hardly looks."""
    return np.minimum(crowd.draft.rate / (parameters.OCCASIONS / 5), 1.0)


def _follows(world: World, rng: np.random.Generator, crowd: Crowd) -> Log:
    """Return at most one follow for a favourite, whether it is bought here or not."""
    loved, chance = crowd.favourites >= 0, parameters.FOLLOWED * _keen(crowd)[:, None]
    who, place = np.nonzero(loved & (rng.random(loved.shape) < chance))
    since = crowd.draft.since[who]
    ts = _evening(rng, since + (rng.random(len(who)) * (world.as_of - since)).astype(np.int64))
    brand = crowd.favourites[who, place]
    product = world.assortment.on_sale(brand, ts, rng.random(len(who)))
    visits = Visits(who, np.full(len(who), 0), ts, product, world.assortment.cents[product])
    return visits.log(Kind.FOLLOW, np.arange(len(who)), 0)
