"""The connection to AWS: clients, retries and errors in the words of the error tree."""

import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from threading import Lock
from typing import Any

from forecasting.config.aws_settings import AwsSettings
from forecasting.core.errors import EngineBusy, EngineUnavailable
from forecasting.engines.aws_forecast.faults import NoAccess, NoCredentials, translated

QUERIES = 8
"""Requests at a time."""

PAGE = 100
"""Most things of one page of a list that AWS gives."""

Found = Mapping[str, Any]
"""A thing as AWS describes it."""


@dataclass(frozen=True, slots=True)
class Probe:
    """What came of looking whether AWS Forecast is there for us.

    Attributes
    ----------
    reachable
        Whether it is.
    message
        In words.
    """

    reachable: bool
    message: str


class ForecastSession:
    """Asks AWS Forecast and the bucket. Credentials come from where AWS's own tools have them.

    Every method raises `EngineBusy` for what may pass, and `EngineUnavailable` with what AWS said otherwise;
    of its kinds `faults` has those that matter.

    Parameters
    ----------
    settings
        Where it is.
    attempts
        How often a request is made at most, where AWS does not answer or is busy.
    timeout
        Seconds to wait for an answer.
    """

    def __init__(self, settings: AwsSettings, attempts: int = 3, timeout: float = 30) -> None:
        self._settings = settings
        self._attempts = attempts
        self._timeout = timeout
        self._making = Lock()

    @property
    def region(self) -> str:
        """The region, where AWS's own tools are set to one or we are; else ``""``."""
        with translated():
            return str(self._boto.region_name or "")

    @cached_property
    def forecast(self) -> Any:  # noqa: ANN401 – boto3 has no published types
        """The client that makes, lists, describes and deletes."""
        self._require_region()
        return self._client("forecast")

    @cached_property
    def forecastquery(self) -> Any:  # noqa: ANN401
        """The client that reads forecasts."""
        self._require_region()
        return self._client("forecastquery")

    @cached_property
    def s3(self) -> Any:  # noqa: ANN401
        """The client of the bucket."""
        return self._client("s3")

    @cached_property
    def iam(self) -> Any:  # noqa: ANN401
        """The client of roles; only setting up needs it."""
        return self._client("iam")

    def ask(self, operation: str, **asked: object) -> dict[str, Any]:
        """One request to `forecast`."""
        with translated():
            answer: dict[str, Any] = getattr(self.forecast, operation)(**asked)
        return answer

    def every(self, operation: str, key: str, **asked: object) -> list[Found]:
        """All pages of a list; AWS does not say in which order.

        Parameters
        ----------
        operation
            Such as ``list_predictors``.
        key
            Where an answer has the things.
        """
        with translated():
            pages = self.forecast.get_paginator(operation).paginate(
                **asked, PaginationConfig={"PageSize": PAGE}
            )
            return [found for page in pages for found in page.get(key, ())]

    def query(self, **asked: object) -> dict[str, Any]:
        """Read the forecast of one series."""
        with translated():
            answer: dict[str, Any] = self.forecastquery.query_forecast(**asked)
        return answer

    def put(self, key: str, content: bytes) -> None:
        """Put an object into the bucket."""
        with translated():
            self.s3.put_object(Bucket=self._settings.bucket, Key=key, Body=content)

    def keys(self, prefix: str) -> Iterator[str]:
        """The objects of the bucket whose key begins so."""
        with translated():
            pages = self.s3.get_paginator("list_objects_v2").paginate(
                Bucket=self._settings.bucket, Prefix=prefix
            )
            for page in pages:
                yield from (found["Key"] for found in page.get("Contents", ()))

    def read(self, key: str) -> bytes:
        """An object of the bucket."""
        with translated():
            content: bytes = self.s3.get_object(Bucket=self._settings.bucket, Key=key)["Body"].read()
        return content

    def probe(self) -> Probe:
        """Look whether AWS Forecast is there for us, and say so in words; raises nothing."""
        try:
            self.ask("list_dataset_groups", MaxResults=1)
        except NoCredentials as error:
            return Probe(reachable=False, message=f"No credentials: {error}.")
        except NoAccess as error:
            return Probe(reachable=False, message=f"No access: {error}.")
        except EngineBusy as error:
            return Probe(reachable=False, message=f"Out of reach: {error}.")
        except EngineUnavailable as error:
            return Probe(reachable=False, message=f"Not to be had: {error}.")
        return Probe(reachable=True, message=f"AWS Forecast in {self.region} can be reached.")

    @cached_property
    def _boto(self) -> Any:  # noqa: ANN401
        import boto3  # noqa: PLC0415 – costs every process 0.2 s, and few need it

        with translated():
            return boto3.session.Session(region_name=self._settings.region or None)

    def _client(self, service: str) -> Any:  # noqa: ANN401
        from botocore.config import Config  # noqa: PLC0415 – as boto3

        own = _endpoint("S3")
        config = Config(
            retries={"mode": "standard", "total_max_attempts": self._attempts},
            connect_timeout=min(5, self._timeout),
            read_timeout=self._timeout,
            max_pool_connections=2 * QUERIES,
            s3={"addressing_style": "path"} if own else None,  # such servers have no name for each bucket
        )
        with translated(), self._making:  # boto3 makes one at a time
            client = self._boto.client(service, config=config)
        client.meta.events.register_first(f"needs-retry.{service}", _quotas_are_final)
        return client

    def _require_region(self) -> None:
        """Refuse a region that AWS Forecast is not in: its address would only be out of reach."""
        if _endpoint("FORECAST"):
            return
        with translated():
            known = sorted(self._boto.get_available_regions("forecast"))
        if self.region and self.region not in known:
            raise EngineUnavailable(
                f"AWS Forecast: expected one of its regions ({', '.join(known)}), found '{self.region}'"
            )


def _endpoint(service: str) -> str:
    """The server of one's own that stands for a service of AWS, or ``""``."""
    return os.environ.get(f"AWS_ENDPOINT_URL_{service}") or os.environ.get("AWS_ENDPOINT_URL") or ""


def _quotas_are_final(response: tuple[object, dict[str, Any]] | None, **_: object) -> bool | None:
    """Say that a quota is not asked for again: botocore takes it for a request too many a second."""
    code = response[1].get("Error", {}).get("Code") if response else None
    return False if code == "LimitExceededException" else None
