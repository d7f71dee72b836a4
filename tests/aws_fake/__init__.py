"""A fake of AWS Forecast over HTTP, true to its service model and documentation, with S3, IAM and STS.

`AwsFake.environment` points unmodified boto3 clients here. Time is virtual: jobs progress when
`AwsFake.clock` is turned. Every request and response is checked against botocore's service model.
`AwsFake.drift` lists what did not fit, and what the fake can't do.

Documented and implemented: states and times of jobs, quotas, parameters, filters, horizons, fills, formats of
data and of exported files, the resources an action needs permissions for (Developer Guide, API reference,
Service Authorization Reference).

Not documented, and chosen so that an app has to be careful: ARNs of auto predictors and their forecasts can't
be predicted; lists are not ordered by time; text returns in lower case; a name stays taken until a deletion
has finished; a related attribute may have no gaps unless it is filled; exports leave an empty
``_CHECK``; an unknown item is not found (`Knobs.unknown_item`), a forecast of more than 30 days is invalid
input; a role that can't be assumed lets the job fail. The words of messages are our own.

A forecast is the mean of the same weekday in the last four weeks, so that tests can compute it.
"""

from tests.aws_fake.call_log import Call, WireRequest
from tests.aws_fake.fake import AwsFake

__all__ = ["AwsFake", "Call", "WireRequest"]
