"""Every kind of folder a history can be in."""

import os
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import fsspec
from fsspec.implementations.local import LocalFileSystem
from fsspec.implementations.memory import MemoryFileSystem
from moto.backends import get_backend
from moto.s3.models import S3Backend

from forecasting.history.addresses import open_folder
from forecasting.history.history_folder import HistoryFolder

ACCOUNT = "123456789012"
KINDS = ("folder", "file url", "memory", "plain", "s3")


@dataclass(frozen=True)
class FolderCase:
    """One folder under test.

    Attributes
    ----------
    address
        As an operator would set it.
    age
        Sets the time at which a file was written.
    in_folder
        Whether it is a `LocalFolder`.
    """

    address: str
    age: Callable[[str, datetime], None]
    in_folder: bool = False

    @property
    def folder(self) -> HistoryFolder:
        """The opened folder."""
        return open_folder(self.address)

    @property
    def names(self) -> set[str]:
        """Names of the files in it."""
        return {file.name for file in self.folder.list_files()}

    def age_all(self, at: datetime) -> None:
        """Set the time of every file."""
        for name in self.names:
            self.age(name, at)


class PlainFiles(LocalFileSystem):
    """A file system that, like SFTP, does not create missing folders by itself."""

    protocol = "plain"

    @classmethod
    def _strip_protocol(cls, path: str) -> str:
        return str(path).removeprefix("plain://").rstrip("/")


def folder_case(kind: str, tmp_path: Path, bucket: Callable[[], str]) -> FolderCase:
    """Return a new folder of that kind, whose root does not exist yet."""
    if kind == "memory":
        return FolderCase(f"memory:/{tmp_path}/history", _in_memory(f"{tmp_path}/history"))
    if kind == "s3":
        name = bucket()
        return FolderCase(f"s3://{name}/some/history", _in_bucket(name, "some/history"))
    folder = tmp_path / "shared" / "history"
    if kind == "plain":
        fsspec.register_implementation("plain", PlainFiles, clobber=True)
        return FolderCase(f"plain://{folder}", _in_folder(folder))
    return FolderCase(
        folder.as_uri() if kind == "file url" else str(folder), _in_folder(folder), in_folder=True
    )


def new_bucket(name: str) -> str:
    """Create a bucket on the server, which runs in this process."""
    server().create_bucket(name, "us-east-1")
    return name


def server() -> S3Backend:
    """Return the state of the server."""
    return get_backend("s3")[ACCOUNT]["aws"]


def _in_folder(folder: Path) -> Callable[[str, datetime], None]:
    def age(name: str, at: datetime) -> None:
        os.utime(folder / name, (at.timestamp(), at.timestamp()))

    return age


def _in_memory(root: str) -> Callable[[str, datetime], None]:
    def age(name: str, at: datetime) -> None:
        MemoryFileSystem.store[f"{root}/{name}"].modified = at

    return age


def _in_bucket(bucket: str, root: str) -> Callable[[str, datetime], None]:
    def age(name: str, at: datetime) -> None:
        server().buckets[bucket].keys[f"{root}/{name}"].last_modified = at

    return age
