"""An app's calls to the fake, through unmodified clients."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta
from functools import cache, cached_property
from typing import Any

import boto3
import pytest
from botocore import xform_name
from botocore.config import Config
from botocore.exceptions import ClientError

from tests.aws_fake.fake import AwsFake

FIRST, LAST = date(2019, 1, 1), date(2019, 4, 2)
HORIZON = 14
ONCE = Config(retries={"total_max_attempts": 1})
TYPES = ["0.1", "0.5", "0.9", "mean"]

TARGET = (("timestamp", "timestamp"), ("item_id", "string"), ("store", "string"), ("target_value", "float"))
RELATED = (
    ("timestamp", "timestamp"),
    ("item_id", "string"),
    ("store", "string"),
    ("promo", "float"),
    ("is_open", "float"),
)


def days(first: date = FIRST, last: date = LAST) -> Iterator[date]:
    """Yield every day from the first to the last."""
    return (first + timedelta(days=n) for n in range((last - first).days + 1))


def sales(items: Iterable[str] = ("bread", "cake"), store: str = "1") -> str:
    """Return sales: 10 times the number of the weekday, plus one for each further item."""
    return "".join(
        f"{day},{item},{store},{10 * day.isoweekday() + n}\n"
        for n, item in enumerate(items)
        for day in days()
    )


def plan(items: Iterable[str] = ("bread", "cake"), store: str = "1", ahead: int = HORIZON) -> str:
    """Return a plan that is closed on Sundays."""
    last = LAST + timedelta(days=ahead)
    return "".join(
        f"{day},{item},{store},0,{int(day.isoweekday() < 7)}\n" for item in items for day in days(FIRST, last)
    )


def code_of(call: Callable[[], Any]) -> str:
    """Return the error code of a call."""
    with pytest.raises(ClientError) as caught:
        call()
    return caught.value.response["Error"]["Code"]


@cache
def _client(service: str, _url: str) -> Any:
    """Return a client, created once for each server."""
    return boto3.client(service, config=ONCE)


@dataclass
class World:
    """A dataset group, and clients."""

    aws: AwsFake
    group: str = ""
    datasets: dict[str, str] = field(default_factory=dict)

    @cached_property
    def forecast(self) -> Any:
        """A client of AWS Forecast."""
        return _client("forecast", self.aws.environment["AWS_ENDPOINT_URL_FORECAST"])

    @cached_property
    def query(self) -> Any:
        """A client of its queries."""
        return _client("forecastquery", self.aws.environment["AWS_ENDPOINT_URL_FORECASTQUERY"])

    def furnish(self) -> "World":
        """Create a group with both datasets."""
        for kind, schema in (("TARGET", TARGET), ("RELATED", RELATED)):
            attributes = [{"AttributeName": name, "AttributeType": type_} for name, type_ in schema]
            made = self.forecast.create_dataset(
                DatasetName=f"storecast_{kind.lower()}",
                Domain="CUSTOM",
                DatasetType=f"{kind}_TIME_SERIES",
                DataFrequency="D",
                Schema={"Attributes": attributes},
            )
            self.datasets[kind] = made["DatasetArn"]
        arns = list(self.datasets.values())
        made = self.forecast.create_dataset_group(
            DatasetGroupName="storecast", Domain="CUSTOM", DatasetArns=arns
        )
        self.group = made["DatasetGroupArn"]
        return self

    def refused_dataset(self, kind: str, attributes: Mapping[str, str]) -> Mapping[str, str]:
        """Return the error for creating a dataset with a schema."""
        named = [{"AttributeName": name, "AttributeType": type_} for name, type_ in attributes.items()]
        asked = {
            "DatasetName": "x",
            "Domain": "CUSTOM",
            "DataFrequency": "D",
            "Schema": {"Attributes": named},
        }
        with pytest.raises(ClientError) as caught:
            self.forecast.create_dataset(DatasetType=f"{kind}_TIME_SERIES", **asked)
        return caught.value.response["Error"]

    def status(self, kind: str, arn: str) -> str:
        """Return the status of a resource from Describe."""
        model = self.forecast.meta.service_model
        call = getattr(self.forecast, xform_name(f"Describe{kind}"))
        (name,) = model.operation_model(f"Describe{kind}").input_shape.members
        return call(**{name: arn})["Status"]

    def start_import(self, kind: str, name: str, *parts: str, role: str = "") -> str:
        """Upload files and start importing them; return the ARN."""
        for number, part in enumerate(parts):
            self.aws.s3.put_object(
                Bucket=self.aws.bucket, Key=f"in/{name}/part{number}.csv", Body=part.encode()
            )
        place = {"Path": f"s3://{self.aws.bucket}/in/{name}", "RoleArn": role or self.aws.role_arn}
        made = self.forecast.create_dataset_import_job(
            DatasetImportJobName=name,
            DatasetArn=self.datasets[kind],
            DataSource={"S3Config": place},
            TimestampFormat="yyyy-MM-dd",
        )
        return made["DatasetImportJobArn"]

    def imported(self, target: str = "", related: str = "", name: str = "run1") -> None:
        """Import both datasets and wait."""
        self.start_import("TARGET", f"{name}_target", target or sales())
        self.start_import("RELATED", f"{name}_related", related or plan())
        self.aws.clock.turn(timedelta(minutes=5))

    def train(self, name: str = "storecast_p", **more: Any) -> str:
        """Start training; return the ARN."""
        made = self.forecast.create_auto_predictor(
            PredictorName=name,
            **{
                "ForecastHorizon": HORIZON,
                "ForecastTypes": TYPES,
                "ForecastDimensions": ["store"],
                "ForecastFrequency": "D",
                "DataConfig": {"DatasetGroupArn": self.group},
                **more,
            },
        )
        return made["PredictorArn"]

    def train_legacy(self, horizon: int, name: str = "legacy") -> str:
        """Start training Prophet; return the ARN."""
        return self.forecast.create_predictor(
            PredictorName=name,
            AlgorithmArn="arn:aws:forecast:::algorithm/Prophet",
            ForecastHorizon=horizon,
            InputDataConfig={"DatasetGroupArn": self.group},
            FeaturizationConfig={"ForecastFrequency": "D", "ForecastDimensions": ["store"]},
        )["PredictorArn"]

    def trained(self, name: str = "storecast_p", **more: Any) -> str:
        """Train and wait."""
        made = self.train(name, **more)
        self.aws.clock.turn(timedelta(minutes=90))
        return made

    def start_forecast(self, predictor: str, name: str = "storecast_f") -> str:
        """Start a forecast; return the ARN."""
        return self.forecast.create_forecast(ForecastName=name, PredictorArn=predictor)["ForecastArn"]

    def forecasted(self, predictor: str, name: str = "storecast_f") -> str:
        """Forecast and wait."""
        made = self.start_forecast(predictor, name)
        self.aws.clock.turn(timedelta(minutes=20))
        return made

    def values(self, forecast: str, item: str = "bread", **more: str) -> dict[str, list[float]]:
        """Return the values of one series."""
        found = self.query.query_forecast(
            ForecastArn=forecast, Filters={"item_id": item, "store": "1"}, **more
        )
        return {
            name: [each["Value"] for each in points]
            for name, points in found["Forecast"]["Predictions"].items()
        }

    def export(self, forecast: str, name: str = "out") -> str:
        """Start exporting a forecast; return the ARN."""
        place = {"Path": f"s3://{self.aws.bucket}/out/{name}", "RoleArn": self.aws.role_arn}
        return self.forecast.create_forecast_export_job(
            ForecastExportJobName=name, ForecastArn=forecast, Destination={"S3Config": place}
        )["ForecastExportJobArn"]

    def export_backtest(self, predictor: str, name: str = "back", role: str = "") -> str:
        """Start exporting a backtest; return the ARN."""
        place = {"Path": f"s3://{self.aws.bucket}/back", "RoleArn": role or self.aws.role_arn}
        return self.forecast.create_predictor_backtest_export_job(
            PredictorBacktestExportJobName=name, PredictorArn=predictor, Destination={"S3Config": place}
        )["PredictorBacktestExportJobArn"]

    def files(self, prefix: str) -> dict[str, str]:
        """Return the objects below a prefix."""
        found = self.aws.s3.list_objects_v2(Bucket=self.aws.bucket, Prefix=prefix).get("Contents", [])
        return {
            each["Key"]: self.aws.s3.get_object(Bucket=self.aws.bucket, Key=each["Key"])["Body"]
            .read()
            .decode()
            for each in found
        }
