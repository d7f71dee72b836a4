"""The bucket data is sent to and fetched from: made where it is missing, and rid of what is ours."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, NamedTuple

from forecasting.config.aws_settings import AwsSettings
from forecasting.core.errors import EngineUnavailable
from forecasting.engines.aws_forecast.bucket_paths import ours
from forecasting.engines.aws_forecast.connection import ForecastSession
from forecasting.engines.aws_forecast.faults import NoAccess, NotThere, translated

AT_ONCE = 1000
"""Objects that S3 removes with one request."""

_FIRST_REGION = "us-east-1"
"""The region that S3 does not want to be named when a bucket is made."""

_CLOSED = {
    "BlockPublicAcls": True,
    "IgnorePublicAcls": True,
    "BlockPublicPolicy": True,
    "RestrictPublicBuckets": True,
}


class Stored(NamedTuple):
    """What is ours in a bucket."""

    objects: int
    size: int


@dataclass(frozen=True, slots=True)
class Bucket:
    """The bucket that the settings name.

    Attributes
    ----------
    session
        To AWS.
    settings
        Which bucket, and what of it is ours.
    """

    session: ForecastSession
    settings: AwsSettings

    def ensure(self) -> bool:
        """Make it where there is none, closed to the public; tell whether it was made.

        One with something in it is somebody's choice, and taken as it is.

        Raises
        ------
        EngineUnavailable
            If it is somebody else's, or in another region: AWS Forecast reads no bucket of another region.
        """
        made = not self._exists()
        if made:
            self._make()
        if made or self._is_empty():  # an earlier attempt may have ended in between
            with translated():
                self.session.s3.put_public_access_block(
                    Bucket=self.settings.bucket, PublicAccessBlockConfiguration=_CLOSED
                )
        return made

    def stored(self) -> Stored:
        """What of it is ours."""
        sizes = [found["Size"] for page in self._pages() for found in page]
        return Stored(len(sizes), sum(sizes))

    def clear(self) -> int:
        """Remove what is ours; tell how many objects that were."""
        removed = 0
        for page in self._pages():
            keys = [{"Key": found["Key"]} for found in page]
            with translated():
                answer = self.session.s3.delete_objects(
                    Bucket=self.settings.bucket, Delete={"Objects": keys, "Quiet": True}
                )
            for refused in answer.get("Errors", ()):
                raise EngineUnavailable(f"S3 did not remove {refused['Key']}: {refused['Code']}")
            removed += len(keys)
        return removed

    def _pages(self) -> Iterator[list[dict[str, Any]]]:
        """Objects that are ours, as many at a time as can be removed; none where there is no bucket."""
        for beginning in ours(self.settings):
            with translated():
                pages = self.session.s3.get_paginator("list_objects_v2").paginate(
                    Bucket=self.settings.bucket, Prefix=beginning, PaginationConfig={"PageSize": AT_ONCE}
                )
            listing = iter(pages)
            while True:
                try:
                    with translated():
                        page = next(listing, None)
                except NotThere:
                    return
                if page is None:
                    break
                if page.get("Contents"):
                    yield page["Contents"]

    def _exists(self) -> bool:
        name = self.settings.bucket
        try:
            with translated():
                found = self.session.s3.head_bucket(Bucket=name)
        except NotThere:
            return False
        except NoAccess as error:
            raise NoAccess(
                f"S3: the bucket '{name}' is somebody else's, or closed to these credentials"
            ) from error
        region = found.get("BucketRegion", self.session.region)
        if region != self.session.region:
            raise EngineUnavailable(
                f"S3: expected the bucket '{name}' in {self.session.region}, where AWS Forecast is used, "
                f"found it in {region}"
            )
        return True

    def _is_empty(self) -> bool:
        with translated():
            return not self.session.s3.list_objects_v2(Bucket=self.settings.bucket, MaxKeys=1).get("KeyCount")

    def _make(self) -> None:
        region = self.session.region
        place = (
            {} if region == _FIRST_REGION else {"CreateBucketConfiguration": {"LocationConstraint": region}}
        )
        with translated():
            self.session.s3.create_bucket(Bucket=self.settings.bucket, **place)
