"""What goes wrong on the way through AWS: begun elsewhere, lost, failed, deleted, full."""

import logging
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from forecasting.config.aws_settings import AwsSettings
from forecasting.core.errors import EngineBusy, EngineUnavailable
from forecasting.core.ports import RemoteJob, Ticket
from forecasting.engines.aws_forecast.aws_engine import AwsForecastEngine
from forecasting.engines.aws_forecast.connection import ForecastSession
from forecasting.engines.aws_forecast.names import Names
from tests.engines.aws_forecast.chain import GROUP, HORIZON, Chain

MINUTES = timedelta(minutes=6)


def imported(chain: Chain, **other: Any) -> tuple[RemoteJob, Ticket]:
    """A run whose inputs are in the datasets."""
    job = chain.job(**other)
    ticket = chain.engine.start(job)
    chain.aws.clock.turn(MINUTES)
    return job, ticket


def trained(chain: Chain, **other: Any) -> tuple[RemoteJob, Ticket]:
    """A run whose predictor is ready, as of the last look."""
    job, ticket = imported(chain, **other)
    ticket = chain.engine.poll(job, ticket).ticket
    chain.aws.clock.turn(timedelta(minutes=10))
    return job, ticket


def names(chain: Chain, kind: str, base: str) -> list[str]:
    """Names of what there is of a kind."""
    return sorted(each[f"{base}Name"] for each in chain.aws.resources(kind))


@pytest.mark.parametrize("status", ["CREATE_PENDING", "CREATE_IN_PROGRESS"])
@pytest.mark.parametrize("name", ["by_hand", "storecast_20190101T000000"])
def test_a_press_while_somebody_trains(chain: Chain, status: str, name: str) -> None:
    """The run attaches to the training of the group, also to a foreign one, and forecasts with it."""
    job, ticket = imported(chain)
    chain.aws.take_minutes(predictor=30)
    arn = chain.aws.add_predictor(name, group=GROUP, status=status, horizon=HORIZON)
    progress = chain.engine.poll(job, ticket)
    assert (progress.stage, progress.ticket["predictor"]) == ("Training in AWS", arn)
    assert chain.aws.named("CreateAutoPredictor") == []


def test_a_press_while_a_training_is_being_stopped(chain: Chain) -> None:
    """Nothing will come of that one: another is begun."""
    job, ticket = imported(chain)
    stopping = chain.aws.add_predictor("by_hand", group=GROUP, status="CREATE_STOPPING", horizon=HORIZON)
    assert chain.engine.poll(job, ticket).ticket["predictor"] != stopping
    assert chain.count("CreateAutoPredictor") == 1


def test_a_training_that_is_stopped(chain: Chain) -> None:
    """The run that waits for it ends with it; a later one of the same name trains anew."""
    job, ticket = imported(chain)
    ticket = chain.engine.poll(job, ticket).ticket
    chain.session.ask("stop_resource", ResourceArn=ticket["predictor"])
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
def test_what_was_trained_meanwhile(
    chain: Chain,
    hours: float,
    before: float | None,
    horizon: int,
    used: bool,  # noqa: FBT001
) -> None:
    """A predictor of ours trained since the press, within the tolerance, for the same horizon: it will do."""
    job, ticket = imported(chain)
    now = chain.aws.clock.now()
    since = None if before is None else now - timedelta(hours=before)
    made = chain.aws.add_predictor(
        "storecast_1", group=GROUP, created=now - timedelta(hours=hours), horizon=horizon
    )
    chain.aws.add_predictor("by_hand", group=GROUP, created=now - timedelta(minutes=1), horizon=HORIZON)
    ticket = chain.engine.poll(replace(job, trained_before=since), ticket).ticket
    assert (ticket["predictor"] == made) is used
    assert chain.count("CreateAutoPredictor") == (not used)


def test_a_predictor_of_this_run_counts_whatever_its_age(chain: Chain) -> None:
    """It was trained for this request: with no tolerance at all it is still not trained again."""
    chain.tolerance = timedelta(0)
    job, ticket = imported(chain)
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
def test_answers_that_are_lost(chain: Chain, attempts: int, lost: int) -> None:
    """What was begun is found: by the next look, or by a second attempt that hears that it is there."""
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


