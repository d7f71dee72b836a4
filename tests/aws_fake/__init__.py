"""AWS Forecast as its service model and documentation say, served over HTTP, with S3, IAM and STS beside it.

Unmodified boto3 clients are sent here by `AwsFake.environment`. Time is virtual: jobs progress as
`AwsFake.clock` is turned. Every request and response is held against botocore's service model;
`AwsFake.drift` has what did not fit, and what the double can't do.

Documented, and kept to: states and times of jobs, quotas, parameters, filters, horizons, fills, formats of
data and of exported files, the resources an action needs rights on (Developer Guide, API reference, Service
Authorization Reference).

Not documented, and chosen here so that an app has to be careful: ARNs of automatic predictors and of their
forecasts can't be foretold; lists come in no order of time; text comes back in lower case; a name stays taken
until a deletion is over; a related attribute may have no gaps unless it is filled; exports leave an empty
``_CHECK``; an unknown item is not found (`Knobs.unknown_item`), a forecast of more than 30 days is invalid
input; a role that can't be assumed lets the job fail. The words of messages are our own.

Forecasts are the mean of a weekday over its last four weeks, so that tests can tell them beforehand.
"""

from tests.aws_fake.fake import AwsFake
from tests.aws_fake.log import Call, Sent

__all__ = ["AwsFake", "Call", "Sent"]
