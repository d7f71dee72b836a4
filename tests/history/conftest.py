"""A history over a fake manifest, folders of every kind, and a way to write a file."""

import uuid
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from functools import cached_property, partial
from pathlib import Path

import pytest
from moto.server import ThreadedMotoServer

from forecasting.history.parquet_history import ParquetHistory
from tests.history.fake_manifest import FakeManifest
from tests.history.folder_cases import KINDS, FolderCase, folder_case, new_bucket
from tests.kinds import require_slow_kind, slow_kinds

CREDENTIALS = {
    "AWS_ACCESS_KEY_ID": "testing",
    "AWS_SECRET_ACCESS_KEY": "testing",
    "AWS_DEFAULT_REGION": "us-east-1",
}
"""The S3 server accepts any credentials."""

PutFile = Callable[[str, str | bytes], Path]


class SteppingClock:
    """Each reading is a minute after the previous one."""

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
    """A clock under the test's control."""
    return SteppingClock()


@pytest.fixture
def manifest() -> FakeManifest:
    """An empty manifest."""
    return FakeManifest()


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """The folder of the history; it does not exist yet."""
    return tmp_path / "state" / "history"


@pytest.fixture
def history(root: Path, manifest: FakeManifest, clock: SteppingClock) -> ParquetHistory:
    """An empty history."""
    return ParquetHistory(root, manifest, clock)


class S3Server:
    """A real S3 server of our own; started when it is first used."""

    @cached_property
    def url(self) -> str:
        """Where it is."""
        require_slow_kind("an S3 server")
        self._server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
        self._server.start()
        host, port = self._server.get_host_and_port()
        return f"http://{host}:{port}"

    def close(self) -> None:
        """End it, if it was started."""
        if "url" in self.__dict__:
            self._server.stop()


@pytest.fixture(scope="session")
def s3_server() -> Iterator[S3Server]:
    """A real S3 server in this process."""
    server = S3Server()
    yield server
    server.close()


@pytest.fixture
def bucket(
    request: pytest.FixtureRequest, s3_server: S3Server, monkeypatch: pytest.MonkeyPatch
) -> Callable[[], str]:
    """Creates an empty bucket on that server; the environment points this process and its children there."""
    if "s3" in slow_kinds(request.node):  # a test of another kind of place does not start the server
        for name, value in {**CREDENTIALS, "AWS_ENDPOINT_URL": s3_server.url}.items():
            monkeypatch.setenv(name, value)
    return partial(new_bucket, f"bucket-{uuid.uuid4().hex}")


@pytest.fixture(params=KINDS)
def case(request: pytest.FixtureRequest, tmp_path: Path, bucket: Callable[[], str]) -> FolderCase:
    """A folder of each kind."""
    return folder_case(request.param, tmp_path, bucket)


@pytest.fixture
def any_history(case: FolderCase, manifest: FakeManifest, clock: SteppingClock) -> ParquetHistory:
    """An empty history in a folder of each kind."""
    return ParquetHistory(case.address, manifest, clock)
