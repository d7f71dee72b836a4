"""Exact minimisation of a quadratic with an L1 penalty on its last variables."""

from dataclasses import dataclass

import numpy as np
from scipy.linalg.lapack import dposv, dpotrf, dpotrs

from forecasting.core.day_arrays import FloatArray

MAX_STEPS = 1000
"""Most steps of the active-set search; 25 variables usually need 10 to 40."""

JITTERS = (0.0, 1e-13, 1e-11, 1e-9, 1e-7)
"""Tried in turn when rounding has made a matrix indefinite: added to its diagonal, relative to the largest
entry."""


@dataclass(frozen=True, slots=True)
class ReducedQuadratic:
    """A quadratic in the penalised variables d, after the unpenalised variables u were eliminated.

    Attributes
    ----------
    hessian, linear
        (S, S) and (S,): ``q(d) = ½·d'·hessian·d - linear'·d``.
    offset, slope
        (U,) and (U, S): ``u(d) = offset - slope · d``.
    """

    hessian: FloatArray
    linear: FloatArray
    offset: FloatArray
    slope: FloatArray


def eliminate(hessian: FloatArray, linear: FloatArray, free: int, *, jitter: bool) -> ReducedQuadratic | None:
    """Eliminate the first `free` variables of ``½·v'·H·v - l'·v`` by a Cholesky factor: a Schur complement.

    Parameters
    ----------
    hessian, linear
        (p, p) and (p,).
    free
        Number of leading variables, which carry no penalty.
    jitter
        True if the matrix is positive semidefinite up to rounding; its diagonal may then be raised slightly.

    Returns
    -------
    ReducedQuadratic or None
        None if the block of the unpenalised variables is not positive definite.
    """
    factor = cholesky(hessian[:free, :free], jitter=jitter)
    if factor is None:
        return None
    cross = hessian[:free, free:]
    solved, _ = dpotrs(factor, np.column_stack([cross, linear[:free]]), lower=1)
    slope, offset = solved[:, :-1], solved[:, -1]
    return ReducedQuadratic(
        hessian[free:, free:] - cross.T @ slope, linear[free:] - cross.T @ offset, offset, slope
    )


def lasso(
    hessian: FloatArray, linear: FloatArray, penalty: float, start: FloatArray, *, jitter: bool
) -> FloatArray | None:
    """Minimise ``½·d'·H·d - l'·d + penalty·Σ|d|``, exactly.

    Feature-sign search (Lee, Battle, Raina & Ng 2006, "Efficient sparse coding algorithms", algorithm 1):
    guess which variables are not 0 and their signs, solve that quadratic, move to its minimum or to the best
    zero crossing on the way, and add the variable that violates its optimality condition most. Every step
    lowers the objective, so no guess repeats and the search ends at the minimum.

    Parameters
    ----------
    hessian, linear
        (S, S) and (S,).
    penalty
        Weight of the L1 norm, above 0.
    start
        (S,) first guess; a closer one needs fewer steps.
    jitter
        As for `eliminate`.

    Returns
    -------
    numpy.ndarray or None
        (S,) the minimiser, or None if a block on the way is not positive definite. If H itself is not, but
        every block on the way is, the result is a local minimum.
    """
    delta, best, lowest = start.copy(), start, np.inf
    signs = np.sign(delta)
    slack = 1e-10 * penalty + 1e-14 * float(np.abs(linear).max(initial=0.0))
    for _ in range(MAX_STEPS):
        active = np.flatnonzero(signs)
        block, target = hessian[active[:, None], active], linear[active] - penalty * signs[active]
        solution = _solved(block, target, jitter=jitter)
        if solution is None:
            return None
        reached = bool((np.sign(solution) == signs[active]).all())
        delta[active] = (
            solution if reached else _best_crossing(block, linear[active], penalty, delta[active], solution)
        )
        signs[active] = np.sign(delta[active])
        if not reached:
            continue
        gradient = hessian @ delta - linear
        value = 0.5 * delta @ (gradient - linear) + penalty * np.abs(delta).sum()
        if value >= lowest:  # only rounding is left
            break
        best, lowest = delta.copy(), value
        excess = np.where(signs == 0, np.abs(gradient), 0.0)
        worst = int(excess.argmax())
        if excess[worst] <= penalty + slack:
            break
        signs[worst] = -np.sign(gradient[worst])
    return best


def cholesky(matrix: FloatArray, *, jitter: bool) -> FloatArray | None:
    """Lower Cholesky factor, or None if there is none; entries above the diagonal are undefined."""
    for lift in JITTERS if jitter else JITTERS[:1]:
        factored: tuple[FloatArray, int] = dpotrf(_lifted(matrix, lift), lower=1)
        if not factored[1]:
            return factored[0]
    return None


def _solved(block: FloatArray, target: FloatArray, *, jitter: bool) -> FloatArray | None:
    if not target.size:
        return target
    for lift in JITTERS if jitter else JITTERS[:1]:
        solved: tuple[FloatArray, FloatArray, int] = dposv(_lifted(block, lift), target)
        if not solved[2]:
            return solved[1]
    return None


def _best_crossing(
    block: FloatArray, linear: FloatArray, penalty: float, here: FloatArray, there: FloatArray
) -> FloatArray:
    """The best of `there` and the points on the way where a variable becomes 0."""
    way = there - here
    with np.errstate(divide="ignore", invalid="ignore"):
        crossings = np.where(here * there < 0, -here / way, np.inf)
    shares = np.unique(crossings[np.isfinite(crossings)])
    candidates = [here + share * way for share in shares]
    for share, candidate in zip(shares, candidates, strict=True):
        candidate[crossings == share] = 0.0
    candidates.append(there)

    def value(point: FloatArray) -> float:
        return float((0.5 * block @ point - linear) @ point + penalty * np.abs(point).sum())

    return min(candidates, key=value)


def _lifted(matrix: FloatArray, by: float) -> FloatArray:
    if by == 0:
        return matrix
    lifted = matrix.copy()
    lifted.flat[:: len(matrix) + 1] += by * float(np.abs(matrix.diagonal()).max())
    return lifted
