"""An address opens a folder; an invalid one is refused with the name of the setting, without its secrets."""

import sys
import types
from pathlib import Path

import fsspec
import pytest
from fsspec.implementations.memory import MemoryFileSystem
from fsspec.spec import AbstractFileSystem

from forecasting.core.errors import InvalidSetting, StateUnavailable
from forecasting.history.addresses import open_folder, redact
from forecasting.history.local_folder import LocalFolder
from forecasting.history.remote_folder import RemoteFolder


class PickyFiles(AbstractFileSystem):
    """A file system that needs a host, can't reach it, and quotes the address in its errors."""

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
    assert [open_folder(address) for address in addresses] == [LocalFolder(folder)] * 4


def test_any_other_protocol_is_a_file_system_of_fsspec() -> None:
    """Each process opens it once."""
    folder = open_folder("memory://one/history")
    assert isinstance(folder, RemoteFolder)
    assert folder.display_path("a/b/c") == "memory://one/history/a/b/c"
    assert open_folder("memory://one/history") is folder


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
def test_an_invalid_address_is_refused(address: str, expected: str) -> None:
    """With the setting, what was expected and what was found."""
    with pytest.raises(InvalidSetting, match=rf"^STORECAST_HISTORY_URL: .*{expected}"):
        open_folder(address)


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
def test_secrets_in_an_address_are_never_shown(address: str) -> None:
    """Neither in the message nor in its cause."""
    with pytest.raises((InvalidSetting, StateUnavailable)) as raised:
        open_folder(address)
    chain: list[str] = []
    error: BaseException | None = raised.value
    while error is not None:
        chain.append(repr(error))
        error = error.__cause__ or (None if error.__suppress_context__ else error.__context__)
    assert not any(part in text for part in ("sec", "ret@", "KEY", "user") for text in chain), chain


def test_a_folder_that_cannot_be_reached_is_reported_with_the_reason() -> None:
    """It is no error of the setting."""
    expected = "expected to reach picky://host/history, found: .*Connection refused"
    with pytest.raises(StateUnavailable, match=expected):
        open_folder("picky://host/history")


@pytest.mark.parametrize(
    ("address", "shown"),
    [
        ("/mnt/share@home/history", "/mnt/share@home/history"),
        ("sftp://host/history", "sftp://host/history"),
        ("sftp://user:p@ss?word@host/history", "sftp://…@host/history"),
        ("gs://bucket/history?token=secret", "gs://bucket/history"),
    ],
)
def test_an_address_is_shown_without_user_password_and_query(address: str, shown: str) -> None:
    """The rest identifies the folder."""
    assert redact(address) == shown


class SSHException(Exception):
    """Represents the error of a package that is not installed here."""


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
def test_errors_of_a_vendor_are_translated(monkeypatch: pytest.MonkeyPatch, secret: str) -> None:
    """They name the action, the file and the error; only the type of error if there is a password."""
    paramiko = types.ModuleType("paramiko")
    paramiko.SSHException = SSHException  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "paramiko", paramiko)
    fsspec.register_implementation("sftp", Unreliable, clobber=True)
    folder = open_folder(f"sftp://{secret}host/history")
    operations = {
        "read": lambda: folder.read("a/b/c.parquet"),
        "write": lambda: folder.write("a/b/c.parquet", b""),
        "find": lambda: folder.missing(["a/b/c.parquet"]),
        "list": lambda: list(folder.list_files()),
    }
    for doing, do in operations.items():
        with pytest.raises(StateUnavailable, match=rf"expected to {doing} sftp://.*host/history") as error:
            do()
        assert "secret" not in str(error.value)
        assert isinstance(error.value.__cause__, SSHException) is not bool(secret)
        assert str(error.value).endswith("found: SSHException" if secret else "connection lost")
