"""A run through all stages in AWS, with unmodified clients over HTTP."""

import logging
from dataclasses import replace
from datetime import timedelta

import numpy as np
import pytest

from forecasting.core.day_arrays import number_of
from forecasting.core.errors import EngineBusy, EngineUnavailable, InvalidRequest
from forecasting.evaluation.remote_forecasts import RemoteSeriesEngine
from tests.aws_fake import AwsFake
from tests.engines.aws_forecast.chain import DAYS, GROUP, HORIZON, Chain, two_stores
from tests.series import START, daily_series

CREATE = {
    "CreateDatasetImportJob": 2,
    "CreateAutoPredictor": 1,
    "CreateForecast": 1,
    "CreatePredictorBacktestExportJob": 1,
}
"""The operations that one run calls."""

FIRST_AHEAD = number_of(START.date()) + DAYS


def create_once(chain: Chain) -> dict[str, int]:
    """Return how many resources were requested."""
    return {operation: chain.count(operation) for operation in CREATE}


def test_from_sales_to_forecasts(chain: Chain) -> None:
    """A run sends, imports, trains and forecasts; each series returns with its backtest and forecast."""
    asked = chain.aws.clock.now()
    job = chain.job()
    fetched = chain.engine.fetch(job, chain.finished(job))
    assert {store: sorted(items) for store, items in fetched.stores.items()} == {
        "1": ["all", "bread", "cake"],
        "2": ["all", "bread", "cake"],
    }
    for items in fetched.stores.values():
        for forecasts in items.values():
            firsts = [int(each.days[0]) for each in forecasts]
            assert firsts == [FIRST_AHEAD - 2 * HORIZON, FIRST_AHEAD - HORIZON, FIRST_AHEAD]
            assert all(np.array_equal(each.days, each.days[0] + np.arange(HORIZON)) for each in forecasts)
    assert asked < fetched.trained_at < asked + timedelta(minutes=10)
    assert fetched.trained_at.utcoffset() == timedelta(0)
    assert create_once(chain) == CREATE


def test_fetched_forecasts_work_as_an_engine(chain: Chain) -> None:
    """The forecast after the history is found among the windows; its closed days are 0."""
    job = chain.job()
    fetched = chain.engine.fetch(job, chain.finished(job))
    series = next(chain.inputs()).series[1]
    made = (
        RemoteSeriesEngine("aws_forecast", fetched.stores["1"][series.key.item])
        .fit(series.past)
        .forecast(series.future)
    )
    assert made.require(series.future, "bread").mean.sum() > 0


def test_stages(chain: Chain) -> None:
    """Each stage has its sentence, and the time left if AWS estimates it."""
    chain.aws.take_minutes(predictor=90)
    job = chain.job()
    ticket, seen = chain.engine.start(job), {}
    for _ in range(60):
        progress = chain.engine.poll(job, ticket)
        ticket = progress.ticket
        seen.setdefault(progress.stage, []).append(progress.remaining)
        if progress.ready:
            break
        chain.aws.clock.turn(timedelta(minutes=4))
    assert list(seen) == [
        "Importing in AWS",
        "Training in AWS",
        "Forecasting in AWS",
        "Forecast ready in AWS",
    ]
    assert seen["Training in AWS"][:4] == [None, None, None, timedelta(minutes=78)]
    assert seen["Forecast ready in AWS"] == [None]


def test_the_backtest_takes_longer(chain: Chain) -> None:
    """The forecast and the backtest are created at the same time; the run waits for both."""
    chain.aws.take_minutes(export=30)
    job = chain.job()
    chain.until("Forecasting in AWS", job, chain.engine.start(job))
    assert create_once(chain) == CREATE
    progress = chain.until("Exporting the backtest in AWS", job, {})
    assert not progress.ready


def test_a_restart_at_any_time(chain: Chain) -> None:
    """With a new engine and without a ticket at each poll, everything is found and nothing started twice."""
    job = chain.job()
    chain.engine.start(job)
    chain.engine.start(job)
    for _ in range(40):
        progress = chain.engine.poll(job, {})
        if progress.ready:
            break
        chain.aws.clock.turn(timedelta(minutes=5))
    assert progress.ready
    assert create_once(chain) == CREATE
    assert progress.ticket == chain.finished(job)


def test_a_run_before_the_setup_is_refused(empty: Chain) -> None:
    """Nothing is sent; the error says what to do."""
    with pytest.raises(EngineUnavailable, match=r"'storecast'.*python -m forecasting aws setup"):
        empty.engine.start(empty.job())
    assert empty.aws.named("PutObject") == []


def test_a_group_without_its_datasets_is_refused(empty: Chain) -> None:
    """It was created by hand, not by the setup."""
    empty.aws.add_group(GROUP)
    with pytest.raises(EngineUnavailable, match=r"dataset 'storecast_target'.*aws setup"):
        empty.engine.start(empty.job())


