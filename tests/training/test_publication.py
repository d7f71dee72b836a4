from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from random import Random

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from forecasting.core import schema
from forecasting.core.day_arrays import SeriesDays, SeriesForecast, number_of
from forecasting.core.domain import BacktestScore, Predictor, SeriesChoice, SeriesKey, SeriesSummary
from forecasting.core.error_sums import ErrorSums
from forecasting.core.errors import FitFailed
from forecasting.core.ports import Publication
from forecasting.training.forecast_task import SeriesResult, StorePart
from forecasting.training.publication import merged, publication
from tests.series import as_days, daily_series

CUTOFF = date(2017, 7, 2)  # a Sunday
HORIZON = 28
WHOLE = as_days(daily_series(182 + HORIZON))
RECENT = WHOLE.up_to(CUTOFF)[-35:]
FUTURE = WHOLE.after(CUTOFF, HORIZON)
OPEN = FUTURE.is_open
ASSUMED = np.arange(HORIZON) >= 14
TRAINED = Predictor("p", "store:1", "flat", datetime(2017, 7, 3, tzinfo=UTC), CUTOFF, ())


def forecast(level: float, *, band: float = 0.3, future: SeriesDays = FUTURE) -> SeriesForecast:
    """A forecast whose mean and band grow from day to day."""
    mean = future.is_open * level * (1 + 0.01 * np.arange(len(future)))
    return SeriesForecast(future.days, mean, mean * (1 - band), mean, mean * (1 + band))


def result(item: str, level: float | None, **changes: object) -> SeriesResult:
    """A series at a level; None if it could not be forecast."""
    key = SeriesKey("1", item)
    empty = SeriesResult(key, RECENT, FUTURE, ASSUMED)
    if level is None:
        return replace(empty, failure=f"{key}: expected more")
    made = replace(empty, choice=SeriesChoice(item, "flat", ""), forecast=forecast(level))
    return replace(made, **changes)  # type: ignore[arg-type] # by name


def published(results: Sequence[SeriesResult], parts: int = 1, horizon: int = HORIZON) -> Publication:
    """The publication of a store, from parts in any order."""
    notes = ("No plan after 16 Jul.",)
    split = [StorePart("1", part, CUTOFF, notes, tuple(results[part::parts])) for part in range(parts)]
    return publication(split[::-1], TRAINED, horizon, "hash")


def summary(made: SeriesResult) -> SeriesSummary:
    """The summary of a store's only series."""
    (found,) = published([made]).summaries
    return found


def rows(made: Publication, item: str) -> pd.DataFrame:
    """The days of one item."""
    return made.forecast[made.forecast["item"] == item].reset_index(drop=True)


# -- the parts put together ----------------------------------------------------------------------------


@given(st.integers(1, 60), st.integers(1, 20), st.randoms())
def test_parts_give_the_series_in_their_own_order(series: int, parts: int, random: Random) -> None:
    """Each once, in whatever order the parts were done, with more or fewer parts than series."""
    results = [result(str(number), None) for number in range(series)]
    split = [StorePart("1", part, CUTOFF, (), tuple(results[part::parts])) for part in range(parts)]
    random.shuffle(split)
    assert [each.key.item for each in merged(split)] == [str(number) for number in range(series)]


def test_a_publication_is_of_one_store_at_its_cutoff() -> None:
    """With the predictor, the assumptions and the hash of the inputs."""
    made = published([result("all", 100.0), result("101", 40.0), result("102", 60.0)], parts=2)
    assert (made.store, made.cutoff, made.horizon, made.input_hash) == ("1", CUTOFF, HORIZON, "hash")
    assert made.predictor is TRAINED
    assert made.assumptions == ("No plan after 16 Jul.",)
    assert [each.item for each in made.summaries] == ["all", "101", "102"]
    assert list(dict.fromkeys(made.forecast["item"])) == ["all", "101", "102"]


def test_every_day_of_every_series_is_a_row() -> None:
    """In the columns of the schema, with holidays by name."""
    kept = result("102", 60.0, choice=SeriesChoice("102", "seasonal_naive", ""))
    made = published([result("all", 100.0), result("101", 40.0), kept])
    assert list(made.forecast.columns) == list(schema.STORE_FORECAST)
    schema.require(made.forecast, schema.STORE_FORECAST, "forecast")
    for item, engine in (("all", "flat"), ("101", "flat"), ("102", "seasonal_naive")):
        found = rows(made, item)
        assert set(found["engine"]) == {engine}
        assert found["ds"].tolist() == pd.date_range("2017-07-03", periods=HORIZON).tolist()
        assert found["is_open"].tolist() == OPEN.tolist()
        assert found["promo"].tolist() == FUTURE.promo.tolist()
        assert found["school_holiday"].tolist() == FUTURE.school_holiday.tolist()
        assert found["assumed"].tolist() == ASSUMED.tolist()
        assert found["holiday"].tolist() == [FUTURE.kinds[code] for code in FUTURE.holiday]
    assert set(made.forecast["holiday"]) == {"", "Some holiday"}


