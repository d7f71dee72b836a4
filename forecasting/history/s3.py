"""S3 as an `fsspec` file system over boto3, in which each call is one request.

The alternatives were rejected: `s3fs` needs an older botocore than boto3 does. PyArrow's S3 file system asks
for an object's size before it reads the object, leaves an empty object behind for each one it removes, and
ignores ``AWS_ENDPOINT_URL``.
"""

import errno
import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from fsspec.spec import AbstractFileSystem

CONNECTIONS = 16
"""Concurrent requests of one process, over all its threads."""

_TIMEOUTS = {"connect_timeout": 5, "read_timeout": 30}
_ENDPOINTS = ("AWS_ENDPOINT_URL_S3", "AWS_ENDPOINT_URL")
_MISSING = ("404", "NoSuchKey")

Info = dict[str, Any]
"""A file or folder as `fsspec` describes it: ``name``, ``size``, ``type``, and ``LastModified`` of a file."""


class S3Files(AbstractFileSystem):  # type: ignore[misc] # fsspec has no published types
    """Objects as files named ``bucket/key``.

    Credentials, region and endpoint come from the same variables and files as for AWS's own tools. A custom
    endpoint is addressed by path, because such servers have no host name for each bucket.

    Every method raises `FileNotFoundError` for a missing object, and `OSError` with S3's message for other
    errors.
    """

    protocol = "s3"
    root_marker = ""
    cachable = False

    def __init__(self) -> None:
        super().__init__()
        import boto3  # noqa: PLC0415 – takes 0.2 s, and few processes need it
        from botocore.config import Config  # noqa: PLC0415

        custom = any(os.environ.get(name) for name in _ENDPOINTS)
        style = {"addressing_style": "path"} if custom else None
        config = Config(retries={"mode": "standard"}, max_pool_connections=CONNECTIONS, s3=style, **_TIMEOUTS)
        with _translated(""):
            self._client = boto3.session.Session().client("s3", config=config)

    def cat_file(self, path: str, start: int | None = None, end: int | None = None, **_: object) -> bytes:
        """Return the content of an object."""
        with _translated(path):
            content: bytes = self._client.get_object(**self._address(path))["Body"].read()
        return content[start:end]

    def pipe_file(self, path: str, value: bytes, **_: object) -> None:
        """Write an object completely or not at all; an existing object is replaced."""
        with _translated(path):
            self._client.put_object(**self._address(path), Body=value)

    def info(self, path: str, **_: object) -> Info:
        """Describe an object."""
        with _translated(path):
            found = self._client.head_object(**self._address(path))
        return _file_info(self._strip_protocol(path), found["ContentLength"], found["LastModified"])

    def ls(self, path: str, detail: bool = True, **_: object) -> list[Info] | list[str]:  # noqa: FBT001, FBT002 – fsspec's
        """List the objects and folders directly in a folder. A folder exists if any object is below it."""
        found = list(self._list_below(path, Delimiter="/"))
        if not found:
            raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT), path)
        return found if detail else [info["name"] for info in found]

    def find(
        self,
        path: str,
        maxdepth: int | None = None,
        withdirs: bool = False,  # noqa: FBT001, FBT002 – fsspec's
        detail: bool = False,  # noqa: FBT001, FBT002
        **_: object,
    ) -> dict[str, Info] | list[str]:
        """List every object below a folder, with one request for each 1,000 objects."""
        if maxdepth is not None or withdirs:
            return super().find(path, maxdepth, withdirs, detail)  # type: ignore[no-any-return]
        found = {info["name"]: info for info in self._list_below(path)}
        return found if detail else list(found)

    def rm_file(self, path: str) -> None:
        """Delete an object; a missing one is no error."""
        with _translated(path):
            self._client.delete_object(**self._address(path))

    def _address(self, path: str) -> dict[str, str]:
        bucket, _, key = self._strip_protocol(path).partition("/")
        return {"Bucket": bucket, "Key": key}

    def _list_below(self, path: str, **options: str) -> Iterator[Info]:
        bucket, _, key = self._strip_protocol(path).partition("/")
        prefix = f"{key}/" if key else ""
        pages = self._client.get_paginator("list_objects_v2").paginate(
            Bucket=bucket, Prefix=prefix, **options
        )
        with _translated(path):
            for page in pages:
                for folder in page.get("CommonPrefixes", ()):
                    name = f"{bucket}/{folder['Prefix'].rstrip('/')}"
                    yield {"name": name, "size": 0, "type": "directory"}
                for found in page.get("Contents", ()):
                    if not found["Key"].endswith("/"):  # other tools create such objects to represent folders
                        yield _file_info(f"{bucket}/{found['Key']}", found["Size"], found["LastModified"])


def _file_info(path: str, size: int, modified: object) -> Info:
    return {"name": path, "size": size, "type": "file", "LastModified": modified}


@contextmanager
def _translated(path: str) -> Iterator[None]:
    """Raise botocore's errors as `FileNotFoundError` or `OSError`."""
    from botocore.exceptions import BotoCoreError, ClientError  # noqa: PLC0415 – as boto3

    try:
        yield
    except ClientError as error:
        if error.response["Error"]["Code"] in _MISSING:
            raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT), path) from error
        raise OSError(str(error)) from error
    except BotoCoreError as error:
        raise OSError(str(error)) from error
