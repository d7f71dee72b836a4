import pytest

from tests.aws_fake.fake import AwsFake
from tests.aws_fake.fixtures import aws, aws_server
from tests.aws_fake.world import World

__all__ = ["aws", "aws_server"]


@pytest.fixture
def world(aws: AwsFake) -> World:
    """A dataset group without data."""
    return World(aws).furnish()
