"""Every kind of place a history can be kept at, as the tests need them."""

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

from forecasting.history.addresses import place_at
from forecasting.history.file_locations import Place

ACCOUNT = "123456789012"
KINDS = ("folder", "file url", "memory", "plain", "s3")


@dataclass(frozen=True)
class Spot:
    """One place.

    Attributes
    ----------
    address
        As an operator would set it.
    age
        Lets a file look as if it was written at an instant.
    in_folder
        Whether it is a `LocalFolder`.
    """

    address: str
    age: Callable[[str, datetime], None]
    in_folder: bool = False

    @property
    def place(self) -> Place:
        """The place."""
        return place_at(self.address)

    @property
    def names(self) -> set[str]:
        """The files that are there."""
        return {file.name for file in self.place.files()}

    def age_all(self, at: datetime) -> None:
        """Let every file look as if written then."""
        for name in self.names:
            self.age(name, at)


class PlainFiles(LocalFileSystem):
    """A file system with folders of its own, none of which it makes by itself, as of SFTP."""

    protocol = "plain"

    @classmethod
    def _strip_protocol(cls, path: str) -> str:
        return str(path).removeprefix("plain://").rstrip("/")


def spot_of(kind: str, tmp_path: Path, bucket: Callable[[], str]) -> Spot:
    """A new and empty one, that does not even have its root."""
    if kind == "memory":
        return Spot(f"memory:/{tmp_path}/history", _in_memory(f"{tmp_path}/history"))
    if kind == "s3":
        name = bucket()
        return Spot(f"s3://{name}/some/history", _in_bucket(name, "some/history"))
    folder = tmp_path / "shared" / "history"
    if kind == "plain":
        fsspec.register_implementation("plain", PlainFiles, clobber=True)
        return Spot(f"plain://{folder}", _in_folder(folder))
    return Spot(folder.as_uri() if kind == "file url" else str(folder), _in_folder(folder), in_folder=True)


def new_bucket(name: str) -> str:
    """Make a bucket on the server, which runs in this process."""
    server().create_bucket(name, "us-east-1")
    return name


def server() -> S3Backend:
    """What the server keeps."""
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
