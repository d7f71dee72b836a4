"""The result of a training: the engine chosen for each series, with its backtests."""

from dataclasses import dataclass
from datetime import date, datetime

from forecasting.core.error_sums import ErrorSums


@dataclass(frozen=True, slots=True)
class BacktestScore:
    """The errors of one engine over all backtest windows of a series.

    Attributes
    ----------
    cutoffs, horizon
        The windows: the last day the engine saw in each, oldest first, and the days scored after it.
    weeks
        Errors by week ahead, added up over all windows: ``weeks[i]`` covers days 7i + 1 to 7i + 7 ahead.
    failure
        Why the engine has no figures, in words; ``""`` if it has.
    """

    engine: str
    cutoffs: tuple[date, ...]
    horizon: int
    weeks: tuple[ErrorSums, ...] = ()
    failure: str = ""

    @property
    def total(self) -> ErrorSums:
        """Errors over the whole horizon."""
        return ErrorSums.total(self.weeks)

    @property
    def days(self) -> int:
        """Open days scored; a day in two windows counts twice."""
        return self.total.days

    @property
    def wape(self) -> float | None:
        """Weighted absolute percentage error of the median; None if undefined."""
        return self.total.wape

    @property
    def wql(self) -> float | None:
        """Mean weighted quantile loss over q10, q50, q90; None if undefined."""
        return self.total.wql

    @property
    def coverage(self) -> float | None:
        """Share of days within q10–q90; None if undefined."""
        return self.total.coverage


@dataclass(frozen=True, slots=True)
class SeriesChoice:
    """The engine a training chose for one series, and why.

    Attributes
    ----------
    widths
        Factors for the half-widths of the band, one for each week ahead. Empty keeps the engine's own band.
    """

    item: str
    engine: str
    reason: str
    scores: tuple[BacktestScore, ...] = ()
    widths: tuple[float, ...] = ()

    def score_of(self, engine: str) -> BacktestScore | None:
        """The backtest of one engine; None if it has none."""
        return next((score for score in self.scores if score.engine == engine), None)


@dataclass(frozen=True, slots=True)
class Predictor:
    """The result of a training: the engine chosen for each series, with its backtests.

    Attributes
    ----------
    asked_engine
        The engine that was configured. The one that serves a series is named in its choice.
    chain_id
        The `pooled_priors.ChainPriors` it was trained with; ``""`` if there was none.
    """

    predictor_id: str
    scope: str
    asked_engine: str
    trained_at: datetime
    cutoff: date
    choices: tuple[SeriesChoice, ...]
    chain_id: str = ""

    def choice_of(self, item: str) -> SeriesChoice | None:
        """The choice for one item; None if the training did not see the item."""
        return next((choice for choice in self.choices if choice.item == item), None)
