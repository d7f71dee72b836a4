"""Failures during a run in AWS: concurrent trainings, lost answers, failed and deleted resources."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from forecasting.config.aws_settings import AwsSettings
from forecasting.core.errors import EngineBusy, EngineUnavailable
from forecasting.engines.aws_forecast.aws_engine import AwsForecastEngine
from forecasting.engines.aws_forecast.aws_session import AwsSession
from forecasting.engines.aws_forecast.resource_names import ResourceNames
from tests.engines.aws_forecast.chain import GROUP, HORIZON, MINUTES, Chain, import_inputs, train


@pytest.mark.parametrize("status", ["CREATE_PENDING", "CREATE_IN_PROGRESS"])
@pytest.mark.parametrize("name", ["by_hand", "storecast_20190101T000000"])
def test_a_run_attaches_to_a_training_in_progress(chain: Chain, status: str, name: str) -> None:
    """To any training of the group, even one started elsewhere; it forecasts with that predictor."""
    job, ticket = import_inputs(chain)
    chain.aws.take_minutes(predictor=30)
    arn = chain.aws.add_predictor(name, group=GROUP, status=status, horizon=HORIZON)
    progress = chain.engine.poll(job, ticket)
    assert (progress.stage, progress.ticket["predictor"]) == ("Training in AWS", arn)
    assert chain.aws.named("CreateAutoPredictor") == []


def test_a_run_ignores_a_training_that_is_being_stopped(chain: Chain) -> None:
    """It starts another one."""
    job, ticket = import_inputs(chain)
    stopping = chain.aws.add_predictor("by_hand", group=GROUP, status="CREATE_STOPPING", horizon=HORIZON)
    assert chain.engine.poll(job, ticket).ticket["predictor"] != stopping
    assert chain.count("CreateAutoPredictor") == 1


def test_a_stopped_training_fails_the_run(chain: Chain) -> None:
    """The run that waits for it fails with that reason."""
    job, ticket = import_inputs(chain)
    ticket = chain.engine.poll(job, ticket).ticket
    chain.session.call("stop_resource", ResourceArn=ticket["predictor"])
    assert chain.engine.poll(job, ticket).stage == "Training in AWS"
    chain.aws.clock.turn(MINUTES)
    with pytest.raises(EngineUnavailable, match="the training was stopped"):
        chain.engine.poll(job, ticket)


@pytest.mark.parametrize(
    ("hours", "before", "horizon", "used"),
    [
        (1, None, HORIZON, True),
        (1, 2, HORIZON, True),
        (2, 1, HORIZON, False),
        (47.9, None, HORIZON, True),
        (48, None, HORIZON, False),
        (1, None, 28, False),
    ],
)
def test_a_predictor_trained_in_the_meantime_is_used(
    chain: Chain,
    hours: float,
    before: float | None,
    horizon: int,
    used: bool,  # noqa: FBT001
) -> None:
    """If it is ours, newer than the request, within the tolerance and for the same horizon."""
    job, ticket = import_inputs(chain)
    now = chain.aws.clock.now()
    since = None if before is None else now - timedelta(hours=before)
    made = chain.aws.add_predictor(
        "storecast_1", group=GROUP, created=now - timedelta(hours=hours), horizon=horizon
    )
    chain.aws.add_predictor("by_hand", group=GROUP, created=now - timedelta(minutes=1), horizon=HORIZON)
    ticket = chain.engine.poll(replace(job, trained_before=since), ticket).ticket
    assert (ticket["predictor"] == made) is used
    assert chain.count("CreateAutoPredictor") == (not used)


def test_a_predictor_of_the_same_run_is_used_at_any_age(chain: Chain) -> None:
    """It was trained for this request, so even without any tolerance it is not trained again."""
    chain.tolerance = timedelta(0)
    job, ticket = import_inputs(chain)
    chain.engine.poll(job, ticket)
    chain.aws.clock.turn(timedelta(days=3))
    assert chain.engine.poll(job, ticket).stage == "Forecasting in AWS"
    assert chain.count("CreateAutoPredictor") == 1


LOST = {
    "CreateDatasetImportJob": ("dataset-import-job", 2),
    "CreateAutoPredictor": ("predictor", 1),
    "CreateForecast": ("forecast", 1),
    "CreatePredictorBacktestExportJob": ("predictor-backtest-export-job", 1),
}


@pytest.mark.parametrize(("attempts", "lost"), [(1, 4), (2, 0)])
def test_lost_answers_create_nothing_twice(chain: Chain, attempts: int, lost: int) -> None:
    """The next poll, or a second attempt that fails because it exists, finds the resource."""
    chain.attempts = attempts
    for operation in LOST:
        chain.aws.fail(operation, "timeout", after=True)
    job, ticket, busy = chain.job(), {}, 0
    for _ in range(40):
        try:
            progress = chain.engine.poll(job, ticket)
        except EngineBusy:
            busy += 1
            continue
        ticket = progress.ticket
        if progress.ready:
            break
        chain.aws.clock.turn(timedelta(minutes=5))
    assert progress.ready
    assert busy == lost
    assert {operation: len(chain.aws.resources(kind)) for operation, (kind, _) in LOST.items()} == {
        operation: number for operation, (_, number) in LOST.items()
    }


def test_a_failed_resource_does_not_block_its_name(chain: Chain) -> None:
    """After a failed import, predictor, forecast or export, the next one gets a number."""
    named = ResourceNames(GROUP)
    job = chain.job()
    chain.aws.fail_job("import", "target", "no luck")
    chain.engine.start(job)
    chain.aws.clock.turn(MINUTES)
    predictor = named.predictor(job.requested_at)
    for name in (predictor, f"{predictor}_2"):
        chain.aws.add_predictor(name, group=GROUP, status="CREATE_FAILED")
    ticket = chain.until("Training in AWS", job, chain.engine.start(job)).ticket
    chain.aws.add_forecast(
        named.forecast(ticket["predictor"], job.inputs_hash),
        predictor=ticket["predictor"],
        status="CREATE_FAILED",
    )
    chain.aws.fail_job("export", "backtest", "no luck")
    with pytest.raises(EngineUnavailable, match="no luck"):
        chain.finished(job, ticket)
    ticket = chain.finished(job, {"predictor": ticket["predictor"]})
    assert ticket["target_import"].endswith("storecast_target_aaaaaaaaaaaa_2")
    assert ticket["related_import"].endswith("storecast_related_aaaaaaaaaaaa")
    assert f"{predictor}_3_" in ticket["predictor"]
    assert f"{named.forecast(ticket['predictor'], job.inputs_hash)}_2_" in ticket["forecast"]
    assert ticket["backtest"].endswith("_2")
    assert len(chain.engine.fetch(job, ticket).stores["1"]["bread"]) == 3


@pytest.mark.parametrize(
    ("kind", "what"),
    [
        ("import", "the import of .* failed: no luck"),
        ("predictor", "the training failed: no luck"),
        ("forecast", "the forecast failed: no luck"),
        ("export", "the export of the backtest failed: no luck"),
    ],
)
def test_a_failed_resource_fails_the_run(chain: Chain, kind: str, what: str) -> None:
    """With AWS's reason."""
    chain.aws.fail_job(kind, message="no luck")
    job = chain.job()
    with pytest.raises(EngineUnavailable, match=what):
        chain.finished(job)


