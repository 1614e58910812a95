"""Similar brands: the brands with the most similar ALS factors."""

import numpy as np

from recsys.errors import UnknownNameError
from recsys.models.hybrid import HybridModel


def similar_brands(model: HybridModel, brand: str, n: int) -> list[tuple[str, float]]:
    """Return the n most similar brands with the cosine of their factors, 1 for the same direction.

    Raises UnknownNameError for a brand that does not exist or may not be shown. The list is empty
    for a brand without interactions in the training sample.
    """
    brand_index = model.brand_index
    allowed = brand_index.allowed(())
    code = brand_index.codes.get(brand)
    if code is None or not allowed[code]:
        raise UnknownNameError("brand", brand, brand_index.brands[allowed].astype(str))
    factors = model.als.item_factors.astype(np.float64)
    norms = np.linalg.norm(factors, axis=1)
    if norms[code] == 0:
        return []
    cosine = factors @ factors[code] / np.where(norms > 0, norms * norms[code], 1.0)
    cosine[~allowed] = -np.inf
    cosine[code] = -np.inf
    order = np.argsort(-cosine, kind="stable")[:n]
    return [(str(brand_index.brands[i]), float(cosine[i])) for i in order if cosine[i] > 0]
