"""What jobs do when they finish."""

import csv
import io
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from tests.aws_fake import importing
from tests.aws_fake.errors import JobFailed
from tests.aws_fake.exporting import accuracy_rows, backtest_rows, forecast_rows
from tests.aws_fake.frames import DAY, expected
from tests.aws_fake.resources import BACKTEST, EXPORT, FORECAST, IMPORT, PREDICTOR, Resource

if TYPE_CHECKING:
    from tests.aws_fake.account import Account


def outcome_of(account: "Account", resource: Resource) -> None:
    """Produce the result of a job."""
    done = {IMPORT.word: _import, PREDICTOR.word: _train, FORECAST.word: _forecast}
    done |= {BACKTEST.word: _export_backtest, EXPORT.word: _export_forecast}
    done[resource.kind.word](account, resource)


def _import(account: "Account", job: Resource) -> None:
    source = job.attributes["DataSource"]["S3Config"]
    bucket, prefix = importing.split_uri(source["Path"])
    account.roles.require_read(source["RoleArn"], bucket, prefix)
    dataset = account.find(job.parents[0])
    schema = dataset.attributes["Schema"]["Attributes"]
    job.data, size = importing.read(account.s3, source["Path"], schema, job.attributes.get("TimestampFormat"))
    job.attributes["DataSize"] = size / 1e9


def _train(account: "Account", predictor: Resource) -> None:
    """Backtest: consecutive windows up to the last day, each with four weeks before it."""
    horizon, inputs = predictor.attributes["ForecastHorizon"], predictor.data
    if inputs is None:
        return  # seeded
    inputs.require_related(horizon)
    starts = [
        inputs.last - (horizon * (back + 1) - 1) * DAY for back in range(account.knobs.backtest_windows)
    ]
    known = [start for start in starts if start - 28 * DAY >= inputs.demand.index[0]]
    predictor.attributes["windows"] = [(start, expected(inputs, start, horizon)) for start in known]


def _forecast(account: "Account", forecast: Resource) -> None:
    if forecast.data is None:
        return  # seeded
    horizon = account.find(forecast.parents[0]).attributes["ForecastHorizon"]
    forecast.data.require_related(horizon)
    forecast.attributes["values"] = expected(forecast.data, forecast.data.last + DAY, horizon)


def _export_backtest(account: "Account", job: Resource) -> None:
    predictor = account.find(job.parents[0])
    if "windows" not in predictor.attributes:
        raise JobFailed(f"The predictor {predictor.arn} has no backtest to export")
    _write(account, job, "forecasted-values/", backtest_rows(predictor, account.knobs.spoils))
    _write(account, job, "accuracy-metrics-values/", accuracy_rows(predictor))


def _export_forecast(account: "Account", job: Resource) -> None:
    forecast = account.find(job.parents[0])
    if "values" not in forecast.attributes:
        raise JobFailed(f"The forecast {forecast.arn} has no values to export")
    _write(account, job, "", forecast_rows(forecast, account.knobs.spoils))


def _write(account: "Account", job: Resource, folder: str, rows: Iterator[list[Any]]) -> None:
    """Write files of a header and some rows, and the empty object with which the service tests access."""
    place = job.attributes["Destination"]["S3Config"]
    bucket, prefix = importing.split_uri(place["Path"])
    below = f"{prefix.rstrip('/')}/".lstrip("/")
    account.roles.require_write(place["RoleArn"], bucket, below)
    account.s3.put_object(Bucket=bucket, Key=f"{below}_CHECK", Body=b"")
    header, lines, step = next(rows), list(rows), account.knobs.part_rows
    stem = f"{below}{folder}{job.name}_{job.ends:%Y-%m-%dT%H-%M-%SZ}"
    for part, first in enumerate(range(0, max(len(lines), 1), step)):
        text = io.StringIO()
        csv.writer(text, lineterminator="\n").writerows([header, *lines[first : first + step]])
        account.s3.put_object(Bucket=bucket, Key=f"{stem}_part{part}.csv", Body=text.getvalue().encode())
