"""Querying forecasts in AWS, with unmodified clients over HTTP."""

from datetime import date, timedelta

import numpy as np
import pytest

from forecasting.core.errors import EngineBusy, NoForecastYet, UnknownSeries
from tests.aws_fake import AwsFake
from tests.engines.aws_forecast.chain import GROUP, HORIZON, Chain, two_stores
from tests.series import START, daily_series

FIRST = START.date() + timedelta(days=84)


@pytest.fixture
def ready(chain: Chain) -> Chain:
    """A chain whose forecast is ready."""
    chain.finished(chain.job())
    return chain


def test_an_empty_account(empty: Chain) -> None:
    """There is no forecast, and the error says so."""
    assert empty.forecaster.get_latest_forecast() is None
    assert empty.forecaster.get_df_forecast_metadata().empty
    with pytest.raises(NoForecastYet):
        empty.forecaster.get_forecast("1")


def test_a_series(ready: Chain) -> None:
    """All days of a product, in order, with the values of each; without a product the store's total."""
    frame = ready.forecaster.get_forecast("1", "bread")
    assert list(frame) == ["ds", "mean", "q10", "q50", "q90"]
    assert frame["ds"].dt.date.tolist() == [FIRST + timedelta(days=n) for n in range(HORIZON)]
    is_open = frame["ds"].dt.day_of_week != 6
    assert (frame["mean"] > 0).tolist() == is_open.tolist()
    assert np.allclose(frame["q10"], 0.7 * frame["q50"])
    assert np.allclose(frame["q90"], 1.3 * frame["mean"])
    cake = ready.forecaster.get_forecast("1", "cake")
    assert np.allclose(ready.forecaster.get_forecast("1")["mean"], frame["mean"] + cake["mean"])


def test_some_days(ready: Chain) -> None:
    """Both ends are included; a day outside the forecast is refused."""
    first, last = FIRST + timedelta(days=2), FIRST + timedelta(days=4)
    frame = ready.forecaster.get_forecast("1", "bread", first, last)
    assert frame["ds"].dt.date.tolist() == [first, first + timedelta(days=1), last]
    with pytest.raises(UnknownSeries, match="StartDate"):
        ready.forecaster.get_forecast("1", "bread", date(2000, 1, 1))


def test_an_unknown_series(ready: Chain) -> None:
    """The error names it, whichever error AWS uses."""
    for code in ("ResourceNotFoundException", "InvalidInputException"):
        ready.aws.knobs.unknown_item = code
        with pytest.raises(UnknownSeries, match="product jam of store 1"):
            ready.forecaster.get_forecast("1", "jam")
        with pytest.raises(UnknownSeries, match="store 9"):
            ready.forecaster.get_forecast("9")


def test_values_that_are_missing_or_negative(ready: Chain) -> None:
    """A missing quantile is NaN, and the others are present; publishing corrects negative values."""
    ready.aws.spoil(missing="p90", item="bread")
    ready.aws.spoil(negative=True, item="cake")
    bread, cake = (ready.forecaster.get_forecast("1", item) for item in ("bread", "cake"))
    assert bread["q90"].isna().all()
    assert bread[["mean", "q10", "q50"]].notna().all(axis=None)
    assert (cake["q10"] < 0).all()


def test_names_in_mixed_case(aws: AwsFake) -> None:
    """Stores and products are found by our names."""
    stores = two_stores()
    chain = Chain(aws, sales={"Köln Süd": {"Brot": stores["1"]["bread"]}}).set_up()
    chain.finished(chain.job())
    assert len(chain.forecaster.get_forecast("Köln Süd", "Brot")) == HORIZON
    assert len(chain.forecaster.get_forecast("Köln Süd")) == HORIZON


def test_stores_without_products(aws: AwsFake) -> None:
    """The series is the store."""
    chain = Chain(
        aws, sales={"1": {"all": daily_series(84)}, "2": {"all": daily_series(84, seed=1)}}
    ).set_up()
    chain.finished(chain.job())
    assert len(chain.forecaster.get_forecast("2")) == HORIZON


def test_the_latest_queryable_forecast(chain: Chain) -> None:
    """Failed ones do not count, nor those 30 days old or older."""
    predictor = chain.aws.add_predictor("storecast_p", group=GROUP)
    now = chain.aws.clock.now()
    for name, days, status in (("old", 30, "ACTIVE"), ("good", 29.9, "ACTIVE"), ("bad", 1, "CREATE_FAILED")):
        chain.aws.add_forecast(
            f"storecast_{name}", predictor=predictor, created=now - timedelta(days=days), status=status
        )
    table = chain.forecaster.get_df_forecast_metadata()
    assert table["name"].tolist() == ["storecast_bad", "storecast_good", "storecast_old"]
    latest = chain.forecaster.get_latest_forecast()
    assert latest is not None
    assert latest.name == "storecast_good"
    chain.aws.clock.turn(timedelta(days=0.1))
    assert chain.forecaster.get_latest_forecast() is None


def test_deleted_between_list_and_query(ready: Chain) -> None:
    """A forecast deleted in the meantime is not reported as an unknown series."""
    for operation in ("QueryForecast", "DescribeForecast"):
        ready.aws.fail(operation, "ResourceNotFoundException")
    with pytest.raises(EngineBusy, match="was deleted"):
        ready.forecaster.get_forecast("1", "bread")
