import hashlib
import io
import subprocess
import tarfile
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


class TestCommittedFiles:
    """What the files in the repository promise."""

    def test_schemas_are_the_documented_ones(self) -> None:
        """Names, order and types of the columns are those of data/README.md."""
        assert pq.read_schema(SALES).equals(build_sample.SALES_SCHEMA)
        assert pq.read_schema(PLAN).equals(build_sample.PLAN_SCHEMA)
        assert build_sample.SALES_SCHEMA.names == [*KEYS, "demand", "region", *COVARIATES]
        assert build_sample.PLAN_SCHEMA.names == [*KEYS, *COVARIATES]
        assert build_sample.SALES_SCHEMA.field("date").type == pa.date32()

    def test_files_stay_small(self) -> None:
        """Sales and plan together are under a megabyte."""
        assert SALES.stat().st_size + PLAN.stat().st_size < 1_000_000

    def test_no_value_is_missing(self, sales: pd.DataFrame, plan: pd.DataFrame, feed: pd.DataFrame) -> None:
        """Every cell of sales, plan and feed holds a value."""
        assert not sales.isna().any(axis=None)
        assert not plan.isna().any(axis=None)
        assert not feed.isna().any(axis=None)

    def test_35_stores_with_3_items_each(
        self, sales: pd.DataFrame, plan: pd.DataFrame, feed: pd.DataFrame
    ) -> None:
        """Sales, plan and feed hold the same 105 series."""
        for frame in (sales, plan, feed):
            assert frame["store"].nunique() == 35
            assert sorted(frame["item"].unique()) == ["101", "109", "110"]
            assert len(frame.drop_duplicates(["store", "item"])) == 105

    def test_date_range(self, sales: pd.DataFrame, plan: pd.DataFrame) -> None:
        """Sales end the day before the plan begins."""
        assert sales["date"].min().date() == FIRST_DAY
        assert sales["date"].max().date() == LAST_DAY
        assert plan["date"].min().date() == date(2019, 4, 3)
        assert plan["date"].max().date() == LAST_PLAN_DAY

    def test_no_series_has_a_day_twice(self, sales: pd.DataFrame, plan: pd.DataFrame) -> None:
        """A store, item and day stand in one row."""
        assert not sales.duplicated(KEYS).any()
        assert not plan.duplicated(KEYS).any()

    def test_sorted_by_store_number_item_and_date(self, sales: pd.DataFrame) -> None:
        """Store 3 stands before store 17, and days ascend within an item."""
        numbered = sales.loc[:, KEYS].assign(store=sales["store"].astype("int64"))
        expected = numbered.sort_values(KEYS, ignore_index=True)
        pd.testing.assert_frame_equal(numbered, expected)

    def test_sales_and_feed_are_contiguous(self, sales: pd.DataFrame, feed: pd.DataFrame) -> None:
        """From its first day to the end of the feed no series misses a day."""
        both = pd.concat([sales, feed], ignore_index=True)
        span = both.groupby(["store", "item"])["date"].agg(["min", "max", "size"])
        assert (span["max"].dt.date == LAST_PLAN_DAY).all()
        assert ((span["max"] - span["min"]).dt.days + 1 == span["size"]).all()
        assert not both.duplicated(KEYS).any()

    def test_demand_is_never_negative(self, sales: pd.DataFrame, feed: pd.DataFrame) -> None:
        """The smallest demand is zero."""
        assert sales["demand"].min() == 0
        assert feed["demand"].min() == 0

    def test_demand_stands_beside_its_own_day(self, sales: pd.DataFrame) -> None:
        """Known values of the source are found at their store, item and day."""
        known = sales.set_index(KEYS)["demand"]
        assert known[("2", "101", pd.Timestamp("2016-01-02"))] == 254
        assert known[("2", "101", pd.Timestamp("2016-05-15"))] == 1155.5
        assert known[("3", "110", pd.Timestamp("2018-10-19"))] == 56.063

    def test_a_closed_day_sells_nothing_and_an_open_one_something(
        self, sales: pd.DataFrame, feed: pd.DataFrame
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
        self, sales: pd.DataFrame, month: int, day: int, name: str, years: set[int]
    ) -> None:
        """25 and 26 December and 1 January carry their names, and nobody sells."""
        on_day = sales.loc[(sales["date"].dt.month == month) & (sales["date"].dt.day == day)]
        assert set(on_day["date"].dt.year) == years
        assert (on_day["holiday"] == name).all()
        assert not on_day["is_open"].any()
        assert (on_day["demand"] == 0).all()

    def test_good_friday_in_the_plan(self, plan: pd.DataFrame) -> None:
        """Every store is planned closed on Good Friday 2019."""
        good_friday = plan.loc[plan["date"] == pd.Timestamp("2019-04-19")]
        assert len(good_friday) == 105
        assert (good_friday["holiday"] == "Good Friday").all()
        assert not good_friday["is_open"].any()

    def test_holidays_are_the_ones_the_source_flags(self, sales: pd.DataFrame, plan: pd.DataFrame) -> None:
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

    def test_a_holiday_is_the_same_in_every_store(self, sales: pd.DataFrame) -> None:
        """A day has one holiday name, whatever the store and item."""
        assert _is_one_per(sales, ["date"], "holiday")

    def test_promotions_belong_to_the_item(self, sales: pd.DataFrame) -> None:
        """On one day one item is promoted and another is not, alike in every store."""
        assert not _is_one_per(sales, ["store", "date"], "promo")
        assert _is_one_per(sales, ["item", "date"], "promo")
        assert sales.groupby("item")["promo"].any().all()

    def test_school_holidays_belong_to_the_store(self, sales: pd.DataFrame) -> None:
        """Stores 40 to 50 follow another school calendar than the others, their items the same one."""
        assert _is_one_per(sales, ["store", "date"], "school_holiday")
        on_day = sales.loc[sales["date"] == pd.Timestamp("2018-07-26")].drop_duplicates("store")
        not_yet = set(on_day.loc[~on_day["school_holiday"], "store"])
        assert not_yet == {"40", "41", "43", "44", "45", "46", "47", "48", "49", "50"}

    def test_a_store_begins_at_its_first_sale(self, sales: pd.DataFrame) -> None:
        """Stores that opened late have no rows from before."""
        first = sales.groupby("store")["date"].min().dt.strftime("%Y-%m-%d")
        late = first[first > "2016-01-02"].to_dict()
        assert late == {"5": "2018-05-03", "22": "2018-06-07", "47": "2016-01-04"}

    def test_five_regions_of_seven_stores(self, sales: pd.DataFrame) -> None:
        """A store is in one region, and the regions are equally large."""
        stores = sales.loc[:, ["store", "region"]].drop_duplicates()
        assert stores["store"].is_unique
        sizes = stores["region"].value_counts().to_dict()
        assert sizes == {"North": 7, "East": 7, "South": 7, "West": 7, "Centre": 7}

    def test_one_feed_file_for_each_day_of_the_plan(self) -> None:
        """A file holds 105 rows of the day it is named for, in the order of the sales columns."""
        paths = sorted((DATA / "feed").glob("*.csv"))
        days = pd.date_range("2019-04-03", "2019-04-30").strftime("%Y-%m-%d")
        assert [path.stem for path in paths] == list(days)
        for path in paths:
            rows = pd.read_csv(path)
            assert list(rows.columns) == build_sample.SALES_SCHEMA.names
            assert len(rows) == 105
            assert set(rows["date"]) == {path.stem}

    def test_feed_covariates_are_the_plans(self, plan: pd.DataFrame, feed: pd.DataFrame) -> None:
        """What the plan promised is what the feed reports."""
        expected = plan.astype(dict.fromkeys(("is_open", "promo", "school_holiday"), "int64"))
        pd.testing.assert_frame_equal(
            feed.sort_values(KEYS).loc[:, [*KEYS, *COVARIATES]].reset_index(drop=True),
            expected.sort_values(KEYS).reset_index(drop=True),
            check_dtype=False,
        )

    def test_feed_keeps_stores_in_their_region(self, sales: pd.DataFrame, feed: pd.DataFrame) -> None:
        """A store's region in the feed is the one it has in the sales."""
        regions = sales.drop_duplicates("store").set_index("store")["region"].to_dict()
        assert (feed["region"] == feed["store"].map(regions)).all()

    def test_feed_writes_whole_demands_without_decimals(self) -> None:
        """A whole demand is written as 89, a fractional one as it is."""
        text = (DATA / "feed" / "2019-04-11.csv").read_text(encoding="utf-8")
        demands = [line.split(",")[3] for line in text.splitlines()[1:]]
        assert [value for value in demands if "." in value] == ["101.5", "131.5"]


