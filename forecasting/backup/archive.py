"""The file: a tar whose parts are told of in a manifest behind them, which a checksum seals.

It is written from front to back, and looked through the same way before anything is made of it. Nothing is
ever unpacked under a name that stands in it.
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
"""Bytes; that of a million history files is no larger."""

Told = Callable[[int, int], None]
"""Called with the number of parts that are done, and that of all."""


class ArchiveWriter:
    """Adds parts to a file, and at the end what they are.

    Parameters
    ----------
    file
        Open for writing, and empty.
    at
        The instant all parts are dated with.
    """

    def __init__(self, file: IO[bytes], at: datetime) -> None:
        self._tar = tarfile.open(fileobj=file, mode="w", format=tarfile.PAX_FORMAT)  # noqa: SIM115 – see `seal`
        self._at = at

    def add(self, name: str, content: IO[bytes]) -> Member:
        """Add a part with all that a file has in it, from its beginning."""
        info = tarfile.TarInfo(name)
        info.size, info.mtime, info.mode = content.seek(0, os.SEEK_END), int(self._at.timestamp()), 0o644
        content.seek(0)
        digest = hashlib.file_digest(content, "sha256").hexdigest()  # type: ignore[arg-type] # any binary file
        content.seek(0)
        self._tar.addfile(info, content)
        return Member(name, info.size, digest)

    def seal(self, contents: Contents) -> None:
        """Add what the parts are, and end the tar."""
        manifest = self.add(MANIFEST, io.BytesIO(contents.to_json()))
        self.add(SEAL, io.BytesIO(_seal_of(manifest.sha256)))
        self._tar.close()


class Archive:
    """A backup that was found whole and sound.

    Attributes
    ----------
    name
        What the file is called.
    contents
        What is in it.
    """

    def __init__(self, name: str, tar: tarfile.TarFile, contents: Contents) -> None:
        self.name = name
        self.contents = contents
        self._tar = tar

    @contextmanager
    def part(self, member: Member) -> Iterator[IO[bytes]]:
        """One of its parts, open for reading."""
        content = self._tar.extractfile(member.name)
        if content is None:
            raise InvalidArchive(f"{self.name}: expected '{member.name}' to be a file, found something else")
        with content:
            yield content

    def content(self, member: Member) -> bytes:
        """All that one of its parts has in it."""
        with self.part(member) as content:
            return content.read()


@contextmanager
def written(path: Path, *, replace: bool) -> Iterator[IO[bytes]]:
    """A file that gets its name when all that is written to it is on the disk; else it leaves nothing.

    Raises
    ------
    InvalidRequest
        If there is such a file and it is not to be replaced, or it can't be written.
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
def opened(path: Path, told: Told) -> Iterator[Archive]:
    """A backup, all of whose parts were read and found to be what its manifest says.

    Raises
    ------
    InvalidArchive
        If it is damaged or cut, or is something else; says what was expected and what was found.
    StateTooNew
        If it was written by a newer version of the software.
    StateUnavailable
        If it can't be read.
    """
    if not path.is_file():
        raise InvalidArchive(f"expected a backup at '{path}', found no such file")
    try:
        with path.open("rb") as file, tarfile.open(fileobj=file, mode="r:") as tar:
            yield Archive(path.name, tar, _checked(tar, path.name, told))
    except (tarfile.TarError, EOFError) as error:
        raise InvalidArchive(f"{path.name}: expected a whole backup, found: {error}") from error
    except OSError as error:
        raise StateUnavailable(f"{path} can't be read: {error.strerror or error}") from error


def _checked(tar: tarfile.TarFile, name: str, told: Told) -> Contents:
    found: dict[str, Member] = {}
    kept: dict[str, bytes] = {}
    infos = tar.getmembers()
    for done, info in enumerate(infos, start=1):
        content = tar.extractfile(info) if info.isreg() else None
        if content is None or info.name in found:
            raise InvalidArchive(f"{name}: expected plain files, each once, found '{info.name}'")
        if info.name in (MANIFEST, SEAL):
            kept[info.name] = _short(content, info, name)
        digest = hashlib.file_digest(content, "sha256").hexdigest()  # type: ignore[arg-type] # as above
        found[info.name] = Member(info.name, info.size, digest)
        told(done, 2 * len(infos))
    contents = _sealed(kept, name)
    _require_all({each: found[each] for each in found if each not in kept}, contents.members, name)
    return contents


def _short(content: IO[bytes], info: tarfile.TarInfo, name: str) -> bytes:
    if info.size > LARGEST_MANIFEST:
        raise InvalidArchive(f"{name}: expected a manifest, found {info.size:,} bytes as '{info.name}'")
    text = content.read()
    content.seek(0)
    return text


def _sealed(kept: dict[str, bytes], name: str) -> Contents:
    for each in (MANIFEST, SEAL):
        if each not in kept:
            raise InvalidArchive(
                f"{name}: expected a whole backup with '{each}' at its end, found none: it is cut, damaged "
                "or something else"
            )
    expected = _seal_of(hashlib.sha256(kept[MANIFEST]).hexdigest())
    if kept[SEAL] != expected:
        raise InvalidArchive(f"{name}: expected '{MANIFEST}' as '{SEAL}' has it, found it changed")
    return from_json(kept[MANIFEST], name)


def _require_all(found: dict[str, Member], expected: dict[str, Member], name: str) -> None:
    for each in sorted(expected.keys() | found.keys()):
        wanted, there = expected.get(each), found.get(each)
        if wanted != there:
            raise InvalidArchive(f"{name}: expected {_told(wanted, each)}, found {_told(there, each)}")


def _told(member: Member | None, name: str) -> str:
    if member is None:
        return f"no part '{name}'"
    return f"'{name}' of {member.bytes:,} bytes with the SHA-256 {member.sha256[:16]}…"


def _seal_of(digest: str) -> bytes:
    """A line as ``sha256sum`` writes and checks it."""
    return f"{digest}  {MANIFEST}\n".encode()


def _sync_folder(folder: Path) -> None:
    """Make the new name survive a power cut, where folders can be synced (not on Windows)."""
    if os.name != "posix":
        return
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
