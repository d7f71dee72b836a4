"""Turn days and covariates into the rows of Prophet's model, by Prophet's own rules."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from forecasting.core.day_arrays import FloatArray, IntArray
from forecasting.core.errors import FitFailed
from forecasting.engines.prophet.fourier_rows import fourier
from forecasting.engines.prophet.problem import FitProblem

YEARLY_AUTO, WEEKLY_AUTO = 730, 14
"""Days of history from which Prophet enables its seasons (`Prophet.set_auto_seasonalities`)."""

YEARLY_ORDER, WEEKLY_ORDER = 10, 3
"""Harmonics of the seasons that it enables."""


@dataclass(frozen=True, slots=True)
class Regressor:
    """One extra column (`Prophet.add_regressor`).

    Attributes
    ----------
    standardize
        Subtract the mean and divide by the standard deviation. None: do so unless the column is 0 and 1.
    """

    name: str
    prior: float = 10.0
    multiplicative: bool = False
    standardize: bool | None = None


@dataclass(frozen=True, slots=True)
class ProphetSettings:
    """Arguments of Prophet's constructor; the defaults are Prophet's.

    Attributes
    ----------
    weekly, yearly
        Harmonics of the season; 0 switches it off, None applies Prophet's rule.
    multiplicative
        Seasons multiply the trend instead of adding to it.
    """

    changepoints: int = 25
    changepoint_range: float = 0.8
    changepoint_prior: float = 0.05
    season_prior: float = 10.0
    weekly: int | None = None
    yearly: int | None = None
    multiplicative: bool = False
    regressors: tuple[Regressor, ...] = ()


@dataclass(frozen=True, slots=True)
class Season:
    """A seasonal Fourier series; `period` is in days."""

    name: str
    period: float
    order: int


@dataclass(frozen=True, slots=True)
class DesignColumn:
    """How a regressor's values become a column: ``(value - mean) / scale``."""

    name: str
    mean: float
    scale: float


@dataclass(frozen=True, slots=True)
class Design:
    """How days become rows: built from the history, kept for prediction.

    Attributes
    ----------
    first, last
        First and last day of the history, since 1970-01-01.
    y_scale
        Highest absolute value of y; scaled values are in units of it.
    changes
        (S,) scaled times of the changepoints.
    multiplicative
        (K,) True for columns that multiply the trend.
    """

    first: int
    last: int
    y_scale: float
    changes: FloatArray
    seasons: tuple[Season, ...]
    columns: tuple[DesignColumn, ...]
    multiplicative: tuple[bool, ...]

    @property
    def names(self) -> tuple[str, ...]:
        """(K,) names of the columns: ``yearly:sin1``, ``yearly:cos1`` …, ``weekly:…``, the regressors."""
        waves = [
            f"{season.name}:{wave}{order}"
            for season in self.seasons
            for order in range(1, season.order + 1)
            for wave in ("sin", "cos")
        ]
        return (*waves, *(column.name for column in self.columns))

    def times(self, days: IntArray) -> FloatArray:
        """(n,) scaled time: 0 on the first day of the history, 1 on the last."""
        return (days - self.first) / float(self.last - self.first)

    def rows(self, days: IntArray, covariates: Mapping[str, FloatArray]) -> FloatArray:
        """(n, K) seasonal and regressor columns."""
        parts = [fourier(days, season.period, season.order) for season in self.seasons]
        parts += [
            ((covariates[column.name] - column.mean) / column.scale)[:, None] for column in self.columns
        ]
        return np.concatenate(parts, axis=1) if parts else np.empty((days.size, 0))


def prepare(
    days: IntArray, y: FloatArray, covariates: Mapping[str, FloatArray], settings: ProphetSettings
) -> tuple[Design, FitProblem]:
    """Scale a history and build its estimation problem, as `Prophet.preprocess` does.

    Parameters
    ----------
    days
        (n,) days since 1970-01-01, in any order.
    y
        (n,) values to fit.
    covariates
        (n,) values of each regressor, by name.

    Raises
    ------
    FitFailed
        If there are fewer than two different days, or a value is not finite.
    """
    order = np.argsort(days, kind="stable")
    days, y = days[order], y[order]
    covariates = {each.name: covariates[each.name][order] for each in settings.regressors}
    _require_finite({"y": y, **covariates})
    if not days.size or days[0] == days[-1]:
        raise FitFailed(f"prophet: expected at least 2 different days, found {min(days.size, 1)}")
    seasons = _seasons(days, settings)
    per_season = [2 * season.order for season in seasons]
    design = Design(
        first=int(days[0]),
        last=int(days[-1]),
        y_scale=float(np.abs(y).max()) or 1.0,
        changes=_changepoints(days, settings),
        seasons=seasons,
        columns=tuple(_column(each, covariates[each.name]) for each in settings.regressors),
        multiplicative=(settings.multiplicative,) * sum(per_season)
        + tuple(each.multiplicative for each in settings.regressors),
    )
    sigmas = [settings.season_prior] * sum(per_season) + [each.prior for each in settings.regressors]
    return design, FitProblem(
        y=y / design.y_scale,
        t=design.times(days),
        changes=design.changes,
        x=design.rows(days, covariates),
        sigmas=np.array(sigmas),
        multiplicative=np.array(design.multiplicative, dtype=np.bool_),
        tau=settings.changepoint_prior,
    )


def _require_finite(values: Mapping[str, FloatArray]) -> None:
    for name, each in values.items():
        wrong = int(np.count_nonzero(~np.isfinite(each)))
        if wrong:
            raise FitFailed(f"prophet: expected finite numbers in '{name}', found {wrong} that are not")


def _seasons(days: IntArray, settings: ProphetSettings) -> tuple[Season, ...]:
    """The yearly season, then the weekly one: Prophet's order."""
    span, steps = days[-1] - days[0], np.diff(days)
    dense = steps[steps > 0].min() < 7  # noqa: PLR2004 - days of a week
    yearly, weekly = settings.yearly, settings.weekly
    if yearly is None:
        yearly = YEARLY_ORDER if span >= YEARLY_AUTO else 0
    if weekly is None:
        weekly = WEEKLY_ORDER if span >= WEEKLY_AUTO and dense else 0
    both = (Season("yearly", 365.25, yearly), Season("weekly", 7.0, weekly))
    return tuple(season for season in both if season.order > 0)


def _changepoints(days: IntArray, settings: ProphetSettings) -> FloatArray:
    """Scaled times of the changepoints (`Prophet.set_changepoints`).

    They lie evenly over the first `changepoint_range` of the rows, except on the first row; there are never
    more of them than rows. If there are none, one placeholder at 0 takes their place, because Stan needs one.
    """
    size = int(np.floor(days.size * settings.changepoint_range))
    count = min(settings.changepoints, size - 1)
    if count <= 0:
        return np.zeros(1)
    at = np.linspace(0, size - 1, count + 1).round().astype(int)[1:]
    return np.asarray((days[at] - days[0]) / float(days[-1] - days[0]))


def _column(regressor: Regressor, values: FloatArray) -> DesignColumn:
    """Mean and scale of a regressor (`Prophet.initialize_scales`): a constant column stays as it is."""
    if regressor.standardize is False or values.min() == values.max():
        return DesignColumn(regressor.name, 0.0, 1.0)
    binary = bool(((values == 0) | (values == 1)).all())
    if regressor.standardize is None and binary:
        return DesignColumn(regressor.name, 0.0, 1.0)
    return DesignColumn(regressor.name, float(values.mean()), float(values.std(ddof=1)))
