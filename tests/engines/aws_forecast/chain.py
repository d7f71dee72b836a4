"""A small chain of stores with an AWS account, for tests of the engine."""

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
from forecasting.engines.aws_forecast.aws_session import AwsSession
from forecasting.engines.aws_forecast.forecaster import Forecaster
from forecasting.engines.aws_forecast.resource_names import ResourceNames
from forecasting.engines.aws_forecast.time_series_rows import (
    DOMAIN,
    FREQUENCY,
    KINDS,
    RELATED,
    TARGET,
    layout_for,
)
from forecasting.engines.aws_forecast.trainer import Trainer
from tests.aws_fake import AwsFake
from tests.aws_fake.fake import BUCKET
from tests.series import as_days, daily_series

DAYS, HORIZON = 84, 14
GROUP = "storecast"
MINUTES = timedelta(minutes=6)
"""Longer than AWS takes for an import or a deletion in these tests."""
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
def _session(_server: str, attempts: int) -> AwsSession:
    return AwsSession(AwsSettings(bucket=BUCKET), attempts=attempts)


@dataclass
class Chain:
    """Stores, and the AWS account that forecasts them."""

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
    def session(self) -> AwsSession:
        """A session shared by all tests, because clients are slow to create; it does not retry."""
        return _session(self.aws.environment["AWS_ENDPOINT_URL_FORECAST"], self.attempts)

    @property
    def engine(self) -> AwsForecastEngine:
        """A new engine, as after a restart."""
        return AwsForecastEngine(self.settings, self.tolerance, self.aws.clock, self.session)

    @property
    def trainer(self) -> Trainer:
        """The trainer of the group."""
        return Trainer(self.session, self.settings, self.aws.clock)

    @property
    def forecaster(self) -> Forecaster:
        """The forecaster of the group."""
        return Forecaster(self.session, self.settings, self.aws.clock)

    def set_up(self) -> "Chain":
        """Create what `aws setup` creates."""
        self.aws.take_minutes(imports=5, predictor=10, forecast=5, export=5)
        session, names = self.session, ResourceNames(GROUP)
        layout = layout_for([tuple(items) for items in self.sales.values()])
        arns = [
            session.call(
                "create_dataset",
                DatasetName={TARGET: names.target, RELATED: names.related}[kind],
                Domain=DOMAIN,
                DatasetType=kind,
                DataFrequency=FREQUENCY,
                Schema=layout.schema(kind),
            )["DatasetArn"]
            for kind in KINDS
        ]
        session.call("create_dataset_group", DatasetGroupName=GROUP, Domain=DOMAIN, DatasetArns=arns)
        return self

    def inputs(self) -> Iterator[StoreInputs]:
        """Yield the inputs of each store."""
        for store, items in self.sales.items():
            days = {item: as_days(frame) for item, frame in items.items()}
            yield build_inputs(store, days, {}, HORIZON)

    def job(self, **other: Any) -> RemoteJob:
        """Return a run that trains, requested now."""
        job = RemoteJob(
            run_id="run",
            requested_at=self.aws.clock.now(),
            train=True,
            trained_before=None,
            inputs_hash="a" * 64,
            horizon=HORIZON,
            series=6,
            inputs=self.inputs,
        )
        return replace(job, **other)

    def until(self, stage: str, job: RemoteJob, ticket: Ticket) -> RemoteProgress:
        """Poll every five minutes until the run reaches a stage."""
        for _ in range(60):
            progress = self.engine.poll(job, ticket)
            if progress.stage == stage:
                return progress
            ticket = progress.ticket
            self.aws.clock.turn(timedelta(minutes=5))
        raise AssertionError(f"expected the stage {stage}, found {progress.stage}")

    def finished(self, job: RemoteJob, ticket: Ticket | None = None) -> Ticket:
        """Poll every five minutes until the forecast is ready; return the ticket."""
        return self.until(
            "Forecast ready in AWS", job, self.engine.start(job) if ticket is None else ticket
        ).ticket

    def poll_times(self, job: RemoteJob, ticket: Ticket, times: int) -> Ticket:
        """Poll that often, every five minutes; return the ticket."""
        for _ in range(times):
            ticket = self.engine.poll(job, ticket).ticket
            self.aws.clock.turn(timedelta(minutes=5))
        return ticket

    def count(self, operation: str) -> int:
        """Return how many calls of an operation succeeded."""
        return sum(call.error is None for call in self.aws.named(operation))


def import_inputs(chain: Chain, **other: Any) -> tuple[RemoteJob, Ticket]:
    """Start a run and wait until its inputs are imported."""
    job = chain.job(**other)
    ticket = chain.engine.start(job)
    chain.aws.clock.turn(MINUTES)
    return job, ticket


def train(chain: Chain, **other: Any) -> tuple[RemoteJob, Ticket]:
    """Start a run and wait until its predictor is ready, which the next poll will see."""
    job, ticket = import_inputs(chain, **other)
    ticket = chain.engine.poll(job, ticket).ticket
    chain.aws.clock.turn(timedelta(minutes=10))
    return job, ticket


def names(chain: Chain, kind: str, base: str) -> list[str]:
    """Return the names of all resources of a kind."""
    return sorted(each[f"{base}Name"] for each in chain.aws.resources(kind))
