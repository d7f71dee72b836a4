"""History files on any file system that `fsspec` supports, usually an object store."""

from collections.abc import Callable, Collection, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib import import_module
from typing import Any

from fsspec.spec import AbstractFileSystem

from forecasting.core.errors import StateUnavailable
from forecasting.history.history_folder import FileEntry

_WRITTEN_AT = ("LastModified", "mtime", "last_modified", "updated")
"""Keys under which file systems list a file's time; without them each file is asked for its time."""

_VENDOR_ERRORS = {
    "abfs": (("azure.core.exceptions", "AzureError"),),
    "gs": (
        ("gcsfs.retry", "HttpError"),
        ("aiohttp", "ClientError"),
        ("google.auth.exceptions", "GoogleAuthError"),
    ),
    "sftp": (("paramiko", "SSHException"),),
}
"""Errors that packages of some protocols raise where `fsspec` expects `OSError`, as (module, class)."""

_ALIASES = {"abfss": "abfs", "az": "abfs", "adl": "abfs", "gcs": "gs", "ssh": "sftp"}

Info = dict[str, Any]
"""A file or folder as `fsspec` describes it."""


def expected_errors(protocol: str) -> tuple[type[Exception], ...]:
    """Return the errors that a file system raises when it can't do what is asked."""
    named = _VENDOR_ERRORS.get(_ALIASES.get(protocol, protocol), ())
    vendors = (getattr(import_module(module), name) for module, name in named)
    return (OSError, NotImplementedError, *vendors)


