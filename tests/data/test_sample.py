"""The committed sample: its columns, days, stores, holidays and feed."""

from datetime import date
from pathlib import Path

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from data import build_sample

DATA = Path(build_sample.__file__).resolve().parent
SALES = DATA / "sample" / "sales.parquet"
PLAN = DATA / "sample" / "plan.parquet"
KEYS = ["store", "item", "date"]
COVARIATES = ["is_open", "promo", "holiday", "school_holiday"]
FIRST_DAY, LAST_DAY, LAST_PLAN_DAY = date(2016, 1, 2), date(2019, 4, 2), date(2019, 4, 30)


def _read(path: Path) -> pd.DataFrame:
    frame: pd.DataFrame = pq.read_table(path).to_pandas()
    return frame.assign(date=pd.to_datetime(frame["date"]))


def _is_one_per(frame: pd.DataFrame, by: list[str], column: str) -> bool:
    """Whether each group of `by` has one value in `column`."""
    return not frame.loc[:, [*by, column]].drop_duplicates().duplicated(by).any()


@pytest.fixture(scope="module")
def sales() -> pd.DataFrame:
    """The committed sales."""
    return _read(SALES)


@pytest.fixture(scope="module")
def plan() -> pd.DataFrame:
    """The committed plan."""
    return _read(PLAN)


@pytest.fixture(scope="module")
def feed() -> pd.DataFrame:
    """The committed feed files, one after the other."""
    types = {"store": "str", "item": "str", "holiday": "str", "demand": "float64"}
    days = [
        pd.read_csv(path, dtype=types, keep_default_na=False, parse_dates=["date"])
        for path in sorted((DATA / "feed").glob("*.csv"))
    ]
    return pd.concat(days, ignore_index=True)


def test_schemas_are_the_documented_ones() -> None:
    """Names, order and types of the columns are those of data/README.md."""
    assert pq.read_schema(SALES).equals(build_sample.SALES_SCHEMA)
    assert pq.read_schema(PLAN).equals(build_sample.PLAN_SCHEMA)
    assert build_sample.SALES_SCHEMA.names == [*KEYS, "demand", "region", *COVARIATES]
    assert build_sample.PLAN_SCHEMA.names == [*KEYS, *COVARIATES]
    assert build_sample.SALES_SCHEMA.field("date").type == pa.date32()


def test_files_stay_small() -> None:
    """Sales and plan together are under a megabyte."""
    assert SALES.stat().st_size + PLAN.stat().st_size < 1_000_000


def test_no_value_is_missing(sales: pd.DataFrame, plan: pd.DataFrame, feed: pd.DataFrame) -> None:
    """Every cell of sales, plan and feed holds a value."""
    assert not sales.isna().any(axis=None)
    assert not plan.isna().any(axis=None)
    assert not feed.isna().any(axis=None)


def test_35_stores_with_3_items_each(sales: pd.DataFrame, plan: pd.DataFrame, feed: pd.DataFrame) -> None:
    """Sales, plan and feed hold the same 105 series."""
    for frame in (sales, plan, feed):
        assert frame["store"].nunique() == 35
        assert sorted(frame["item"].unique()) == ["101", "109", "110"]
        assert len(frame.drop_duplicates(["store", "item"])) == 105


def test_date_range(sales: pd.DataFrame, plan: pd.DataFrame) -> None:
    """Sales end the day before the plan begins."""
    assert sales["date"].min().date() == FIRST_DAY
    assert sales["date"].max().date() == LAST_DAY
    assert plan["date"].min().date() == date(2019, 4, 3)
    assert plan["date"].max().date() == LAST_PLAN_DAY


def test_no_series_has_a_day_twice(sales: pd.DataFrame, plan: pd.DataFrame) -> None:
    """A store, item and day stand in one row."""
    assert not sales.duplicated(KEYS).any()
    assert not plan.duplicated(KEYS).any()


