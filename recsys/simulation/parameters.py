"""The figures behind the planted shop: measured on a real log where it could, else assumed.

data/README.md has each measured figure beside the one used, and how it was measured. They were
fixed before any model saw the shop; no model reads them.
"""

from dataclasses import dataclass

import numpy as np

BLOCK = 1_000  # customers drawn with one seed, so that a customer is the same in any shop size
YEARS = 2  # of log
GROUPS_PER_CUSTOMER = 3  # taste groups of a customer, strongest first
MIN_FAVOURITES, MAX_FAVOURITES = 3, 10  # true favourites of a customer

# Measured.
POPULARITY_EXPONENT = (
    1.7  # a brand of rank r draws in proportion to r ** -POPULARITY; see data/README.md
)
ACTIVITY_SD = 0.81  # sd of log activity: gives the measured coefficient of variation of .97
THIN_SHARE = 0.10  # share with next to no history; with the spread, one in six has little
DISCOUNT_BETA = (2.1, 6.0)  # beta distribution of how deep a discount is: mean .26
CLUSTERED_SHARE = (
    0.35  # share of occasions soon after another: gaps vary 1.5 times as much as even ones
)
UNIT_SHARES = (0.80, 0.15, 0.03, 0.02)  # share of purchases of 1, 2, 3, 4 units

# Assumed.
MEAN_OCCASIONS = 28.0  # mean of a customer who was there all the time
NEW_SHARE = 0.06  # share whose first day was less than 60 days ago
LATER_SHARE = 0.30  # share who came somewhere within the two years
HOUSEHOLD_SHARE = 0.18  # share with a second person in the same account
BOUGHT_HERE_SHARE = 0.9  # share of favourites that are bought here at all
PURCHASE_EVENNESS = (
    2.5  # gamma shape of how her shopping is spread over them: 1 is uneven, large is even
)
RELEASE_VIEW_CHANCE = 0.33  # chance that a release of a favourite that is bought here is looked at
RELEASE_VIEW_CHANCE_ELSEWHERE = 0.08  # the same for a favourite that is not bought here
RELEASE_PURCHASE_CHANCE = 0.15  # chance that such a look becomes a purchase
FOLLOW_CHANCE = 0.18  # chance that a favourite is followed
DECEMBER_GIFT_SHARE = 0.75  # share of gifts that are bought before Saint Nicholas and Christmas
STRAY_TASTE_WEIGHT = 0.002  # how readily a second taste has nothing to do with the first
BARGAIN_IN_TASTE_SHARE = 0.6  # share of bargains in what interests her anyway
BROWSE_IN_TASTE_SHARE = 0.92  # share of idle looking that stays within her taste
TASTE_PULL = 7.0  # how much a favourite has to be of her taste, against one Gumbel of whim
FAVOURITES_FILL_SHARE = (
    0.96  # of the places between LEAST and MOST favourites, the share that is filled
)
TASTE_POPULARITY_EXPONENT = 0.85  # how much of the power law remains within a taste group
POPULARITY_PULL = 0.6  # how much of the power law remains in what people love


@dataclass(frozen=True, slots=True)
class OccasionParams:
    """How one reason to come to the shop turns into events."""

    share: float  # of all occasions, on average
    looks: float  # mean number of views beyond the first
    rivals: float  # mean number of views of other brands of the category
    bought: float  # chance of a purchase
    full_price: float  # chance that the list price is paid
    wished: float  # chance of a wishlist entry
    returned: float  # chance that a purchase comes back


OCCASION_PARAMS: dict[str, OccasionParams] = {
    "favourite": OccasionParams(0.41, 0.5, 0.0, 0.48, 0.90, 0.10, 0.03),
    "bargain": OccasionParams(0.15, 0.3, 1.0, 0.70, 0.03, 0.03, 0.07),
    "need": OccasionParams(0.08, 0.1, 0.5, 0.85, 0.30, 0.00, 0.04),
    "staple": OccasionParams(0.10, 0.0, 0.0, 0.95, 0.20, 0.00, 0.01),
    "gift": OccasionParams(0.06, 0.8, 0.5, 0.70, 0.40, 0.05, 0.09),
    "browse": OccasionParams(0.35, 0.4, 0.0, 0.10, 0.30, 0.03, 0.05),
    "partner": OccasionParams(0.26, 0.5, 0.3, 0.45, 0.50, 0.04, 0.05),  # households alone
}
"""Full prices add up to about the measured half of all purchases."""

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
"""Bought because something broke or ran out: once, and with no love."""

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
"""Bought again and again out of habit: often, and with no love."""


def occasion_column(name: str) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
    """Return one field of every occasion in the order of REASONS, shape (7,)."""
    return np.array(
        [getattr(occasion, name) for occasion in OCCASION_PARAMS.values()], dtype=np.float64
    )