def test_a_name_that_is_taken_by_one_that_failed(chain: Chain) -> None:
    """Each gets the next number: a failed import, predictor, forecast and export do not stand in the way."""
    made = Names(GROUP)
    job = chain.job()
    chain.aws.fail_job("import", "target", "no luck")
    chain.engine.start(job)
    chain.aws.clock.turn(MINUTES)
    predictor = made.predictor(job.requested_at)
    for name in (predictor, f"{predictor}_2"):
        chain.aws.add_predictor(name, group=GROUP, status="CREATE_FAILED")
    ticket = chain.until("Training in AWS", job, chain.engine.start(job)).ticket
    chain.aws.add_forecast(
        made.forecast(ticket["predictor"], job.inputs_hash),
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
    assert f"{made.forecast(ticket['predictor'], job.inputs_hash)}_2_" in ticket["forecast"]
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
def test_a_job_that_fails(chain: Chain, kind: str, what: str) -> None:
    """The run ends, with what AWS says of it."""
    chain.aws.fail_job(kind, message="no luck")
    job = chain.job()
    with pytest.raises(EngineUnavailable, match=what):
        chain.finished(job)


class Spoiling(ForecastSession):
    """Sends other data than it is given."""

    def __init__(self, settings: AwsSettings, first: str) -> None:
        super().__init__(settings, attempts=1)
        self.first = first

    def put(self, key: str, content: bytes) -> None:
        """Put another first row before the content of demand."""
        super().put(key, (self.first.encode() if "target" in key else b"") + content)


@pytest.mark.parametrize(
    "first", ["timestamp,item_id,store,target_value\n", "2019-02-30,bread,1,2.0\n", "2017-01-01,bread\n"]
)
def test_data_that_aws_does_not_take(chain: Chain, first: str) -> None:
    """A header, a date that is none, a row too short: the import fails, and the run with AWS's words."""
    engine = AwsForecastEngine(
        chain.settings, chain.tolerance, chain.aws.clock, Spoiling(chain.settings, first)
    )
    job = chain.job()
    ticket = engine.start(job)
    chain.aws.clock.turn(MINUTES)
    with pytest.raises(EngineUnavailable, match=r"the import of sales failed: .*row 1 of"):
        engine.poll(job, ticket)


def test_a_role_that_may_not_read(chain: Chain) -> None:
    """AWS's words say which role."""
    chain.settings = chain.settings.model_copy(update={"role": "arn:aws:iam::123456789012:role/nobody"})
    job, ticket = imported(chain)
    with pytest.raises(EngineUnavailable, match="role/nobody"):
        chain.engine.poll(job, ticket)


def test_a_predictor_that_is_deleted(chain: Chain) -> None:
    """A run whose predictor goes away ends; first it is being deleted, then it is gone."""
    job, ticket = trained(chain)
    chain.session.ask("delete_predictor", PredictorArn=ticket["predictor"])
    with pytest.raises(EngineUnavailable, match="being deleted"):
        chain.engine.poll(job, ticket)
    chain.aws.clock.turn(MINUTES)
    with pytest.raises(EngineUnavailable, match="found it deleted"):
        chain.engine.poll(job, ticket)


def test_a_predictor_without_a_forecast(chain: Chain) -> None:
    """It was trained, and then nothing: the run goes on with the forecast."""
    trained(chain)
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
def test_a_forecast_that_is_there(chain: Chain, age: timedelta, status: str, used: bool) -> None:  # noqa: FBT001
    """It will do unless it failed, or is older than the predictor (10 minutes ago) or the imports (16)."""
    job, ticket = trained(chain)
    arn = chain.aws.add_forecast(
        Names(GROUP).forecast(ticket["predictor"], job.inputs_hash),
        predictor=ticket["predictor"],
        created=chain.aws.clock.now() - age,
        status=status,
    )
    ticket = chain.engine.poll(job, ticket).ticket
    assert (ticket["forecast"] == arn) is used
    assert chain.count("CreateForecast") == (not used)


@pytest.mark.parametrize("keep", [True, False])
def test_a_forecast_of_thirty_days(chain: Chain, keep: bool) -> None:  # noqa: FBT001
    """AWS answers no longer for it, whether the ticket has it or it is found by name: another is made."""
    job = chain.job()
    ticket = chain.finished(job)
    chain.aws.clock.turn(timedelta(days=30))
    kept = dict(ticket) if keep else {name: arn for name, arn in ticket.items() if name != "forecast"}
    progress = chain.engine.poll(job, kept)
    assert progress.stage == "Forecasting in AWS"
    assert progress.ticket["forecast"] != ticket["forecast"]


class Deleting(ForecastSession):
    """Deletes the forecast before it is read for the first time."""

    def query(self, **asked: Any) -> dict[str, Any]:
        """Read what is not there any more."""
        self.ask("delete_forecast", ForecastArn=asked["ForecastArn"])
        return super().query(**asked)


def test_a_forecast_that_is_deleted_before_it_is_read(chain: Chain, monkeypatch: pytest.MonkeyPatch) -> None:
    """That passes: the next look makes it again, and then it is read."""
    monkeypatch.setattr("forecasting.engines.aws_forecast.forecaster.QUERIES", 1)
    job = chain.job()
    ticket = chain.finished(job)
    session = Deleting(chain.settings, attempts=1)
    engine = AwsForecastEngine(chain.settings, chain.tolerance, chain.aws.clock, session)
    with pytest.raises(EngineBusy):
        engine.fetch(job, ticket)
    again = chain.finished(job, ticket)
    assert again["forecast"] != ticket["forecast"]
    assert again["predictor"] == ticket["predictor"]
    assert len(chain.engine.fetch(job, again).stores) == 2


def test_a_backtest_that_is_deleted(chain: Chain) -> None:
    """Its export is made again; without its files there is nothing to judge the predictor by."""
    job = chain.job()
    ticket = chain.finished(job)
    chain.session.ask(
        "delete_predictor_backtest_export_job", PredictorBacktestExportJobArn=ticket["backtest"]
    )
    chain.aws.clock.turn(MINUTES)
    assert chain.engine.poll(job, ticket).stage == "Writing the backtest in AWS"
    ticket = chain.finished(job, ticket)
    for key in list(chain.session.keys("storecast/backtest/")):
        chain.aws.s3.delete_object(Bucket=chain.aws.bucket, Key=key)
    with pytest.raises(
        EngineUnavailable, match="the backtest in s3://storecast-forecast/storecast/backtest/"
    ):
        chain.engine.fetch(job, ticket)


def filled(chain: Chain, *forecasts: str) -> None:
    """Forecasts of an older predictor, the first the oldest."""
    older = chain.aws.clock.now() - timedelta(days=9)
    predictor = chain.aws.add_predictor("storecast_0", group=GROUP, created=older)
    for number, name in enumerate(forecasts):
        chain.aws.add_forecast(name, predictor=predictor, created=older + timedelta(hours=number))


def test_the_eleventh_forecast(chain: Chain) -> None:
    """AWS keeps ten: our oldest goes, and then there is room; foreign ones stay."""
    filled(chain, "by_hand", "storecast_a", *(f"storecast_{number}" for number in range(8)))
    oldest = next(
        each["ForecastArn"]
        for each in chain.aws.resources("forecast")
        if each["ForecastName"] == "storecast_a"
    )
    job, ticket = trained(chain)
    progress = chain.engine.poll(job, ticket)
    assert progress.stage == "Making room in AWS"
    assert not progress.ready
    ticket = chain.finished(job, progress.ticket)
    kept = {each["ForecastArn"] for each in chain.aws.resources("forecast")}
    assert oldest not in kept
    assert len(kept) == 10
    assert "by_hand" in names(chain, "forecast", "Forecast")


def test_what_was_exported_of_a_forecast_goes_first(chain: Chain) -> None:
    """One look deletes the export, a later one the forecast, and then there is room."""
    job = chain.job()
    ticket = chain.finished(job)
    place = {"Path": f"s3://{chain.aws.bucket}/out", "RoleArn": chain.aws.role_arn}
    chain.session.ask(
        "create_forecast_export_job",
        ForecastExportJobName="storecast_out",
        ForecastArn=ticket["forecast"],
        Destination={"S3Config": place},
    )
    chain.aws.clock.turn(timedelta(minutes=20))
    chain.aws.knobs.forecasts = 1
    again = chain.job(train=False, inputs_hash="b" * 64)
    assert chain.finished(again)["forecast"] != ticket["forecast"]
    order = [
        call.operation for call in chain.aws.calls if call.operation.startswith("Delete") and not call.error
    ]
    assert order == ["DeleteForecastExportJob", "DeleteForecast"]


def test_ten_foreign_forecasts(chain: Chain) -> None:
    """Nothing of others is deleted: the run ends, and says whose they are not."""
    filled(chain, *(f"by_hand_{number}" for number in range(10)))
    job, ticket = trained(chain)
    with pytest.raises(EngineUnavailable, match=r"no room left.*10 forecasts.*none .* of 'storecast'"):
        chain.engine.poll(job, ticket)
    assert len(chain.aws.resources("forecast")) == 10
    assert [call for call in chain.aws.calls if call.operation.startswith("Delete")] == []


def test_three_forecasts_at_a_time(chain: Chain) -> None:
    """That quota passes by itself: nothing is deleted for it."""
    job = chain.job()
    chain.finished(job)
    chain.aws.take_minutes(forecast=60)
    foreign = chain.aws.add_predictor("by_hand", group="other", horizon=HORIZON)
    for number in range(3):
        chain.aws.add_forecast(f"by_hand_{number}", predictor=foreign, status="CREATE_IN_PROGRESS")
    again = chain.job(train=False, inputs_hash="b" * 64)
    ticket = chain.engine.start(again)
    chain.aws.clock.turn(MINUTES)
    with pytest.raises(EngineBusy, match="makes 3 forecasts already"):
        chain.engine.poll(again, ticket)
    assert chain.aws.named("DeleteForecast") == []
    chain.aws.clock.turn(timedelta(hours=1))
    assert chain.engine.poll(again, ticket).stage == "Forecasting in AWS"


def test_a_quota_of_trainings(chain: Chain) -> None:
    """It is told at once, in AWS's words."""
    job, ticket = imported(chain)
    chain.aws.fail(
        "CreateAutoPredictor", "LimitExceededException", reason="You have reached the limit of 3 trainings"
    )
    with pytest.raises(EngineUnavailable, match="limit of 3 trainings"):
        chain.engine.poll(job, ticket)
    assert len(chain.aws.named("CreateAutoPredictor")) == 1


TROUBLE = {
    "ThrottlingException": EngineBusy,
    "InternalServerError": EngineBusy,
    "timeout": EngineBusy,
    "AccessDeniedException": EngineUnavailable,
    "ExpiredTokenException": EngineUnavailable,
}


@pytest.mark.parametrize("operation", ["ListDatasetGroups", "CreateDatasetImportJob", "QueryForecast"])
def test_trouble_on_the_way(chain: Chain, operation: str) -> None:
    """Whatever is asked, what may pass is busy, and what won't is unavailable; afterwards all is well."""
    job = chain.job()
    ticket = chain.finished(job) if operation == "QueryForecast" else {}
    for code, error in TROUBLE.items():
        chain.aws.fail(operation, code, times=None)
        with pytest.raises(error):
            chain.engine.fetch(job, ticket) if ticket else chain.engine.start(job)
        chain.aws.mend()
    assert chain.engine.fetch(job, ticket) if ticket else chain.engine.start(job)


def test_old_predictors_go_with_a_training(chain: Chain, caplog: pytest.LogCaptureFixture) -> None:
    """The newest two stay; a run does not fail because they can't be deleted."""
    now = chain.aws.clock.now()
    for days in (9, 8, 7):
        chain.aws.add_predictor(f"storecast_{days}", group=GROUP, created=now - timedelta(days=days))
    chain.aws.fail("DeletePredictor", "AccessDeniedException")
    chain.aws.take_minutes(export=20)
    with caplog.at_level(logging.WARNING, "forecasting"):
        chain.finished(chain.job())
    assert "old predictors stay in AWS" in caplog.text
    assert names(chain, "predictor", "Predictor") == ["storecast_20190403T043000", "storecast_7"]
