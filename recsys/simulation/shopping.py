"""Shopping of the simulated customers: occasions, and the events of each occasion."""

import numpy as np

from recsys.dataset.events import EventKind
from recsys.simulation import parameters
from recsys.simulation.customers import (
    CategoricalSampler,
    FloatArray,
    IntArray,
    ShopWorld,
    SimulatedCustomers,
)
from recsys.simulation.event_log import EventLog, Occasions, draw_quantities, sort_log
from recsys.simulation.products import DAY

HOUR = 3_600


def generate_events(
    world: ShopWorld, rng: np.random.Generator, customers: SimulatedCustomers
) -> EventLog:
    """Return all events of these customers, ordered by customer and time."""
    occasions = _draw_occasions(world, rng, customers)
    parts = [
        *_occasion_events(world, rng, occasions),
        *_release_events(world, rng, customers),
        _follow_events(world, rng, customers),
    ]
    log = EventLog.concatenate(parts)
    log = log.take((log.ts >= customers.traits.first_seen[log.customer]) & (log.ts < world.as_of))
    draw_quantities(rng, log)
    return sort_log(log)


def _draw_occasions(
    world: ShopWorld, rng: np.random.Generator, customers: SimulatedCustomers
) -> Occasions:
    """Draw all shopping occasions: customer, reason, time, product and price paid."""
    n = len(customers.favourites)
    n_occasions = rng.poisson(customers.traits.rate)
    customer = np.repeat(np.arange(n), n_occasions)
    reasons = np.tile(np.arange(len(parameters.REASONS)), (n, 1))
    reason = CategoricalSampler.from_rows(reasons, customers.traits.reason_shares).sample(
        customer, rng.random(len(customer))
    )
    ts = _draw_times(world, rng, customers, customer, reason)
    brand = _draw_brands(world, rng, customers, customer, reason)
    product = world.assortment.on_sale(brand, ts, rng.random(len(customer)))
    cents = _draw_paid_cents(
        rng, world.assortment.cents[product], parameters.occasion_column("full_price")[reason]
    )
    return Occasions(customer, reason, ts, product, cents)


def _draw_times(
    world: ShopWorld,
    rng: np.random.Generator,
    customers: SimulatedCustomers,
    customer: IntArray,
    reason: IntArray,
) -> IntArray:
    """Return times, (n,): in bursts, mostly in the evening, gifts mostly before Christmas."""
    first_seen = customers.traits.first_seen[customer]
    ts = first_seen + (rng.random(len(customer)) * (world.as_of - first_seen)).astype(np.int64)
    is_first = np.concatenate([[True], customer[1:] != customer[:-1]])[: len(customer)]
    is_first_of_burst = is_first | (rng.random(len(customer)) >= parameters.CLUSTERED_SHARE)
    anchor = np.maximum.accumulate(np.where(is_first_of_burst, np.arange(len(customer)), 0))
    burst_delay = (rng.exponential(3 * DAY, len(customer))).astype(np.int64)
    ts = np.where(is_first_of_burst, ts, ts[anchor] + burst_delay)
    december_ts = _december_times(world, rng, len(customer))
    is_gift = (
        (reason == parameters.GIFT)
        & (rng.random(len(customer)) < parameters.DECEMBER_GIFT_SHARE)
        & (december_ts >= first_seen)
    )
    moved: IntArray = np.where(is_gift, december_ts, ts)
    # no occasion comes before the first day of the customer
    return np.maximum(_move_to_evening(rng, moved), first_seen + HOUR * 2)


def _december_times(world: ShopWorld, rng: np.random.Generator, n: int) -> IntArray:
    """Return times (seconds) from 20 November to 24 December of a year within the log, (n,)."""
    end = np.datetime64(world.as_of, "s").astype("datetime64[Y]")
    years = [end - np.timedelta64(back, "Y") for back in range(parameters.YEARS + 1)]
    eves = np.array([(y.astype("datetime64[D]") + 357).astype("datetime64[s]") for y in years])
    seconds = eves.astype(np.int64)
    seconds = seconds[seconds <= world.as_of][: parameters.YEARS]
    early = (rng.random(n) * 34 * DAY).astype(np.int64)
    return np.asarray(rng.choice(seconds, n) - early, dtype=np.int64)


