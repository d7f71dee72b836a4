from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from forecasting.core.errors import FitFailed
from forecasting.engines.prophet import additive, multiplicative, plain_solver, solver
from forecasting.engines.prophet.design import ProphetSettings, Regressor
from forecasting.engines.prophet.objective import objective, stationarity
from forecasting.engines.prophet.plain_prophet import fit, predict
from forecasting.engines.prophet.problem import SIGMA_FLOOR, FitProblem, Parameters
from tests.engines.prophet import peer
from tests.engines.prophet.series import frame, odd, short
from tests.series import day_numbers

SAMPLE = peer.sample(12)
EDGES = {**short(), **odd()}

TOLERANCE = 1e-3
"""How much worse than CmdStan an objective may be."""

both_modes = pytest.mark.parametrize(
    "multiplies", [pytest.param(False, id="additive"), pytest.param(True, id="multiplicative")]
)


def compared(series: pd.DataFrame, **options: object) -> tuple[FitProblem, Parameters, float]:
    """The problem, this solver's mode, and how much worse its objective is than CmdStan's."""
    prophet = peer.plain(**options).fit(series)
    problem = peer.problem(peer.plain(**options), series)
    ours = plain_solver.solve(problem)
    return problem, ours, objective(problem, ours) - objective(problem, peer.parameters(prophet))


def slack(problem: FitProblem, found: Parameters) -> float:
    """The worst violation of the conditions of a mode, relative to the pull of the data."""
    return max(stationarity(problem, found).values()) * found.sigma / problem.y.size


@pytest.mark.parametrize("name", SAMPLE)
@both_modes
@pytest.mark.parametrize("rich", [False, True], ids=["raw", "regressors"])
def test_no_worse_than_cmdstan_on_the_sample(
    name: str,
    multiplies: bool,  # noqa: FBT001 - a parameter
    rich: bool,  # noqa: FBT001 - a parameter
) -> None:
    """For 12 series × 4 configurations, by one objective; the result is also a mode."""
    series = SAMPLE[name]
    if rich and not multiplies:
        series = series.assign(y=np.log1p(series["y"]))
    regressors = peer.REGRESSORS if rich else ()
    problem, ours, worse = compared(series, multiplicative=multiplies, regressors=regressors)
    assert worse <= TOLERANCE
    assert slack(problem, ours) < 1e-5


@pytest.mark.parametrize("name", EDGES)
@both_modes
def test_no_worse_than_cmdstan_at_the_edges(
    name: str,
    multiplies: bool,  # noqa: FBT001 - a parameter
) -> None:
    """Short, exact, spiked, shifted, closed, collinear, very long."""
    series = EDGES[name]
    regressors = tuple(each for each in series.columns if each not in ("ds", "y"))
    problem, ours, worse = compared(series, multiplicative=multiplies, regressors=regressors)
    assert worse <= TOLERANCE
    assert all(np.isfinite(part).all() for part in (ours.k, ours.m, ours.delta, ours.beta, ours.sigma))
    if ours.sigma > 1e-6:  # with less noise than that there is no mode to be at
        assert slack(problem, ours) < 1e-5


@pytest.mark.parametrize("level", [0.0, 50.0])
def test_a_constant_series_gets_what_prophet_gives_it(level: float) -> None:
    """A level and Prophet's own floor for the noise."""
    series = frame(np.full(100, level))
    prophet = peer.plain().fit(series)
    ours, theirs = plain_solver.solve(peer.problem(peer.plain(), series)), peer.parameters(prophet)
    assert (ours.k, ours.m, ours.sigma) == (theirs.k, theirs.m, theirs.sigma) == (0, level > 0, SIGMA_FLOOR)
    assert np.array_equal(ours.delta, theirs.delta)
    assert np.array_equal(ours.beta, theirs.beta)


@pytest.mark.parametrize("variance", [1e-6, 1e-4, 1e-2])
def test_the_search_ends_at_the_mode_from_any_start(variance: float) -> None:
    """The returned normal equations are those of the problem."""
    for name, series in SAMPLE.items():
        logs = series.assign(y=np.log1p(series["y"]))
        problem = peer.problem(peer.plain(regressors=peer.REGRESSORS), logs)
        found, equations = solver.solve_additive(problem, variance)
        value, expected = objective(problem, found), objective(problem, plain_solver.solve(problem))
        assert value == pytest.approx(expected, abs=1e-6), name
        rows = np.column_stack([problem.t, np.ones_like(problem.t), problem.x])
        free = rows.shape[1]
        np.testing.assert_array_equal(equations.rows[:, :free], rows)
        assert equations.gram == pytest.approx(equations.rows.T @ equations.rows)
        assert equations.precision[2:] == pytest.approx(problem.sigmas**-2)


def test_the_additive_solver_refuses_a_problem_that_cannot_be_fitted() -> None:
    """As the other solver does."""
    problem = peer.problem(peer.plain(), frame(np.arange(100.0)))
    with pytest.raises(FitFailed, match="expected"):
        solver.solve_additive(replace(problem, y=np.full(100, np.nan)), 1e-4)


