"""Open the history folder at an address: a path of this machine or a URL."""

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
from forecasting.history.history_folder import HistoryFolder
from forecasting.history.local_folder import LocalFolder
from forecasting.history.remote_folder import RemoteFolder, expected_errors
from forecasting.history.s3 import CONNECTIONS, S3Files

SETTING = "STORECAST_HISTORY_URL"

_LOCAL = ("file", "local")
_S3 = ("s3", "s3a")
_BUCKET = re.compile(r"[\w.-]{3,}(/[^?]*)?")

OpenedT = TypeVar("OpenedT")


@cache
def open_folder(address: str) -> HistoryFolder:
    """Open the folder at an address. Each process opens it once; all its threads may use it.

    Parameters
    ----------
    address
        A local path, or a URL of any protocol that `fsspec` supports.

    Raises
    ------
    InvalidSetting
        If the URL is malformed, its protocol is unknown, or the package for it is not installed; names the
        setting.
    StateUnavailable
        If the folder can't be reached.
    """
    protocol, is_url, _ = address.partition("://")
    if not is_url:
        return LocalFolder(Path(address))
    protocol = protocol.lower()
    if protocol in _LOCAL:
        return LocalFolder(_local_path(address))
    if protocol in _S3:
        return _open_bucket(address)
    return _open_fsspec(address, protocol)


def redact(address: str) -> str:
    """Return an address to show operators: without user name, password and query."""
    protocol, is_url, rest = address.partition("://")
    _, secret, location = rest.rpartition("@")
    return f"{protocol}://{'…@' if secret else ''}{location.partition('?')[0]}" if is_url else address


def _local_path(address: str) -> Path:
    parts = urlsplit(address)
    if parts.netloc not in ("", "localhost") or not parts.path:
        raise InvalidSetting(
            f"{SETTING}: expected a folder of this machine such as file:///mnt/share/history, "
            f"found '{redact(address)}'"
        )
    return Path(url2pathname(parts.path))


def _open_bucket(address: str) -> HistoryFolder:
    root = address.partition("://")[2].strip("/")
    if not _BUCKET.fullmatch(root):
        raise InvalidSetting(
            f"{SETTING}: expected s3://bucket/folder, with credentials and endpoint in the variables of "
            f"AWS's own tools, found '{redact(address)}'"
        )
    files = _connect(S3Files, address, OSError)
    return RemoteFolder(lambda: files, root, f"s3://{root}", concurrency=CONNECTIONS)


def _open_fsspec(address: str, protocol: str) -> HistoryFolder:
    try:
        fsspec.get_filesystem_class(protocol)
    except ImportError as error:
        raise InvalidSetting(
            f"{SETTING}: expected the package for '{protocol}' to be installed, found: {error}"
        ) from error
    except ValueError as error:
        raise InvalidSetting(
            f"{SETTING}: expected a folder, or a URL of a protocol fsspec knows such as s3, gs or sftp, "
            f"found '{redact(address)}'"
        ) from error
    open_files = partial(url_to_fs, address)  # fsspec caches one instance for each thread
    errors = expected_errors(protocol)
    _, root = _connect(open_files, address, *errors)
    has_secret = redact(address) != address
    return RemoteFolder(lambda: open_files()[0], root, redact(address), errors, hide_errors=has_secret)


def _connect(open_files: Callable[[], OpenedT], address: str, *errors: type[Exception]) -> OpenedT:
    """Call `open_files` and translate its errors, without showing secrets of the address."""
    try:
        return open_files()
    except errors as error:
        found = error if redact(address) == address else type(error).__name__
        raise StateUnavailable(f"sales history: expected to reach {redact(address)}, found: {found}") from (
            None if found is not error else error
        )
    except (TypeError, ValueError):  # their texts may contain the address
        raise InvalidSetting(f"{SETTING}: expected a whole URL, found '{redact(address)}'") from None
