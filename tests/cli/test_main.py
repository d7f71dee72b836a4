"""The command line, run in this process on an empty state folder."""

import json
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from forecasting.cli.main import main
from forecasting.history.sample import DATA
from tests.house import FIRST, LAST, plan, sales

EXPORT = ["store", "item", "ds", "mean", "q10", "q50", "q90", "engine", "cutoff", "version"]
HORIZON = 28
TRAIN = (
    "Store,DayOfWeek,Date,Sales,Customers,Open,Promo,StateHoliday,SchoolHoliday\n"
    "1,3,2015-04-01,5000,400,1,1,0,1\n1,5,2015-04-03,0,0,0,0,b,1\n2,3,2015-04-01,6000,500,1,1,0,1\n"
)
PLANNED = "Id,Store,DayOfWeek,Date,Open,Promo,StateHoliday,SchoolHoliday\n1,1,6,2015-04-04,,1,0,0\n"

Run = Callable[..., tuple[int, str, str]]


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty state folder, a quick engine, and one worker process."""
    home = tmp_path / "state"
    monkeypatch.setenv("STORECAST_HOME", str(home))
    monkeypatch.setenv("STORECAST_ENGINE", "seasonal_naive")
    monkeypatch.setenv("STORECAST_PROCESSES", "1")
    return home


@pytest.fixture
def run(home: Path, capsys: pytest.CaptureFixture[str]) -> Run:
    """Run one command; return its exit code, standard output and standard error."""
    del home

    def run_one(*arguments: str | Path) -> tuple[int, str, str]:
        code = main([str(argument) for argument in arguments])
        told = capsys.readouterr()
        return code, told.out, told.err

    return run_one


@pytest.fixture
def shop(tmp_path: Path) -> Path:
    """Sales of one store with two products."""
    path = tmp_path / "sales.csv"
    frames = [sales("1", "101", 100.0, FIRST, LAST), sales("1", "102", 50.0, FIRST, LAST)]
    pd.concat(frames).to_csv(path, index=False)
    return path


def status(run: Run) -> dict[str, Any]:
    """The output of ``status --json``."""
    code, out, _ = run("status", "--json")
    assert code == 0
    told: dict[str, Any] = json.loads(out)
    return told


def test_sales_and_plan_are_imported(run: Run, shop: Path, tmp_path: Path) -> None:
    """Each prints what it did in one line, and below what it assumed."""
    code, out, err = run("import", shop)
    assert (code, err) == (0, "")
    days = (LAST - FIRST).days + 1
    assert out.splitlines() == [
        f"sales.csv: {2 * days} rows added, 0 revised, 0 unchanged; 1 store, {FIRST} to {LAST}",
        "  not given: promo, holiday, school_holiday; days already known keep theirs, new days have none",
    ]
    ahead = tmp_path / "plan.csv"
    plan("1", LAST + timedelta(days=1), LAST + timedelta(days=28), promo=0).to_csv(ahead, index=False)
    code, out, _ = run("plan", ahead)
    assert (code, out.splitlines()[0].split(";")[0]) == (0, "plan.csv: 28 rows added, 0 revised, 0 unchanged")


def test_importing_again_is_nothing_new(run: Run, shop: Path) -> None:
    """It is not a failure."""
    run("import", shop)
    code, out, _ = run("import", shop)
    assert (code, out.splitlines()[0]) == (0, f"sales.csv: nothing new in {2 * 92} rows")


@pytest.mark.parametrize("format_asked", [[], ["--format", "rossmann"]])
def test_rossmanns_files_are_imported(run: Run, tmp_path: Path, format_asked: list[str]) -> None:
    """Recognised by their headers or named by an option; with the attributes of the stores."""
    for name, content in (
        ("train.csv", TRAIN),
        ("test.csv", PLANNED),
        ("store.csv", "Store,StoreType\n1,c\n"),
    ):
        (tmp_path / name).write_text(content)
    code, out, _ = run("import", tmp_path / "train.csv", *format_asked, "--stores", tmp_path / "store.csv")
    assert (code, out.splitlines()) == (
        0,
        [
            "train.csv: 3 rows added, 0 revised, 0 unchanged; 2 stores, 2015-04-01 to 2015-04-03",
            "  store attributes: new or changed for 1 store",
        ],
    )
    code, out, _ = run("plan", tmp_path / "test.csv", *format_asked)
    assert (code, out.splitlines()[1]) == (0, "  Open is left blank in 1 row: taken as open")
    assert status(run)["stores"] == 2


def test_a_bad_file_is_refused_in_words(run: Run, shop: Path) -> None:
    """Exit code 2 and every problem on a line of its own; no traceback, and nothing is changed."""
    lines = shop.read_text().splitlines()
    lines[3] = lines[3].replace(lines[3].split(",")[3], "-5")
    lines[7] = lines[7].replace("2019-", "2O19-")
    shop.write_text("\n".join(lines) + "\n")
    code, out, err = run("import", shop)
    assert (code, out) == (2, "")
    assert err.splitlines() == [
        "sales.csv, row 4, column 'demand': expected a number of 0 or more, found '-5'",
        "sales.csv, row 8, column 'date': expected a date yyyy-mm-dd, found '2O19-01-07'",
    ]
    assert status(run)["stores"] == 0


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["import", "nowhere.csv"], "nowhere.csv: expected a file that can be read, found No such file"),
        (["refresh", "--store", "9"], "store '9': expected a store with sales history, found none"),
        (["export", "--out", "forecast.txt"], "--out: expected a name ending in .csv or .parquet"),
        (["export", "--out", "no/such/f.csv"], "--out: expected an existing folder, found 'no/such'"),
        (["sample", "next-day"], "sample feed: expected the sample and a day to come"),
    ],
)
def test_a_refusal_is_one_line(run: Run, arguments: list[str], message: str) -> None:
    """Exit code 2, without a traceback."""
    code, out, err = run(*arguments)
    assert (code, out) == (2, "")
    assert err.startswith(message)
    assert len(err.splitlines()) == 1


def test_an_unusable_setting_is_refused(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    """By the name of the variable."""
    monkeypatch.setenv("STORECAST_HORIZON", "soon")
    code, _, err = run("status")
    assert (code, err) == (2, "STORECAST_HORIZON: expected a whole number from 1 to 365, found 'soon'\n")


@pytest.mark.parametrize("arguments", [["import", "x.csv", "--format", "walmart"], ["refresh"], []])
def test_an_invalid_command_shows_the_usage(
    run: Run, arguments: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    """With exit code 2, as is the convention."""
    with pytest.raises(SystemExit, match="2"):
        run(*arguments)
    assert capsys.readouterr().err.startswith("usage: python -m forecasting")


def test_the_sample_is_loaded_once_and_fed_day_by_day(run: Run) -> None:
    """Loading it into existing sales is refused, or skipped with ``--if-empty``; each feed adds one day."""
    first = run("sample", "load")
    assert (first[0], first[1].count("rows added")) == (0, 2)
    assert status(run)["last_ds"] == "2019-04-02"
    assert run("sample", "load", "--if-empty") == (0, "", "")
    assert run("sample", "load")[0] == 2
    for day in ("2019-04-03", "2019-04-04"):
        code, out, _ = run("sample", "next-day")
        rows = len((DATA / "feed" / f"{day}.csv").read_text().splitlines()) - 1
        assert (code, out) == (
            0,
            f"{day}.csv: {rows} rows added, 0 revised, 0 unchanged; 35 stores, {day} to {day}\n",
        )
        assert status(run)["last_ds"] == day


def test_status_prints_what_is_loaded(run: Run, shop: Path, home: Path) -> None:
    """As JSON for machines and in words for people."""
    empty = status(run)
    assert (empty["stores"], empty["first_ds"], empty["as_of"]) == (0, None, None)
    run("import", shop)
    told = status(run)
    assert {name: told[name] for name in ("home", "stores", "series", "engine", "as_of", "active_runs")} == {
        "home": str(home),
        "stores": 1,
        "series": 3,
        "engine": "seasonal_naive",
        "as_of": "2019-04-03",
        "active_runs": 0,
    }
    _, words, _ = run("status")
    assert f"loaded        1 store, 3 series, {FIRST} to {LAST}" in words.splitlines()


def test_a_refresh_publishes_what_is_exported(run: Run, shop: Path, tmp_path: Path) -> None:
    """CSV and Parquet have the same rows: every day of every series of the newest version."""
    run("import", shop)
    code, out, err = run("refresh", "--store", "1")
    assert (code, out.splitlines()[0]) == (0, "1 retrain"), err
    assert run("refresh", "--all")[1].startswith("1 fresh")
    assert {state for state, stores in status(run)["states"].items() if stores} == {"Fresh"}
    for name in ("f.csv", "f.parquet"):
        code, out, _ = run("export", "--out", tmp_path / name)
        assert (code, out) == (0, f"{tmp_path / name}: {3 * HORIZON} rows\n")
    text, exact = pd.read_csv(tmp_path / "f.csv"), pd.read_parquet(tmp_path / "f.parquet")
    assert list(text) == list(exact) == EXPORT
    assert exact["item"].unique().tolist() == ["all", "101", "102"]
    assert exact["ds"].min().date() == LAST + timedelta(days=1)
    assert set(exact["cutoff"].dt.date) == {LAST}
    assert (text["ds"].iloc[0], text["cutoff"].iloc[0]) == ("2019-04-03", "2019-04-02")
    assert text["mean"].to_numpy() == pytest.approx(exact["mean"].to_numpy())


def test_a_refresh_that_fails_says_so(run: Run, shop: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Exit code 1 and the store's reason."""
    monkeypatch.setenv("STORECAST_ENGINE", "no.such:engine")
    run("import", shop)
    code, _, err = run("refresh", "--store", "1")
    assert code == 1
    assert "store 1: " in err
    assert "no.such" in err


def test_an_export_without_forecasts_has_its_columns(run: Run, shop: Path, tmp_path: Path) -> None:
    """An order system that reads it finds a file without rows, not a missing file."""
    run("import", shop)
    assert run("export", "--out", tmp_path / "f.csv")[0] == 0
    assert (tmp_path / "f.csv").read_text() == ",".join(EXPORT) + "\n"
