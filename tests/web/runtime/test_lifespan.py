import asyncio
import logging
import sqlite3
from collections.abc import Callable
from contextlib import closing
from functools import partial
from pathlib import Path

import pytest
import streamlit as st

from forecasting import bootstrap
from forecasting.core.domain import LOCAL_USER
from forecasting.core.errors import StateUnavailable
from forecasting.storage import open_database
from forecasting.storage.database import FILE
from tests.house import House
from web.runtime.lifespan import lifespan
from web.shared import access


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A furnished state folder that the server uses. Nothing is frozen for the garbage collector."""
    House(tmp_path).furnish().close()
    monkeypatch.setenv("STORECAST_HOME", str(tmp_path))
    monkeypatch.setenv("STORECAST_ENGINE", "seasonal_naive")
    monkeypatch.setenv("STORECAST_PROCESSES", "1")
    monkeypatch.setattr("gc.freeze", lambda: None)
    return tmp_path


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Give up on a locked database at once."""
    monkeypatch.setattr(bootstrap, "open_database", partial(open_database, busy_timeout=0.05))


def served(look: Callable[[], object]) -> object:
    """Run the lifespan around a call."""

    async def live() -> object:
        async with lifespan(st.App("web/router.py")):
            return await asyncio.to_thread(look)

    return asyncio.run(live())


def trouble_of_service() -> tuple[str | None, str]:
    """The reason that pages show, and the one that the API answers."""
    with pytest.raises(StateUnavailable) as refused:
        access.services()
    return access.trouble(), str(refused.value)


def test_a_sound_state_folder_is_served_and_let_go(home: Path) -> None:
    """No trouble, a service with its worker alive; afterwards neither."""
    del home

    def look() -> tuple[str | None, bool]:
        return access.trouble(), access.services().stores.as_of(LOCAL_USER) is not None

    assert served(look) == (None, True)
    assert trouble_of_service() == (None, "Storecast is starting; try again in a moment")


@pytest.mark.usefixtures("impatient")
@pytest.mark.parametrize("damage", ["no database", "newer", "locked", "missing"])
def test_the_reason_why_a_state_folder_cannot_be_used_is_shown(
    home: Path, damage: str, caplog: pytest.LogCaptureFixture
) -> None:
    """The server starts, and answers everything with one sentence; the log has it without a traceback."""
    with closing(sqlite3.connect(home / FILE, isolation_level=None)) as other:
        expected = spoil(home / FILE, damage, other)
        told, raised = served(trouble_of_service)  # type: ignore[misc] # a pair
    assert told is not None
    assert told == raised
    assert told.startswith(str(home / FILE))
    assert expected in told
    errors = [record for record in caplog.records if record.levelno == logging.ERROR]
    assert [record.getMessage() for record in errors] == [f"Storecast can't start: {told}"]
    assert errors[0].exc_info is None
    assert access.trouble() is None


def spoil(file: Path, damage: str, other: sqlite3.Connection) -> str:
    """Do a damage to the database; return what must be said about it."""
    if damage == "no database":
        file.write_bytes(b"Store;Date;Sales\n" * 100)
        return "is not a SQLite database"
    if damage == "newer":
        other.execute("UPDATE alembic_version SET version_num = '9999'")
        return "was written by a newer version"
    if damage == "locked":
        other.execute("BEGIN IMMEDIATE")
        return "is locked by another process"
    file.unlink()
    return "is missing, although"


def test_the_reason_why_a_setting_cannot_be_used_is_shown(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It names the variable."""
    del home
    monkeypatch.setenv("STORECAST_NIGHTLY", "half past four")
    told, _ = served(trouble_of_service)  # type: ignore[misc] # a pair
    assert told == "STORECAST_NIGHTLY: expected a time of day such as 04:30, found 'half past four'"
