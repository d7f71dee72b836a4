"""Make the old state folder and the numbers it showed, with the code of commit 1478e4e (see README.md)."""

import json
import os
import shutil
import subprocess
import sys
import tarfile
from dataclasses import asdict
from datetime import UTC, date, datetime, timedelta
from functools import partial
from pathlib import Path

import pandas as pd

from forecasting import bootstrap
from forecasting.domain import ALL_ITEMS, LOCAL_USER, SYSTEM, SeriesKey
from forecasting.errors import FitFailed
from forecasting.refresh.chunk import Finished
from forecasting.settings import Settings
from forecasting.training import StoreTraining

STORES = ["2", "22", "46"]
FIRST, SOLD = date(2018, 6, 10), date(2019, 4, 2)
START = datetime(2026, 3, 2, 6, 0, tzinfo=UTC)
SETTINGS = "STORECAST_HOLIDAYS=DE-BW\nSTORECAST_HORIZON=21\nSTORECAST_KEEP_VERSIONS=9\n"
DAY = timedelta(days=1)


class SetClock:
    """A clock that shows the instant it was set to."""

    def __init__(self) -> None:
        self.instant = START

    def now(self) -> datetime:
        """Return the instant it was set to."""
        return self.instant


CLOCK = SetClock()


def work(app: bootstrap.Storecast) -> None:
    """Work every run that waits."""
    while app._workers[0].run_next():
        CLOCK.instant += timedelta(seconds=9)


def deliver(app: bootstrap.Storecast, home: Path, kind: str, rows: pd.DataFrame) -> None:
    """Import rows of the three stores from a file beside the state folder."""
    file = home.parent / f"{kind}.csv"
    rows[rows["store"].isin(STORES)].to_csv(file, index=False)
    app.services.imports.import_file(LOCAL_USER, file, kind)


def feed(app: bootstrap.Storecast, home: Path, days: range) -> None:
    """Import days of the sample's feed."""
    files = [Path("data/feed") / f"{SOLD + day * DAY:%Y-%m-%d}.csv" for day in days]
    frames = [pd.read_csv(file, dtype={"store": str, "item": str}) for file in files]
    deliver(app, home, "sales", pd.concat(frames))
    app.services.imports.score_arrivals(SYSTEM)


def see(app: bootstrap.Storecast, store: str) -> None:
    """Open the newest version of a store, as its page does."""
    app.services.reviews.visit(
        LOCAL_USER, store, app.services.forecasts.versions(LOCAL_USER, store)[0].version
    )


def first_days(home: Path) -> None:
    """Import, pool, train and publish; then two days of sales, reviews, refreshes and a run that fails."""
    with bootstrap.Storecast(Settings.from_env()) as app:
        sales, plan = (pd.read_parquet(f"data/sample/{kind}.parquet") for kind in ("sales", "plan"))
        deliver(app, home, "sales", sales[sales["date"] >= FIRST])
        deliver(app, home, "plan", plan)
        app.services.refreshing.refresh_all(SYSTEM)
        work(app)
        CLOCK.instant = START + DAY
        app.services.reviews.review(LOCAL_USER, "2")
        see(app, "2")
        feed(app, home, range(1, 3))
        for store in STORES[:2]:
            app.services.refreshing.refresh(LOCAL_USER, store)
        work(app)
        CLOCK.instant += timedelta(hours=1)
        see(app, "2")
        finished = StoreTraining._finished
        StoreTraining._finished = lambda _self, assignment, _done: Finished(
            assignment.run, error=FitFailed("46/101: expected a fit that converges, found none")
        )
        app.services.refreshing.refresh(LOCAL_USER, "46")
        work(app)
        StoreTraining._finished = finished
        CLOCK.instant = START + 4 * DAY
        feed(app, home, range(3, 6))
        app.services.refreshing.refresh(LOCAL_USER, "2")
        work(app)
        app.services.reviews.review(LOCAL_USER, "2")


