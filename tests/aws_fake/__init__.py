"""AWS Forecast as its service model and documentation say, served over HTTP, with S3, IAM and STS beside it.

Unmodified boto3 clients are sent here by `AwsFake.environment`. Time is virtual: jobs progress as
`AwsFake.clock` is turned. Every request and response is held against botocore's service model;
`AwsFake.drift` has what did not fit.
"""

from tests.aws_fake.fake import AwsFake
from tests.aws_fake.log import Call, Sent

__all__ = ["AwsFake", "Call", "Sent"]
