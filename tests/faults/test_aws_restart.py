"""A worker is killed while AWS trains: the next one continues that training and starts no other."""

import signal
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from forecasting.core.domain import RunState
from forecasting.storage import SqlStorage, open_database
from tests.aws_fake.clock import RunningClock
from tests.aws_fake.fake import AwsFake
from tests.browser.server import command, environment, furnish
from tests.processes import Process, until

GROUP = "group:storecast"


@pytest.fixture
def aws() -> Iterator[AwsFake]:
    """An account in which a training takes an hour."""
    with AwsFake(page_size=2, clock=RunningClock()) as fake:
        fake.take_minutes(imports=0.002, predictor=60, forecast=0.002, export=0.002)
        yield fake
        assert fake.drift == []


def settings(aws: AwsFake) -> dict[str, str]:
    """The settings of an operator."""
    return {
        **aws.environment,
        "STORECAST_ENGINE": "aws_forecast",
        "STORECAST_AWS_BUCKET": f"s3://{aws.bucket}/storecast",
        "STORECAST_AWS_POLL_SECONDS": "0.1",
        "STORECAST_LEASE_SECONDS": "2",
        "STORECAST_PROCESSES": "0",
    }


def test_a_worker_killed_while_aws_trains(aws: AwsFake, tmp_path: Path) -> None:
    """Right after it has started the training; every store is published once, from that training."""
    home = furnish(tmp_path / "home", ["1", "2"])
    command(home, "aws", "setup", **settings(aws))
    storage = SqlStorage(open_database(home))
    asked = Process(
        ["-m", "forecasting", "refresh", "--store", "1"],
        environment(home, **settings(aws)),
        tmp_path / "asked.log",
    )
    until(lambda: bool(aws.named("CreateAutoPredictor")), 30, "a training in AWS")
    asked.send(signal.SIGKILL)
    asked.close()
    worker = Process(
        ["-m", "forecasting", "worker"], environment(home, **settings(aws)), tmp_path / "worker.log"
    )
    try:
        until(lambda: len(aws.named("DescribeAutoPredictor")) > 3, 30, "the next worker to look")
        aws.clock.turn(timedelta(minutes=61))
        until(lambda: storage.runs.holder(GROUP) is None, 30, "the run to end")
    finally:
        worker.close()
    (run,) = storage.runs.recent(9)
    assert (run.state, run.error) == (RunState.SUCCEEDED, "")
    assert len(aws.named("CreateAutoPredictor")) == 1
    assert len(aws.named("CreateForecast")) == 1
    heads = {store: each.head for store, each in storage.runs.snapshots().items()}
    assert {store: head.run_id for store, head in heads.items() if head} == {"1": run.run_id, "2": run.run_id}
    storage.close()
