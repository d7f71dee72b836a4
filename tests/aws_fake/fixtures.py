"""The fixtures; a conftest gets them by `from tests.aws_fake.fixtures import aws, aws_server`."""

import os
from collections.abc import Iterator

import boto3
import pytest

from tests.aws_fake.fake import AwsFake


@pytest.fixture(scope="session")
def aws_server() -> Iterator[AwsFake]:
    """One fake for all tests."""
    with AwsFake() as fake:
        yield fake


@pytest.fixture
def aws(aws_server: AwsFake, monkeypatch: pytest.MonkeyPatch) -> Iterator[AwsFake]:
    """An empty account for every client of this process; the drift must be empty at the end."""
    aws_server.reset()
    for name in [name for name in os.environ if name.startswith("AWS_")]:
        monkeypatch.delenv(name)
    monkeypatch.setattr(boto3, "DEFAULT_SESSION", None)  # which keeps the credentials it has found
    for name, value in aws_server.environment.items():
        monkeypatch.setenv(name, value)
    yield aws_server
    assert aws_server.drift == []
