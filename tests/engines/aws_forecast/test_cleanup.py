"""What is deleted in AWS: forecasts for the quota, and old predictors; only ours, dependents first."""

import logging
from datetime import timedelta

import pytest

from forecasting.core.errors import EngineBusy, EngineUnavailable
from tests.engines.aws_forecast.chain import GROUP, HORIZON, MINUTES, Chain, names, train


def add_forecasts(chain: Chain, *forecasts: str) -> None:
    """Add forecasts of an older predictor, the oldest first."""
    older = chain.aws.clock.now() - timedelta(days=9)
    predictor = chain.aws.add_predictor("storecast_0", group=GROUP, created=older)
    for number, name in enumerate(forecasts):
        chain.aws.add_forecast(name, predictor=predictor, created=older + timedelta(hours=number))


def test_the_eleventh_forecast_replaces_our_oldest(chain: Chain) -> None:
    """The quota is ten: our oldest is deleted first; those of others stay."""
    add_forecasts(chain, "by_hand", "storecast_a", *(f"storecast_{number}" for number in range(8)))
    oldest = next(
        each["ForecastArn"]
        for each in chain.aws.resources("forecast")
        if each["ForecastName"] == "storecast_a"
    )
    job, ticket = train(chain)
    progress = chain.engine.poll(job, ticket)
    assert progress.stage == "Deleting an old forecast in AWS"
    assert not progress.ready
    ticket = chain.finished(job, progress.ticket)
    kept = {each["ForecastArn"] for each in chain.aws.resources("forecast")}
    assert oldest not in kept
    assert len(kept) == 10
    assert "by_hand" in names(chain, "forecast", "Forecast")


def test_the_export_of_a_forecast_is_deleted_before_it(chain: Chain) -> None:
    """One poll deletes the export, a later one the forecast."""
    job = chain.job()
    ticket = chain.finished(job)
    place = {"Path": f"s3://{chain.aws.bucket}/out", "RoleArn": chain.aws.role_arn}
    chain.session.call(
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


def test_forecasts_of_others_are_never_deleted(chain: Chain) -> None:
    """If they fill the quota, the run fails and says so."""
    add_forecasts(chain, *(f"by_hand_{number}" for number in range(10)))
    job, ticket = train(chain)
    with pytest.raises(
        EngineUnavailable,
        match=r"quota .* used up.*10 forecasts.*no forecast that can be deleted",
    ):
        chain.engine.poll(job, ticket)
    assert len(chain.aws.resources("forecast")) == 10
    assert [call for call in chain.aws.calls if call.operation.startswith("Delete")] == []


def test_the_quota_of_concurrent_forecasts_is_waited_for(chain: Chain) -> None:
    """It becomes free by itself, so nothing is deleted."""
    job = chain.job()
    chain.finished(job)
    chain.aws.take_minutes(forecast=60)
    foreign = chain.aws.add_predictor("by_hand", group="other", horizon=HORIZON)
    for number in range(3):
        chain.aws.add_forecast(f"by_hand_{number}", predictor=foreign, status="CREATE_IN_PROGRESS")
    again = chain.job(train=False, inputs_hash="b" * 64)
    ticket = chain.engine.start(again)
    chain.aws.clock.turn(MINUTES)
    with pytest.raises(EngineBusy, match="already creating 3 forecasts"):
        chain.engine.poll(again, ticket)
    assert chain.aws.named("DeleteForecast") == []
    chain.aws.clock.turn(timedelta(hours=1))
    assert chain.engine.poll(again, ticket).stage == "Forecasting in AWS"


def test_old_predictors_are_deleted_after_a_training(chain: Chain, caplog: pytest.LogCaptureFixture) -> None:
    """The newest two stay; a run does not fail if the others can't be deleted."""
    now = chain.aws.clock.now()
    for days in (9, 8, 7):
        chain.aws.add_predictor(f"storecast_{days}", group=GROUP, created=now - timedelta(days=days))
    chain.aws.fail("DeletePredictor", "AccessDeniedException")
    chain.aws.take_minutes(export=20)
    with caplog.at_level(logging.WARNING, "forecasting"):
        chain.finished(chain.job())
    assert "old predictors could not be deleted in AWS" in caplog.text
    assert names(chain, "predictor", "Predictor") == ["storecast_20190403T043000", "storecast_7"]