DAYS = pd.date_range("2019-04-17", "2019-04-22")
FLAGGED = {"2019-04-19", "2019-04-21", "2019-04-22"}


def _source() -> tuple[pd.DataFrame, pd.DataFrame]:
    """Two stores, two items, six days; store 10 opens on the second day and Good Friday is closed."""
    rows = [
        {
            "date": f"{day:%Y-%m-%d}",
            "weekday": "MON",
            "is_schoolholiday": 1,
            "is_holiday": int(f"{day:%Y-%m-%d}" in FLAGGED),
            "store": store,
            "product": item,
            "promotion_currentweek": int(item == 101),
            "demand": 0.0 if day.day == 19 or (store == 10 and day.day == 17) else day.day + item / 4,
        }
        for store in (10, 2)
        for item in (101, 104)
        for day in DAYS
    ]
    frame = pd.DataFrame(rows)
    return frame.drop(columns="demand"), frame.loc[:, ["demand"]]


def _pack(folder: Path, data: pd.DataFrame, target: pd.DataFrame) -> Path:
    """Write a source package that holds nothing but the two files."""
    path = folder / "ddop-0.7.6.tar.gz"
    with tarfile.open(path, "w:gz") as archive:
        for name, frame in (("bakery_data.csv", data), ("bakery_target.csv", target)):
            content = frame.to_csv(index=False).encode()
            member = tarfile.TarInfo(f"{build_sample.FOLDER}/{name}")
            member.size = len(content)
            archive.addfile(member, io.BytesIO(content))
    return path


