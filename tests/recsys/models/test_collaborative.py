"""ALS and EASE agree with their equations and find the planted groups."""

import numpy as np
import pytest
from scipy.sparse import csr_matrix

from recsys.models import collaborative
from recsys.models.collaborative import (
    EASE_PENALTY_FACTOR,
    ALSModel,
    ItemKNN,
    fit_als,
    fit_ease,
    fit_item_knn,
    ridge_penalty,
)

GROUPS, BRANDS, CUSTOMERS = 5, 40, 400


@pytest.fixture(scope="module")
def matrix() -> csr_matrix:
    """Customers who met brands of their own group alone: brand b is of group b % GROUPS."""
    rng = np.random.default_rng(2)
    dense = np.zeros((CUSTOMERS, BRANDS), np.float32)
    for customer in range(CUSTOMERS):
        own = np.arange(customer % GROUPS, BRANDS, GROUPS)
        dense[customer, rng.choice(own, 4, replace=False)] = rng.random(4) + 0.5
    return csr_matrix(dense)


@pytest.fixture(scope="module")
def factors(matrix: csr_matrix) -> ALSModel:
    return fit_als(matrix, 8, 5.0, 0.2, 10)


HERS = np.array([0, 5], np.int32), np.array([1.0, 2.0])


def test_a_new_person_is_folded_in_by_the_normal_equations(factors: ALSModel) -> None:
    brand, strength = HERS
    of_brands = factors.item_factors.astype(np.float64)
    confidence, own = factors.alpha * strength, of_brands[brand]
    system = (
        of_brands.T @ of_brands
        + (own * (confidence - 1.0)[:, None]).T @ own
        + factors.penalty * np.eye(of_brands.shape[1])
    )
    expected = np.linalg.solve(system, own.T @ confidence)
    assert factors.user_factors(brand, strength) == pytest.approx(expected, abs=1e-4)


def test_all_lead_a_person_to_the_brands_of_her_group(
    matrix: csr_matrix, factors: ALSModel
) -> None:
    linear, alike = fit_ease(matrix, 0.2), fit_item_knn(matrix)
    for found in (
        factors.affinity(*HERS),
        linear.affinity(*HERS, BRANDS),
        alike.affinity(*HERS),
    ):
        found[HERS[0]] = -np.inf
        assert set(np.argsort(-found)[:6] % GROUPS) == {0}


def test_ease_is_the_ridge_regression_of_each_brand_on_the_others(matrix: csr_matrix) -> None:
    linear, dense = fit_ease(matrix, 0.5), matrix.toarray().astype(np.float64)
    ridge = EASE_PENALTY_FACTOR * ridge_penalty(0.5, CUSTOMERS) * np.eye(BRANDS - 1)
    for brand in (0, 17):
        others = np.delete(dense, brand, axis=1)
        expected = np.linalg.solve(others.T @ others + ridge, others.T @ dense[:, brand])
        found = np.delete(linear.weights[:, brand], brand)
        assert found == pytest.approx(expected, abs=1e-5)
        assert linear.weights[brand, brand] == 0.0


def test_the_nearest_brands_are_those_of_the_cosine_told_in_strength(matrix: csr_matrix) -> None:
    found, dense = fit_item_knn(matrix).weights.toarray(), matrix.toarray().astype(np.float64)
    size = np.linalg.norm(dense, axis=0)
    cosine = dense.T @ dense / np.outer(size, size)
    np.fill_diagonal(cosine, 0.0)
    foretold = dense @ cosine
    scale = (foretold * dense).sum() / (foretold**2).sum()
    assert found == pytest.approx(scale * cosine, abs=1e-5)


def test_each_brand_speaks_for_its_nearest_alone(matrix: csr_matrix) -> None:
    near = fit_item_knn(matrix, max_neighbors=3).weights
    assert (np.diff(near.indptr) <= 4).all()
    assert near.diagonal().tolist() == [0.0] * BRANDS


def test_nearest_brands_are_kept_and_new_brands_are_near_to_none(matrix: csr_matrix) -> None:
    alike = fit_item_knn(matrix)
    again = ItemKNN.restore(alike.arrays())
    assert (again.weights != alike.weights).nnz == 0
    wider = alike.resize(BRANDS + 2)
    brand = np.array([0, BRANDS + 1], np.int32)
    found = wider.affinity(brand, np.array([1.0, 5.0]))
    assert found[:BRANDS] == pytest.approx(alike.affinity(brand[:1], np.ones(1)))
    assert found[BRANDS:].tolist() == [0.0, 0.0]


def test_a_start_is_the_leading_singular_subspace(matrix: csr_matrix) -> None:
    _, brands = collaborative._svd_start(matrix, GROUPS)
    _, _, right = np.linalg.svd(matrix.toarray())
    inside = right[:GROUPS] @ (brands / np.linalg.norm(brands, axis=0))
    assert np.linalg.svd(inside)[1] == pytest.approx(np.ones(GROUPS), abs=1e-3)


def test_brands_outside_the_head_are_spoken_for_by_nobody(matrix: csr_matrix) -> None:
    linear = fit_ease(matrix, 0.2, max_brands=10)
    buyers = np.bincount(matrix.indices, minlength=BRANDS)
    assert len(linear.head) == 10
    assert buyers[linear.head].min() >= np.sort(buyers)[-10]
    outside = np.setdiff1d(np.arange(BRANDS), linear.head).astype(np.int32)
    found = linear.affinity(np.append(linear.head[:1], outside), np.ones(31), BRANDS)
    assert found[outside].tolist() == [0.0] * 30
    assert np.abs(found[linear.head]).sum() > 0


def test_a_brand_of_one_customer_says_nothing_of_others() -> None:
    linear = fit_ease(csr_matrix(np.eye(3, dtype=np.float32)), 1.0)
    assert len(linear.head) == 0
    alike = fit_item_knn(csr_matrix(np.eye(3, dtype=np.float32)))
    one = np.array([1], np.int32), np.ones(1)
    for found in (linear.affinity(*one, 3), alike.affinity(*one)):
        assert found.tolist() == [0.0, 0.0, 0.0]


def test_without_regularisation_there_is_still_a_solution(matrix: csr_matrix) -> None:
    twice = csr_matrix(np.repeat(matrix.toarray(), 2, axis=1))  # singular without a penalty
    assert np.isfinite(fit_ease(twice, 0.0).weights).all()
    assert np.isfinite(fit_als(twice, 4, 5.0, 0.0, 3).item_factors).all()


def test_progress_is_told_a_pass_at_a_time(matrix: csr_matrix) -> None:
    told: list[float] = []
    fit_als(matrix, 4, 5.0, 1.0, 4, lambda _stage, share: told.append(share))
    assert told == [0.25, 0.5, 0.75, 1.0]


def test_the_loss_of_each_pass_is_heard_and_falls(matrix: csr_matrix) -> None:
    heard: list[tuple[int, float]] = []
    fit_als(matrix, 4, 5.0, 1.0, 3, on_loss=lambda *said: heard.append(said))
    assert [iteration for iteration, _ in heard] == [1, 2, 3]
    assert heard[0][1] > heard[1][1] > heard[2][1]
