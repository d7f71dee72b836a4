"""From the address of a history, a folder or a URL, to the place itself."""

import re
from collections.abc import Callable
from functools import cache, partial
from pathlib import Path
from typing import TypeVar
from urllib.parse import urlsplit
from urllib.request import url2pathname

import fsspec
from fsspec.core import url_to_fs

from forecasting.core.errors import InvalidSetting, StateUnavailable
from forecasting.history.file_locations import Place
from forecasting.history.folder import LocalFolder
from forecasting.history.object_store import ObjectStore, errors_of
from forecasting.history.s3 import CONNECTIONS, S3Files

SETTING = "STORECAST_HISTORY_URL"

_LOCAL = ("file", "local")
_S3 = ("s3", "s3a")
_BUCKET = re.compile(r"[\w.-]{3,}(/[^?]*)?")

OpenedT = TypeVar("OpenedT")


@cache
def place_at(address: str) -> Place:
    """The place of an address; one for each process, which may use it from all its threads.

    Parameters
    ----------
    address
        A folder, or a URL of any protocol `fsspec` has a file system for.

    Raises
    ------
    InvalidSetting
        If there is no such file system, or its package is not installed; names the setting.
    StateUnavailable
        If it can't be reached.
    """
    protocol, is_url, _ = address.partition("://")
    if not is_url:
        return LocalFolder(Path(address))
    protocol = protocol.lower()
    if protocol in _LOCAL:
        return LocalFolder(_folder(address))
    if protocol in _S3:
        return _bucket(address)
    return _other(address, protocol)


def shown(address: str) -> str:
    """An address as it may be told: without user, password and options."""
    protocol, is_url, rest = address.partition("://")
    _, secret, place = rest.rpartition("@")
    return f"{protocol}://{'…@' if secret else ''}{place.partition('?')[0]}" if is_url else address


def _folder(address: str) -> Path:
    parts = urlsplit(address)
    if parts.netloc not in ("", "localhost") or not parts.path:
        raise InvalidSetting(
            f"{SETTING}: expected a folder of this machine such as file:///mnt/share/history, "
            f"found '{shown(address)}'"
        )
    return Path(url2pathname(parts.path))


def _bucket(address: str) -> Place:
    root = address.partition("://")[2].strip("/")
    if not _BUCKET.fullmatch(root):
        raise InvalidSetting(
            f"{SETTING}: expected s3://bucket/folder, with credentials and endpoint in the variables of "
            f"AWS's own tools, found '{shown(address)}'"
        )
    files = _opened(S3Files, address, OSError)
    return ObjectStore(lambda: files, root, f"s3://{root}", abreast=CONNECTIONS)


def _other(address: str, protocol: str) -> Place:
    try:
        fsspec.get_filesystem_class(protocol)
    except ImportError as error:
        raise InvalidSetting(
            f"{SETTING}: expected the package for '{protocol}' to be installed, found: {error}"
        ) from error
    except ValueError as error:
        raise InvalidSetting(
            f"{SETTING}: expected a folder, or a URL of a protocol fsspec knows such as s3, gs or sftp, "
            f"found '{shown(address)}'"
        ) from error
    open_files = partial(url_to_fs, address)  # which has an instance for each thread
    errors = errors_of(protocol)
    _, root = _opened(open_files, address, *errors)
    discreet = shown(address) != address
    return ObjectStore(lambda: open_files()[0], root, shown(address), errors, discreet=discreet)


def _opened(open_files: Callable[[], OpenedT], address: str, *errors: type[Exception]) -> OpenedT:
    try:
        return open_files()
    except errors as error:
        found = error if shown(address) == address else type(error).__name__
        raise StateUnavailable(f"sales history: expected to reach {shown(address)}, found: {found}") from (
            None if found is not error else error
        )
    except (TypeError, ValueError):  # whose text may have the address in it
        raise InvalidSetting(f"{SETTING}: expected a whole URL, found '{shown(address)}'") from None