def test_a_history_too_short_to_train_is_refused(aws: AwsFake) -> None:
    """Before anything is sent; forecasting with an existing predictor is possible."""
    chain = Chain(aws, sales=two_stores(days=4 * HORIZON - 1)).set_up()
    with pytest.raises(EngineUnavailable, match=r"at least 56 days of history .* 14 days, found 55"):
        chain.engine.start(chain.job())
    assert aws.named("PutObject") == []
    chain.engine.start(chain.job(train=False))


def test_a_run_without_sales_is_refused(chain: Chain) -> None:
    """There is nothing to train on."""
    with pytest.raises(EngineUnavailable, match="sales of at least one store"):
        chain.engine.start(chain.job(inputs=lambda: iter(())))


def test_stores_with_the_same_id_in_aws_are_refused(aws: AwsFake) -> None:
    """Nothing is imported."""
    stores = two_stores()
    chain = Chain(aws, sales={"Nord": stores["1"], "nord": stores["2"]}).set_up()
    with pytest.raises(InvalidRequest, match="'Nord' and 'nord'"):
        chain.engine.start(chain.job())
    assert create_once(chain)["CreateDatasetImportJob"] == 0


def test_forecasts_return_under_our_names(aws: AwsFake) -> None:
    """With capitals, accents and spaces."""
    chain = Chain(aws, sales={"Köln Süd": {"Brot": daily_series(DAYS)}}).set_up()
    job = chain.job()
    fetched = chain.engine.fetch(job, chain.finished(job))
    assert {store: sorted(items) for store, items in fetched.stores.items()} == {"Köln Süd": ["Brot", "all"]}
    assert len(fetched.stores["Köln Süd"]["Brot"]) == 3


def test_stores_without_products(aws: AwsFake) -> None:
    """The store is the item in AWS; it returns as the store's total."""
    chain = Chain(
        aws, sales={"A": {"all": daily_series(DAYS)}, "B": {"all": daily_series(DAYS, seed=1)}}
    ).set_up()
    job = chain.job()
    fetched = chain.engine.fetch(job, chain.finished(job))
    assert {store: list(items) for store, items in fetched.stores.items()} == {"A": ["all"], "B": ["all"]}
    assert len(fetched.stores["A"]["all"]) == 3


def test_a_store_whose_sales_end_earlier(aws: AwsFake) -> None:
    """It is sent unchanged; AWS forecasts all stores from the day after the newest sales of any."""
    stores = two_stores()
    late = {item: frame.iloc[:-3].reset_index(drop=True) for item, frame in stores["2"].items()}
    chain = Chain(aws, sales={"1": stores["1"], "2": late}).set_up()
    job = chain.job()
    fetched = chain.engine.fetch(job, chain.finished(job))
    assert [int(fetched.stores[store]["bread"][-1].days[0]) for store in ("1", "2")] == [FIRST_AHEAD] * 2


def test_large_data_is_sent_in_parts(chain: Chain, monkeypatch: pytest.MonkeyPatch) -> None:
    """A file is written as soon as it is full; all of them are imported."""
    monkeypatch.setattr("forecasting.engines.aws_forecast.dataset_imports.PART", 5_000)
    job = chain.job()
    ticket = chain.engine.start(job)
    keys = [call.parameters["Key"] for call in chain.aws.named("PutObject")]
    folder = "storecast/data/run=20190403T043000"
    assert f"{folder}/target/part-00001.csv" in keys
    assert f"{folder}/related/part-00002.csv" in keys
    fetched = chain.engine.fetch(job, chain.finished(job, ticket))
    assert len(fetched.stores["2"]) == 3


def test_imported_inputs_are_not_sent_again(chain: Chain) -> None:
    """A later run on the same inputs trains on what was imported."""
    chain.finished(chain.job())
    sent = len(chain.aws.named("PutObject"))
    later = chain.job(run_id="later", trained_before=chain.aws.clock.now())
    chain.finished(later)
    assert len(chain.aws.named("PutObject")) == sent
    assert create_once(chain) == {
        **CREATE,
        "CreateAutoPredictor": 2,
        "CreateForecast": 2,
        "CreatePredictorBacktestExportJob": 2,
    }


def test_replaced_inputs_are_sent_again(chain: Chain) -> None:
    """The dataset holds only the newest import, whatever older imports are listed."""
    for inputs_hash in ("a" * 64, "b" * 64, "a" * 64):
        chain.finished(
            chain.job(train=False, inputs_hash=inputs_hash)
            if create_once(chain)["CreateAutoPredictor"]
            else chain.job()
        )
        chain.aws.clock.turn(timedelta(minutes=1))
    names = [job["DatasetImportJobName"] for job in chain.aws.resources("dataset-import-job")]
    assert sorted(name for name in names if "target" in name) == [
        "storecast_target_aaaaaaaaaaaa",
        "storecast_target_aaaaaaaaaaaa_2",
        "storecast_target_bbbbbbbbbbbb",
    ]
    assert chain.count("CreateForecast") == 3  # the first is older than the import


