"""The hybrid model ranks the brands of one customer while the customer waits.

If the log is large enough, `evaluation.tuning` selects the parameters (HybridParams).
"""

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, replace
from functools import partial
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from recsys.dataset.catalog import Catalog
from recsys.dataset.event_weights import (
    HALF_LIFE_OPTIONS,
    EventWeights,
    decay_factor,
    feature_counts,
    preferences_from_counts,
    relative_popularity,
)
from recsys.dataset.evidence import Evidence, Feature
from recsys.dataset.interactions import Interactions
from recsys.errors import NotEnoughError
from recsys.models.base import BrandIndex, BrandScore, Explanation, build_brand_index, top_k
from recsys.models.collaborative import (
    ALSModel,
    EASEModel,
    ItemKNN,
    LossCallback,
    fit_als,
    fit_ease,
    fit_item_knn,
)
from recsys.models.hybrid_params import DEFAULT_SAMPLE_SIZE as DEFAULT_SAMPLE_SIZE
from recsys.models.hybrid_params import OPTION_RANGES as OPTION_RANGES
from recsys.models.hybrid_params import FitOptions as FitOptions
from recsys.models.hybrid_params import HybridParams as HybridParams
from recsys.models.hybrid_params import ScoreWeights as ScoreWeights
from recsys.models.hybrid_params import check_options as check_options
from recsys.models.hybrid_params import hybrid_params_from_row, hybrid_params_to_row
from recsys.models.hybrid_params import options_from_dict as options_from_dict
from recsys.models.hybrid_params import options_to_row as options_to_row
from recsys.models.hybrid_params import weights_from_row as weights_from_row
from recsys.models.hybrid_params import weights_to_row as weights_to_row
from recsys.progress import ProgressCallback

MAX_NEIGHBORS_SHOWN = 2
ScoreParts = tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]
"""The weighted own (`event_weights`), collaborative and popularity parts of scores, (B,) each."""
AffinityFunction = Callable[[NDArray[np.int32], NDArray[np.floating]], NDArray[np.float64]]
"""Maps a user's brand codes and strengths, (n,) each, to affinities, (B,)."""


