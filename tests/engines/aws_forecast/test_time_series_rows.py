import csv
import io
from datetime import date, timedelta

import pytest

from forecasting.calendar.inputs import build_inputs
from forecasting.core.day_arrays import number_of
from forecasting.core.errors import InvalidRequest
from forecasting.core.store_inputs import StoreInputs
from forecasting.engines.aws_forecast.time_series_rows import (
    RELATED,
    TARGET,
    SeriesIds,
    SeriesLayout,
    day_numbers,
    layout_for,
    store_files,
)
from tests.series import START, as_days, daily_series

HORIZON = 7
FIRST = START.date()


def inputs_of(store: str = "1", days: int = 28, **items: object) -> StoreInputs:
    """Return the inputs of a store with one product or more."""
    frames = items or {"bread": daily_series(days)}
    return build_inputs(store, {item: as_days(frame) for item, frame in frames.items()}, {}, HORIZON)


def rows_of(
    inputs: StoreInputs, kind: str, layout: SeriesLayout, until: date | None = None
) -> list[list[str]]:
    """Return the rows of all files of a kind."""
    last = until or inputs.cutoff + timedelta(days=HORIZON)
    files = store_files(inputs, SeriesIds(layout), last)
    return list(csv.reader(io.StringIO("".join(text for of, text in files if of == kind))))


def test_schemas_follow_the_columns() -> None:
    """With products the store is a dimension, in both datasets and in the same place; numbers are floats."""
    with_store, without = SeriesLayout(by_store=True), SeriesLayout(by_store=False)
    assert with_store.columns(TARGET) == ("timestamp", "item_id", "store", "target_value")
    assert without.columns(RELATED) == (
        "timestamp",
        "item_id",
        "promo",
        "is_open",
        "school_holiday",
        "holiday",
    )
    assert with_store.dimensions == ("store",)
    assert without.dimensions == ()
    assert [each["AttributeType"] for each in with_store.schema(TARGET)["Attributes"]] == [
        "timestamp",
        "string",
        "string",
        "float",
    ]
    for layout in (with_store, without):
        assert SeriesLayout.from_schema(layout.schema(TARGET)) == layout


def test_the_layout_follows_the_products() -> None:
    """One store with a product is enough for the store to be a dimension."""
    assert layout_for([("all",), ("all",)]) == SeriesLayout(by_store=False)
    assert layout_for([("all",), ("all", "bread")]) == SeriesLayout(by_store=True)


def test_rows_have_no_header() -> None:
    """The first row is the first day, of the total, which is a series of its own."""
    rows = rows_of(inputs_of(), TARGET, SeriesLayout(by_store=True))
    assert rows[0][:3] == [str(FIRST), "all", "1"]
    assert {row[1] for row in rows} == {"all", "bread"}
    assert len(rows) == 2 * 28


def test_without_products_the_item_is_the_store() -> None:
    """There is no store column, and only the total is sent."""
    inputs = inputs_of(all=daily_series(28))
    rows = rows_of(inputs, TARGET, SeriesLayout(by_store=False))
    assert rows[0][:2] == [str(FIRST), "1"]
    assert [len(row) for row in rows] == [3] * 28


def test_a_closed_day_is_an_explicit_zero() -> None:
    """Sundays are sent as closed, with a demand of 0 whatever the file says."""
    sunday, frame = str(FIRST + timedelta(days=6)), daily_series(28)
    frame.loc[6, "y"] = 3.0  # such as what was returned
    inputs = inputs_of(bread=frame)
    demand = [row for row in rows_of(inputs, TARGET, SeriesLayout(by_store=True)) if row[0] == sunday]
    known = [row for row in rows_of(inputs, RELATED, SeriesLayout(by_store=True)) if row[0] == sunday]
    assert [float(row[3]) for row in demand] == [0.0, 0.0]
    assert [row[3:5] for row in known] == [["0.0", "0.0"]] * 2


def test_an_unknown_day_is_left_out_of_demand_only() -> None:
    """Its demand is not sent as 0. Covariates have no gap; a day no product has counts as closed."""
    gap = daily_series(28)
    gap = gap[gap["ds"] != gap["ds"].iloc[9]].reset_index(drop=True)
    layout, missing = SeriesLayout(by_store=True), str(FIRST + timedelta(days=9))
    inputs = inputs_of(bread=gap, cake=daily_series(28, seed=1))
    demand = {(row[0], row[1]) for row in rows_of(inputs, TARGET, layout)}
    assert (missing, "bread") not in demand
    assert {(missing, "cake"), (missing, "all")} <= demand
    known = {(row[0], row[1]): row for row in rows_of(inputs, RELATED, layout)}
    assert len(known) == 3 * (28 + HORIZON)
    assert known[missing, "bread"][4] == "1.0"  # as the store
    alone = {row[0]: row for row in rows_of(inputs_of(bread=gap), RELATED, layout) if row[1] == "bread"}
    assert alone[missing][4] == "0.0"


def test_covariates_run_to_the_last_day_of_the_chain() -> None:
    """A store whose sales end earlier is open on its usual weekdays after its own horizon."""
    inputs = inputs_of()
    until = inputs.cutoff + timedelta(days=HORIZON + 7)
    known = {
        row[0]: row
        for row in rows_of(inputs, RELATED, SeriesLayout(by_store=True), until)
        if row[1] == "bread"
    }
    assert len(known) == 28 + HORIZON + 7
    week = [known[str(until - timedelta(days=back))][4] for back in range(6, -1, -1)]
    weekdays = [(until - timedelta(days=back)).weekday() for back in range(6, -1, -1)]
    assert week == ["0.0" if weekday == 6 else "1.0" for weekday in weekdays]


def test_covariates_are_those_of_each_day() -> None:
    """Promotion, school holiday and holiday are 1 on their days, otherwise 0."""
    frame = daily_series(84)
    rows = rows_of(inputs_of(bread=frame), RELATED, SeriesLayout(by_store=True))
    known = {row[0]: [float(value) for value in row[3:]] for row in rows if row[1] == "bread"}
    for day in frame.itertuples():
        expected = [day.promo, day.is_open, day.school_holiday, day.holiday != ""]
        assert known[str(day.ds.date())] == [float(value) for value in expected]


def test_stores_with_the_same_id_are_refused() -> None:
    """Also if they are sent one after the other."""
    identities = SeriesIds(SeriesLayout(by_store=False))
    until = FIRST + timedelta(days=40)
    list(store_files(inputs_of("Nord"), identities, until))
    with pytest.raises(InvalidRequest, match="'Nord' and 'nord'"):
        list(store_files(inputs_of("nord"), identities, until))


def test_days_of_timestamps() -> None:
    """With or without a time of day and a zone."""
    expected = [number_of(date(2019, 4, 3))] * 3
    assert day_numbers(["2019-04-03T00:00:00", "2019-04-03", "2019-04-03T00:00:00Z"]).tolist() == expected
    assert day_numbers([]).tolist() == []