class CorruptingSession(AwsSession):
    """Corrupts the data it sends."""

    def __init__(self, settings: AwsSettings, first: str) -> None:
        super().__init__(settings, attempts=1)
        self.first = first

    def put_object(self, key: str, content: bytes) -> None:
        """Insert another first row before the demand."""
        super().put_object(key, (self.first.encode() if "target" in key else b"") + content)


@pytest.mark.parametrize(
    "first", ["timestamp,item_id,store,target_value\n", "2019-02-30,bread,1,2.0\n", "2017-01-01,bread\n"]
)
def test_data_that_aws_rejects(chain: Chain, first: str) -> None:
    """A header, an invalid date or a short row: the import fails, and the run with AWS's reason."""
    engine = AwsForecastEngine(
        chain.settings, chain.tolerance, chain.aws.clock, CorruptingSession(chain.settings, first)
    )
    job = chain.job()
    ticket = engine.start(job)
    chain.aws.clock.turn(MINUTES)
    with pytest.raises(EngineUnavailable, match=r"the import of sales failed: .*row 1 of"):
        engine.poll(job, ticket)


def test_a_role_without_access(chain: Chain) -> None:
    """AWS's reason names the role."""
    chain.settings = chain.settings.model_copy(update={"role": "arn:aws:iam::123456789012:role/nobody"})
    job, ticket = import_inputs(chain)
    with pytest.raises(EngineUnavailable, match="role/nobody"):
        chain.engine.poll(job, ticket)


def test_a_deleted_predictor_fails_the_run(chain: Chain) -> None:
    """While it is being deleted, and after that."""
    job, ticket = train(chain)
    chain.session.call("delete_predictor", PredictorArn=ticket["predictor"])
    with pytest.raises(EngineUnavailable, match="being deleted"):
        chain.engine.poll(job, ticket)
    chain.aws.clock.turn(MINUTES)
    with pytest.raises(EngineUnavailable, match="found it deleted"):
        chain.engine.poll(job, ticket)


def test_a_predictor_without_a_forecast_gets_one(chain: Chain) -> None:
    """A later run that does not train creates the forecast."""
    train(chain)
    job = chain.job(train=False)
    chain.finished(job)
    assert (chain.count("CreateAutoPredictor"), chain.count("CreateForecast")) == (1, 1)