def test_sorted_by_store_number_item_and_date(sales: pd.DataFrame) -> None:
    """Store 3 stands before store 17, and days ascend within an item."""
    numbered = sales.loc[:, KEYS].assign(store=sales["store"].astype("int64"))
    expected = numbered.sort_values(KEYS, ignore_index=True)
    pd.testing.assert_frame_equal(numbered, expected)


def test_sales_and_feed_are_contiguous(sales: pd.DataFrame, feed: pd.DataFrame) -> None:
    """From its first day to the end of the feed no series misses a day."""
    both = pd.concat([sales, feed], ignore_index=True)
    span = both.groupby(["store", "item"])["date"].agg(["min", "max", "size"])
    assert (span["max"].dt.date == LAST_PLAN_DAY).all()
    assert ((span["max"] - span["min"]).dt.days + 1 == span["size"]).all()
    assert not both.duplicated(KEYS).any()


def test_demand_is_never_negative(sales: pd.DataFrame, feed: pd.DataFrame) -> None:
    """The smallest demand is zero."""
    assert sales["demand"].min() == 0
    assert feed["demand"].min() == 0


def test_demand_stands_beside_its_own_day(sales: pd.DataFrame) -> None:
    """Known values of the source are found at their store, item and day."""
    known = sales.set_index(KEYS)["demand"]
    assert known[("2", "101", pd.Timestamp("2016-01-02"))] == 254
    assert known[("2", "101", pd.Timestamp("2016-05-15"))] == 1155.5
    assert known[("3", "110", pd.Timestamp("2018-10-19"))] == 56.063


def test_a_closed_day_sells_nothing_and_an_open_one_something(
    sales: pd.DataFrame, feed: pd.DataFrame
) -> None:
    """`is_open` belongs to the store and the day, and agrees with what the store sold."""
    for frame in (sales, feed):
        assert _is_one_per(frame, ["store", "date"], "is_open")
        days = frame.groupby(["store", "date"]).agg(sold=("demand", "sum"), is_open=("is_open", "first"))
        assert (days["is_open"].astype(bool) == (days["sold"] > 0)).all()


@pytest.mark.parametrize(
    ("month", "day", "name", "years"),
    [
        (12, 25, "Christmas Day", {2016, 2017, 2018}),
        (12, 26, "Second Day of Christmas", {2016, 2017, 2018}),
        (1, 1, "New Year's Day", {2017, 2018, 2019}),
    ],
)
def test_every_store_is_closed_at_christmas_and_new_year(
    sales: pd.DataFrame, month: int, day: int, name: str, years: set[int]
) -> None:
    """25 and 26 December and 1 January carry their names, and nobody sells."""
    on_day = sales.loc[(sales["date"].dt.month == month) & (sales["date"].dt.day == day)]
    assert set(on_day["date"].dt.year) == years
    assert (on_day["holiday"] == name).all()
    assert not on_day["is_open"].any()
    assert (on_day["demand"] == 0).all()


def test_good_friday_in_the_plan(plan: pd.DataFrame) -> None:
    """Every store is planned closed on Good Friday 2019."""
    good_friday = plan.loc[plan["date"] == pd.Timestamp("2019-04-19")]
    assert len(good_friday) == 105
    assert (good_friday["holiday"] == "Good Friday").all()
    assert not good_friday["is_open"].any()


def test_holidays_are_the_ones_the_source_flags(sales: pd.DataFrame, plan: pd.DataFrame) -> None:
    """47 days have a name, the one-off Reformation Day and the Easter Sundays among them."""
    rows = pd.concat([sales, plan])
    named = rows.loc[rows["holiday"] != "", ["date", "holiday"]].drop_duplicates()
    assert len(named) == 47
    assert named["date"].is_unique
    names = dict(zip(named["date"].dt.strftime("%Y-%m-%d"), named["holiday"], strict=True))
    assert names["2017-10-31"] == "Reformation Day"
    assert names["2019-04-21"] == "Easter Sunday"
    assert names["2018-05-20"] == "Pentecost"
    assert build_sample.UNNAMED_HOLIDAY not in names.values()


