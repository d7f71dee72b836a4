"""History files in a folder of this machine, or one it shares with others."""

import os
import secrets
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from forecasting.core.errors import StateUnavailable
from forecasting.history.file_locations import PlacedFile


@dataclass(frozen=True, slots=True)
class LocalFolder:
    """Implements `places.Place`; made when first written to.

    A file is written aside, synced and renamed. Hidden files are left alone: network file systems keep what
    is removed while it is read under such names.
    """

    root: Path

    @property
    def abreast(self) -> int:
        """See `places.Place.abreast`."""
        return 1

    def located(self, name: str) -> str:
        """See `places.Place.located`."""
        return str(self.root / name)

    def read(self, name: str) -> bytes:
        """See `places.Place.read`."""
        path = self.root / name
        try:
            return path.read_bytes()
        except FileNotFoundError as error:
            raise StateUnavailable(f"sales history: expected the file {path}, found none") from error
        except OSError as error:
            raise _trouble("read", path, error) from error

    def write(self, name: str, content: bytes) -> None:
        """See `places.Place.write`."""
        path = self.root / name
        beside = path.with_name(f"{secrets.token_hex(8)}.tmp")
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            try:
                with beside.open("xb") as file:  # with the rights other users of a shared folder need
                    file.write(content)
                    file.flush()
                    os.fsync(file.fileno())
                beside.replace(path)
            finally:
                beside.unlink(missing_ok=True)
            _sync_folder(path.parent)
        except OSError as error:
            raise _trouble("write", path, error) from error

    def touch(self, name: str) -> bool:
        """See `places.Place.touch`."""
        try:
            os.utime(self.root / name)
        except OSError:
            return False
        return True

    def files(self) -> Iterator[PlacedFile]:
        """See `places.Place.files`."""
        for path in self.root.glob("*/*/[!.]*"):
            try:
                yield self._described(path, path)
            except FileNotFoundError:
                continue  # removed meanwhile
            except OSError as error:
                raise _trouble("read", path, error) from error

    def in_use(self) -> bool:
        """See `places.Place.in_use`."""
        return any(self.root.glob("*/*/*.parquet"))

    def missing(self, names: Collection[str]) -> set[str]:
        """See `places.Place.missing`."""
        return {name for name in names if not (self.root / name).exists()}

    def take(self, name: str, before: datetime) -> "_Doomed | None":
        """See `places.Place.take`.

        It is taken out of the way before it is looked at, so that a writer either finds no file and writes
        it anew, or has touched it and gets it back. What stands aside looks new, so that nobody else who
        removes old files takes it for a leftover yet.
        """
        path = self.root / name
        aside = path.with_name(f"{path.stem}.{secrets.token_hex(4)}.doomed")
        try:
            path.replace(aside)
            taken = _Doomed(self._described(path, aside), path, aside)
        except FileNotFoundError:
            return None  # another process was quicker
        except OSError as error:
            raise _trouble("remove", path, error) from error
        if taken.file.written_at >= before:
            taken.put_back()
            return None
        self.touch(aside.relative_to(self.root).as_posix())
        return taken

    def _described(self, path: Path, at: Path) -> PlacedFile:
        found = at.stat()
        written_at = datetime.fromtimestamp(found.st_mtime, UTC)
        return PlacedFile(path.relative_to(self.root).as_posix(), found.st_size, written_at)


@dataclass(frozen=True, slots=True)
class _Doomed:
    """A file that stands aside under another name."""

    file: PlacedFile
    path: Path
    aside: Path

    def put_back(self) -> None:
        """See `places.Taken.put_back`."""
        try:
            self.aside.replace(self.path)
        except OSError as error:
            raise _trouble("put back", self.path, error) from error

    def drop(self) -> None:
        """See `places.Taken.drop`."""
        try:
            self.aside.unlink(missing_ok=True)
        except OSError as error:
            raise _trouble("remove", self.path, error) from error


def _trouble(doing: str, path: Path, error: OSError) -> StateUnavailable:
    return StateUnavailable(f"sales history: expected to {doing} {path}, found: {error}")


def _sync_folder(folder: Path) -> None:
    """Make the new name survive a power cut, where folders can be synced (not on Windows)."""
    if os.name != "posix":
        return
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
