"""S3 by a real server: how many requests things take, and what is told when they fail."""

import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import werkzeug.serving

from forecasting.core.errors import StateUnavailable
from forecasting.history.addresses import place_at
from forecasting.history.file_locations import Place
from forecasting.history.s3 import S3Files
from tests.history.conftest import CREDENTIALS
from tests.history.spots import Spot, server, spot_of

NAME = "sales/1_x/a.parquet"

KILLED_WHEN_SENDING = """
import http.client, os, signal, sys
from forecasting.history.addresses import place_at

place = place_at(sys.argv[1])
send = http.client.HTTPConnection.send

def killed_in_the_middle(connection, data):
    body = bytes(data) if isinstance(data, (bytes, bytearray)) else data.read()
    send(connection, body[: len(body) // 2] if len(body) > 50_000 else body)
    if len(body) > 50_000:
        os.kill(os.getpid(), signal.SIGKILL)

http.client.HTTPConnection.send = killed_in_the_middle
place.write("sales/1_x/a.parquet", b"new" * 100_000)
"""


@pytest.fixture
def spot(tmp_path: Path, bucket: Callable[[], str]) -> Spot:
    """A folder in a bucket."""
    return spot_of("s3", tmp_path, bucket)


@contextmanager
def requests(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[str]]:
    """The methods of the requests the server gets meanwhile."""
    methods: list[str] = []
    run = werkzeug.serving.WSGIRequestHandler.run_wsgi

    def noted(handler: werkzeug.serving.WSGIRequestHandler) -> None:
        methods.append(handler.command)
        run(handler)

    with monkeypatch.context() as patched:
        patched.setattr(werkzeug.serving.WSGIRequestHandler, "run_wsgi", noted)
        yield methods


def test_reading_and_writing_are_one_request_each(spot: Spot, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever the size: round trips are what fits on other machines wait for."""
    for content in (b"small", b"large" * 1_000_000):
        with requests(monkeypatch) as made:
            spot.place.write(NAME, content)
            assert spot.place.read(NAME) == content
        assert made == ["PUT", "GET"]


def test_a_thousand_files_are_listed_by_one_request(spot: Spot, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of however many stores; beside the look whether there are any."""
    for n in range(30):
        spot.place.write(f"sales/{n}_x/a.parquet", b"a")
    with requests(monkeypatch) as made:
        assert len(list(spot.place.files())) == 30
    assert made == ["GET", "GET"]
    with requests(monkeypatch) as made:
        assert spot.place.in_use()
    assert made == ["GET"] * 3


def test_more_files_than_a_request_lists(spot: Spot) -> None:
    """None is left out."""
    names = {f"sales/{n % 7}_x/{n}.parquet" for n in range(1100)}
    bucket = spot.address.split("/")[2]
    for name in names:
        server().put_object(bucket, f"some/history/{name}", b"")
    assert spot.names == names


def test_what_other_tools_put_there_for_folders_is_no_file(spot: Spot) -> None:
    """Nor is what stands beside the history under a similar name."""
    for key in ("some/history/", "some/history/sales/1_x/", "some/history-of-old/sales/1_x/a.parquet"):
        server().put_object(spot.address.split("/")[2], key, b"")
    assert (spot.names, spot.place.in_use()) == (set(), False)


def test_a_whole_bucket_may_be_the_root(bucket: Callable[[], str]) -> None:
    """Without a folder in it."""
    place = place_at(f"s3://{bucket()}")
    place.write(NAME, b"a")
    assert ([file.name for file in place.files()], place.in_use()) == ([NAME], True)


def test_a_writer_that_is_killed_leaves_what_was_there(spot: Spot) -> None:
    """By kill -9, with half of the object sent."""
    spot.place.write(NAME, b"old")
    script = [sys.executable, "-c", KILLED_WHEN_SENDING, spot.address]
    killed = subprocess.run(script, capture_output=True, check=False)
    assert killed.returncode == -signal.SIGKILL, killed.stderr
    assert spot.place.read(NAME) == b"old"
    assert spot.names == {NAME}


def doings(place: Place) -> dict[str, Callable[[], object]]:
    """Everything that asks the server."""
    return {
        "read": lambda: place.read(NAME),
        "write": lambda: place.write(NAME, b""),
        "list": lambda: list(place.files()),
        "look at": lambda: place.missing([NAME]),
    }


@pytest.mark.parametrize("doing", ["read", "write", "list"])
def test_a_bucket_that_is_not_there_is_no_empty_history(bucket: Callable[[], str], doing: str) -> None:
    """It is told, with what S3 says."""
    bucket()
    place = place_at("s3://no-such-bucket/history")
    with pytest.raises(StateUnavailable, match=rf"expected to {doing} s3://no-such-bucket/.*NoSuchBucket"):
        doings(place)[doing]()
    with pytest.raises(StateUnavailable, match=r"expected to list s3://no-such-bucket/history.*NoSuchBucket"):
        place.in_use()


@pytest.mark.parametrize("doing", ["read", "write", "list", "look at"])
def test_a_server_that_does_not_answer_is_told(monkeypatch: pytest.MonkeyPatch, doing: str) -> None:
    """After a few tries; nobody listens on this port."""
    nobody = {"AWS_ENDPOINT_URL_S3": "http://127.0.0.1:9", "AWS_MAX_ATTEMPTS": "1"}
    for name, value in (CREDENTIALS | nobody).items():
        monkeypatch.setenv(name, value)
    place = place_at(f"s3://bucket/unreachable-{doing.replace(' ', '-')}")
    expected = rf"sales history: expected to {doing} s3://bucket/unreachable.*, found: Could not connect"
    with pytest.raises(StateUnavailable, match=expected):
        doings(place)[doing]()


def test_without_credentials_nothing_is_asked(
    bucket: Callable[[], str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is told that they are what is missing."""
    name = bucket()
    for variable in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.delenv(variable)
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    monkeypatch.setenv("HOME", "/nowhere")
    with pytest.raises(StateUnavailable, match="found: Unable to locate credentials"):
        place_at(f"s3://{name}/without-credentials").read(NAME)


def test_a_profile_that_is_not_there_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    """Already when the place is opened."""
    monkeypatch.setenv("AWS_PROFILE", "nobody")
    with pytest.raises(StateUnavailable, match=r"expected to reach s3://bucket/profile, found: .*nobody"):
        place_at("s3://bucket/profile")


def test_it_is_a_file_system_as_any_other(bucket: Callable[[], str]) -> None:
    """What `fsspec` builds on its methods works as well."""
    files, name = S3Files(), bucket()
    files.pipe_file(f"s3://{name}/a/b.txt", b"hello")
    assert files.cat_file(f"{name}/a/b.txt", 1, 3) == b"el"
    assert (files.isfile(f"{name}/a/b.txt"), files.exists(f"{name}/a/c.txt")) == (True, False)
    assert files.ls(f"{name}/a", detail=False) == files.glob(f"{name}/a/*") == [f"{name}/a/b.txt"]
    assert files.find(name, maxdepth=1) == []
    files.rm_file(f"{name}/a/b.txt")
    assert files.find(name) == []