# -- one coherent forecast -----------------------------------------------------------------------------

levels = st.one_of(st.just(0.0), st.floats(0.01, 1e5))
bands = st.floats(0, 1)


@given(
    st.tuples(levels, bands), st.lists(st.tuples(levels, bands), min_size=1, max_size=6), st.integers(1, 3)
)
def test_products_add_up_to_the_total_on_every_day(
    total: tuple[float, float], products: list[tuple[float, float]], parts: int
) -> None:
    """Whatever the engines said; nothing is negative, closed days are 0, and quantiles keep their order."""
    results = [
        result(item, level, forecast=forecast(level, band=band))
        for item, (level, band) in zip(
            ["all", "101", "102", "103", "104", "105", "106"], [total, *products], strict=False
        )
    ]
    made = published(results, parts)
    assert not any("add up" in sentence for sentence in made.assumptions)
    means = made.forecast.pivot_table(index="ds", columns="item", values="mean")
    whole = means.pop("all").to_numpy()
    assert np.abs(means.sum(axis=1).to_numpy() - whole).max() <= 1e-9 * max(1.0, whole.max())
    values = made.forecast[list(schema.VALUES)].to_numpy()
    assert np.isfinite(values).all()
    assert (values >= 0).all()
    assert (values[~made.forecast["is_open"].to_numpy()] == 0).all()
    assert (np.diff(made.forecast[["q10", "q50", "q90"]].to_numpy(), axis=1) >= 0).all()


def test_uncertain_series_move_towards_certain_ones() -> None:
    """Total 120 against products of 40 and 60: the certain product stays, and the summary agrees."""
    sure = result("101", 40.0, forecast=forecast(40.0, band=0.0))
    made = published([result("all", 120.0), sure, result("102", 60.0)])
    first = made.forecast[made.forecast["ds"] == "2017-07-03"].set_index("item")
    assert first.loc["101", "mean"] == pytest.approx(40.0)
    assert 60 < first.loc["102", "mean"] < 80
    assert 100 < first.loc["all", "mean"] < 120
    for each in made.summaries:
        assert each.next7 == pytest.approx(rows(made, each.item)["mean"].head(7).sum())
        assert each.sparkline[-7:] == tuple(rows(made, each.item)["mean"].head(7))


@pytest.mark.parametrize("missing", ["all", "101", "102"])
def test_without_one_forecast_nothing_is_reconciled(missing: str) -> None:
    """The other forecasts stay as their engines made them; the assumptions name the missing one."""
    given = {"all": 120.0, "101": 40.0, "102": 60.0}
    results = [result(item, None if item == missing else level) for item, level in given.items()]
    made = published(results)
    assert made.assumptions == (
        "No plan after 16 Jul.",
        f"Left out: {SeriesKey('1', missing)}: expected more.",
        "The products do not add up to the total: one of them has no forecast.",
    )
    left = [item for item in given if item != missing]
    assert [each.item for each in made.summaries] == list(dict.fromkeys(made.forecast["item"])) == left
    for item in left:
        assert rows(made, item)["mean"].tolist() == forecast(given[item]).mean.tolist()


def test_a_total_alone_is_not_reconciled() -> None:
    """Its forecast stays as the engine made it."""
    made = published([result("all", 120.0)])
    assert made.assumptions == ("No plan after 16 Jul.",)
    assert rows(made, "all")["mean"].tolist() == forecast(120.0).mean.tolist()


def test_without_a_single_forecast_nothing_is_published() -> None:
    """The error has all reasons."""
    with pytest.raises(
        FitFailed, match=r"^store 1, product 101: expected more; store 1, product 102: .* more$"
    ):
        published([result("101", None), result("102", None)])


# -- a row of facts per series -------------------------------------------------------------------------


def test_next_and_last_week_have_the_same_weekdays() -> None:
    """Forecast from 3 July on, sold from 26 June on."""
    found = summary(result("all", 100.0))
    assert found.next7 == pytest.approx(forecast(100.0).mean[:7].sum())
    assert found.last7 == WHOLE.up_to(CUTOFF).y[-7:].sum()
    assert (found.store, found.item, found.engine) == ("1", "all", "flat")


