import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import date, datetime
from functools import cache
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
import sqlalchemy as sa
from alembic import command

from forecasting.core.domain import Actual, RunState, SeriesDay, TrackRow, Verdict
from forecasting.core.errors import StorageError
from forecasting.core.ports import TrackUpdate
from forecasting.storage import SqlStorage, open_database
from forecasting.storage.blob import encode
from forecasting.storage.database import FILE, REVISION
from forecasting.storage.postgres import create_engine, parse_url
from forecasting.storage.upgrade import migrations
from tests.fakes import TurnedClock
from tests.postgres import Server
from tests.storage.examples import (
    CUTOFF,
    LEASE,
    after,
    claim,
    forecast,
    predictor,
    press,
    publication,
    publish,
    publish_chain,
    retrain,
    running,
)
from tests.templates import copy_template

ROWS = {
    "history_import": [(1, "sales", "sales.csv", "Ana", "2026-03-02 07:00:00.000000", None)],
    "history_version": [
        (1, "1", "sales", "a", 365, "2025-03-02", "2026-03-01", '["bread", "rolls"]', "North"),
    ],
    "history_head": [("1", "sales", "a", 1)],
    "predictor": [
        (
            "p-1", "prophet", "2026-03-02 08:00:00.000000",
            '{"type": "storecast.predictor", "version": 1, "predictor": {}}',
        ),
    ],
    "refresh_run": [
        (
            "r-1", "store:1", "1", "retrain", "No forecast yet", "succeeded", "Ana",
            "2026-03-02 08:00:00.000000", "prophet", None, 0, "2026-03-02 08:00:00.000000",
            "2026-03-02 08:00:09.000000", "", 3, 3, 1, 1, "", 1, None, "worker-1",
        ),
    ],
    "forecast_version": [
        (1, "1", "p-1", "r-1", "2026-03-01", 28, "inputs", "2026-03-02 08:00:09.000000", "[]", b""),
    ],
    "forecast_head": [("1", 1)],
    "forecast_summary": [(1, "all", 0, "prophet", 70.0, None, 0.2, 0.3, 0.8, "", 0, "[10.0]")],
}  # fmt: skip
"""What a store had that was imported and forecast before there was a track record."""


CHAIN_DOCUMENT = (
    '{"type": "storecast.chain", "version": 1, "chain": {"chain_id": "c-0", "computed_at": '
    '"2026-03-02T07:00:00+00:00", "engine": "prophet", "cutoff": "2026-03-01", "horizon": 28, '
    '"input_hash": "sales", "stores": 1, "priors": [], "spreads": []}}'
)

LATER: dict[str, dict[str, list[tuple[object, ...]]]] = {
    "0002": {
        "track_record": [
            ("1", "all", 1, "2026-02-28", 1, "prophet", "2026-02-27", 9.0, 10.0, 8.0, 10.0, 12.0, True),
        ],
        "track_head": [("1", "before")],
    },
    "0003": {
        "chain": [
            (
                "c-0", "2026-03-02 07:00:00.000000", "prophet", "2026-03-01", 28, "sales", 1,
                CHAIN_DOCUMENT,
            ),
        ],
        "refresh_run": [
            (
                "r-2", "store:2", "2", "retrain", "No forecast yet", "running", "Ana",
                "2026-03-02 08:00:00.000000", "prophet", None, 0, "2026-03-02 08:00:00.000000",
                None, "Training", 1, 3, 1, 1, "", None, "2026-03-02 08:00:30.000000", "worker-1",
            ),
        ],
    },
    "0004": {"run_checkpoint": [("r-2", "part", b"kept")]},
}  # fmt: skip
"""What each later release had besides."""

RELEASES = ("0001", "0002", "0003", "0004")


def fill(connection: sa.Connection, tables: dict[str, list[tuple[object, ...]]]) -> None:
    """Insert rows as an older release did, by the column names of its tables."""
    for table, rows in tables.items():
        known = sa.Table(table, sa.MetaData(), autoload_with=connection)
        for row in rows:
            values = dict(zip(known.columns, row, strict=False))
            given = {column.name: _typed(column, value) for column, value in values.items()}
            connection.execute(sa.insert(known).values(given))


def _typed(column: sa.Column[Any], value: object) -> object:
    """The value in the column's type."""
    kinds = {sa.DateTime: datetime.fromisoformat, sa.Date: date.fromisoformat, sa.JSON: json.loads}
    for kind, read in kinds.items():
        if isinstance(column.type, kind) and isinstance(value, str):
            return read(value)
    return value


@pytest.fixture(params=[(kind, release) for kind in ("sqlite", "postgres") for release in RELEASES])
def upgraded(request: pytest.FixtureRequest, tmp_path: Path, postgres: Server) -> Iterator[SqlStorage]:
    """A database with one store as each release left it, opened by the current software."""
    kind, release = request.param
    if kind == "postgres":
        url = postgres.copy_of(upgraded_postgres(postgres, release))
    else:
        url = ""
        copy_template(f"upgraded {release}", tmp_path, lambda home: upgrade(home, "", release))
    storage = SqlStorage(open_database(tmp_path, url, clock=TurnedClock(after(60))))
    yield storage
    storage.close()
    if url:
        postgres.drop(url)


