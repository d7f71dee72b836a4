"""S3 as a file system of `fsspec`, over boto3: each call is one request.

Of the other ways there, `s3fs` needs an older botocore than boto3 does, and pyarrow's asks for an object's
size before it reads it, leaves an empty object behind for each it removes, and knows no ``AWS_ENDPOINT_URL``.
"""

import errno
import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from fsspec.spec import AbstractFileSystem

CONNECTIONS = 16
"""Requests at a time, from all threads of a process."""

_TIMEOUTS = {"connect_timeout": 5, "read_timeout": 30}
_ENDPOINTS = ("AWS_ENDPOINT_URL_S3", "AWS_ENDPOINT_URL")
_MISSING = ("404", "NoSuchKey")

Info = dict[str, Any]
"""A file or folder as `fsspec` describes it: ``name``, ``size``, ``type``, and ``LastModified`` of a file."""


class S3Files(AbstractFileSystem):  # type: ignore[misc] # fsspec has no published types
    """Objects as files, by ``bucket/key``.

    Credentials, region and endpoint come from where AWS's own tools have them. An endpoint of one's own is
    addressed by path, as such servers have no name for each bucket.

    Every method raises `FileNotFoundError` for a missing object, `OSError` with what S3 said otherwise.
    """

    protocol = "s3"
    root_marker = ""
    cachable = False

    def __init__(self) -> None:
        super().__init__()
        import boto3  # noqa: PLC0415 – costs every process 0.2 s, and few need it
        from botocore.config import Config  # noqa: PLC0415

        own = any(os.environ.get(name) for name in _ENDPOINTS)
        style = {"addressing_style": "path"} if own else None
        config = Config(retries={"mode": "standard"}, max_pool_connections=CONNECTIONS, s3=style, **_TIMEOUTS)
        with _translated(""):
            self._client = boto3.session.Session().client("s3", config=config)

    def cat_file(self, path: str, start: int | None = None, end: int | None = None, **_: object) -> bytes:
        """The content of an object."""
        with _translated(path):
            content: bytes = self._client.get_object(**self._address(path))["Body"].read()
        return content[start:end]

    def pipe_file(self, path: str, value: bytes, **_: object) -> None:
        """Put an object, whole or not at all, whatever was there before."""
        with _translated(path):
            self._client.put_object(**self._address(path), Body=value)

    def info(self, path: str, **_: object) -> Info:
        """Describe an object."""
        with _translated(path):
            found = self._client.head_object(**self._address(path))
        return _file(self._strip_protocol(path), found["ContentLength"], found["LastModified"])

    def ls(self, path: str, detail: bool = True, **_: object) -> list[Info] | list[str]:  # noqa: FBT001, FBT002 – fsspec's
        """The objects and folders right below a folder, which is there if anything is below it."""
        found = list(self._below(path, Delimiter="/"))
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
        """Every object below a folder, a thousand with each request."""
        if maxdepth is not None or withdirs:
            return super().find(path, maxdepth, withdirs, detail)  # type: ignore[no-any-return]
        found = {info["name"]: info for info in self._below(path)}
        return found if detail else list(found)

    def rm_file(self, path: str) -> None:
        """Remove an object; one that is missing is nothing to complain of."""
        with _translated(path):
            self._client.delete_object(**self._address(path))

    def _address(self, path: str) -> dict[str, str]:
        bucket, _, key = self._strip_protocol(path).partition("/")
        return {"Bucket": bucket, "Key": key}

    def _below(self, path: str, **asked: str) -> Iterator[Info]:
        bucket, _, key = self._strip_protocol(path).partition("/")
        prefix = f"{key}/" if key else ""
        pages = self._client.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=prefix, **asked)
        with _translated(path):
            for page in pages:
                for folder in page.get("CommonPrefixes", ()):
                    name = f"{bucket}/{folder['Prefix'].rstrip('/')}"
                    yield {"name": name, "size": 0, "type": "directory"}
                for found in page.get("Contents", ()):
                    if not found["Key"].endswith("/"):  # what other tools put there to stand for a folder
                        yield _file(f"{bucket}/{found['Key']}", found["Size"], found["LastModified"])


def _file(path: str, size: int, modified: object) -> Info:
    return {"name": path, "size": size, "type": "file", "LastModified": modified}


@contextmanager
def _translated(path: str) -> Iterator[None]:
    from botocore.exceptions import BotoCoreError, ClientError  # noqa: PLC0415 – as boto3

    try:
        yield
    except ClientError as error:
        if error.response["Error"]["Code"] in _MISSING:
            raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT), path) from error
        raise OSError(str(error)) from error
    except BotoCoreError as error:
        raise OSError(str(error)) from error
