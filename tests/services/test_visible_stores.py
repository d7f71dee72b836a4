from datetime import UTC, datetime, timedelta

import pytest

from forecasting.core.domain import LOCAL_USER, SeriesKey
from forecasting.core.errors import InvalidRequest, NoForecastYet, UnknownSeries
from tests.house import LAST, House
from tests.services.people import NORTHERNER
from tests.services.pressing import trained


def test_a_principal_sees_only_their_own_stores(house: House) -> None:
    """Other stores do not exist for them, in any method."""
    house.services.refreshing.refresh_all(LOCAL_USER)
    house.work()
    services = house.services
    assert [store.store for store in services.stores.visible(NORTHERNER)] == ["1"]
    assert {run.store for run in services.runs.recent(NORTHERNER)} == {"1"}
    assert set(services.forecasts.export(NORTHERNER)["store"]) == {"1"}
    assert list(services.stores.states(NORTHERNER)) == ["1"]
    assert services.operations.status(NORTHERNER).stores == 1
    foreign = next(run.run_id for run in services.runs.recent(LOCAL_USER) if run.store == "2")
    version = services.stores.freshness(LOCAL_USER, "2").header
    assert version is not None
    for ask in (
        lambda: services.stores.freshness(NORTHERNER, "2"),
        lambda: services.forecasts.forecast(NORTHERNER, SeriesKey("2")),
        lambda: services.forecasts.forecast(NORTHERNER, SeriesKey("1"), version.version),
        lambda: services.forecasts.sales(NORTHERNER, SeriesKey("2")),
        lambda: services.forecasts.summary(NORTHERNER, SeriesKey("2")),
        lambda: services.forecasts.predictor(NORTHERNER, "2"),
        lambda: services.refreshing.refresh(NORTHERNER, "2"),
        lambda: services.runs.get(NORTHERNER, foreign),
    ):
        with pytest.raises(InvalidRequest):
            ask()


def test_unknown_stores_and_products_are_named(house: House) -> None:
    """The message says what was looked for."""
    trained(house)
    with pytest.raises(UnknownSeries, match="store '99': expected a store with sales history, found none"):
        house.services.stores.freshness(LOCAL_USER, "99")
    with pytest.raises(UnknownSeries, match="expected one of the products 101, 102, all, found '7'"):
        house.services.forecasts.forecast(LOCAL_USER, SeriesKey("1", "7"))
    with pytest.raises(NoForecastYet):
        house.services.forecasts.forecast(LOCAL_USER, SeriesKey("2"))


def test_the_business_date_is_the_day_after_the_newest_sales(house: House, tmp_path: object) -> None:
    """Whatever the wall clock says; without sales there is none."""
    del tmp_path
    assert house.services.stores.as_of(LOCAL_USER) == LAST + timedelta(days=1)
    house.clock.instant = datetime(2031, 1, 1, tzinfo=UTC)
    assert house.services.stores.as_of(LOCAL_USER) == LAST + timedelta(days=1)


def test_a_house_without_sales_answers_calmly(empty_house: House) -> None:
    """No stores, no date, an empty export, nothing to refresh."""
    services = empty_house.services
    assert services.stores.visible(LOCAL_USER) == []
    assert services.stores.as_of(LOCAL_USER) is None
    assert services.forecasts.export(LOCAL_USER).empty
    assert services.refreshing.refresh_all(LOCAL_USER) == []
    assert services.operations.status(LOCAL_USER).last_ds is None
