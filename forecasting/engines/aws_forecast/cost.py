"""What a training is going to take, told before it begins, and how many may begin a day."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from forecasting.core.errors import EngineUnavailable
from forecasting.engines.aws_forecast.data import FORECAST_TYPES
from forecasting.engines.aws_forecast.jobs import Job

DAY = timedelta(hours=24)
POINTS = 1000
"""Forecast points that have a price together."""

HOUR = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class Estimate:
    """What AWS is going to charge for.

    Attributes
    ----------
    gigabytes
        That were imported; None where AWS does not say.
    hours
        Of training: as long as the last one took; None where there was none. AWS may count more, as it trains
        on several machines.
    points
        Values to be forecast: days of all series, each with its quantiles and its mean.
    """

    gigabytes: float | None
    hours: float | None
    points: int

    def total(self, rates: Mapping[str, float]) -> float | None:
        """In the currency of the rates; None where a quantity or a rate is not known.

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
        """Each quantity and the total, ``n/a`` where it is not known."""
        values = {"gigabytes": self.gigabytes, "hours": self.hours, "points": self.points}
        told = {name: "n/a" if value is None else f"{value:,.4g}" for name, value in values.items()}
        total = self.total(rates)
        return told | {"points": f"{self.points:,}", "cost": "n/a" if total is None else f"{total:,.2f}"}


def estimate(sizes: Sequence[float | None], predictors: Sequence[Job], series: int, horizon: int) -> Estimate:
    """Estimate a training.

    Parameters
    ----------
    sizes
        Gigabytes of the imports.
    predictors
        Of the group, newest first.
    series, horizon
        How many, and how many days of each.
    """
    known = [size for size in sizes if size is not None]
    last = next((each for each in predictors if each.active), None)
    return Estimate(
        gigabytes=sum(known) if len(known) == len(sizes) else None,
        hours=None if last is None else (last.changed_at - last.created_at) / HOUR,
        points=series * horizon * len(FORECAST_TYPES),
    )


def require_allowance(most: int | None, predictors: Sequence[Job], now: datetime) -> None:
    """Refuse a training where as many as are allowed began within 24 hours, whoever began them.

    Raises
    ------
    EngineUnavailable
        Saying when the next one may begin.
    """
    if most is None:
        return
    lately = sorted(each.created_at for each in predictors if now - each.created_at < DAY)
    if len(lately) < most:
        return
    again = f"; the next may begin {lately[len(lately) - most] + DAY:%-d %b %H:%M} UTC" if most else ""
    raise EngineUnavailable(
        f"AWS Forecast: expected at most {most} trainings within 24 hours "
        f"(STORECAST_AWS_TRAININGS_A_DAY), found {len(lately)} begun already{again}"
    )