@pytest.mark.parametrize(
    ("age", "status", "used"),
    [
        (timedelta(0), "ACTIVE", True),
        (timedelta(0), "CREATE_IN_PROGRESS", True),
        (timedelta(0), "CREATE_FAILED", False),
        (timedelta(minutes=12), "ACTIVE", False),
        (timedelta(minutes=20), "ACTIVE", False),
    ],
)
def test_an_existing_forecast_is_used(chain: Chain, age: timedelta, status: str, used: bool) -> None:  # noqa: FBT001
    """Unless it failed, or is older than the predictor (10 minutes) or the imports (16 minutes)."""
    job, ticket = train(chain)
    arn = chain.aws.add_forecast(
        ResourceNames(GROUP).forecast(ticket["predictor"], job.inputs_hash),
        predictor=ticket["predictor"],
        created=chain.aws.clock.now() - age,
        status=status,
    )
    ticket = chain.engine.poll(job, ticket).ticket
    assert (ticket["forecast"] == arn) is used
    assert chain.count("CreateForecast") == (not used)


@pytest.mark.parametrize("keep", [True, False])
def test_a_forecast_of_thirty_days_is_replaced(chain: Chain, keep: bool) -> None:  # noqa: FBT001
    """It can no longer be queried, whether it is in the ticket or found by name."""
    job = chain.job()
    ticket = chain.finished(job)
    chain.aws.clock.turn(timedelta(days=30))
    kept = dict(ticket) if keep else {name: arn for name, arn in ticket.items() if name != "forecast"}
    progress = chain.engine.poll(job, kept)
    assert progress.stage == "Forecasting in AWS"
    assert progress.ticket["forecast"] != ticket["forecast"]


class DeletingSession(AwsSession):
    """Deletes the forecast before it is queried for the first time."""

    def query_forecast(self, **parameters: Any) -> dict[str, Any]:
        """Delete the forecast, then query it."""
        self.call("delete_forecast", ForecastArn=parameters["ForecastArn"])
        return super().query_forecast(**parameters)


def test_a_forecast_deleted_before_it_is_read_is_created_again(
    chain: Chain, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The run is busy; the next poll creates it again, and then it is read."""
    monkeypatch.setattr("forecasting.engines.aws_forecast.forecaster.QUERIES", 1)
    job = chain.job()
    ticket = chain.finished(job)
    session = DeletingSession(chain.settings, attempts=1)
    engine = AwsForecastEngine(chain.settings, chain.tolerance, chain.aws.clock, session)
    with pytest.raises(EngineBusy):
        engine.fetch(job, ticket)
    again = chain.finished(job, ticket)
    assert again["forecast"] != ticket["forecast"]
    assert again["predictor"] == ticket["predictor"]
    assert len(chain.engine.fetch(job, again).stores) == 2


def test_a_deleted_backtest_is_exported_again(chain: Chain) -> None:
    """If only its files are missing, the run fails and names the folder."""
    job = chain.job()
    ticket = chain.finished(job)
    chain.session.call(
        "delete_predictor_backtest_export_job", PredictorBacktestExportJobArn=ticket["backtest"]
    )
    chain.aws.clock.turn(MINUTES)
    assert chain.engine.poll(job, ticket).stage == "Exporting the backtest in AWS"
    ticket = chain.finished(job, ticket)
    for key in list(chain.session.list_keys("storecast/backtest/")):
        chain.aws.s3.delete_object(Bucket=chain.aws.bucket, Key=key)
    with pytest.raises(
        EngineUnavailable, match="the backtest in s3://storecast-forecast/storecast/backtest/"
    ):
        chain.engine.fetch(job, ticket)


def test_a_quota_of_trainings_fails_the_run(chain: Chain) -> None:
    """At once, with AWS's reason."""
    job, ticket = import_inputs(chain)
    chain.aws.fail(
        "CreateAutoPredictor", "LimitExceededException", reason="You have reached the limit of 3 trainings"
    )
    with pytest.raises(EngineUnavailable, match="limit of 3 trainings"):
        chain.engine.poll(job, ticket)
    assert len(chain.aws.named("CreateAutoPredictor")) == 1


ERRORS = {
    "ThrottlingException": EngineBusy,
    "InternalServerError": EngineBusy,
    "timeout": EngineBusy,
    "AccessDeniedException": EngineUnavailable,
    "ExpiredTokenException": EngineUnavailable,
}


@pytest.mark.parametrize("operation", ["ListDatasetGroups", "CreateDatasetImportJob", "QueryForecast"])
def test_errors_of_requests(chain: Chain, operation: str) -> None:
    """A temporary error is busy, a permanent one unavailable; afterwards the run goes on."""
    job = chain.job()
    ticket = chain.finished(job) if operation == "QueryForecast" else {}
    for code, error in ERRORS.items():
        chain.aws.fail(operation, code, times=None)
        with pytest.raises(error):
            chain.engine.fetch(job, ticket) if ticket else chain.engine.start(job)
        chain.aws.clear_faults()
    assert chain.engine.fetch(job, ticket) if ticket else chain.engine.start(job)