def _move_to_evening(rng: np.random.Generator, ts: IntArray) -> IntArray:
    """Move each time within its day: between 6:00 and 22:00 UTC, mostly late."""
    hour = rng.triangular(6, 19.5, 22, len(ts))
    return np.asarray(ts - ts % DAY + (hour * HOUR).astype(np.int64), dtype=np.int64)


def _draw_brands(
    world: ShopWorld,
    rng: np.random.Generator,
    customers: SimulatedCustomers,
    customer: IntArray,
    reasons: IntArray,
) -> IntArray:
    """Return the brand code of each of the n occasions, drawn by its reason, (n,).

    customer: (n,) row of the customer. reasons: (n,) index in parameters.REASONS.
    """
    u, zeros = rng.random(len(customer)), np.zeros(len(customer), dtype=np.int64)
    group_draw = rng.random(len(customer))  # a power above 1 favours the first, strongest groups
    own_group = _pick_column(customers.traits.groups, customer, group_draw**1.6)
    partner_group = _pick_column(customers.traits.partner, customer, group_draw**1.6)
    gift_group = (group_draw * len(world.groups)).astype(np.int64)
    any_brand, taste_brand = world.any_brand.sample(zeros, u), world.by_group.sample(own_group, u)
    impulse = rng.random(len(customer))
    brand_by_reason = {
        parameters.FAVOURITE: _draw_favourite(customers, customer, u, any_brand),
        parameters.BARGAIN: np.where(
            impulse < parameters.BARGAIN_IN_TASTE_SHARE, taste_brand, any_brand
        ),
        parameters.NEED: world.need_brands.sample(zeros, u),
        parameters.STAPLE: _pick_column(customers.staples, customer, group_draw),
        parameters.GIFT: world.by_group.sample(gift_group, u),
        parameters.BROWSE: np.where(
            impulse < parameters.BROWSE_IN_TASTE_SHARE, taste_brand, any_brand
        ),
        parameters.PARTNER: world.by_group.sample(partner_group, u),
    }
    return np.choose(
        reasons, [brand_by_reason[reason] for reason in range(len(parameters.REASONS))]
    )


def _pick_column(table: IntArray, customer: IntArray, u: FloatArray) -> IntArray:
    """Return one entry per customer's row; `u` from 0 to 1 selects the column from the left."""
    return np.asarray(table[customer, (u * table.shape[1]).astype(np.int64)], dtype=np.int64)


def _draw_favourite(
    customers: SimulatedCustomers, customer: IntArray, u: FloatArray, otherwise: IntArray
) -> IntArray:
    """Return a favourite bought in this shop; `otherwise` for a customer without one."""
    buys_none = customers.purchase_weights.sum(axis=1) == 0
    weights = customers.purchase_weights + buys_none[:, None]
    favourite = CategoricalSampler.from_rows(customers.favourites, weights).sample(customer, u)
    return np.where(buys_none[customer] | (favourite < 0), otherwise, favourite)


def _draw_paid_cents(
    rng: np.random.Generator, list_cents: IntArray, full_price_chance: FloatArray
) -> IntArray:
    discount = np.where(
        rng.random(len(full_price_chance)) < full_price_chance,
        0,
        rng.beta(*parameters.DISCOUNT_BETA, len(full_price_chance)),
    )
    paid_cents: FloatArray = np.rint(list_cents * (1 - discount))
    return np.maximum(paid_cents, 1).astype(np.int64)


def _occasion_events(
    world: ShopWorld, rng: np.random.Generator, occasions: Occasions
) -> list[EventLog]:
    """Return views, comparison views, wishes, carts, purchases and returns of all occasions."""
    n, reason = len(occasions.customer), occasions.reason
    view_rows = np.repeat(
        np.arange(n), 1 + rng.poisson(parameters.occasion_column("looks")[reason])
    )
    bought = rng.random(n) < parameters.occasion_column("bought")[reason]
    wished = rng.random(n) < parameters.occasion_column("wished")[reason]
    carted = rng.random(n) < np.where(bought, 0.5, 0.08)
    returned = bought & (rng.random(n) < parameters.occasion_column("returned")[reason])
    return_delay = 3 * DAY + (rng.random(returned.sum()) * 11 * DAY).astype(np.int64)
    view_delay = -60 - (rng.random(len(view_rows)) * HOUR).astype(np.int64)
    # delays are in seconds after the occasion; negative ones put events before the purchase
    return [
        occasions.to_events(EventKind.VIEW, view_rows, view_delay),
        _comparison_views(world, rng, occasions),
        occasions.to_events(EventKind.WISHLIST, wished, -40),
        occasions.to_events(EventKind.CART, carted, -30),
        occasions.to_events(EventKind.PURCHASE, bought, 0),
        occasions.to_events(EventKind.RETURN, returned, return_delay),
    ]


