import pytest

from tests.aws_fake import AwsFake
from tests.aws_fake.fixtures import aws, aws_server
from tests.engines.aws_forecast.chain import Chain

__all__ = ["aws", "aws_server"]


@pytest.fixture
def chain(aws: AwsFake) -> Chain:
    """Two stores, set up in AWS."""
    return Chain(aws).set_up()


@pytest.fixture
def empty(aws: AwsFake) -> Chain:
    """Two stores, and an account with nothing in it."""
    return Chain(aws)