def test_a_holiday_is_the_same_in_every_store(sales: pd.DataFrame) -> None:
    """A day has one holiday name, whatever the store and item."""
    assert _is_one_per(sales, ["date"], "holiday")


def test_promotions_belong_to_the_item(sales: pd.DataFrame) -> None:
    """On one day one item is promoted and another is not, alike in every store."""
    assert not _is_one_per(sales, ["store", "date"], "promo")
    assert _is_one_per(sales, ["item", "date"], "promo")
    assert sales.groupby("item")["promo"].any().all()


def test_school_holidays_belong_to_the_store(sales: pd.DataFrame) -> None:
    """Stores 40 to 50 follow another school calendar than the others, their items the same one."""
    assert _is_one_per(sales, ["store", "date"], "school_holiday")
    on_day = sales.loc[sales["date"] == pd.Timestamp("2018-07-26")].drop_duplicates("store")
    not_yet = set(on_day.loc[~on_day["school_holiday"], "store"])
    assert not_yet == {"40", "41", "43", "44", "45", "46", "47", "48", "49", "50"}


def test_a_store_begins_at_its_first_sale(sales: pd.DataFrame) -> None:
    """Stores that opened late have no rows from before."""
    first = sales.groupby("store")["date"].min().dt.strftime("%Y-%m-%d")
    late = first[first > "2016-01-02"].to_dict()
    assert late == {"5": "2018-05-03", "22": "2018-06-07", "47": "2016-01-04"}


def test_five_regions_of_seven_stores(sales: pd.DataFrame) -> None:
    """A store is in one region, and the regions are equally large."""
    stores = sales.loc[:, ["store", "region"]].drop_duplicates()
    assert stores["store"].is_unique
    sizes = stores["region"].value_counts().to_dict()
    assert sizes == {"North": 7, "East": 7, "South": 7, "West": 7, "Centre": 7}


def test_one_feed_file_for_each_day_of_the_plan() -> None:
    """A file holds 105 rows of the day it is named for, in the order of the sales columns."""
    paths = sorted((DATA / "feed").glob("*.csv"))
    days = pd.date_range("2019-04-03", "2019-04-30").strftime("%Y-%m-%d")
    assert [path.stem for path in paths] == list(days)
    for path in paths:
        rows = pd.read_csv(path)
        assert list(rows.columns) == build_sample.SALES_SCHEMA.names
        assert len(rows) == 105
        assert set(rows["date"]) == {path.stem}


def test_feed_covariates_are_the_plans(plan: pd.DataFrame, feed: pd.DataFrame) -> None:
    """What the plan promised is what the feed reports."""
    expected = plan.astype(dict.fromkeys(("is_open", "promo", "school_holiday"), "int64"))
    pd.testing.assert_frame_equal(
        feed.sort_values(KEYS).loc[:, [*KEYS, *COVARIATES]].reset_index(drop=True),
        expected.sort_values(KEYS).reset_index(drop=True),
        check_dtype=False,
    )


def test_feed_keeps_stores_in_their_region(sales: pd.DataFrame, feed: pd.DataFrame) -> None:
    """A store's region in the feed is the one it has in the sales."""
    regions = sales.drop_duplicates("store").set_index("store")["region"].to_dict()
    assert (feed["region"] == feed["store"].map(regions)).all()


def test_feed_writes_whole_demands_without_decimals() -> None:
    """A whole demand is written as 89, a fractional one as it is."""
    text = (DATA / "feed" / "2019-04-11.csv").read_text(encoding="utf-8")
    demands = [line.split(",")[3] for line in text.splitlines()[1:]]
    assert [value for value in demands if "." in value] == ["101.5", "131.5"]