def test_mixed_modes_in_one_model() -> None:
    """A multiplicative season with an additive regressor, and the other way round."""
    series = next(iter(SAMPLE.values()))
    for season, column in (("multiplicative", "additive"), ("additive", "multiplicative")):
        made = [peer.plain(multiplicative=season == "multiplicative") for _ in range(2)]
        for prophet in made:
            prophet.add_regressor("promo", mode=column)
        problem = peer.problem(made[0], series)
        theirs = peer.parameters(made[1].fit(series))
        ours = plain_solver.solve(problem)
        assert problem.multiplicative.any()
        assert not problem.multiplicative.all()
        assert objective(problem, ours) <= objective(problem, theirs) + TOLERANCE
        assert slack(problem, ours) < 1e-5


def test_the_two_solvers_agree_where_nothing_multiplies() -> None:
    """Proximal Newton on a linear problem finds what the exact lasso finds."""
    problem = peer.problem(peer.plain(), next(iter(SAMPLE.values())))
    one, other = additive.solve(problem), multiplicative.solve(problem)
    assert objective(problem, one) == pytest.approx(objective(problem, other), abs=1e-7)


@pytest.mark.parametrize("part", ["y", "t", "changes", "x"])
@pytest.mark.parametrize("wrong", [np.nan, np.inf])
def test_values_that_are_not_finite_are_refused(part: str, wrong: float) -> None:
    """In any part of the problem."""
    problem = peer.problem(peer.plain(), frame(np.sin(np.arange(60))))
    values = getattr(problem, part).copy()
    values.flat[3] = wrong
    with pytest.raises(FitFailed, match=r"expected finite .*, found 1 values that are not"):
        plain_solver.solve(replace(problem, **{part: values}))


def test_priors_without_a_positive_scale_are_refused() -> None:
    """A scale of 0 or below."""
    problem = peer.problem(peer.plain(), frame(np.sin(np.arange(60))))
    with pytest.raises(FitFailed, match="expected prior scales above 0"):
        plain_solver.solve(replace(problem, tau=0.0))
    with pytest.raises(FitFailed, match="expected prior scales above 0"):
        plain_solver.solve(replace(problem, sigmas=-problem.sigmas))


SERIES = st.tuples(st.integers(0, 10_000), st.integers(20, 900), st.booleans())


def random_series(seed: int, days: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Days with gaps, a trending seasonal demand, and a regressor."""
    rng = np.random.default_rng(seed)
    when = np.sort(rng.choice(days + days // 5, days, replace=False))
    column = rng.normal(size=days)
    wave = 1 + 0.3 * np.sin(2 * np.pi * when / 7) + 0.2 * np.sin(2 * np.pi * when / 365.25)
    return when, 100 * wave * (1 + when / 1000) + 10 * column + rng.normal(0, 15, days), column


@settings(max_examples=30, deadline=None)
@given(made=SERIES, factor=st.floats(1e-3, 1e6))
def test_scaling_demand_scales_the_forecast(made: tuple[int, int, bool], factor: float) -> None:
    """In the raw configuration: centre, spread and slope changes."""
    seed, length, multiplies = made
    when, y, column = random_series(seed, length)
    setup = ProphetSettings(multiplicative=multiplies, regressors=(Regressor("a"),))
    ahead = when[-1] + np.arange(1, 29)
    once, scaled = (
        predict(fit(when, each, {"a": column}, setup), ahead, {"a": np.zeros(28)}) for each in (y, y * factor)
    )
    assert scaled.yhat == pytest.approx(once.yhat * factor, rel=1e-5)
    assert scaled.sd == pytest.approx(once.sd * factor, rel=1e-5)


@settings(max_examples=30, deadline=None)
@given(made=SERIES, shuffle=st.integers(0, 100))
def test_the_order_of_rows_does_not_matter(made: tuple[int, int, bool], shuffle: int) -> None:
    """Up to 1e-9, in history and future."""
    seed, length, multiplies = made
    when, y, column = random_series(seed, length)
    setup = ProphetSettings(multiplicative=multiplies, regressors=(Regressor("a"),))
    rng = np.random.default_rng(shuffle)
    rows, later = rng.permutation(length), rng.permutation(28)
    ahead = when[-1] + np.arange(1, 29)
    sorted_, mixed = (
        fit(when[order], y[order], {"a": column[order]}, setup) for order in (np.arange(length), rows)
    )
    plain = predict(sorted_, ahead, {"a": np.zeros(28)}).yhat
    assert predict(mixed, ahead[later], {"a": np.zeros(28)}).yhat == pytest.approx(plain[later], rel=1e-9)


@settings(max_examples=40, deadline=None)
@given(made=SERIES)
def test_the_answer_meets_the_conditions_of_a_mode(made: tuple[int, int, bool]) -> None:
    """Gradient of the smooth part and subgradient of the slope changes."""
    seed, length, multiplies = made
    when, y, column = random_series(seed, length)
    series = frame(y, when, a=column)
    problem = peer.problem(peer.plain(multiplicative=multiplies, regressors=("a",)), series)
    assert np.array_equal(day_numbers(series) - day_numbers(series)[0], when - when[0])
    assert slack(problem, plain_solver.solve(problem)) < 1e-5