class RemoteFolder:
    """Implements `history_folder.HistoryFolder`.

    An object store writes an object with one request, and its time can't be set; a file that is written again
    is new. A file system that writes in place may leave a torn file if a write is interrupted. No head points
    to such a file, reading it fails, and the next import of the same values replaces it.

    Parameters
    ----------
    open_files
        Returns the file system: the same one every time, or one for each thread.
    root
        The folder in that file system.
    display_root
        The folder's URL to show operators.
    errors
        The errors the file system raises.
    hide_errors
        Whether to show only the type of an error, because its text may contain the password in the URL.
    concurrency
        How many files are best read or written at the same time.
    """

    def __init__(
        self,
        open_files: Callable[[], AbstractFileSystem],
        root: str,
        display_root: str,
        errors: tuple[type[Exception], ...] = (OSError,),
        *,
        hide_errors: bool = False,
        concurrency: int = 1,
    ) -> None:
        self._open_files = open_files
        self._root = root.rstrip("/")
        self._display_root = display_root.rstrip("/")
        self._errors = errors
        self._hide_errors = hide_errors
        self.concurrency = concurrency

    def display_path(self, name: str) -> str:
        """See `HistoryFolder.display_path`."""
        return f"{self._display_root}/{name}".rstrip("/")

    def read(self, name: str) -> bytes:
        """See `HistoryFolder.read`."""
        try:
            with self._translated("read", name) as files:
                content: bytes = files.cat_file(self._path(name))
        except FileNotFoundError as error:
            found = f"sales history: expected the file {self.display_path(name)}, found none"
            raise StateUnavailable(found) from error
        return content

    def write(self, name: str, content: bytes) -> None:
        """See `HistoryFolder.write`."""
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
            raise self._unavailable("write", name, error) from error

    def touch(self, name: str) -> bool:
        """Return False: these file systems can't set a file's time, so the caller writes the file again."""
        del name
        return False

    def list_files(self) -> Iterator[FileEntry]:
        """See `HistoryFolder.list_files`."""
        if not self._listed(self._root):
            return
        with self._translated("list", "") as files:
            found = files.find(self._root, detail=True)
        for path, info in found.items():
            try:
                with self._translated("find", self._name(path)):
                    yield self._entry(path, info)
            except FileNotFoundError:
                continue  # removed since it was listed

    def in_use(self) -> bool:
        """See `HistoryFolder.in_use`."""
        return any(
            found["name"].endswith(".parquet")
            for kind in self._subfolders(self._root)
            for store in self._subfolders(kind)
            for found in self._listed(store)
        )

    def missing(self, names: Collection[str]) -> set[str]:
        """See `HistoryFolder.missing`."""
        if self.concurrency == 1:  # another thread would have to open a connection of its own
            return {name for name in names if not self._exists(name)}
        with ThreadPoolExecutor(self.concurrency, thread_name_prefix="folder-check") as threads:
            exist = threads.map(self._exists, names)
            return {name for name, found in zip(names, exist, strict=True) if not found}

    def begin_removal(self, name: str, before: datetime) -> "_DeletedFile | None":
        """See `HistoryFolder.begin_removal`.

        The file may be written again between the check of its age and its removal. `file_pruning.prune_files`
        and `SalesImport.apply` together make sure that no file is lost because of that.
        """
        path = self._path(name)
        try:
            with self._translated("remove", name) as files:
                files.invalidate_cache()
                file = self._entry(path, files.info(path))
                if file.written_at >= before:
                    return None
                deleted = _DeletedFile(self, file, files.cat_file(path))
                files.rm_file(path)
        except FileNotFoundError:
            return None  # another process removed it first
        return deleted

    def _exists(self, name: str) -> bool:
        try:
            with self._translated("find", name) as files:
                files.invalidate_cache()
                files.info(self._path(name))
        except FileNotFoundError:
            return False
        return True

    def _subfolders(self, path: str) -> list[str]:
        return [found["name"] for found in self._listed(path) if found["type"] == "directory"]

    def _listed(self, path: str) -> list[Info]:
        """List the files and folders directly in a folder; none if the folder does not exist."""
        try:
            with self._translated("list", self._name(path)) as files:
                files.invalidate_cache()
                found: list[Info] = files.ls(path, detail=True)
        except (FileNotFoundError, NotADirectoryError):
            return []
        return found

    def _entry(self, path: str, info: Info) -> FileEntry:
        listed = next((info[key] for key in _WRITTEN_AT if info.get(key)), None)
        written_at = self._open_files().modified(path) if listed is None else listed
        return FileEntry(self._name(path), info["size"], _to_utc(written_at))

    def _path(self, name: str) -> str:
        return f"{self._root}/{name}"

    def _name(self, path: str) -> str:
        return path.removeprefix(self._root).lstrip("/")

    @contextmanager
    def _translated(self, action: str, name: str) -> Iterator[AbstractFileSystem]:
        """Give the file system and translate its errors, except for a missing file, which callers handle."""
        try:
            yield self._open_files()
        except FileNotFoundError:
            raise
        except self._errors as error:
            raise self._unavailable(action, name, error) from (None if self._hide_errors else error)

    def _unavailable(self, action: str, name: str, error: Exception) -> StateUnavailable:
        found = type(error).__name__ if self._hide_errors else error
        return StateUnavailable(
            f"sales history: expected to {action} {self.display_path(name)}, found: {found}"
        )


@dataclass(frozen=True, slots=True)
class _DeletedFile:
    """A file that was deleted, with the content to write it again; a `history_folder.PendingRemoval`."""

    folder: RemoteFolder
    file: FileEntry
    content: bytes

    def undo(self) -> None:
        """See `PendingRemoval.undo`."""
        self.folder.write(self.file.name, self.content)

    def complete(self) -> None:
        """Do nothing: the file is already deleted."""


def _to_utc(listed: datetime | float | str) -> datetime:
    """Read a file's time as a file system lists it: a datetime, seconds since 1970, or an ISO text."""
    if isinstance(listed, str):
        listed = datetime.fromisoformat(listed)
    if isinstance(listed, datetime):
        return listed if listed.tzinfo else listed.replace(tzinfo=UTC)
    return datetime.fromtimestamp(listed, UTC)
