from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pandas as pd
import pytest
import sqlalchemy as sa
from alembic import command

from forecasting.domain import Actual, SeriesDay, TrackRow
from forecasting.ports import TrackUpdate
from forecasting.storage import SqlStorage, open_database
from forecasting.storage.blob import encode
from forecasting.storage.database import FILE, REVISION
from forecasting.storage.upgrade import migrations
from tests.storage.examples import (
    CUTOFF,
    after,
    forecast,
    predictor,
    publication,
    publish,
    publish_chain,
    running,
)

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


@pytest.fixture
def upgraded(tmp_path: Path) -> Iterator[SqlStorage]:
    """A database of the first revision with a store in it, opened by the present software."""
    engine = sa.create_engine(f"sqlite:///{tmp_path / FILE}")
    with engine.begin() as connection:
        config = migrations()
        config.attributes["connection"] = connection
        command.upgrade(config, "0001")
        for table, rows in ROWS.items():
            for row in rows:
                marks = ", ".join("?" * len(row))
                connection.exec_driver_sql(f"INSERT INTO {table} VALUES ({marks})", row)  # noqa: S608 – our own names
        connection.exec_driver_sql("UPDATE forecast_version SET forecast = ?", (encode(forecast()),))
    engine.dispose()
    storage = SqlStorage(open_database(tmp_path))
    yield storage
    storage.close()


def test_what_was_there_is_there_after_the_upgrade(upgraded: SqlStorage) -> None:
    """Sales, forecast, summary and run read as they were written."""
    with upgraded.database.reading() as connection:
        assert connection.exec_driver_sql("SELECT version_num FROM alembic_version").scalar() == REVISION
    snapshot = upgraded.ledger.snapshots()["1"]
    assert snapshot.sales is not None
    assert (snapshot.sales.content_hash, snapshot.sales.items) == ("a", ("bread", "rolls"))
    assert snapshot.head is not None
    assert (snapshot.head.version, snapshot.head.cutoff, snapshot.head.horizon) == (1, CUTOFF, 28)
    assert snapshot.last is not None
    assert (snapshot.last.run_id, snapshot.last.version) == ("r-1", 1)
    pd.testing.assert_frame_equal(upgraded.versions.read(1), forecast())
    assert upgraded.versions.totals()["1"].next7 == 70.0


def test_the_forecasts_from_before_the_upgrade_can_be_scored(upgraded: SqlStorage) -> None:
    """Their store waits for it, its version is a candidate, and the record takes its rows."""
    day = pd.Timestamp("2026-03-02").date()
    assert upgraded.track.pending() == ["1"]
    (version,) = upgraded.track.candidates("1", day, day)
    row = TrackRow(
        "all", day, 1, version.version, "prophet", version.cutoff, 9.0, 10.0, 10.0, 10.0, 10.0, is_open=True
    )
    assert upgraded.track.record("1", TrackUpdate("a", [row]))
    assert upgraded.track.recorded("1") == {SeriesDay("all", day): Actual(9.0, is_open=True)}
    assert upgraded.track.pending() == []


def test_numbers_go_on_after_the_upgrade(upgraded: SqlStorage) -> None:
    """A version number is never used twice."""
    assert publish(upgraded).version == 2


def test_forecasts_from_before_the_upgrade_are_without_a_chain(upgraded: SqlStorage) -> None:
    """New ones can be published with one."""
    assert upgraded.versions.header(1).chain_id == ""
    assert upgraded.chains.latest() is None
    trained = replace(predictor("p-2"), chain_id=publish_chain(upgraded).chain_id)
    header = upgraded.ledger.publish(running(upgraded), publication(trained=trained), after(9))
    assert (header.version, header.chain_id) == (2, "c-1")