def _sha256(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


@pytest.fixture
def sdist(tmp_path: Path) -> Path:
    """A small source package of the same form as the real one."""
    return _pack(tmp_path, *_source())


def _build(sdist: Path, out: Path) -> list[Path]:
    return build_sample.build(sdist, out, last_day=date(2019, 4, 20), sha256=_sha256(sdist))


class TestBuildSample:
    """How the files are made, shown on a small source package."""

    def test_writes_sales_plan_and_a_feed_file_a_day(self, sdist: Path, tmp_path: Path) -> None:
        """Sales end at the last day asked for; plan and feed hold the days after it."""
        written = _build(sdist, tmp_path / "out")
        assert [path.relative_to(tmp_path / "out").as_posix() for path in written] == [
            "sample/sales.parquet",
            "sample/plan.parquet",
            "feed/2019-04-21.csv",
            "feed/2019-04-22.csv",
        ]
        assert _read(written[0])["date"].max() == pd.Timestamp("2019-04-20")
        assert _read(written[1])["date"].min() == pd.Timestamp("2019-04-21")

    def test_the_same_source_gives_the_same_bytes(self, sdist: Path, tmp_path: Path) -> None:
        """Two builds agree byte for byte."""
        once, again = _build(sdist, tmp_path / "once"), _build(sdist, tmp_path / "again")
        assert [path.read_bytes() for path in once] == [path.read_bytes() for path in again]

    def test_feed_lines_are_readable(self, sdist: Path, tmp_path: Path) -> None:
        """A feed file is plain CSV with numbers in shortest form and flags of 0 or 1."""
        lines = _build(sdist, tmp_path / "out")[2].read_text(encoding="utf-8").splitlines()
        assert lines[:3] == [
            "store,item,date,demand,region,is_open,promo,holiday,school_holiday",
            "2,101,2019-04-21,46.25,North,1,1,Easter Sunday,1",
            "2,104,2019-04-21,47,North,1,0,Easter Sunday,1",
        ]

    def test_load_source_pairs_each_row_with_its_demand(self, sdist: Path) -> None:
        """Stores and items become strings, flags bool, and the weekday column is left out."""
        source = build_sample.load_source(sdist)
        first = source.iloc[0].to_dict()
        assert first == {
            "store": "10",
            "item": "101",
            "date": pd.Timestamp("2019-04-17"),
            "promo": True,
            "is_holiday": False,
            "school_holiday": True,
            "demand": 0.0,
        }
        assert source["demand"].iloc[-1] == 48.0

    def test_days_before_the_first_sale_are_dropped(self, sdist: Path) -> None:
        """A store that opened late begins then; its closed days afterwards stay."""
        rows = build_sample.derive_opening(build_sample.load_source(sdist))
        late = rows.loc[(rows["store"] == "10") & (rows["item"] == "101")]
        assert list(late["date"].dt.day) == [18, 19, 20, 21, 22]
        assert list(late["is_open"]) == [True, False, True, True, True]

    def test_a_store_is_open_if_any_item_sold(self, sdist: Path) -> None:
        """An item without sales does not close the store."""
        source = build_sample.load_source(sdist)
        source.loc[source["item"] == "104", "demand"] = 0.0
        rows = build_sample.derive_opening(source)
        unsold = rows.loc[(rows["item"] == "104") & (rows["date"] == pd.Timestamp("2019-04-18"))]
        assert list(unsold["is_open"]) == [True, True]

    def test_regions_follow_the_store_numbers(self) -> None:
        """Neighbouring numbers share a region, and store 3 comes before store 17."""
        rows = pd.DataFrame({"store": ["17", "3", "2", "40", "5", "41", "19", "50", "20", "70"]})
        regions = build_sample.derive_region(rows).set_index("store")["region"].to_dict()
        assert regions == {
            **dict.fromkeys(("2", "3"), "North"),
            **dict.fromkeys(("5", "17"), "East"),
            **dict.fromkeys(("19", "20"), "South"),
            **dict.fromkeys(("40", "41"), "West"),
            **dict.fromkeys(("50", "70"), "Centre"),
        }

    def test_rows_are_ordered_by_store_item_and_day(self, sdist: Path) -> None:
        """The source's order, store 10 before store 2, does not show."""
        rows = build_sample.derive(build_sample.load_source(sdist).sample(frac=1.0, random_state=0))
        series = rows.loc[:, ["store", "item"]].drop_duplicates().to_numpy().tolist()
        assert series == [["2", "101"], ["2", "104"], ["10", "101"], ["10", "104"]]
        assert list(rows["date"].dt.day.head(6)) == [17, 18, 19, 20, 21, 22]

    def test_only_flagged_days_are_named(self, sdist: Path) -> None:
        """A holiday by law that the source does not flag stays an ordinary day."""
        source = build_sample.load_source(sdist)
        source["is_holiday"] = source["date"] == pd.Timestamp("2019-04-22")
        rows = build_sample.derive_calendar(source)
        names = rows.drop_duplicates("date").set_index("date")["holiday"].tolist()
        assert names == ["", "", "", "", "", "Easter Monday"]

    def test_a_flagged_day_that_no_calendar_knows(self) -> None:
        """It is called a public holiday."""
        assert build_sample.name_holidays([date(2019, 4, 3)]) == {date(2019, 4, 3): "Public holiday"}

    def test_split_at_keeps_the_last_day_on_the_left(self, sdist: Path) -> None:
        """The cut is after the day, and no row is lost."""
        source = build_sample.load_source(sdist)
        past, later = build_sample.split_at(source, date(2019, 4, 18))
        assert past["date"].max() == pd.Timestamp("2019-04-18")
        assert later["date"].min() == pd.Timestamp("2019-04-19")
        assert len(past) + len(later) == len(source)

    def test_another_tarball_is_refused(self, sdist: Path, tmp_path: Path) -> None:
        """The error names the file, the checksum expected and the one found; nothing is written."""
        with pytest.raises(build_sample.SourceError) as error:
            build_sample.build(sdist, tmp_path / "out")
        assert "ddop-0.7.6.tar.gz" in str(error.value)
        assert build_sample.SDIST_SHA256 in str(error.value)
        assert _sha256(sdist) in str(error.value)
        assert not (tmp_path / "out").exists()

    def test_a_missing_column_is_named(self, tmp_path: Path) -> None:
        """The error names the file, what was expected and what is not there."""
        data, target = _source()
        sdist = _pack(tmp_path, data.drop(columns="promotion_currentweek"), target)
        with pytest.raises(
            build_sample.SourceError, match=r"bakery_data\.csv: .*no \['promotion_currentweek'\]"
        ):
            _build(sdist, tmp_path / "out")
        assert not (tmp_path / "out").exists()

    def test_a_missing_file_is_named(self, tmp_path: Path) -> None:
        """A tarball without the data set is refused."""
        sdist = tmp_path / "empty.tar.gz"
        with tarfile.open(sdist, "w:gz"):
            pass
        with pytest.raises(build_sample.SourceError, match=r"bakery_data\.csv: expected it in"):
            build_sample.load_source(sdist)

    def test_files_of_different_length_are_refused(self, tmp_path: Path) -> None:
        """A demand without its row, or a row without its demand, is not guessed."""
        data, target = _source()
        sdist = _pack(tmp_path, data, target.iloc[:-1])
        with pytest.raises(build_sample.SourceError, match=r"bakery_target\.csv: expected 24 rows, found 23"):
            build_sample.load_source(sdist)

    def test_the_command_line_says_what_is_wrong(
        self, tmp_path: Path, capsys: pytest.CaptureFixture[str]
    ) -> None:
        """A path without a file ends with status 1 and one line on stderr."""
        assert build_sample.main(["--sdist", str(tmp_path / "absent.tar.gz")]) == 1
        assert "found no such file" in capsys.readouterr().err

    def test_a_failed_download_repeats_what_pip_said(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """The last line of pip's complaint is in the error."""
        monkeypatch.setattr(
            subprocess,
            "run",
            lambda command, **_: subprocess.CompletedProcess(command, 1, "", "noise\nno route to host\n"),
        )
        with pytest.raises(build_sample.SourceError, match="pip said: no route to host"):
            build_sample.fetch_sdist(tmp_path)

    def test_the_summary_has_rows_stores_and_bytes(self, sdist: Path, tmp_path: Path) -> None:
        """Three short lines: sales, plan, feed."""
        written = _build(sdist, tmp_path / "out")
        sales_line, plan_line, feed_line = build_sample.describe(written).splitlines()
        assert sales_line.startswith("sales.parquet: 14 rows, 2 stores, ")
        assert plan_line.startswith("plan.parquet: 8 rows, 2 stores, ")
        assert feed_line.startswith("feed: 2 files, ")
