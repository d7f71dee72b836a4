"""The fixture; `from tests.aws_fake.fixtures import aws, aws_server` in a conftest has it there."""

import os
from collections.abc import Iterator

import boto3
import pytest

from tests.aws_fake.fake import AwsFake


@pytest.fixture(scope="session")
def aws_server() -> Iterator[AwsFake]:
    """One for all tests."""
    with AwsFake() as fake:
        yield fake


@pytest.fixture
def aws(aws_server: AwsFake, monkeypatch: pytest.MonkeyPatch) -> Iterator[AwsFake]:
    """An empty account, found by every client of this process; at the end nothing has drifted."""
    aws_server.reset()
    for name in [name for name in os.environ if name.startswith("AWS_")]:
        monkeypatch.delenv(name)
    monkeypatch.setattr(boto3, "DEFAULT_SESSION", None)  # which keeps the credentials it has found
    for name, value in aws_server.environment.items():
        monkeypatch.setenv(name, value)
    yield aws_server
    assert aws_server.drift == []
