"""QueryForecast: the values of one series."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

import pandas as pd

from tests.aws_fake.account import Account
from tests.aws_fake.errors import ErrorResponse, invalid, not_found
from tests.aws_fake.frames import values_of
from tests.aws_fake.resources import ACTIVE, FORECAST, RUNNING, Resource

Values = Mapping[str, Any]

KEPT = timedelta(days=30)
"""How long a forecast can be queried."""

STAMP = "%Y-%m-%dT%H:%M:%S"


def query_forecast(account: Account, asked: Values) -> Values:
    """Return the values of each forecast type for the series with these dimensions."""
    forecast = _queryable(account, asked["ForecastArn"])
    key = _key(account, forecast, asked["Filters"])
    made = forecast.attributes["values"][key]
    made = made[_bound(asked, "StartDate", made.index) : _bound(asked, "EndDate", made.index)]
    predictions: dict[str, list[Values]] = {}
    for day, value in made.items():
        types = forecast.attributes["ForecastTypes"]
        for name, each in values_of(value, types, key, account.knobs.spoils).items():
            point = {"Timestamp": f"{day:{STAMP}}", "Value": float(each)}
            predictions.setdefault(name, []).append(point)
    return {"Forecast": {"Predictions": predictions}}


def _queryable(account: Account, arn: str) -> Resource:
    forecast, now = account.find(arn, FORECAST), account.clock.now()
    status = forecast.status(now)
    if forecast.deleted:
        raise not_found(arn)
    if status in RUNNING:
        raise ErrorResponse("ResourceInUseException", f"{arn} is not ready: its state is {status}")
    if status != ACTIVE or "values" not in forecast.attributes:
        raise invalid(f"{arn} can't be queried: its state is {status}")
    if now - (forecast.ended or forecast.created) > KEPT:
        raise invalid(f"{arn} can't be queried any more: it is older than {KEPT.days} days")
    return forecast


def _key(account: Account, forecast: Resource, filters: Mapping[str, str]) -> tuple[str, ...]:
    names = forecast.data.keys
    if set(filters) != set(names):
        raise invalid(f"Filters must have each of {', '.join(names)}, found {', '.join(sorted(filters))}")
    key = tuple(filters[name] for name in names)
    if key not in forecast.attributes["values"].columns:
        raise ErrorResponse(account.knobs.unknown_item, f"No forecast found for {dict(filters)}")
    return key


def _bound(asked: Values, name: str, days: pd.DatetimeIndex) -> pd.Timestamp | None:
    if name not in asked:
        return None
    try:
        bound = pd.Timestamp(datetime.strptime(asked[name].removesuffix("Z"), STAMP))  # noqa: DTZ007 - naive, as the data
    except ValueError as error:
        raise invalid(f"{name} must have the format yyyy-MM-dd'T'HH:mm:ss, found {asked[name]}") from error
    if not days[0] <= bound <= days[-1]:
        raise invalid(f"{name} must be within {days[0]:{STAMP}} and {days[-1]:{STAMP}}, found {asked[name]}")
    return bound