def test_a_forecast_without_training(chain: Chain) -> None:
    """The newest predictor forecasts from the newest inputs; there is no backtest to fetch."""
    trained = chain.finished(chain.job())
    chain.aws.clock.turn(timedelta(hours=1))
    job = chain.job(train=False, inputs_hash="b" * 64)
    ticket = chain.finished(job)
    assert ticket["predictor"] == trained["predictor"]
    assert ticket["forecast"] != trained["forecast"]
    assert "backtest" not in ticket
    fetched = chain.engine.fetch(job, ticket)
    assert [len(forecasts) for forecasts in fetched.stores["1"].values()] == [1, 1, 1]
    assert create_once(chain) == {**CREATE, "CreateDatasetImportJob": 4, "CreateForecast": 2}


def test_without_a_suitable_predictor_a_forecast_is_refused(chain: Chain) -> None:
    """A failed or legacy predictor does not suit, nor one for another horizon."""
    job = chain.job(train=False)
    ticket = chain.engine.start(job)
    chain.aws.clock.turn(timedelta(minutes=6))
    chain.aws.add_predictor("storecast_1", group=GROUP, status="CREATE_FAILED", horizon=HORIZON)
    chain.aws.add_predictor("storecast_2", group=GROUP, auto=False, horizon=HORIZON)
    with pytest.raises(EngineUnavailable, match="expected a predictor to forecast with, found none"):
        chain.engine.poll(job, ticket)
    chain.aws.add_predictor("storecast_3", group=GROUP, horizon=28)
    with pytest.raises(EngineUnavailable, match=r"forecasts 14 days, found one for 28 days"):
        chain.engine.poll(job, ticket)


def test_fetching_too_early_is_busy(chain: Chain) -> None:
    """The error names the stage."""
    job = chain.job()
    with pytest.raises(EngineBusy, match="Importing in AWS"):
        chain.engine.fetch(job, chain.engine.start(job))


def test_the_estimate_of_a_training_is_logged(chain: Chain, caplog: pytest.LogCaptureFixture) -> None:
    """When it starts; the hours of the first one are unknown."""
    chain.settings = chain.settings.model_copy(update={"rates": {"gb": 0.088, "hour": 0.24, "points": 2.0}})
    with caplog.at_level(logging.INFO, "forecasting"):
        chain.finished(chain.job())
        chain.finished(chain.job(trained_before=chain.aws.clock.now()))
    messages = [
        record.getMessage() for record in caplog.records if "training in AWS started" in record.getMessage()
    ]
    assert len(messages) == 2
    assert "points=336" in messages[0]
    assert "hours=n/a" in messages[0]
    assert "cost=n/a" in messages[0]
    assert "hours=0.1667" in messages[1]
    assert "cost=0.71" in messages[1]


def test_a_limit_of_trainings(chain: Chain) -> None:
    """Another training within 24 hours is refused; nothing is started."""
    chain.settings = chain.settings.model_copy(update={"trainings_a_day": 1})
    chain.aws.add_predictor("by_hand", group=GROUP, status="CREATE_FAILED")
    job = chain.job()
    ticket = chain.engine.start(job)
    chain.aws.clock.turn(timedelta(minutes=6))
    with pytest.raises(EngineUnavailable, match="at most 1 training within 24 hours"):
        chain.engine.poll(job, ticket)
    assert chain.aws.named("CreateAutoPredictor") == []
    chain.aws.clock.turn(timedelta(hours=24))
    assert chain.engine.poll(job, ticket).stage == "Training in AWS"


def test_values_that_are_missing_or_negative(chain: Chain) -> None:
    """Unrequested series are absent; a missing quantile is NaN; negative values are unchanged."""
    job = chain.job()
    ticket = chain.finished(job)
    without = [replace(each, series=each.series[:2]) for each in chain.inputs()]
    chain.aws.spoil(missing="p90", item="bread")
    chain.aws.spoil(negative=True, item="cake")
    fetched = chain.engine.fetch(job, ticket)
    assert np.isnan(fetched.stores["1"]["bread"][-1].q90).all()
    assert not np.isnan(fetched.stores["1"]["bread"][-1].q50).any()
    assert (fetched.stores["1"]["cake"][-1].mean < 0).all()
    less = chain.engine.fetch(replace(job, inputs=lambda: iter(without)), ticket)
    assert sorted(less.stores["1"]) == ["all", "bread"]


def test_a_series_missing_in_aws(chain: Chain) -> None:
    """It is absent, and the others are present, whichever error AWS uses."""
    job = chain.job()
    ticket = chain.finished(job)
    chain.sales = {**chain.sales, "3": {"jam": daily_series(DAYS)}}
    for code in ("ResourceNotFoundException", "InvalidInputException"):
        chain.aws.knobs.unknown_item = code
        assert sorted(chain.engine.fetch(job, ticket).stores) == ["1", "2"]


def test_a_missing_quantile_of_the_backtest(chain: Chain) -> None:
    """A column missing from an export is NaN."""
    chain.aws.spoil(missing="p10")
    job = chain.job()
    fetched = chain.engine.fetch(job, chain.finished(job))
    assert all(np.isnan(each.q10).all() for each in fetched.stores["1"]["bread"])
    assert np.isfinite(fetched.stores["1"]["bread"][0].q50).all()
