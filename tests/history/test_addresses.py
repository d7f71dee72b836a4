"""From an address to a place; what can't be one is refused by the setting's name, without its secrets."""

import sys
import types
from pathlib import Path

import fsspec
import pytest
from fsspec.implementations.memory import MemoryFileSystem
from fsspec.spec import AbstractFileSystem

from forecasting.core.errors import InvalidSetting, StateUnavailable
from forecasting.history.addresses import place_at, shown
from forecasting.history.folder import LocalFolder
from forecasting.history.object_store import ObjectStore


class PickyFiles(AbstractFileSystem):
    """A file system that wants a host, finds nobody there, and talks about it."""

    protocol = "picky"
    cachable = False

    def __init__(self, url: str) -> None:
        super().__init__()
        if url.endswith(("//", "@/history")):
            raise ValueError(f"no host in {url}")
        raise ConnectionRefusedError(111, "Connection refused", url)

    @staticmethod
    def _get_kwargs_from_urls(path: str) -> dict[str, str]:
        return {"url": path}


fsspec.register_implementation("picky", PickyFiles, clobber=True)


def test_plain_paths_and_file_urls_are_folders(tmp_path: Path) -> None:
    """Also with a blank in the name, as URLs write it."""
    folder = tmp_path / "the share"
    addresses = [str(folder), folder.as_uri(), f"FILE://{folder}", f"file://localhost{folder}"]
    assert [place_at(address) for address in addresses] == [LocalFolder(folder)] * 4


def test_any_other_protocol_is_a_file_system_of_fsspec() -> None:
    """One for the process."""
    place = place_at("memory://one/history")
    assert isinstance(place, ObjectStore)
    assert place.located("a/b/c") == "memory://one/history/a/b/c"
    assert place_at("memory://one/history") is place


@pytest.mark.parametrize(
    ("address", "expected"),
    [
        ("nosuch://place/history", "a URL of a protocol fsspec knows .*, found 'nosuch://place/history'"),
        ("simplecache::gs://b/h", "a URL of a protocol fsspec knows .*, found 'simplecache::gs://b/h'"),
        ("gs://bucket/history", "expected the package for 'gs' to be installed, found: .*gcsfs"),
        ("s3://", "expected s3://bucket/folder"),
        ("s3://bucket/history?region=x", "expected s3://bucket/folder.*, found 's3://bucket/history'"),
        ("file://elsewhere/history", "expected a folder of this machine"),
        ("file://", "expected a folder of this machine"),
        ("picky://", "expected a whole URL, found 'picky://'"),
    ],
)
def test_an_address_that_is_none_is_refused(address: str, expected: str) -> None:
    """With the setting, what was expected and what was found."""
    with pytest.raises(InvalidSetting, match=rf"^STORECAST_HISTORY_URL: .*{expected}"):
        place_at(address)


@pytest.mark.parametrize(
    "address",
    [
        "s3://KEY:sec/ret@bucket/history",
        "s3://KEY:secret@bucket/history",
        "nosuch://user:secret@host/history",
        "gs://user:sec@ret@bucket/history?token=secret",
        "picky://user:sec/ret@/history",
        "picky://user:secret@host/history",
        "file://user:secret@host/history",
    ],
)
def test_what_is_secret_in_an_address_is_never_told(address: str) -> None:
    """Neither in the message nor in what it came of."""
    with pytest.raises((InvalidSetting, StateUnavailable)) as told:
        place_at(address)
    chain: list[str] = []
    error: BaseException | None = told.value
    while error is not None:
        chain.append(repr(error))
        error = error.__cause__ or (None if error.__suppress_context__ else error.__context__)
    assert not any(part in text for part in ("sec", "ret@", "KEY", "user") for text in chain), chain


def test_a_place_that_cannot_be_reached_is_told_with_why() -> None:
    """It is not the setting that is wrong."""
    expected = "expected to reach picky://host/history, found: .*Connection refused"
    with pytest.raises(StateUnavailable, match=expected):
        place_at("picky://host/history")


@pytest.mark.parametrize(
    ("address", "told"),
    [
        ("/mnt/share@home/history", "/mnt/share@home/history"),
        ("sftp://host/history", "sftp://host/history"),
        ("sftp://user:p@ss?word@host/history", "sftp://…@host/history"),
        ("gs://bucket/history?token=secret", "gs://bucket/history"),
    ],
)
def test_an_address_is_told_without_user_password_and_options(address: str, told: str) -> None:
    """What is left says where it is."""
    assert shown(address) == told


class SSHException(Exception):
    """Stands for the error of a package that is not installed here."""


class Unreliable(MemoryFileSystem):
    """A file system that answers with its vendor's errors."""

    cachable = False

    def __init__(self, **options: object) -> None:
        super().__init__()
        self.password = options.get("password")

    def cat_file(self, path: str, *_: object, **__: object) -> bytes:
        """Fails, and tells too much."""
        raise SSHException(f"{path} as {self.password}: connection lost")

    ls = find = info = pipe_file = cat_file

    @staticmethod
    def _get_kwargs_from_urls(path: str) -> dict[str, object]:
        return {"password": "secret"} if "@" in path else {}


@pytest.mark.parametrize("secret", ["", "user:secret@"])
def test_a_vendors_errors_are_told_as_ours(monkeypatch: pytest.MonkeyPatch, secret: str) -> None:
    """What was to be done, with which file, and what came; of a place with a password the kind of error."""
    paramiko = types.ModuleType("paramiko")
    paramiko.SSHException = SSHException  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "paramiko", paramiko)
    fsspec.register_implementation("sftp", Unreliable, clobber=True)
    place = place_at(f"sftp://{secret}host/history")
    doings = {
        "read": lambda: place.read("a/b/c.parquet"),
        "write": lambda: place.write("a/b/c.parquet", b""),
        "look at": lambda: place.missing(["a/b/c.parquet"]),
        "list": lambda: list(place.files()),
    }
    for doing, do in doings.items():
        with pytest.raises(StateUnavailable, match=rf"expected to {doing} sftp://.*host/history") as told:
            do()
        assert "secret" not in str(told.value)
        assert isinstance(told.value.__cause__, SSHException) is not bool(secret)
        assert str(told.value).endswith("found: SSHException" if secret else "connection lost")
