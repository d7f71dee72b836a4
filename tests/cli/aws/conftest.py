from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.aws_fake import AwsFake
from tests.aws_fake.fixtures import aws, aws_server
from tests.cli.aws.aws_house import AwsHouse

__all__ = ["aws", "aws_server"]


@pytest.fixture
def house(aws: AwsFake, tmp_path: Path) -> Iterator[AwsHouse]:
    """Two stores that AWS trains, and an account that has nothing of ours yet."""
    made = AwsHouse(tmp_path, aws)
    yield made
    made.close()
