"""S3 on a real server: how many requests each operation takes, and what its errors say."""

import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import werkzeug.serving

from forecasting.core.errors import StateUnavailable
from forecasting.history.addresses import open_folder
from forecasting.history.history_folder import HistoryFolder
from forecasting.history.s3 import S3Files
from tests.history.conftest import CREDENTIALS
from tests.history.folder_cases import FolderCase, folder_case, server

NAME = "sales/1_x/a.parquet"

KILLED_WHEN_SENDING = """
import http.client, os, signal, sys
from forecasting.history.addresses import open_folder

folder = open_folder(sys.argv[1])
send = http.client.HTTPConnection.send

def killed_in_the_middle(connection, data):
    body = bytes(data) if isinstance(data, (bytes, bytearray)) else data.read()
    send(connection, body[: len(body) // 2] if len(body) > 50_000 else body)
    if len(body) > 50_000:
        os.kill(os.getpid(), signal.SIGKILL)

http.client.HTTPConnection.send = killed_in_the_middle
folder.write("sales/1_x/a.parquet", b"new" * 100_000)
"""


@pytest.fixture
def case(tmp_path: Path, bucket: Callable[[], str]) -> FolderCase:
    """A folder in a bucket."""
    return folder_case("s3", tmp_path, bucket)


@contextmanager
def requests(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[str]]:
    """The methods of the requests the server receives during the test."""
    methods: list[str] = []
    run = werkzeug.serving.WSGIRequestHandler.run_wsgi

    def noted(handler: werkzeug.serving.WSGIRequestHandler) -> None:
        methods.append(handler.command)
        run(handler)

    with monkeypatch.context() as patched:
        patched.setattr(werkzeug.serving.WSGIRequestHandler, "run_wsgi", noted)
        yield methods


def test_reading_and_writing_are_one_request_each(case: FolderCase, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever the size: fits on other machines wait for round trips."""
    for content in (b"small", b"large" * 1_000_000):
        with requests(monkeypatch) as made:
            case.folder.write(NAME, content)
            assert case.folder.read(NAME) == content
        assert made == ["PUT", "GET"]


def test_a_thousand_files_are_listed_by_one_request(
    case: FolderCase, monkeypatch: pytest.MonkeyPatch
) -> None:
    """For any number of stores; a second request checks whether there are any files."""
    for n in range(30):
        case.folder.write(f"sales/{n}_x/a.parquet", b"a")
    with requests(monkeypatch) as made:
        assert len(list(case.folder.list_files())) == 30
    assert made == ["GET", "GET"]
    with requests(monkeypatch) as made:
        assert case.folder.in_use()
    assert made == ["GET"] * 3


def test_more_files_than_a_request_lists(case: FolderCase) -> None:
    """All of them are listed."""
    names = {f"sales/{n % 7}_x/{n}.parquet" for n in range(1100)}
    bucket = case.address.split("/")[2]
    for name in names:
        server().put_object(bucket, f"some/history/{name}", b"")
    assert case.names == names


def test_objects_that_represent_folders_are_no_files(case: FolderCase) -> None:
    """Nor are objects beside the history with a similar name."""
    for key in ("some/history/", "some/history/sales/1_x/", "some/history-of-old/sales/1_x/a.parquet"):
        server().put_object(case.address.split("/")[2], key, b"")
    assert (case.names, case.folder.in_use()) == (set(), False)


def test_a_whole_bucket_may_be_the_root(bucket: Callable[[], str]) -> None:
    """Without a folder in it."""
    folder = open_folder(f"s3://{bucket()}")
    folder.write(NAME, b"a")
    assert ([file.name for file in folder.list_files()], folder.in_use()) == ([NAME], True)


def test_a_killed_writer_leaves_the_old_object(case: FolderCase) -> None:
    """By kill -9, with half of the object sent."""
    case.folder.write(NAME, b"old")
    script = [sys.executable, "-c", KILLED_WHEN_SENDING, case.address]
    killed = subprocess.run(script, capture_output=True, check=False)
    assert killed.returncode == -signal.SIGKILL, killed.stderr
    assert case.folder.read(NAME) == b"old"
    assert case.names == {NAME}


def operations(folder: HistoryFolder) -> dict[str, Callable[[], object]]:
    """Every operation that asks the server."""
    return {
        "read": lambda: folder.read(NAME),
        "write": lambda: folder.write(NAME, b""),
        "list": lambda: list(folder.list_files()),
        "find": lambda: folder.missing([NAME]),
    }


@pytest.mark.parametrize("doing", ["read", "write", "list"])
def test_a_missing_bucket_is_no_empty_history(bucket: Callable[[], str], doing: str) -> None:
    """The error quotes S3."""
    bucket()
    folder = open_folder("s3://no-such-bucket/history")
    with pytest.raises(StateUnavailable, match=rf"expected to {doing} s3://no-such-bucket/.*NoSuchBucket"):
        operations(folder)[doing]()
    with pytest.raises(StateUnavailable, match=r"expected to list s3://no-such-bucket/history.*NoSuchBucket"):
        folder.in_use()


@pytest.mark.parametrize("doing", ["read", "write", "list", "find"])
def test_a_server_that_does_not_answer_is_reported(monkeypatch: pytest.MonkeyPatch, doing: str) -> None:
    """After a few tries; nobody listens on this port."""
    nobody = {"AWS_ENDPOINT_URL_S3": "http://127.0.0.1:9", "AWS_MAX_ATTEMPTS": "1"}
    for name, value in (CREDENTIALS | nobody).items():
        monkeypatch.setenv(name, value)
    folder = open_folder(f"s3://bucket/unreachable-{doing.replace(' ', '-')}")
    expected = rf"sales history: expected to {doing} s3://bucket/unreachable.*, found: Could not connect"
    with pytest.raises(StateUnavailable, match=expected):
        operations(folder)[doing]()


def test_missing_credentials_are_reported(bucket: Callable[[], str], monkeypatch: pytest.MonkeyPatch) -> None:
    """The error names them, and no request is sent."""
    name = bucket()
    for variable in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.delenv(variable)
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    monkeypatch.setenv("HOME", "/nowhere")
    with pytest.raises(StateUnavailable, match="found: Unable to locate credentials"):
        open_folder(f"s3://{name}/without-credentials").read(NAME)


def test_a_missing_profile_is_reported(monkeypatch: pytest.MonkeyPatch) -> None:
    """As soon as the folder is opened."""
    monkeypatch.setenv("AWS_PROFILE", "nobody")
    with pytest.raises(StateUnavailable, match=r"expected to reach s3://bucket/profile, found: .*nobody"):
        open_folder("s3://bucket/profile")


def test_other_methods_of_fsspec_work_too(bucket: Callable[[], str]) -> None:
    """Those that `fsspec` builds on the ones defined here."""
    files, name = S3Files(), bucket()
    files.pipe_file(f"s3://{name}/a/b.txt", b"hello")
    assert files.cat_file(f"{name}/a/b.txt", 1, 3) == b"el"
    assert (files.isfile(f"{name}/a/b.txt"), files.exists(f"{name}/a/c.txt")) == (True, False)
    assert files.ls(f"{name}/a", detail=False) == files.glob(f"{name}/a/*") == [f"{name}/a/b.txt"]
    assert files.find(name, maxdepth=1) == []
    files.rm_file(f"{name}/a/b.txt")
    assert files.find(name) == []
