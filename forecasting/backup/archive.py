"""The backup file: a tar of parts, then a manifest that lists them, then the checksum of the manifest.

It is written from front to back. Before a restore uses any part, the whole file is read and checked. No part
is ever unpacked under the name it has in the file.
"""

import hashlib
import io
import os
import secrets
import tarfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import IO

from forecasting.backup.contents import Contents, Member, from_json
from forecasting.core.errors import InvalidArchive, InvalidRequest, StateUnavailable

MANIFEST = "manifest.json"
SEAL = "manifest.json.sha256"
LARGEST_MANIFEST = 256_000_000
"""Bytes. The manifest of a million history files is smaller."""

ReportProgress = Callable[[int, int], None]
"""Called with the number of parts that are finished and the number of all parts."""


class ArchiveWriter:
    """Writes the parts of a backup, and its manifest at the end.

    Parameters
    ----------
    file
        An empty file, open for writing.
    at
        The modification time of all parts, aware.
    """

    def __init__(self, file: IO[bytes], at: datetime) -> None:
        self._tar = tarfile.open(fileobj=file, mode="w", format=tarfile.PAX_FORMAT)  # noqa: SIM115 – see `seal`
        self._at = at

    def add(self, name: str, content: IO[bytes]) -> Member:
        """Add a part with the whole content of a file."""
        info = tarfile.TarInfo(name)
        info.size, info.mtime, info.mode = content.seek(0, os.SEEK_END), int(self._at.timestamp()), 0o644
        content.seek(0)
        digest = hashlib.file_digest(content, "sha256").hexdigest()  # type: ignore[arg-type] # any binary file
        content.seek(0)
        self._tar.addfile(info, content)
        return Member(name, info.size, digest)

    def seal(self, contents: Contents) -> None:
        """Add the manifest and its checksum, and end the tar."""
        manifest = self.add(MANIFEST, io.BytesIO(contents.to_json()))
        self.add(SEAL, io.BytesIO(_seal_of(manifest.sha256)))
        self._tar.close()


class Archive:
    """A backup file whose parts have all been checked.

    Attributes
    ----------
    name
        Name of the file, without its folder.
    contents
        Its manifest.
    """

    def __init__(self, name: str, tar: tarfile.TarFile, contents: Contents) -> None:
        self.name = name
        self.contents = contents
        self._tar = tar

    @contextmanager
    def part(self, member: Member) -> Iterator[IO[bytes]]:
        """Open one part for reading."""
        content = self._tar.extractfile(member.name)
        if content is None:
            raise InvalidArchive(f"{self.name}: expected '{member.name}' to be a file, found something else")
        with content:
            yield content

    def content(self, member: Member) -> bytes:
        """Return the whole content of one part."""
        with self.part(member) as content:
            return content.read()


@contextmanager
def new_file(path: Path, *, replace: bool) -> Iterator[IO[bytes]]:
    """Open a new file for writing. It gets its name once it is complete on disk; on failure it is removed.

    Parameters
    ----------
    replace
        Whether an existing file is replaced.

    Raises
    ------
    InvalidRequest
        If the file exists and must not be replaced, or can't be written.
    """
    if path.is_dir():
        raise InvalidRequest(f"--out: expected a file, found the folder '{path}'")
    if path.exists() and not replace:
        raise InvalidRequest(f"--out: expected a new file, found '{path}'; --force replaces it")
    beside = path.with_name(f".{path.name}.{secrets.token_hex(4)}.part")
    try:
        try:
            with beside.open("xb") as file:
                yield file
                file.flush()
                os.fsync(file.fileno())
            beside.replace(path)
        finally:
            beside.unlink(missing_ok=True)
    except OSError as error:
        found = error.strerror or error
        raise InvalidRequest(f"--out: expected a file that can be written, found {found}") from error
    _sync_folder(path.parent)


@contextmanager
def open_archive(path: Path, report: ReportProgress) -> Iterator[Archive]:
    """Open a backup, after every part was read and compared with the manifest.

    Raises
    ------
    InvalidArchive
        If the file is damaged, truncated or not a backup.
    StateTooNew
        If a newer version of the software wrote it.
    StateUnavailable
        If the file can't be read.
    """
    if not path.is_file():
        raise InvalidArchive(f"expected a backup at '{path}', found no such file")
    try:
        with path.open("rb") as file, tarfile.open(fileobj=file, mode="r:") as tar:
            yield Archive(path.name, tar, _checked(tar, path.name, report))
    except (tarfile.TarError, EOFError) as error:
        raise InvalidArchive(f"{path.name}: expected a whole backup, found: {error}") from error
    except OSError as error:
        raise StateUnavailable(f"{path} can't be read: {error.strerror or error}") from error


def _checked(tar: tarfile.TarFile, name: str, report: ReportProgress) -> Contents:
    """Read all parts and return the manifest they agree with. This is the first half of the progress."""
    found: dict[str, Member] = {}
    ending: dict[str, bytes] = {}
    infos = tar.getmembers()
    for done, info in enumerate(infos, start=1):
        content = tar.extractfile(info) if info.isreg() else None
        if content is None or info.name in found:
            raise InvalidArchive(f"{name}: expected plain files, each once, found '{info.name}'")
        if info.name in (MANIFEST, SEAL):
            ending[info.name] = _read_short(content, info, name)
        digest = hashlib.file_digest(content, "sha256").hexdigest()  # type: ignore[arg-type] # as above
        found[info.name] = Member(info.name, info.size, digest)
        report(done, 2 * len(infos))
    contents = _read_manifest(ending, name)
    _require_all({each: found[each] for each in found if each not in ending}, contents.members, name)
    return contents


def _read_short(content: IO[bytes], info: tarfile.TarInfo, name: str) -> bytes:
    if info.size > LARGEST_MANIFEST:
        raise InvalidArchive(f"{name}: expected a manifest, found {info.size:,} bytes as '{info.name}'")
    text = content.read()
    content.seek(0)
    return text


def _read_manifest(ending: dict[str, bytes], name: str) -> Contents:
    """Return the manifest, after comparing it with its checksum."""
    for each in (MANIFEST, SEAL):
        if each not in ending:
            raise InvalidArchive(
                f"{name}: expected a whole backup with '{each}' at its end, found none: it is "
                "truncated, damaged or something else"
            )
    expected = _seal_of(hashlib.sha256(ending[MANIFEST]).hexdigest())
    if ending[SEAL] != expected:
        raise InvalidArchive(f"{name}: expected '{MANIFEST}' to match '{SEAL}', found it changed")
    return from_json(ending[MANIFEST], name)


def _require_all(found: dict[str, Member], expected: dict[str, Member], name: str) -> None:
    for each in sorted(expected.keys() | found.keys()):
        wanted, actual = expected.get(each), found.get(each)
        if wanted != actual:
            raise InvalidArchive(
                f"{name}: expected {_described(wanted, each)}, found {_described(actual, each)}"
            )


def _described(member: Member | None, name: str) -> str:
    if member is None:
        return f"no part '{name}'"
    return f"'{name}' of {member.bytes:,} bytes with the SHA-256 {member.sha256[:16]}…"


def _seal_of(digest: str) -> bytes:
    """Return the line that ``sha256sum`` writes and checks."""
    return f"{digest}  {MANIFEST}\n".encode()


def _sync_folder(folder: Path) -> None:
    """Make the new name survive a power cut. Windows can't sync folders."""
    if os.name != "posix":
        return
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
