"""Estimate what a training will cost, and limit how many may start within 24 hours."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from forecasting.core.errors import EngineUnavailable
from forecasting.core.wording import counted
from forecasting.engines.aws_forecast.resources import AwsResource
from forecasting.engines.aws_forecast.time_series_rows import FORECAST_TYPES

DAY = timedelta(hours=24)
POINTS = 1000
"""AWS sets its price for this many forecast points."""

HOUR = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class CostEstimate:
    """The quantities that AWS charges for.

    Attributes
    ----------
    gigabytes
        Size of the imports; None if AWS does not report it.
    hours
        Duration of the training, taken from the previous one; None if there is none. AWS may charge for more
        hours, because it trains on several machines.
    points
        Number of values to forecast: series × days × (quantiles and mean).
    """

    gigabytes: float | None
    hours: float | None
    points: int

    def total(self, rates: Mapping[str, float]) -> float | None:
        """Return the cost in the currency of the rates; None if a quantity or a rate is unknown.

        Parameters
        ----------
        rates
            As in `AwsSettings.rates`.
        """
        parts = {"gb": self.gigabytes, "hour": self.hours, "points": self.points / POINTS}
        costs = [
            None if amount is None or what not in rates else amount * rates[what]
            for what, amount in parts.items()
        ]
        known = [cost for cost in costs if cost is not None]
        return sum(known) if len(known) == len(costs) else None

    def words(self, rates: Mapping[str, float]) -> dict[str, str]:
        """Return each quantity and the total cost as text, ``n/a`` if unknown."""
        values = {"gigabytes": self.gigabytes, "hours": self.hours, "points": self.points}
        texts = {name: "n/a" if value is None else f"{value:,.4g}" for name, value in values.items()}
        total = self.total(rates)
        return texts | {"points": f"{self.points:,}", "cost": "n/a" if total is None else f"{total:,.2f}"}


def estimate_cost(
    sizes: Sequence[float | None], predictors: Sequence[AwsResource], series: int, horizon: int
) -> CostEstimate:
    """Estimate the cost of a training.

    Parameters
    ----------
    sizes
        Size of each import in gigabytes; None if unknown.
    predictors
        The group's predictors, newest first.
    series, horizon
        Number of series, and of days to forecast for each.
    """
    known = [size for size in sizes if size is not None]
    last = next((each for each in predictors if each.active), None)
    return CostEstimate(
        gigabytes=sum(known) if len(known) == len(sizes) else None,
        hours=None if last is None else (last.changed_at - last.created_at) / HOUR,
        points=series * horizon * len(FORECAST_TYPES),
    )


def require_allowance(most: int | None, predictors: Sequence[AwsResource], now: datetime) -> None:
    """Refuse a training if the allowed number has started within 24 hours, whoever started them.

    Raises
    ------
    EngineUnavailable
        If so; says when the next one may start.
    """
    if most is None:
        return
    recent = sorted(each.created_at for each in predictors if now - each.created_at < DAY)
    if len(recent) < most:
        return
    again = f"; the next may start {recent[len(recent) - most] + DAY:%-d %b %H:%M} UTC" if most else ""
    raise EngineUnavailable(
        f"AWS Forecast: expected at most {counted(most, 'training')} within 24 hours "
        f"(STORECAST_AWS_TRAININGS_A_DAY), found {len(recent)} started already{again}"
    )
