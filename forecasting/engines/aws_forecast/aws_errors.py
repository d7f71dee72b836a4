"""Translate the errors of boto3 into the error tree."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from forecasting.core.errors import EngineBusy, EngineUnavailable, StorecastError

CLOSED = (
    "AWS Forecast is closed to new customers since 29 July 2024, and this account was not a customer before"
)

_CREDENTIALS = (
    "ExpiredToken",
    "ExpiredTokenException",
    "RequestExpired",
    "InvalidClientTokenId",
    "UnrecognizedClientException",
    "InvalidSignatureException",
    "SignatureDoesNotMatch",
    "InvalidAccessKeyId",
    "InvalidToken",
    "MissingAuthenticationToken",
    "MissingAuthenticationTokenException",
    "IncompleteSignature",
)
_DENIED = ("AccessDenied", "AccessDeniedException", "UnauthorizedOperation", "AllAccessDisabled", "403")
_CLOSED = ("SubscriptionRequiredException", "OptInRequired")
_THROTTLED = (
    "Throttling",
    "ThrottlingException",
    "ThrottledException",
    "RequestThrottled",
    "RequestThrottledException",
    "TooManyRequestsException",
    "RequestLimitExceeded",
    "SlowDown",
)
_MISSING = ("ResourceNotFoundException", "NoSuchKey", "NoSuchEntity", "NoSuchBucket", "404")
_SERVER_FAULT = 500


class ResourceNotFound(EngineUnavailable):
    """AWS has no such resource."""


class ResourceExists(EngineUnavailable):
    """AWS already has a resource of that name."""


class ResourceInUse(EngineBusy):
    """A resource can't be changed now, because AWS is working on it or on one that depends on it."""


class QuotaReached(EngineUnavailable):
    """A quota of the account is used up: resources of a kind, or jobs at the same time."""


class RequestRefused(EngineUnavailable):
    """AWS rejects the parameters of a request."""


class NoAccess(EngineUnavailable):
    """The account can't use AWS Forecast, or the credentials do not permit the request."""


class NoCredentials(EngineUnavailable):
    """Credentials are missing, expired or invalid."""


@contextmanager
def translated_errors() -> Iterator[None]:
    """Translate boto3's errors into the error tree. No message contains a key or a token.

    Raises
    ------
    EngineBusy
        If the request may succeed later.
    EngineUnavailable
        For every other error; one of the subclasses above if callers handle it.
    """
    from botocore import exceptions  # noqa: PLC0415 – as boto3
    from botocore.parsers import ResponseParserError  # noqa: PLC0415

    credential_errors = (
        exceptions.NoCredentialsError,
        exceptions.PartialCredentialsError,
        exceptions.CredentialRetrievalError,
        exceptions.TokenRetrievalError,
        exceptions.SSOError,
        exceptions.ProfileNotFound,
    )
    try:
        yield
    except exceptions.ClientError as error:
        raise _from_response(error.response, error.operation_name) from error
    except credential_errors as error:
        raise NoCredentials("AWS: found no credentials; set them as for AWS's own tools") from error
    except exceptions.NoRegionError as error:
        raise EngineUnavailable("AWS: found no region; STORECAST_AWS_REGION sets it") from error
    except (exceptions.ConnectionError, exceptions.HTTPClientError, ResponseParserError) as error:
        raise EngineBusy("AWS can't be reached") from error
    except exceptions.BotoCoreError as error:
        raise EngineUnavailable(f"AWS: {error}") from error


def _from_response(response: dict[str, Any], operation: str) -> StorecastError:
    details = response.get("Error", {})
    code, message = str(details.get("Code", "")), str(details.get("Message", ""))
    if code in _CLOSED or "new customers" in message:
        return NoAccess(CLOSED)
    if code in _CREDENTIALS:
        return NoCredentials("AWS: the credentials have expired, or are not valid")
    if code in _DENIED:
        return NoAccess(
            f"AWS does not permit {operation} with these credentials; an administrator can allow it"
        )
    status = int(response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0))
    if code in _THROTTLED or status >= _SERVER_FAULT:
        return EngineBusy(f"AWS is busy ({operation}) and asks to try again later")
    return _resource_error(code, message, operation)


def _resource_error(code: str, message: str, operation: str) -> StorecastError:
    if code in _MISSING:
        return ResourceNotFound(f"AWS ({operation}): {message}")
    if code in ("ResourceAlreadyExistsException", "EntityAlreadyExists"):
        return ResourceExists(f"AWS ({operation}): {message}")
    if code == "ResourceInUseException":
        return ResourceInUse(f"AWS ({operation}): {message}")
    if code == "LimitExceededException":
        return QuotaReached(f"AWS: a quota of this account is used up ({operation}): {message}")
    return RequestRefused(f"AWS ({operation}): {message or code}")
