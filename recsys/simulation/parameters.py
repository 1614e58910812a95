"""Parameters of the planted shop: measured on a real log where possible, else assumed.

data/README.md has each measured value, the value used, and the method. The parameters were fixed
before any model saw the shop; no model reads them.
"""

from dataclasses import dataclass

import numpy as np

BLOCK = 1_000  # customers per random seed, so that a customer is the same in any shop size
YEARS = 2  # length of the log
GROUPS_PER_CUSTOMER = 3  # taste groups of a customer, strongest first
MIN_FAVOURITES, MAX_FAVOURITES = 3, 10  # true favourites of a customer

# Measured.
POPULARITY_EXPONENT = 1.7  # a brand of rank r has weight r ** -1.7; see data/README.md
ACTIVITY_SD = 0.81  # sd of log activity; gives the measured coefficient of variation, .97
# share of customers with a mean of at most 2 occasions; together with the spread ACTIVITY_SD, one
# customer in six has at most a sixth of the mean number of purchases
THIN_SHARE = 0.10
DISCOUNT_BETA = (2.1, 6.0)  # beta distribution of the discount depth, mean .26
# share of occasions soon after another; the sd of the gaps is then about 1.5 times their mean
CLUSTERED_SHARE = 0.35
UNIT_SHARES = (0.80, 0.15, 0.03, 0.02)  # share of purchases of 1, 2, 3, 4 units

# Assumed.
MEAN_OCCASIONS = 28.0  # mean per customer that is present during the whole log
NEW_SHARE = 0.06  # share of customers with a first day less than 60 days ago
LATER_SHARE = 0.30  # share of customers with a first day anywhere in the two years
HOUSEHOLD_SHARE = 0.18  # share of accounts with a second person
BOUGHT_HERE_SHARE = 0.9  # share of favourites that are bought in this shop at all
PURCHASE_EVENNESS = 2.5  # gamma shape of purchase_weights: 1 is uneven, large is even
RELEASE_VIEW_CHANCE = 0.33  # chance of a view of a new product, for a favourite bought here
RELEASE_VIEW_CHANCE_ELSEWHERE = 0.08  # the same for a favourite that is not bought here
RELEASE_PURCHASE_CHANCE = 0.15  # chance that such a view becomes a purchase
FOLLOW_CHANCE = 0.18  # chance that a favourite is followed
DECEMBER_GIFT_SHARE = 0.75  # share of gifts that are bought before Saint Nicholas and Christmas
STRAY_TASTE_WEIGHT = 0.002  # added similarity, so that taste groups without common brands occur
BARGAIN_IN_TASTE_SHARE = 0.6  # share of bargain occasions with a brand of the customer's taste
BROWSE_IN_TASTE_SHARE = 0.92  # share of browse occasions with a brand of the customer's taste
TASTE_PULL = 7.0  # weight of taste in the brand utility; the noise is standard Gumbel
FAVOURITES_FILL_SHARE = 0.96  # mean number of favourites = MIN + this share * (MAX - MIN)
TASTE_POPULARITY_EXPONENT = 0.85  # exponent on popularity for a draw within a taste group
POPULARITY_PULL = 0.6  # weight of log popularity in the brand utility


@dataclass(frozen=True, slots=True)
class OccasionParams:
    """How one reason to shop turns into events."""

    share: float  # mean relative share of occasions; normalized over all reasons
    looks: float  # mean number of views beyond the first
    rivals: float  # mean number of views of brands in the same category, to compare
    bought: float  # chance of a purchase
    full_price: float  # chance of paying the list price
    wished: float  # chance of a wishlist entry
    returned: float  # chance that a purchase is returned


OCCASION_PARAMS: dict[str, OccasionParams] = {
    "favourite": OccasionParams(0.41, 0.5, 0.0, 0.48, 0.90, 0.10, 0.03),
    "bargain": OccasionParams(0.15, 0.3, 1.0, 0.70, 0.03, 0.03, 0.07),
    "need": OccasionParams(0.08, 0.1, 0.5, 0.85, 0.30, 0.00, 0.04),
    "staple": OccasionParams(0.10, 0.0, 0.0, 0.95, 0.20, 0.00, 0.01),
    "gift": OccasionParams(0.06, 0.8, 0.5, 0.70, 0.40, 0.05, 0.09),
    "browse": OccasionParams(0.35, 0.4, 0.0, 0.10, 0.30, 0.03, 0.05),
    "partner": OccasionParams(0.26, 0.5, 0.3, 0.45, 0.50, 0.04, 0.05),  # shared accounts
}
"""Full-price purchases add up to about half of all purchases, as measured."""

REASONS = tuple(OCCASION_PARAMS)
FAVOURITE, BARGAIN, NEED, STAPLE, GIFT, BROWSE, PARTNER = range(len(REASONS))

NEED_CATEGORIES = frozenset(
    {
        "Phone accessories",
        "Batteries and cables",
        "Office supplies",
        "Lighting",
        "Tools and paint",
        "Car accessories",
        "Medical self-care",
    }
)
"""Bought once because something broke or ran out; such a purchase shows no favourite."""

STAPLE_CATEGORIES = frozenset(
    {
        "Cleaning and laundry",
        "Food and sweets",
        "Drinks",
        "Pets",
        "Shaving and oral care",
        "Skin and hair care",
        "Coffee and tea",
        "Batteries and cables",
    }
)
"""Bought often, out of habit; such purchases show no favourite."""


def occasion_column(name: str) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
    """Return one field of every occasion in the order of REASONS, shape (7,)."""
    return np.array(
        [getattr(occasion, name) for occasion in OCCASION_PARAMS.values()], dtype=np.float64
    )
