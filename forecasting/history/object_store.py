"""History files on any file system `fsspec` knows, object stores above all."""

from collections.abc import Callable, Collection, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib import import_module
from typing import Any

from fsspec.spec import AbstractFileSystem

from forecasting.core.errors import StateUnavailable
from forecasting.history.file_locations import PlacedFile

_WRITTEN_AT = ("LastModified", "mtime", "last_modified", "updated")
"""Where file systems say when a file was written; others are asked file by file."""

_VENDOR_ERRORS = {
    "abfs": (("azure.core.exceptions", "AzureError"),),
    "gs": (
        ("gcsfs.retry", "HttpError"),
        ("aiohttp", "ClientError"),
        ("google.auth.exceptions", "GoogleAuthError"),
    ),
    "sftp": (("paramiko", "SSHException"),),
}
"""What the packages of some protocols raise besides `OSError`, which is what `fsspec` means them to."""

_SAME = {"abfss": "abfs", "az": "abfs", "adl": "abfs", "gcs": "gs", "ssh": "sftp"}

Info = dict[str, Any]


def errors_of(protocol: str) -> tuple[type[Exception], ...]:
    """What a file system raises where it does not do what is asked."""
    named = _VENDOR_ERRORS.get(_SAME.get(protocol, protocol), ())
    vendors = (getattr(import_module(module), name) for module, name in named)
    return (OSError, NotImplementedError, *vendors)


class ObjectStore:
    """Implements `places.Place`.

    An object is put whole by one request, and has no time of its own that could be set: what is written
    again is new. A file system that writes in place may leave a torn file where a write is interrupted: one
    that nobody was told of, that reading would notice, and that the next import of the same values repairs.

    Parameters
    ----------
    open_files
        Gives the file system, the same again or another for each thread.
    root
        The folder in it.
    shown
        The folder's URL as told to an operator.
    errors
        What the file system raises.
    discreet
        Whether to keep to ourselves what it says then, as it was given a password.
    abreast
        How many files it is best asked for at a time.
    """

    def __init__(
        self,
        open_files: Callable[[], AbstractFileSystem],
        root: str,
        shown: str,
        errors: tuple[type[Exception], ...] = (OSError,),
        *,
        discreet: bool = False,
        abreast: int = 1,
    ) -> None:
        self._open_files = open_files
        self._root = root.rstrip("/")
        self._shown = shown.rstrip("/")
        self._errors = errors
        self._discreet = discreet
        self.abreast = abreast

    def located(self, name: str) -> str:
        """See `places.Place.located`."""
        return f"{self._shown}/{name}".rstrip("/")

    def read(self, name: str) -> bytes:
        """See `places.Place.read`."""
        try:
            with self._translated("read", name) as files:
                content: bytes = files.cat_file(self._path(name))
        except FileNotFoundError as error:
            found = f"sales history: expected the file {self.located(name)}, found none"
            raise StateUnavailable(found) from error
        return content

    def write(self, name: str, content: bytes) -> None:
        """See `places.Place.write`."""
        path = self._path(name)
        try:
            with self._translated("write", name) as files:
                files.pipe_file(path, content)
        except FileNotFoundError:
            self._write_into_new_folder(name, content)

    def _write_into_new_folder(self, name: str, content: bytes) -> None:
        path = self._path(name)
        try:
            with self._translated("write", name) as files:
                files.makedirs(path.rpartition("/")[0], exist_ok=True)
                files.pipe_file(path, content)
        except FileNotFoundError as error:
            raise self._trouble("write", name, error) from error

    def touch(self, name: str) -> bool:
        """See `places.Place.touch`; never: it is as quickly written again."""
        del name
        return False

    def files(self) -> Iterator[PlacedFile]:
        """See `places.Place.files`."""
        if not self._listed(self._root):
            return
        with self._translated("list", "") as files:
            found = files.find(self._root, detail=True)
        for path, info in found.items():
            try:
                with self._translated("look at", self._name(path)):
                    yield self._described(path, info)
            except FileNotFoundError:
                continue  # removed meanwhile

    def in_use(self) -> bool:
        """See `places.Place.in_use`."""
        return any(
            found["name"].endswith(".parquet")
            for kind in self._folders(self._root)
            for store in self._folders(kind)
            for found in self._listed(store)
        )

    def missing(self, names: Collection[str]) -> set[str]:
        """See `places.Place.missing`."""
        if self.abreast == 1:  # another thread would only have to connect anew
            return {name for name in names if not self._has(name)}
        with ThreadPoolExecutor(self.abreast, thread_name_prefix="looking") as looking:
            there = looking.map(self._has, names)
            return {name for name, found in zip(names, there, strict=True) if not found}

    def take(self, name: str, before: datetime) -> "_Removed | None":
        """See `places.Place.take`.

        Between the look at its age and its removal it may be written again; `ParquetHistory.prune` and
        `ParquetHistory.import_file` see to it that nothing is lost by that.
        """
        path = self._path(name)
        try:
            with self._translated("remove", name) as files:
                files.invalidate_cache()
                file = self._described(path, files.info(path))
                if file.written_at >= before:
                    return None
                removed = _Removed(self, file, files.cat_file(path))
                files.rm_file(path)
        except FileNotFoundError:
            return None  # another process was quicker
        return removed

    def _has(self, name: str) -> bool:
        try:
            with self._translated("look at", name) as files:
                files.invalidate_cache()
                files.info(self._path(name))
        except FileNotFoundError:
            return False
        return True

    def _folders(self, path: str) -> list[str]:
        return [found["name"] for found in self._listed(path) if found["type"] == "directory"]

    def _listed(self, path: str) -> list[Info]:
        """What is right below a folder; nothing where there is none."""
        try:
            with self._translated("list", self._name(path)) as files:
                files.invalidate_cache()
                found: list[Info] = files.ls(path, detail=True)
        except (FileNotFoundError, NotADirectoryError):
            return []
        return found

    def _described(self, path: str, info: Info) -> PlacedFile:
        told = next((info[key] for key in _WRITTEN_AT if info.get(key)), None)
        written_at = self._open_files().modified(path) if told is None else told
        return PlacedFile(self._name(path), info["size"], _instant(written_at))

    def _path(self, name: str) -> str:
        return f"{self._root}/{name}"

    def _name(self, path: str) -> str:
        return path.removeprefix(self._root).lstrip("/")

    @contextmanager
    def _translated(self, doing: str, name: str) -> Iterator[AbstractFileSystem]:
        """Use the file system; what can't be done is told, a missing file is the caller's affair."""
        try:
            yield self._open_files()
        except FileNotFoundError:
            raise
        except self._errors as error:
            raise self._trouble(doing, name, error) from (None if self._discreet else error)

    def _trouble(self, doing: str, name: str, error: Exception) -> StateUnavailable:
        found = type(error).__name__ if self._discreet else error
        return StateUnavailable(f"sales history: expected to {doing} {self.located(name)}, found: {found}")


@dataclass(frozen=True, slots=True)
class _Removed:
    """A file that is no longer there, with what was in it."""

    store: ObjectStore
    file: PlacedFile
    content: bytes

    def put_back(self) -> None:
        """See `places.Taken.put_back`."""
        self.store.write(self.file.name, self.content)

    def drop(self) -> None:
        """See `places.Taken.drop`; it is gone already."""


def _instant(told: datetime | float | str) -> datetime:
    if isinstance(told, str):
        told = datetime.fromisoformat(told)
    if isinstance(told, datetime):
        return told if told.tzinfo else told.replace(tzinfo=UTC)
    return datetime.fromtimestamp(told, UTC)