@cache
def upgraded_postgres(postgres: Server, release: str) -> str:
    """The address of such a database, which tests copy."""
    url = postgres.new_database()
    upgrade(Path(), url, release)
    return url


def upgrade(home: Path, url: str, release: str) -> None:
    """Let a release make a database and put a store into it, and the present software open it."""
    engine = create_engine(parse_url(url)) if url else sa.create_engine(f"sqlite:///{home / FILE}")
    config = migrations()
    for revision in RELEASES[: RELEASES.index(release) + 1]:
        with engine.begin() as connection:
            config.attributes["connection"] = connection
            command.upgrade(config, revision)
            fill(connection, ROWS if revision == "0001" else LATER[revision])
    with engine.begin() as connection:
        blob = sa.text("UPDATE forecast_version SET forecast = :blob")
        connection.execute(blob, {"blob": encode(forecast())})
        if url:  # as inserting through it would have done
            for table, key in (("forecast_version", "version"), ("history_import", "import_id")):
                connection.exec_driver_sql(f"SELECT setval(pg_get_serial_sequence('{table}', '{key}'), 1)")
    engine.dispose()
    open_database(home, url, clock=TurnedClock(after(60))).close()


def test_what_was_there_is_there_after_the_upgrade(upgraded: SqlStorage) -> None:
    """Sales, forecast, summary and run read as they were written."""
    with upgraded.database.reading() as connection:
        assert connection.exec_driver_sql("SELECT version_num FROM alembic_version").scalar() == REVISION
    snapshot = upgraded.runs.snapshots()["1"]
    assert snapshot.sales is not None
    assert (snapshot.sales.content_hash, snapshot.sales.items) == ("a", ("bread", "rolls"))
    assert snapshot.head is not None
    assert (snapshot.head.version, snapshot.head.cutoff, snapshot.head.horizon) == (1, CUTOFF, 28)
    assert snapshot.last is not None
    assert (snapshot.last.run_id, snapshot.last.version) == ("r-1", 1)
    pd.testing.assert_frame_equal(upgraded.versions.read(1), forecast())
    assert upgraded.versions.totals()["1"].next7 == 70.0


def test_the_forecasts_from_before_the_upgrade_can_be_scored(upgraded: SqlStorage) -> None:
    """Their store is pending, its version is a candidate, and the track record accepts its rows."""
    day = pd.Timestamp("2026-03-02").date()
    assert upgraded.track.pending() == ["1"]
    (version,) = upgraded.track.candidates("1", day, day)
    row = TrackRow(
        "all", day, 1, version.version, "prophet", version.cutoff, 9.0, 10.0, 10.0, 10.0, 10.0, is_open=True
    )
    assert upgraded.track.record("1", TrackUpdate("a", [row]))
    assert upgraded.track.recorded("1")[SeriesDay("all", day)] == Actual(9.0, is_open=True)
    assert upgraded.track.pending() == []


def test_numbers_go_on_after_the_upgrade(upgraded: SqlStorage) -> None:
    """A version number is never used twice."""
    assert publish(upgraded).version == 2


def test_forecasts_from_before_the_upgrade_are_without_a_chain(upgraded: SqlStorage) -> None:
    """New ones can be published with one."""
    assert upgraded.versions.header(1).chain_id == ""
    trained = replace(predictor("p-2"), chain_id=publish_chain(upgraded).chain_id)
    header = upgraded.publications.publish(running(upgraded), publication(trained=trained), after(9))
    assert (header.version, header.chain_id) == (2, "c-1")


def test_a_run_of_before_the_upgrade_is_taken_over(upgraded: SqlStorage) -> None:
    """It was running when the old software stopped. Its lease has expired, and it holds its scope."""
    run = upgraded.runs.get("r-2")
    if run is None:  # a release that had none
        return
    assert run.state is RunState.RUNNING
    taken = claim(upgraded, "worker-2", after(60), after(90))
    assert taken is not None
    assert (taken.run_id, taken.attempt, taken.claimed_at) == ("r-2", 2, after(60))
    with pytest.raises(StorageError, match="refused by the database"):
        upgraded.requests.submit(press("9", run_id="r-2"), retrain)


def test_what_a_run_had_done_before_the_upgrade_is_kept(upgraded: SqlStorage) -> None:
    """For the worker that takes it over. A run can also wait for an engine elsewhere."""
    earlier = upgraded.runs.get("r-2")
    if earlier is not None:
        assert upgraded.checkpoints.read(earlier) in ({}, {"part": b"kept"})
        upgraded.requests.cancel("r-2", "x", after(60))
    run = running(upgraded, "7", after(60))
    upgraded.claims.await_elsewhere(run, "Training", LEASE, LEASE)
    waiting = upgraded.runs.get(run.run_id)
    assert waiting is not None
    assert (waiting.state, waiting.ready_at) == (RunState.WAITING, after(90))


def test_waiting_runs_hold_their_scope_after_the_upgrade(upgraded: SqlStorage) -> None:
    """The rule of one active run per scope covers the new state."""
    if upgraded.runs.get("r-2") is not None:
        upgraded.requests.cancel("r-2", "x", after(60))
    run = running(upgraded, "7", after(60))
    upgraded.claims.postpone(run, "x", LEASE)
    assert upgraded.requests.submit(press("7", after(61)), retrain).verdict is Verdict.ATTACHED