def _comparison_views(world: ShopWorld, rng: np.random.Generator, occasions: Occasions) -> EventLog:
    """Return views of other products of the category, by customers that compare."""
    rows = np.repeat(
        np.arange(len(occasions.customer)),
        rng.poisson(parameters.occasion_column("rivals")[occasions.reason]),
    )
    category = world.category[world.assortment.brand[occasions.product[rows]]]
    brand = world.by_category.sample(category, rng.random(len(rows)))
    product = world.assortment.on_sale(brand, occasions.ts[rows], rng.random(len(rows)))
    cents = _draw_paid_cents(rng, world.assortment.cents[product], np.full(len(rows), 0.4))
    views = Occasions(
        occasions.customer[rows], occasions.reason[rows], occasions.ts[rows], product, cents
    )
    view_delay = -60 - (rng.random(len(rows)) * 2 * HOUR).astype(np.int64)
    return views.to_events(EventKind.VIEW, np.arange(len(rows)), view_delay)


def _release_events(
    world: ShopWorld, rng: np.random.Generator, customers: SimulatedCustomers
) -> list[EventLog]:
    """Return views of favourites' new products within 30 days of release, and some purchases."""
    customer, rank = np.nonzero(customers.favourites >= 0)
    brand, bought_here = (
        customers.favourites[customer, rank],
        customers.purchase_weights[customer, rank] > 0,
    )
    first_new = np.searchsorted(
        world.assortment.brand * (1 << 33) + world.assortment.released,
        brand * (1 << 33) + world.start,
    )
    n_new = world.assortment.brand_starts[brand + 1] - first_new
    release_row = np.repeat(np.arange(len(customer)), n_new)
    product = (
        first_new[release_row]
        + np.arange(len(release_row))
        - np.repeat(np.cumsum(n_new) - n_new, n_new)
    )
    chance = (
        np.where(
            bought_here, parameters.RELEASE_VIEW_CHANCE, parameters.RELEASE_VIEW_CHANCE_ELSEWHERE
        )
        * _attention(customers)[customer]
    )
    is_viewed = rng.random(len(release_row)) < chance[release_row]
    release_row, product = release_row[is_viewed], product[is_viewed]
    days_after = np.minimum(rng.exponential(8, len(release_row)), 29)
    ts = _move_to_evening(
        rng, world.assortment.released[product] + (days_after * DAY).astype(np.int64)
    )
    cents = world.assortment.cents[product]
    occasions = Occasions(
        customer[release_row], np.full(len(release_row), parameters.FAVOURITE), ts, product, cents
    )
    bought = bought_here[release_row] & (
        rng.random(len(release_row)) < parameters.RELEASE_PURCHASE_CHANCE
    )
    all_rows = np.ones(len(release_row), dtype=bool)
    return [
        occasions.to_events(EventKind.VIEW, all_rows, 0),
        occasions.to_events(EventKind.PURCHASE, bought, 120),
    ]


def _attention(customers: SimulatedCustomers) -> FloatArray:
    """Return the attention of each customer, (n,), from 0 to 1: low for a low visit rate."""
    return np.minimum(customers.traits.rate / (parameters.MEAN_OCCASIONS / 5), 1.0)


def _follow_events(
    world: ShopWorld, rng: np.random.Generator, customers: SimulatedCustomers
) -> EventLog:
    """Return at most one follow per favourite, whether or not it is bought in this shop."""
    is_favourite, chance = (
        customers.favourites >= 0,
        parameters.FOLLOW_CHANCE * _attention(customers)[:, None],
    )
    customer, rank = np.nonzero(is_favourite & (rng.random(is_favourite.shape) < chance))
    first_seen = customers.traits.first_seen[customer]
    ts = _move_to_evening(
        rng, first_seen + (rng.random(len(customer)) * (world.as_of - first_seen)).astype(np.int64)
    )
    brand = customers.favourites[customer, rank]
    product = world.assortment.on_sale(brand, ts, rng.random(len(customer)))
    occasions = Occasions(
        customer, np.full(len(customer), 0), ts, product, world.assortment.cents[product]
    )
    return occasions.to_events(EventKind.FOLLOW, np.arange(len(customer)), 0)