@dataclass(frozen=True, slots=True, eq=False)
class HybridModel:
    """A ranker: score = sum of own evidence, affinity and popularity, with `params.weights`."""

    brand_index: BrandIndex
    popularity: NDArray[np.float64]  # (len(HALF_LIFE_OPTIONS), B)
    mean_preference: float  # of the training pairs; the unit of own evidence
    als: ALSModel
    ease: EASEModel
    item_knn: ItemKNN
    options: FitOptions
    params: HybridParams

    @property
    def name(self) -> str:
        """The name that a study stores."""
        return "favourite"

    def rank(self, evidence: Evidence, n: int, without: Collection[str] = ()) -> list[BrandScore]:
        """Return the top n brands of one customer with explanations; see `Ranker.rank`."""
        strength, parts = self._score_parts(evidence)
        total, codes = self._top_codes(parts, n, without)
        contributions = self._contributions(evidence.brand, strength, codes)
        return [
            BrandScore(
                brand=str(self.brand_index.brands[code]),
                score=float(total[code]),
                rank=place,
                explanation=self._explain(
                    evidence, int(code), [float(part[code]) for part in parts], near
                ),
            )
            for place, (code, near) in enumerate(zip(codes, contributions, strict=True), start=1)
        ]

    def names(self, evidence: Evidence, n: int, without: Collection[str] = ()) -> list[str]:
        """Return only the names of the brands of `rank`, which is faster."""
        _, codes = self._top_codes(self._score_parts(evidence)[1], n, without)
        return [str(name) for name in self.brand_index.brands[codes]]

    def _score_parts(self, evidence: Evidence) -> tuple[NDArray[np.floating], ScoreParts]:
        """Return the strength of each pair, (n,), and the three weighted parts of the scores."""
        event_counts, params, unit = feature_counts(evidence), self.params, self.mean_preference
        query_decay = decay_factor(evidence, params.query_half_life)
        strength = preferences_from_counts(event_counts, query_decay, EventWeights()) / unit
        own_decay = decay_factor(evidence, params.half_life)
        own = preferences_from_counts(event_counts, own_decay, params.event_weights) / unit
        own_scores = np.zeros(len(self.brand_index.brands))
        own_scores[evidence.brand] = own
        return strength, (
            params.weights.own * own_scores,
            params.weights.collaborative * self._collaborative(evidence.brand, strength),
            params.weights.popularity
            * self.popularity[HALF_LIFE_OPTIONS.index(params.popularity_half_life)],
        )

    def _top_codes(
        self, parts: ScoreParts, n: int, without: Collection[str]
    ) -> tuple[NDArray[np.float64], NDArray[np.intp]]:
        own, collaborative, popularity = parts
        total = own + collaborative + popularity
        return total, top_k(total, self.brand_index.allowed(without), n)

    def _collaborative(
        self, brand: NDArray[np.int32], strength: NDArray[np.floating]
    ) -> NDArray[np.float64]:
        """Return the collaborative scores, (B,); a model without a share is not computed."""
        scores = np.zeros(len(self.brand_index.brands))
        for share, affinity in zip(self.params.shares, self._affinity_functions, strict=True):
            if share:
                scores += share * affinity(brand, strength)
        return scores

    def affinities(
        self, brand: NDArray[np.int32], strength: NDArray[np.floating]
    ) -> NDArray[np.float64]:
        """Return the affinities of ALS, EASE and item kNN, (3, B); `brand`, `strength`: (n,)."""
        return np.stack([affinity(brand, strength) for affinity in self._affinity_functions])

    @property
    def _affinity_functions(self) -> tuple[AffinityFunction, AffinityFunction, AffinityFunction]:
        ease_affinity = partial(self.ease.affinity, brands=len(self.brand_index.brands))
        return self.als.affinity, ease_affinity, self.item_knn.affinity

    def _contributions(
        self, own_codes: NDArray[np.int32], strength: NDArray[np.floating], codes: NDArray[np.intp]
    ) -> NDArray[np.float64]:
        """Return how much each own brand adds to the score of each code, (n_codes, n)."""
        als_share, ease_share, knn_share = self.params.shares
        contributions = np.zeros((len(codes), len(own_codes)))
        if als_share:
            item_factors = self.als.item_factors
            contributions += als_share * (item_factors[codes] @ item_factors[own_codes].T)
        if ease_share:
            rows, own_in_head = self.ease.head_positions(own_codes)  # EASE scores head brands only
            columns, codes_in_head = self.ease.head_positions(codes.astype(np.int32))
            contributions[np.ix_(codes_in_head, own_in_head)] += (
                ease_share * self.ease.weights[np.ix_(rows, columns)].T
            )
        if knn_share:
            contributions += knn_share * self.item_knn.weights[own_codes][:, codes].toarray().T
        return contributions * strength

    def _explain(
        self, evidence: Evidence, code: int, parts: list[float], contributions: NDArray[np.float64]
    ) -> Explanation:
        position = int(np.searchsorted(evidence.brand, code))
        has_own = position < len(evidence) and evidence.brand[position] == code
        sums = evidence.sums[position] if has_own else np.zeros(len(Feature), np.int64)
        own, collaborative, popularity = parts
        neighbors = self._neighbors(evidence, code, contributions)
        if has_own and not neighbors:  # only the brand itself contributes
            own, collaborative = own + collaborative, 0.0
        return Explanation(
            purchases=int(sums[Feature.PURCHASES]),
            full_price=int(sums[Feature.FULL_PRICE]),
            release_views=int(sums[Feature.RELEASE_VIEWS]),
            follows=int(sums[Feature.FOLLOWS]),
            views=int(sums[Feature.VIEWS]),
            own=own,
            collaborative=collaborative,
            popularity=popularity,
            neighbours=neighbors,
        )

    def _neighbors(
        self, evidence: Evidence, code: int, contributions: NDArray[np.float64]
    ) -> tuple[str, ...]:
        """Return the customer's other brands with the largest contributions to `code`."""
        order = np.argsort(-contributions, kind="stable")[: MAX_NEIGHBORS_SHOWN + 1]
        positions = [i for i in order if evidence.brand[i] != code and contributions[i] > 0]
        return tuple(
            str(self.brand_index.brands[evidence.brand[i]]) for i in positions[:MAX_NEIGHBORS_SHOWN]
        )

    def rebase_on(self, catalog: Catalog) -> Self:
        """Return the model for a catalog that may have grown; new brands score by own evidence."""
        brand_index = self.brand_index.rebase_on(catalog)
        n_new = len(brand_index.brands) - len(self.brand_index.brands)
        item_factors = np.pad(self.als.item_factors, ((0, n_new), (0, 0)))
        return replace(
            self,
            brand_index=brand_index,
            popularity=np.pad(self.popularity, ((0, 0), (0, n_new))),
            als=replace(self.als, item_factors=item_factors),
            item_knn=self.item_knn.resize(len(brand_index.brands)),
        )

    def arrays(self) -> dict[str, NDArray[Any]]:
        """Return the plain arrays to save (no pickle)."""
        return {  # here and in meta(): old attribute names, in saved files, must not change
            "brands": self.brand_index.brands.astype(str),
            "sensitive": self.brand_index.sensitive,
            "buyers": self.brand_index.buyers,
            "popular": self.popularity,
            "factors": self.als.item_factors,
            "head": self.ease.head,
            "speaks": self.ease.weights,
            **self.item_knn.arrays(),
        }

    def meta(self) -> dict[str, Any]:
        """Return the JSON object to save with the arrays."""
        return {
            "lineage": self.brand_index.lineage,
            "unit": self.mean_preference,
            "penalty": self.als.penalty,
            "options": options_to_row(self.options),
            "blend": hybrid_params_to_row(self.params),
        }

    @classmethod
    def restore(cls, arrays: Mapping[str, NDArray[Any]], meta: Mapping[str, Any]) -> Self:
        """Restore from `arrays()` and `meta()`. Raises KeyError for another kind of model."""
        options = options_from_dict(meta["options"])
        brand_index = BrandIndex(
            lineage=meta["lineage"],
            brands=arrays["brands"].astype(object),
            sensitive=arrays["sensitive"],
            buyers=arrays["buyers"],
        )
        return cls(
            brand_index=brand_index,
            popularity=arrays["popular"],
            mean_preference=meta["unit"],
            als=ALSModel(arrays["factors"], options.alpha, meta["penalty"]),
            ease=EASEModel(arrays["head"], arrays["speaks"]),
            item_knn=ItemKNN.restore(arrays),
            options=options,
            params=hybrid_params_from_row(meta["blend"]),
        )


