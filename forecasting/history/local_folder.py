"""History files in a folder of this machine, or on a network share mounted there."""

import os
import secrets
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from forecasting.core.errors import StateUnavailable
from forecasting.history.history_folder import FileEntry


@dataclass(frozen=True, slots=True)
class LocalFolder:
    """Implements `history_folder.HistoryFolder`; the folder is created by the first write.

    A file is written under a temporary name, synced to disk and renamed. Hidden files are ignored: a network
    file system renames a file to such a name if it is removed while somebody reads it.
    """

    root: Path

    @property
    def concurrency(self) -> int:
        """See `HistoryFolder.concurrency`."""
        return 1

    def display_path(self, name: str) -> str:
        """See `HistoryFolder.display_path`."""
        return str(self.root / name)

    def read(self, name: str) -> bytes:
        """See `HistoryFolder.read`."""
        path = self.root / name
        try:
            return path.read_bytes()
        except FileNotFoundError as error:
            raise StateUnavailable(f"sales history: expected the file {path}, found none") from error
        except OSError as error:
            raise _unavailable("read", path, error) from error

    def write(self, name: str, content: bytes) -> None:
        """See `HistoryFolder.write`."""
        path = self.root / name
        temporary = path.with_name(f"{secrets.token_hex(8)}.tmp")
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            try:
                with temporary.open("xb") as file:  # default permissions: others may share the folder
                    file.write(content)
                    file.flush()
                    os.fsync(file.fileno())
                temporary.replace(path)
            finally:
                temporary.unlink(missing_ok=True)
            _sync_folder(path.parent)
        except OSError as error:
            raise _unavailable("write", path, error) from error

    def touch(self, name: str) -> bool:
        """See `HistoryFolder.touch`."""
        try:
            os.utime(self.root / name)
        except OSError:
            return False
        return True

    def list_files(self) -> Iterator[FileEntry]:
        """See `HistoryFolder.list_files`."""
        for path in self.root.glob("*/*/[!.]*"):
            try:
                yield self._entry(path, path)
            except FileNotFoundError:
                continue  # removed since it was listed
            except OSError as error:
                raise _unavailable("read", path, error) from error

    def in_use(self) -> bool:
        """See `HistoryFolder.in_use`."""
        return any(self.root.glob("*/*/*.parquet"))

    def missing(self, names: Collection[str]) -> set[str]:
        """See `HistoryFolder.missing`."""
        return {name for name in names if not (self.root / name).exists()}

    def begin_removal(self, name: str, before: datetime) -> "_RenamedFile | None":
        """See `HistoryFolder.begin_removal`.

        The file is renamed before its age is checked. So a concurrent writer either finds no file and writes
        it again, or has touched it before, and then it is put back. The renamed file is touched, so that
        another process that prunes old files does not remove it as a leftover.
        """
        path = self.root / name
        aside = path.with_name(f"{path.stem}.{secrets.token_hex(4)}.doomed")
        try:
            path.replace(aside)
            renamed = _RenamedFile(self._entry(path, aside), path, aside)
        except FileNotFoundError:
            return None  # another process removed it first
        except OSError as error:
            raise _unavailable("remove", path, error) from error
        if renamed.file.written_at >= before:
            renamed.undo()
            return None
        self.touch(aside.relative_to(self.root).as_posix())
        return renamed

    def _entry(self, path: Path, at: Path) -> FileEntry:
        """Describe the file `path`, which is stored at `at`."""
        status = at.stat()
        written_at = datetime.fromtimestamp(status.st_mtime, UTC)
        return FileEntry(path.relative_to(self.root).as_posix(), status.st_size, written_at)


@dataclass(frozen=True, slots=True)
class _RenamedFile:
    """A file that waits under another name for its removal; implements `history_folder.PendingRemoval`."""

    file: FileEntry
    path: Path
    aside: Path

    def undo(self) -> None:
        """See `PendingRemoval.undo`."""
        try:
            self.aside.replace(self.path)
        except OSError as error:
            raise _unavailable("put back", self.path, error) from error

    def complete(self) -> None:
        """See `PendingRemoval.complete`."""
        try:
            self.aside.unlink(missing_ok=True)
        except OSError as error:
            raise _unavailable("remove", self.path, error) from error


def _unavailable(action: str, path: Path, error: OSError) -> StateUnavailable:
    return StateUnavailable(f"sales history: expected to {action} {path}, found: {error}")


def _sync_folder(folder: Path) -> None:
    """Make a rename in the folder survive a power cut; does nothing on Windows, which can't sync folders."""
    if os.name != "posix":
        return
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
