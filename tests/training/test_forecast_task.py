"""The task that forecasts a store, and the results it returns."""

from dataclasses import replace
from datetime import timedelta

import pandas as pd
import pytest

from forecasting.calendar.inputs import StoreFacts
from forecasting.core.day_arrays import SeriesForecast
from forecasting.core.domain import SeriesChoice
from forecasting.core.errors import EngineUnavailable, StateUnavailable
from forecasting.engines.empirical import Empirical
from forecasting.engines.seasonal_naive import SeasonalNaive
from forecasting.training.forecast_task import ForecastTask, StorePart
from forecasting.training.publication import merged
from forecasting.training.store_files import StoreFiles
from tests.fakes import FlatEngine, engines
from tests.series import START, daily_series
from tests.stores import HistoryShelf

HORIZON = 28
DAYS = 200
LAST = (START + timedelta(days=DAYS - 1)).date()
KNOWN = engines(FlatEngine(), SeasonalNaive(), Empirical())


def products(count: int) -> dict[str, pd.DataFrame]:
    """Histories of some products, each at its own level."""
    return {
        str(100 + number): daily_series(DAYS, seed=number, level=50.0 + number) for number in range(count)
    }


def task(files: StoreFiles, **changes: object) -> ForecastTask:
    """A training with the flat engine."""
    return replace(ForecastTask(files, "flat", HORIZON), **changes)  # type: ignore[arg-type] # by name


@pytest.mark.parametrize(("items", "parts"), [(1, 1), (3, 2), (5, 7), (17, 2), (33, 3)])
def test_the_parts_of_a_store_make_the_whole_store(items: int, parts: int) -> None:
    """Every series once, in the same order, with the same choice and forecast."""
    shelf = HistoryShelf()
    files = shelf.put("1", products(items))
    whole = task(files).run(shelf, KNOWN)
    split = [task(files, part=part, parts=parts).run(shelf, KNOWN) for part in range(parts)]
    assert sum(len(part.results) for part in split) == items + 1
    assert max(len(part.results) for part in split) - min(len(part.results) for part in split) <= 1
    assert {(part.store, part.cutoff, part.assumptions) for part in split} == {("1", LAST, whole.assumptions)}
    together = merged(split[::-1])
    assert [each.key for each in together] == [each.key for each in whole.results]
    assert [each.key.item for each in together] == ["all", *products(items)]
    for mine, theirs in zip(together, whole.results, strict=True):
        assert mine.choice == theirs.choice
        assert mine.forecast is not None
        assert theirs.forecast is not None
        assert mine.forecast.mean.tolist() == theirs.forecast.mean.tolist()


def test_a_store_is_forecast_from_its_sales_plan_and_facts() -> None:
    """The task reads the files itself."""
    shelf = HistoryShelf()
    facts = StoreFacts({"promo2": 1.0, "promo2_since_year": 2017.0, "promo2_since_week": 1.0})
    files = shelf.put("1", products(1), facts)
    days = pd.date_range(LAST + timedelta(days=1), periods=HORIZON)
    planned = pd.DataFrame(
        {
            "store": "1", "item": "all", "ds": days,
            "is_open": True, "promo": True, "holiday": "", "school_holiday": False,
        }
    )  # fmt: skip
    assert not task(files).run(shelf, KNOWN).results[0].future.promo.any()
    part = task(replace(files, plan=shelf.file("1", "plan", planned))).run(shelf, KNOWN)
    assert part.assumptions == ()
    for each in part.results:
        assert each.future.promo.all()
        assert each.future.flags["standing_promotion"].all()


def test_given_choices_are_reused_by_product() -> None:
    """A product without one gets a new choice."""
    shelf = HistoryShelf()
    files = shelf.put("1", products(2))
    choices = (SeriesChoice("101", "seasonal_naive", "kept"), SeriesChoice("all", "empirical", "kept"))
    part = task(files, choices=choices).run(shelf, KNOWN)
    reasons = {each.key.item: each.choice.reason for each in part.results if each.choice}
    assert (reasons["all"], reasons["101"]) == ("kept", "kept")
    assert reasons["100"] != "kept"


def test_a_series_that_cannot_be_fitted_does_not_affect_the_others() -> None:
    """It gets a result with the reason."""
    shelf = HistoryShelf()
    closed = daily_series(DAYS).assign(is_open=False, y=0.0)
    part = task(shelf.put("1", products(1) | {"900": closed})).run(shelf, KNOWN)
    assert {each.key.item: bool(each.forecast) for each in part.results} == {
        "all": True, "100": True, "900": False,
    }  # fmt: skip
    (failed,) = (each for each in part.results if each.forecast is None)
    assert failed.failure.startswith("store 1, product 900: seasonal_naive: expected at least one open day")


def test_missing_files_and_engines_are_errors_of_the_task() -> None:
    """Not of one series."""
    shelf = HistoryShelf()
    files = shelf.put("1", products(1))
    with pytest.raises(EngineUnavailable):
        task(files, engine="aws_forecast").run(shelf, KNOWN)
    shelf.frames.clear()
    with pytest.raises(StateUnavailable, match="sales of store 1: expected a file, found none"):
        task(files).run(shelf, KNOWN)


def test_tasks_and_results_are_small() -> None:
    """A task names files and holds no sales; a result holds one part of one store."""
    shelf = HistoryShelf()
    files = shelf.put("1", products(1))
    made = task(files).run(shelf, KNOWN)
    assert isinstance(made, StorePart)
    assert all(isinstance(each.forecast, SeriesForecast) for each in made.results)
    assert all(len(each.recent) == 35 for each in made.results)
    assert len(repr(task(files))) < 1000
