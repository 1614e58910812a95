"""Brands that are loved by the same people as a brand, by what a model has learnt."""

import numpy as np

from recsys.errors import UnknownNameError
from recsys.models.hybrid import FavouriteModel


def similar(model: FavouriteModel, brand: str, n: int) -> list[tuple[str, float]]:
    """Return the n brands most alike to one and how much so, 1 being the same taste.

    The cosine of their factors. Raises UnknownNameError for a brand that is not there or may not be
    shown. A brand that nobody of the sample met has no neighbours.
    """
    basis = model.basis
    allowed = basis.allowed(())
    code = basis.codes.get(brand)
    if code is None or not allowed[code]:
        raise UnknownNameError("brand", brand, basis.brands[allowed].astype(str))
    factors = model.factors.of_brands.astype(np.float64)
    length = np.linalg.norm(factors, axis=1)
    if length[code] == 0:
        return []
    alike = factors @ factors[code] / np.where(length > 0, length * length[code], 1.0)
    alike[~allowed] = -np.inf
    alike[code] = -np.inf
    order = np.argsort(-alike, kind="stable")[:n]
    return [(str(basis.brands[i]), float(alike[i])) for i in order if alike[i] > 0]
