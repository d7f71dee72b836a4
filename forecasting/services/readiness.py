"""Whether this process can do its work: read-only checks of the database, the worker and the disk."""

import shutil
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from forecasting.config.settings import MEGABYTE
from forecasting.core import wording
from forecasting.core.errors import StorageError
from forecasting.core.ports import Vitals
from forecasting.refresh.policy import SILENCE


class Need(StrEnum):
    """What this process needs to do its work."""

    DATABASE = "database"
    WORKER = "worker"
    DISK = "disk"


@dataclass(frozen=True, slots=True)
class Check:
    """Whether one need is met, with a sentence that says so."""

    ok: bool
    detail: str


def database_check(vitals: Vitals) -> Check:
    """Check that the database can be read. A worker's sign of life proves that it can be written."""
    try:
        vitals.require_usable()
    except StorageError as error:
        return Check(ok=False, detail=str(error))
    return Check(ok=True, detail="The database can be read and is at the right revision")


def worker_check(vitals: Vitals) -> Check:
    """Check that a worker, in this process or another, has lately given a sign of life."""
    try:
        silence = vitals.silence()
    except StorageError as error:
        return Check(ok=False, detail=str(error))
    if silence is None:
        return Check(ok=False, detail="No refresh worker has given a sign of life yet")
    limit = "" if silence < SILENCE else f", expected one within {wording.duration(SILENCE)}"
    said = f"A refresh worker gave its last sign of life {wording.duration(silence)} ago{limit}"
    return Check(ok=not limit, detail=said)


def disk_check(folder: Path, floor: int) -> Check:
    """Check that the state folder has enough free space.

    Parameters
    ----------
    folder
        The state folder.
    floor
        Bytes that must be free.
    """
    try:
        free = shutil.disk_usage(folder).free
    except OSError as error:
        return Check(ok=False, detail=f"{folder}: expected a folder to write to, found {error.strerror}")
    said = f"{folder}: {_megabytes(free)} free, at least {_megabytes(floor)} expected"
    return Check(ok=free >= floor, detail=said)


def _megabytes(size: int) -> str:
    return f"{size / MEGABYTE:,.0f} MB"