def last_hour(_home: Path) -> None:
    """Leave a run that waits, and one whose worker was killed before it could publish."""
    CLOCK.instant = START + 4 * DAY + timedelta(hours=1)
    StoreTraining._finished = lambda *_: os._exit(9)
    with bootstrap.Storecast(Settings.from_env()) as app:
        app.services.refreshing.refresh(LOCAL_USER, "22")
        app._workers[0]._chunk = 1
        app.services.refreshing.refresh(LOCAL_USER, "46")
        work(app)


def shown() -> dict[str, object]:
    """Return the numbers the pages show, in plain values."""
    CLOCK.instant = START + 4 * DAY + timedelta(hours=2)
    with bootstrap.Storecast(Settings.from_env()) as app:
        services, user = app.services, LOCAL_USER
        report = services.accuracy.report(user)
        return {
            "now": CLOCK.instant,
            "versions": [
                [each.store, each.version, each.cutoff, each.horizon, each.trained_at, each.published_at]
                for store in STORES
                for each in services.forecasts.versions(user, store)
            ],
            "runs": [
                [run.scope, run.verdict, run.state, run.requested_at, run.version, run.error]
                for run in services.runs.recent(user)
            ],
            "states": services.stores.states(user),
            "queue": [
                [row.store, row.next7, row.last7, row.sparkline] for row in services.stores.queue(user)
            ],
            "track": [[lead, asdict(sums)] for lead, sums in services.accuracy.track_sums(user).items()],
            "accuracy": [[row.key, row.engine, [asdict(each) for each in row.sums]] for row in report.rows],
            "series": {
                f"{store}/{item}": of_series(services, SeriesKey(store, item))
                for store, item in (("2", ALL_ITEMS), ("2", "109"), ("22", "101"), ("46", ALL_ITEMS))
            },
        }


def of_series(services: bootstrap.ForecastService, key: SeriesKey) -> dict[str, object]:
    """Return the numbers the pages show of one series."""
    changes, record = services.explanations.changes(LOCAL_USER, key), services.accuracy.track(LOCAL_USER, key)
    return {
        "summary": asdict(services.forecasts.summary(LOCAL_USER, key)),
        "trust": [
            [day.ds, day.outcome, day.sold, day.low, day.high]
            for day in services.accuracy.recent_outcomes(LOCAL_USER, key).days
            if day.sold is not None
        ],
        "why": [
            [day.ds, day.expected, {step.name: step.amount for step in day.steps}]
            for day in services.explanations.why(LOCAL_USER, key).days
        ],
        "changes": [changes.since, changes.version, changes.causes, changes.compared],
        "alerts": [alert.subject for alert in services.forecasts.alerts(LOCAL_USER, key)],
        "record": record.astype({"ds": str}).to_numpy().tolist(),
        "sales": services.forecasts.sales(LOCAL_USER, key, 28)["y"].tolist(),
    }


def main() -> None:
    """Make everything in the folder given, or one of its phases."""
    home = Path(sys.argv[1]).resolve() / "state"
    os.environ.update(STORECAST_HOME=str(home), STORECAST_PROCESSES="2", OMP_NUM_THREADS="1")
    bootstrap.SystemClock = lambda: CLOCK
    bootstrap.open_database = partial(bootstrap.open_database, clock=CLOCK)
    if sys.argv[2:]:
        {"first": first_days, "last": last_hour}[sys.argv[2]](home)
        return
    shutil.rmtree(home.parent, ignore_errors=True)
    home.mkdir(parents=True)
    (home / "settings.env").write_text(SETTINGS, encoding="utf-8")
    for phase in ("first", "last"):
        subprocess.run([sys.executable, __file__, str(home.parent), phase], check=phase == "first")
    exported = home.parent / "export.csv"
    subprocess.run([sys.executable, "-m", "forecasting", "export", "--out", str(exported)], check=True)
    numbers = json.dumps(shown(), default=str)
    (home.parent / "numbers.json").write_text(numbers + "\n", encoding="utf-8")
    with tarfile.open(home.parent / "state.tar.xz", "w:xz") as tar:
        tar.add(home, "state")


if __name__ == "__main__":
    main()
