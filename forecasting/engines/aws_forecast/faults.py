"""What goes wrong between us and AWS, in the words of the error tree."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from forecasting.core.errors import EngineBusy, EngineUnavailable, StorecastError

CLOSED = (
    "AWS Forecast is closed to new customers since 29 July 2024, and this account is not one of the others"
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


class NotThere(EngineUnavailable):
    """A thing that AWS does not have."""


class AlreadyThere(EngineUnavailable):
    """A name that is taken in AWS."""


class InUse(EngineBusy):
    """A thing that can't be changed now, as AWS works on it or on what hangs on it."""


class QuotaReached(EngineUnavailable):
    """AWS keeps no more things of a kind, or does no more at a time."""


class Refused(EngineUnavailable):
    """AWS does not take what it was given."""


class NoAccess(EngineUnavailable):
    """The account may not use AWS Forecast, or the credentials may not do this."""


class NoCredentials(EngineUnavailable):
    """There are no credentials, or they are not valid any more."""


@contextmanager
def translated() -> Iterator[None]:
    """Raise what boto3 raises as one of the error tree; no message has a key or a token.

    Raises
    ------
    EngineBusy
        If the same may well succeed a little later.
    EngineUnavailable
        Else; one of the classes above where it matters which.
    """
    from botocore import exceptions  # noqa: PLC0415 – as boto3
    from botocore.parsers import ResponseParserError  # noqa: PLC0415

    nameless = (
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
        raise _of_answer(error.response, error.operation_name) from error
    except nameless as error:
        raise NoCredentials("AWS: found no credentials; its own tools say how they are set") from error
    except exceptions.NoRegionError as error:
        raise EngineUnavailable("AWS: found no region; STORECAST_AWS_REGION sets it") from error
    except (exceptions.ConnectionError, exceptions.HTTPClientError, ResponseParserError) as error:
        raise EngineBusy("AWS is out of reach") from error
    except exceptions.BotoCoreError as error:
        raise EngineUnavailable(f"AWS: {error}") from error


def _of_answer(answer: dict[str, Any], operation: str) -> StorecastError:
    said = answer.get("Error", {})
    code, message = str(said.get("Code", "")), str(said.get("Message", ""))
    if code in _CLOSED or "new customers" in message:
        return NoAccess(CLOSED)
    if code in _CREDENTIALS:
        return NoCredentials("AWS: the credentials have expired, or are not valid")
    if code in _DENIED:
        return NoAccess(f"AWS does not permit {operation} with these credentials: an administrator there can")
    status = int(answer.get("ResponseMetadata", {}).get("HTTPStatusCode", 0))
    if code in _THROTTLED or status >= _SERVER_FAULT:
        return EngineBusy(f"AWS is busy ({operation}), and asks to come back later")
    return _of_thing(code, message, operation)


def _of_thing(code: str, message: str, operation: str) -> StorecastError:
    if code in _MISSING:
        return NotThere(f"AWS ({operation}): {message}")
    if code in ("ResourceAlreadyExistsException", "EntityAlreadyExists"):
        return AlreadyThere(f"AWS ({operation}): {message}")
    if code == "ResourceInUseException":
        return InUse(f"AWS ({operation}): {message}")
    if code == "LimitExceededException":
        return QuotaReached(f"AWS has no room left for this account ({operation}): {message}")
    return Refused(f"AWS ({operation}): {message or code}")
