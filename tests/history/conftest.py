"""A history over a fake manifest, places of every kind, and a way to put a file down."""

import uuid
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path

import pytest
from moto.server import ThreadedMotoServer

from forecasting.history.parquet_history import ParquetHistory
from tests.history.fake_manifest import FakeManifest
from tests.history.spots import KINDS, Spot, new_bucket, spot_of

CREDENTIALS = {
    "AWS_ACCESS_KEY_ID": "testing",
    "AWS_SECRET_ACCESS_KEY": "testing",
    "AWS_DEFAULT_REGION": "us-east-1",
}
"""What the S3 server lets in: anybody."""

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


@pytest.fixture(scope="session")
def s3_server() -> Iterator[str]:
    """A real S3 server of our own; its URL."""
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    yield f"http://{host}:{port}"
    server.stop()


@pytest.fixture
def bucket(s3_server: str, monkeypatch: pytest.MonkeyPatch) -> Callable[[], str]:
    """Makes an empty bucket on that server, which this process and its children find."""
    for name, value in {**CREDENTIALS, "AWS_ENDPOINT_URL": s3_server}.items():
        monkeypatch.setenv(name, value)
    return partial(new_bucket, f"bucket-{uuid.uuid4().hex}")


@pytest.fixture(params=KINDS)
def spot(request: pytest.FixtureRequest, tmp_path: Path, bucket: Callable[[], str]) -> Spot:
    """A place of each kind."""
    return spot_of(request.param, tmp_path, bucket)


@pytest.fixture
def placed(spot: Spot, manifest: FakeManifest, clock: SteppingClock) -> ParquetHistory:
    """An empty history at it."""
    return ParquetHistory(spot.address, manifest, clock)
