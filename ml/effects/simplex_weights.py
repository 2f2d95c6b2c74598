"""Least-squares weights on the simplex by Frank-Wolfe, for synthetic difference-in-differences."""

import numpy as np


def simplex_weights(
    predictors: np.ndarray,
    target: np.ndarray,
    *,
    ridge: float,
    min_decrease: float,
    max_steps: int = 10_000,
) -> np.ndarray:
    """Weights w ≥ 0, Σ w = 1, that minimise mean((a + predictors w - target)²) + ridge² Σ w²; shape (columns,).

    `predictors` is (rows, columns), `target` (rows,); centring removes the intercept a. Solved as in Arkhangelsky et al. (AER
    2021;111:4088) and their package: 100 steps from equal weights; weights of at most a quarter of the largest are set to
    zero; then steps until one lowers the objective by no more than `min_decrease`², at most `max_steps`.
    """
    predictors, target = predictors - predictors.mean(axis=0), target - target.mean()
    start = np.full(predictors.shape[1], 1 / predictors.shape[1])
    first = _frank_wolfe(predictors, target, start, ridge, min_decrease, 100)
    return _frank_wolfe(predictors, target, sparse(first), ridge, min_decrease, max_steps)


def sparse(weights: np.ndarray) -> np.ndarray:
    """Sets weights of at most a quarter of the largest to zero and rescales the rest to sum to one."""
    kept = np.where(weights <= weights.max() / 4, 0.0, weights)
    return kept / kept.sum()


def _frank_wolfe(
    predictors: np.ndarray, target: np.ndarray, weights: np.ndarray, ridge: float, min_decrease: float, max_steps: int
) -> np.ndarray:
    """Frank-Wolfe with exact line search: each step moves towards the vertex of steepest descent."""
    rows = len(target)
    eta = rows * ridge**2
    fitted = predictors @ weights
    for step in range(1, max_steps + 1):
        half_gradient = (fitted - target) @ predictors + eta * weights
        vertex = int(half_gradient.argmin())
        direction = -weights
        direction[vertex] += 1
        change = predictors[:, vertex] - fitted
        curvature = change @ change + eta * (direction @ direction)
        slope = -(half_gradient @ direction)
        if curvature == 0:
            return weights
        size = min(1.0, max(0.0, slope / curvature))
        weights = weights + size * direction
        fitted = fitted + size * change
        decrease = (2 * size * slope - size**2 * curvature) / rows
        if step > 1 and decrease <= min_decrease**2:
            return weights
    return weights
