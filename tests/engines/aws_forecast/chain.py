"""A small chain of stores and its account in AWS, for tests of the engine."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import Any

import pandas as pd

from forecasting.calendar.inputs import build_inputs
from forecasting.config.aws_settings import AwsSettings
from forecasting.core.ports import RemoteJob, RemoteProgress, Ticket
from forecasting.core.store_inputs import StoreInputs
from forecasting.engines.aws_forecast.aws_engine import AwsForecastEngine
from forecasting.engines.aws_forecast.connection import ForecastSession
from forecasting.engines.aws_forecast.data import DOMAIN, FREQUENCY, KINDS, RELATED, TARGET, layout_of
from forecasting.engines.aws_forecast.forecaster import Forecaster
from forecasting.engines.aws_forecast.names import Names
from forecasting.engines.aws_forecast.trainer import Trainer
from tests.aws_fake import AwsFake
from tests.aws_fake.fake import BUCKET
from tests.series import as_days, daily_series

DAYS, HORIZON = 84, 14
GROUP = "storecast"
LONG_AGO = datetime(2019, 1, 1, tzinfo=UTC)

Sales = Mapping[str, Mapping[str, pd.DataFrame]]
"""`schema.HISTORY` by store and item."""


def two_stores(days: int = DAYS) -> dict[str, dict[str, pd.DataFrame]]:
    """Two stores with two products each."""
    return {
        store: {item: daily_series(days, seed=10 * n + m) for m, item in enumerate(("bread", "cake"))}
        for n, store in enumerate(("1", "2"))
    }


@cache
def _session(_server: str, attempts: int) -> ForecastSession:
    return ForecastSession(AwsSettings(bucket=BUCKET), attempts=attempts)


@dataclass
class Chain:
    """Stores, and the account they are forecast in."""

    aws: AwsFake
    sales: Sales = field(default_factory=two_stores)
    settings: AwsSettings = field(default_factory=AwsSettings)
    tolerance: timedelta = timedelta(hours=48)
    attempts: int = 1

    def __post_init__(self) -> None:
        self.settings = AwsSettings(
            bucket=self.aws.bucket, prefix="storecast", group=GROUP, role=self.aws.role_arn
        )

    @property
    def session(self) -> ForecastSession:
        """One for all tests, as clients take long to make; it gives up at once, so that no test waits."""
        return _session(self.aws.environment["AWS_ENDPOINT_URL_FORECAST"], self.attempts)

    @property
    def engine(self) -> AwsForecastEngine:
        """A new one, as after a restart."""
        return AwsForecastEngine(self.settings, self.tolerance, self.aws.clock, self.session)

    @property
    def trainer(self) -> Trainer:
        """Of the group."""
        return Trainer(self.session, self.settings, self.aws.clock)

    @property
    def forecaster(self) -> Forecaster:
        """Of the group."""
        return Forecaster(self.session, self.settings, self.aws.clock)

    def set_up(self) -> "Chain":
        """Make what `aws setup` makes."""
        self.aws.take_minutes(imports=5, predictor=10, forecast=5, export=5)
        session, names = self.session, Names(GROUP)
        layout = layout_of([tuple(items) for items in self.sales.values()])
        arns = [
            session.ask(
                "create_dataset",
                DatasetName={TARGET: names.target, RELATED: names.related}[kind],
                Domain=DOMAIN,
                DatasetType=kind,
                DataFrequency=FREQUENCY,
                Schema=layout.schema(kind),
            )["DatasetArn"]
            for kind in KINDS
        ]
        session.ask("create_dataset_group", DatasetGroupName=GROUP, Domain=DOMAIN, DatasetArns=arns)
        return self

    def inputs(self) -> Iterator[StoreInputs]:
        """Of each store."""
        for store, items in self.sales.items():
            days = {item: as_days(frame) for item, frame in items.items()}
            yield build_inputs(store, days, {}, HORIZON)

    def job(self, **other: Any) -> RemoteJob:
        """A run that trains, asked for now."""
        asked = RemoteJob(
            run_id="run",
            requested_at=self.aws.clock.now(),
            train=True,
            trained_before=None,
            inputs_hash="a" * 64,
            horizon=HORIZON,
            series=6,
            inputs=self.inputs,
        )
        return replace(asked, **other)

    def until(self, stage: str, job: RemoteJob, ticket: Ticket) -> RemoteProgress:
        """Look every five minutes until it is at a stage."""
        for _ in range(60):
            progress = self.engine.poll(job, ticket)
            if progress.stage == stage:
                return progress
            ticket = progress.ticket
            self.aws.clock.turn(timedelta(minutes=5))
        raise AssertionError(f"expected the stage {stage}, found {progress.stage}")

    def finished(self, job: RemoteJob, ticket: Ticket | None = None) -> Ticket:
        """Look every five minutes until the forecast is ready."""
        return self.until(
            "Forecast ready in AWS", job, self.engine.start(job) if ticket is None else ticket
        ).ticket

    def looked(self, job: RemoteJob, ticket: Ticket, times: int) -> Ticket:
        """Look that often, five minutes after one another."""
        for _ in range(times):
            ticket = self.engine.poll(job, ticket).ticket
            self.aws.clock.turn(timedelta(minutes=5))
        return ticket

    def count(self, operation: str) -> int:
        """How often a call went well."""
        return sum(call.error is None for call in self.aws.named(operation))
