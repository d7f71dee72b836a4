"""A history over a fake manifest, and a way to put a file down."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from forecasting.history.parquet_history import ParquetHistory
from tests.history.fake_manifest import FakeManifest

PutFile = Callable[[str, str | bytes], Path]


class SteppingClock:
    """Every look at it is a minute after the one before."""

    def __init__(self) -> None:
        self.instant = datetime(2024, 3, 1, 6, 0, tzinfo=UTC)

    def now(self) -> datetime:
        """The next minute."""
        self.instant += timedelta(minutes=1)
        return self.instant


@pytest.fixture
def put(tmp_path: Path) -> PutFile:
    """Write a file of a name and content and return its path."""

    def put_file(name: str, content: str | bytes) -> Path:
        path = tmp_path / name
        path.write_bytes(content.encode() if isinstance(content, str) else content)
        return path

    return put_file


@pytest.fixture
def clock() -> SteppingClock:
    """A clock of our own."""
    return SteppingClock()


@pytest.fixture
def manifest() -> FakeManifest:
    """An empty manifest."""
    return FakeManifest()


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """The folder of the history; not there yet."""
    return tmp_path / "state" / "history"


@pytest.fixture
def history(root: Path, manifest: FakeManifest, clock: SteppingClock) -> ParquetHistory:
    """An empty history."""
    return ParquetHistory(root, manifest, clock)