def test_a_horizon_below_a_week_has_no_next_week() -> None:
    """The week before its days is still known."""
    few = FUTURE[:3]
    made = result("all", 100.0, future=few, forecast=forecast(100.0, future=few), assumed=ASSUMED[:3])
    found = summary(made)
    assert found.next7 is None
    assert found.last7 == WHOLE.up_to(CUTOFF).y[-7:-4].sum()
    assert found.sparkline[28:] == tuple(forecast(100.0, future=few).mean)


def without(day: date) -> SeriesDays:
    """The recent days without one of them."""
    return RECENT[RECENT.days != number_of(day)]


def test_an_unknown_day_leaves_last_week_unknown() -> None:
    """A sum without it would be wrong. Days more than a week ago are not needed."""
    assert summary(result("all", 100.0, recent=without(date(2017, 6, 28)))).last7 is None
    assert summary(result("all", 100.0, recent=RECENT[-4:])).last7 is None
    complete = summary(result("all", 100.0)).last7
    assert summary(result("all", 100.0, recent=without(date(2017, 6, 25)))).last7 == complete


def test_a_closed_day_may_be_missing_from_the_sales() -> None:
    """Nothing was sold on the Sunday before a Sunday that is closed too."""
    complete = summary(result("all", 100.0)).last7
    assert summary(result("all", 100.0, recent=without(CUTOFF))).last7 == complete


def test_the_sparkline_has_four_weeks_of_sales_and_the_next_week() -> None:
    """Fewer if there were fewer."""
    mean = forecast(100.0).mean[:7].tolist()
    assert summary(result("all", 100.0)).sparkline == (*RECENT.y[-28:].tolist(), *mean)
    young = result("all", 100.0, recent=RECENT[-10:])
    assert summary(young).sparkline == (*RECENT.y[-10:].tolist(), *mean)


def test_the_note_describes_the_next_week() -> None:
    """A promotion that was not running at the cutoff begins; one that was continues or ends."""
    days = np.arange(HORIZON)
    on = replace(FUTURE, promo=days < 3, holiday=(days == 3).astype(np.int64), kinds=("", "Some holiday"))
    off = replace(RECENT, promo=np.zeros(35, dtype=np.bool_))
    was = replace(off, promo=np.arange(35) == 34)
    assert summary(result("all", 1.0, recent=off, future=on)).note == (
        "Some holiday Thu 6 Jul, promotion from Mon 3 Jul"
    )
    assert summary(result("all", 1.0, recent=was, future=on)).note == (
        "Some holiday Thu 6 Jul, no promotion from Thu 6 Jul"
    )
    plain = replace(FUTURE, promo=days < 0, holiday=0 * days)
    assert summary(result("all", 1.0, recent=off, future=plain)).note == ""


@pytest.mark.parametrize("closed", [0, 1, 9, HORIZON])
def test_closed_days_right_after_the_cutoff_are_counted(closed: int) -> None:
    """Up to the first open day."""
    days = np.arange(HORIZON)
    future = replace(FUTURE, is_open=days >= closed)
    made = result("all", 1.0, future=future, forecast=forecast(1.0, future=future))
    assert summary(made).closed_ahead == closed


def test_the_summary_has_the_backtest_of_the_chosen_engine_and_the_challenger() -> None:
    """None if there is none, or if it has no figures."""
    cutoffs = (CUTOFF - timedelta(days=28),)
    scores = {
        name: BacktestScore(
            name, cutoffs, 28, (ErrorSums(days=10, sold=100.0, missed=missed, inside=inside),)
        )
        for name, missed, inside in (("flat", 20.0, 7), ("seasonal_naive", 30.0, 9))
    }
    choice = SeriesChoice("all", "flat", "", tuple(scores.values()))
    told = summary(result("all", 1.0, choice=choice))
    assert (told.wape, told.naive_wape, told.coverage) == (0.2, 0.3, 0.7)
    failed = replace(
        choice, scores=(scores["flat"], BacktestScore("seasonal_naive", cutoffs, 28, failure="no"))
    )
    told = summary(result("all", 1.0, choice=failed))
    assert (told.wape, told.naive_wape, told.coverage) == (0.2, None, 0.7)
    told = summary(result("all", 1.0))
    assert (told.wape, told.naive_wape, told.coverage) == (None, None, None)
