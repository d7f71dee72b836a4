"""A session with AWS: its clients, retries, and AWS's errors translated into the error tree."""

import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from threading import Lock
from typing import Any

from forecasting.config.aws_settings import AwsSettings
from forecasting.core.errors import EngineBusy, EngineUnavailable
from forecasting.engines.aws_forecast.aws_errors import NoAccess, NoCredentials, translated_errors

QUERIES = 8
"""Concurrent queries of a forecast."""

PAGE = 100
"""Resources in one page of a list; AWS allows no more."""

Description = Mapping[str, Any]
"""A resource as AWS describes it."""


@dataclass(frozen=True, slots=True)
class AccessCheck:
    """The result of checking whether AWS Forecast can be used.

    Attributes
    ----------
    reachable
        Whether it can.
    message
        A sentence for operators: yes, or the reason why not.
    """

    reachable: bool
    message: str


class AwsSession:
    """Sends requests to AWS Forecast, S3 and IAM, with the credentials that AWS's own tools use.

    Every method raises `EngineBusy` if the request may succeed later. For any other error it raises
    `EngineUnavailable` or one of its subclasses in `aws_errors`, with AWS's message.

    Parameters
    ----------
    settings
        Region and bucket.
    attempts
        How often a request is sent at most, if AWS does not answer or is busy.
    timeout
        Seconds to wait for an answer.
    """

    def __init__(self, settings: AwsSettings, attempts: int = 3, timeout: float = 30) -> None:
        self._settings = settings
        self._attempts = attempts
        self._timeout = timeout
        self._client_lock = Lock()

    @property
    def region(self) -> str:
        """The region from the settings or from AWS's own tools; ``""`` if neither has one."""
        with translated_errors():
            return str(self._boto.region_name or "")

    @cached_property
    def forecast(self) -> Any:  # noqa: ANN401 – boto3 has no published types
        """The client that creates, lists, describes and deletes resources."""
        self._require_region()
        return self._client("forecast")

    @cached_property
    def forecastquery(self) -> Any:  # noqa: ANN401
        """The client that queries forecasts."""
        self._require_region()
        return self._client("forecastquery")

    @cached_property
    def s3(self) -> Any:  # noqa: ANN401
        """The client for the bucket."""
        return self._client("s3")

    @cached_property
    def iam(self) -> Any:  # noqa: ANN401
        """The client for roles; only `aws setup` and `aws teardown` need it."""
        return self._client("iam")

    def call(self, operation: str, **parameters: object) -> dict[str, Any]:
        """Send one request to `forecast`, such as ``describe_predictor``; return the answer."""
        with translated_errors():
            answer: dict[str, Any] = getattr(self.forecast, operation)(**parameters)
        return answer

    def list_all(self, operation: str, key: str, **parameters: object) -> list[Description]:
        """Return all pages of a list, in no particular order.

        Parameters
        ----------
        operation
            Such as ``list_predictors``.
        key
            Key of the list in an answer, such as ``Predictors``.
        """
        with translated_errors():
            pages = self.forecast.get_paginator(operation).paginate(
                **parameters, PaginationConfig={"PageSize": PAGE}
            )
            return [found for page in pages for found in page.get(key, ())]

    def query_forecast(self, **parameters: object) -> dict[str, Any]:
        """Return the forecast of one series."""
        with translated_errors():
            answer: dict[str, Any] = self.forecastquery.query_forecast(**parameters)
        return answer

    def put_object(self, key: str, content: bytes) -> None:
        """Write an object to the bucket."""
        with translated_errors():
            self.s3.put_object(Bucket=self._settings.bucket, Key=key, Body=content)

    def list_keys(self, prefix: str) -> Iterator[str]:
        """Iterate over the keys in the bucket that begin with `prefix`."""
        with translated_errors():
            pages = self.s3.get_paginator("list_objects_v2").paginate(
                Bucket=self._settings.bucket, Prefix=prefix
            )
            for page in pages:
                yield from (found["Key"] for found in page.get("Contents", ()))

    def read_object(self, key: str) -> bytes:
        """Return the content of an object in the bucket."""
        with translated_errors():
            content: bytes = self.s3.get_object(Bucket=self._settings.bucket, Key=key)["Body"].read()
        return content

    def check_access(self) -> AccessCheck:
        """Check whether AWS Forecast can be used; raises no error."""
        try:
            self.call("list_dataset_groups", MaxResults=1)
        except NoCredentials as error:
            return AccessCheck(reachable=False, message=f"No credentials: {error}.")
        except NoAccess as error:
            return AccessCheck(reachable=False, message=f"No access: {error}.")
        except EngineBusy as error:
            return AccessCheck(reachable=False, message=f"Unreachable: {error}.")
        except EngineUnavailable as error:
            return AccessCheck(reachable=False, message=f"Unavailable: {error}.")
        return AccessCheck(reachable=True, message=f"AWS Forecast in {self.region} can be reached.")

    @cached_property
    def _boto(self) -> Any:  # noqa: ANN401
        import boto3  # noqa: PLC0415 – takes 0.2 s, and few processes need it

        with translated_errors():
            return boto3.session.Session(region_name=self._settings.region or None)

    def _client(self, service: str) -> Any:  # noqa: ANN401
        from botocore.config import Config  # noqa: PLC0415 – as boto3

        custom = _endpoint("S3")
        config = Config(
            retries={"mode": "standard", "total_max_attempts": self._attempts},
            connect_timeout=min(5, self._timeout),
            read_timeout=self._timeout,
            max_pool_connections=2 * QUERIES,
            s3={"addressing_style": "path"} if custom else None,  # no host name for each bucket
        )
        with translated_errors(), self._client_lock:  # boto3 can't create two clients at the same time
            client = self._boto.client(service, config=config)
        client.meta.events.register_first(f"needs-retry.{service}", _do_not_retry_quotas)
        return client

    def _require_region(self) -> None:
        """Refuse a region without AWS Forecast, where requests would only time out."""
        if _endpoint("FORECAST"):
            return
        with translated_errors():
            known = sorted(self._boto.get_available_regions("forecast"))
        if self.region and self.region not in known:
            raise EngineUnavailable(
                f"AWS Forecast: expected one of its regions ({', '.join(known)}), found '{self.region}'"
            )


def _endpoint(service: str) -> str:
    """Return the custom endpoint configured for a service, or ``""``."""
    return os.environ.get(f"AWS_ENDPOINT_URL_{service}") or os.environ.get("AWS_ENDPOINT_URL") or ""


def _do_not_retry_quotas(response: tuple[object, dict[str, Any]] | None, **_: object) -> bool | None:
    """Return False for an exceeded quota; botocore would retry it like throttling."""
    code = response[1].get("Error", {}).get("Code") if response else None
    return False if code == "LimitExceededException" else None
