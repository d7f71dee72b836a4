"""How the sample is built, on a small source package."""

import hashlib
import io
import subprocess
import tarfile
from datetime import date
from pathlib import Path

import pandas as pd
import pyarrow.parquet as pq
import pytest

from data import build_sample


def _read(path: Path) -> pd.DataFrame:
    frame: pd.DataFrame = pq.read_table(path).to_pandas()
    return frame.assign(date=pd.to_datetime(frame["date"]))


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


def test_writes_sales_plan_and_a_feed_file_a_day(sdist: Path, tmp_path: Path) -> None:
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


def test_the_same_source_gives_the_same_bytes(sdist: Path, tmp_path: Path) -> None:
    """Two builds agree byte for byte."""
    once, again = _build(sdist, tmp_path / "once"), _build(sdist, tmp_path / "again")
    assert [path.read_bytes() for path in once] == [path.read_bytes() for path in again]


def test_feed_lines_are_readable(sdist: Path, tmp_path: Path) -> None:
    """A feed file is plain CSV with numbers in shortest form and flags of 0 or 1."""
    lines = _build(sdist, tmp_path / "out")[2].read_text(encoding="utf-8").splitlines()
    assert lines[:3] == [
        "store,item,date,demand,region,is_open,promo,holiday,school_holiday",
        "2,101,2019-04-21,46.25,North,1,1,Easter Sunday,1",
        "2,104,2019-04-21,47,North,1,0,Easter Sunday,1",
    ]


def test_load_source_pairs_each_row_with_its_demand(sdist: Path) -> None:
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


def test_days_before_the_first_sale_are_dropped(sdist: Path) -> None:
    """A store that opened late begins then; its closed days afterwards stay."""
    rows = build_sample.derive_opening(build_sample.load_source(sdist))
    late = rows.loc[(rows["store"] == "10") & (rows["item"] == "101")]
    assert list(late["date"].dt.day) == [18, 19, 20, 21, 22]
    assert list(late["is_open"]) == [True, False, True, True, True]


def test_a_store_is_open_if_any_item_sold(sdist: Path) -> None:
    """An item without sales does not close the store."""
    source = build_sample.load_source(sdist)
    source.loc[source["item"] == "104", "demand"] = 0.0
    rows = build_sample.derive_opening(source)
    unsold = rows.loc[(rows["item"] == "104") & (rows["date"] == pd.Timestamp("2019-04-18"))]
    assert list(unsold["is_open"]) == [True, True]


def test_regions_follow_the_store_numbers() -> None:
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


def test_rows_are_ordered_by_store_item_and_day(sdist: Path) -> None:
    """The source's order, store 10 before store 2, does not show."""
    rows = build_sample.derive(build_sample.load_source(sdist).sample(frac=1.0, random_state=0))
    series = rows.loc[:, ["store", "item"]].drop_duplicates().to_numpy().tolist()
    assert series == [["2", "101"], ["2", "104"], ["10", "101"], ["10", "104"]]
    assert list(rows["date"].dt.day.head(6)) == [17, 18, 19, 20, 21, 22]


def test_only_flagged_days_are_named(sdist: Path) -> None:
    """A holiday by law that the source does not flag stays an ordinary day."""
    source = build_sample.load_source(sdist)
    source["is_holiday"] = source["date"] == pd.Timestamp("2019-04-22")
    rows = build_sample.derive_calendar(source)
    names = rows.drop_duplicates("date").set_index("date")["holiday"].tolist()
    assert names == ["", "", "", "", "", "Easter Monday"]


def test_a_flagged_day_that_no_calendar_knows() -> None:
    """It is called a public holiday."""
    assert build_sample.name_holidays([date(2019, 4, 3)]) == {date(2019, 4, 3): "Public holiday"}


def test_split_at_keeps_the_last_day_on_the_left(sdist: Path) -> None:
    """The cut is after the day, and no row is lost."""
    source = build_sample.load_source(sdist)
    past, later = build_sample.split_at(source, date(2019, 4, 18))
    assert past["date"].max() == pd.Timestamp("2019-04-18")
    assert later["date"].min() == pd.Timestamp("2019-04-19")
    assert len(past) + len(later) == len(source)


def test_another_tarball_is_refused(sdist: Path, tmp_path: Path) -> None:
    """The error names the file, the checksum expected and the one found; nothing is written."""
    with pytest.raises(build_sample.SourceError) as error:
        build_sample.build(sdist, tmp_path / "out")
    assert "ddop-0.7.6.tar.gz" in str(error.value)
    assert build_sample.SDIST_SHA256 in str(error.value)
    assert _sha256(sdist) in str(error.value)
    assert not (tmp_path / "out").exists()


def test_a_missing_column_is_named(tmp_path: Path) -> None:
    """The error names the file, what was expected and what is not there."""
    data, target = _source()
    sdist = _pack(tmp_path, data.drop(columns="promotion_currentweek"), target)
    with pytest.raises(build_sample.SourceError, match=r"bakery_data\.csv: .*no \['promotion_currentweek'\]"):
        _build(sdist, tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    """A tarball without the data set is refused."""
    sdist = tmp_path / "empty.tar.gz"
    with tarfile.open(sdist, "w:gz"):
        pass
    with pytest.raises(build_sample.SourceError, match=r"bakery_data\.csv: expected it in"):
        build_sample.load_source(sdist)


def test_files_of_different_length_are_refused(tmp_path: Path) -> None:
    """A demand without its row, or a row without its demand, is not guessed."""
    data, target = _source()
    sdist = _pack(tmp_path, data, target.iloc[:-1])
    with pytest.raises(build_sample.SourceError, match=r"bakery_target\.csv: expected 24 rows, found 23"):
        build_sample.load_source(sdist)


def test_the_command_line_says_what_is_wrong(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A path without a file ends with status 1 and one line on stderr."""
    assert build_sample.main(["--sdist", str(tmp_path / "absent.tar.gz")]) == 1
    assert "found no such file" in capsys.readouterr().err


def test_a_failed_download_repeats_what_pip_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The last line of pip's complaint is in the error."""
    monkeypatch.setattr(
        subprocess,
        "run",
        lambda command, **_: subprocess.CompletedProcess(command, 1, "", "noise\nno route to host\n"),
    )
    with pytest.raises(build_sample.SourceError, match="pip said: no route to host"):
        build_sample.fetch_sdist(tmp_path)


def test_the_summary_has_rows_stores_and_bytes(sdist: Path, tmp_path: Path) -> None:
    """Three short lines: sales, plan, feed."""
    written = _build(sdist, tmp_path / "out")
    sales_line, plan_line, feed_line = build_sample.describe(written).splitlines()
    assert sales_line.startswith("sales.parquet: 14 rows, 2 stores, ")
    assert plan_line.startswith("plan.parquet: 8 rows, 2 stores, ")
    assert feed_line.startswith("feed: 2 files, ")
