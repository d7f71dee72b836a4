"""Backup files as bytes: their parts, and altered copies of them."""

import hashlib
import io
import json
import tarfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

from forecasting.backup.archive import MANIFEST, SEAL

Run = Callable[..., tuple[int, str, str]]
"""Runs one command on a state folder; returns its exit code, standard output and standard error."""


def listen_to_nothing(_done: int, _total: int) -> None:
    """Ignore the progress."""


def files(folder: Path) -> dict[str, bytes]:
    """Every file below a folder, with its content."""
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def members(content: bytes) -> dict[str, tuple[int, int]]:
    """Map each part of a backup to its offset and size in bytes."""
    with tarfile.open(fileobj=io.BytesIO(content)) as tar:
        return {info.name: (info.offset_data, info.size) for info in tar}


def rebuilt(content: bytes, change: Callable[[dict[str, bytes]], None]) -> bytes:
    """A backup whose parts were changed, as a well-formed tar file."""
    with tarfile.open(fileobj=io.BytesIO(content)) as tar:
        parts = {info.name: tar.extractfile(info).read() for info in tar}  # type: ignore[union-attr] # files
    change(parts)
    sink = io.BytesIO()
    with tarfile.open(fileobj=sink, mode="w") as tar:
        for name, part in parts.items():
            info = tarfile.TarInfo(name)
            info.size = len(part)
            tar.addfile(info, io.BytesIO(part))
    return sink.getvalue()


def with_manifest(content: bytes, change: Callable[[dict[str, Any]], None]) -> bytes:
    """A backup whose manifest was changed, with a matching checksum."""

    def rewrite(parts: dict[str, bytes]) -> None:
        document = json.loads(parts[MANIFEST])
        change(document)
        parts[MANIFEST] = json.dumps(document).encode()
        parts[SEAL] = f"{hashlib.sha256(parts[MANIFEST]).hexdigest()}  {MANIFEST}\n".encode()

    return rebuilt(content, rewrite)


def with_settings(content: bytes, settings: bytes) -> bytes:
    """A backup with other settings."""

    def change(parts: dict[str, bytes]) -> None:
        parts["settings.json"] = settings

    def tell(document: dict[str, Any]) -> None:
        sha256 = hashlib.sha256(settings).hexdigest()
        document["settings"].update(bytes=len(settings), sha256=sha256)

    return with_manifest(rebuilt(content, change), tell)
