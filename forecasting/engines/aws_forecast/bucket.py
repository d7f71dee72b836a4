"""The bucket that data is sent to and fetched from: create it, measure it, and delete our objects in it."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, NamedTuple

from forecasting.config.aws_settings import AwsSettings
from forecasting.core.errors import EngineUnavailable
from forecasting.engines.aws_forecast.aws_errors import NoAccess, ResourceNotFound, translated_errors
from forecasting.engines.aws_forecast.aws_session import AwsSession
from forecasting.engines.aws_forecast.bucket_paths import owned_prefixes

DELETE_BATCH = 1000
"""Most objects that S3 deletes with one request."""

_FIRST_REGION = "us-east-1"
"""The region that must not be named when a bucket is created there."""

_NO_PUBLIC_ACCESS = {
    "BlockPublicAcls": True,
    "IgnorePublicAcls": True,
    "BlockPublicPolicy": True,
    "RestrictPublicBuckets": True,
}


class BucketUsage(NamedTuple):
    """The number and total size (bytes) of our objects in the bucket."""

    objects: int
    size: int


@dataclass(frozen=True, slots=True)
class DataBucket:
    """The bucket from the settings.

    Attributes
    ----------
    session
        The session with AWS.
    settings
        The bucket, and the prefix of our objects.
    """

    session: AwsSession
    settings: AwsSettings

    def ensure(self) -> bool:
        """Create the bucket if it is missing, without public access; return whether it was created.

        A bucket that already has objects is not changed.

        Raises
        ------
        EngineUnavailable
            If it belongs to another account, or is in another region, where AWS Forecast can't read it.
        """
        missing = not self._exists()
        if missing:
            self._create()
        if missing or self._is_empty():  # an earlier setup may have stopped after creating it
            with translated_errors():
                self.session.s3.put_public_access_block(
                    Bucket=self.settings.bucket, PublicAccessBlockConfiguration=_NO_PUBLIC_ACCESS
                )
        return missing

    def usage(self) -> BucketUsage:
        """Return the number and size of our objects."""
        sizes = [found["Size"] for page in self._pages() for found in page]
        return BucketUsage(len(sizes), sum(sizes))

    def clear(self) -> int:
        """Delete our objects; return how many they were."""
        removed = 0
        for page in self._pages():
            keys = [{"Key": found["Key"]} for found in page]
            with translated_errors():
                answer = self.session.s3.delete_objects(
                    Bucket=self.settings.bucket, Delete={"Objects": keys, "Quiet": True}
                )
            for refused in answer.get("Errors", ()):
                raise EngineUnavailable(f"S3 did not delete {refused['Key']}: {refused['Code']}")
            removed += len(keys)
        return removed

    def _pages(self) -> Iterator[list[dict[str, Any]]]:
        """Yield our objects in batches that one request can delete; none if there is no bucket."""
        for prefix in owned_prefixes(self.settings):
            with translated_errors():
                pages = self.session.s3.get_paginator("list_objects_v2").paginate(
                    Bucket=self.settings.bucket, Prefix=prefix, PaginationConfig={"PageSize": DELETE_BATCH}
                )
            listing = iter(pages)
            while True:
                try:
                    with translated_errors():
                        page = next(listing, None)
                except ResourceNotFound:
                    return
                if page is None:
                    break
                if page.get("Contents"):
                    yield page["Contents"]

    def _exists(self) -> bool:
        name = self.settings.bucket
        try:
            with translated_errors():
                found = self.session.s3.head_bucket(Bucket=name)
        except ResourceNotFound:
            return False
        except NoAccess as error:
            raise NoAccess(
                f"S3: the bucket '{name}' belongs to another account, or is closed to these credentials"
            ) from error
        region = found.get("BucketRegion", self.session.region)
        if region != self.session.region:
            raise EngineUnavailable(
                f"S3: expected the bucket '{name}' in {self.session.region}, where AWS Forecast is used, "
                f"found it in {region}"
            )
        return True

    def _is_empty(self) -> bool:
        with translated_errors():
            return not self.session.s3.list_objects_v2(Bucket=self.settings.bucket, MaxKeys=1).get("KeyCount")

    def _create(self) -> None:
        region = self.session.region
        location = (
            {} if region == _FIRST_REGION else {"CreateBucketConfiguration": {"LocationConstraint": region}}
        )
        with translated_errors():
            self.session.s3.create_bucket(Bucket=self.settings.bucket, **location)