def fit_hybrid(
    interactions: Interactions,
    catalog: Catalog,
    options: FitOptions,
    progress: ProgressCallback | None = None,
    threads: int = 0,
    params: HybridParams | None = None,
    on_loss: LossCallback | None = None,
) -> HybridModel:
    """Return a hybrid model, fitted to the interactions of many customers.

    Parameters
    ----------
    threads : int, default 0 (all cores; the result is the same)
    params : HybridParams, default `HybridParams(options.weights or ScoreWeights())`

    Raises
    ------
    BadInputError
        If an option is out of range.
    NotEnoughError
        If there are no interactions.
    """
    check_options(options)
    if not len(interactions):
        raise NotEnoughError(
            "No customer of the sample has an event with a brand that may be shown. "
            "Import events of such brands, or raise the sample."
        )
    mean_preference = interactions.mean_preference
    penalty = options.regularization
    matrix = interactions.matrix(interactions.preference / mean_preference)
    return HybridModel(
        brand_index=build_brand_index(interactions.buyers, catalog),
        popularity=relative_popularity(interactions.popularity),
        mean_preference=mean_preference,
        als=fit_als(
            matrix,
            options.factors,
            options.alpha,
            penalty,
            options.iterations,
            progress,
            threads,
            on_loss,
        ),
        ease=fit_ease(matrix, penalty),
        item_knn=fit_item_knn(matrix, threads),
        options=options,
        params=params or HybridParams(options.weights or ScoreWeights()),
    )
