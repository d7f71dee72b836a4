"""Failures of calls and jobs."""

from dataclasses import dataclass


@dataclass
class ErrorResponse(Exception):
    """A call was answered with an error.

    Attributes
    ----------
    code
        Such as ``ResourceInUseException``.
    reason
        In the service's words.
    status
        Of HTTP.
    """

    code: str
    reason: str
    status: int = 400

    def __str__(self) -> str:
        return f"{self.code}: {self.reason}"


class NoResponse(Exception):
    """The connection is closed without an answer."""


class JobFailed(Exception):
    """A job ends in CREATE_FAILED; says why."""


def invalid(reason: str) -> ErrorResponse:
    """Return the error for an invalid value."""
    return ErrorResponse("InvalidInputException", reason)


def in_use(reason: str) -> ErrorResponse:
    """Return the error for a resource that is busy or has children."""
    return ErrorResponse("ResourceInUseException", reason)


def not_found(arn: str) -> ErrorResponse:
    """Return the error for a missing resource."""
    return ErrorResponse("ResourceNotFoundException", f"No resource found {arn}")


def taken(name: str) -> ErrorResponse:
    """Return the error for a taken name."""
    return ErrorResponse("ResourceAlreadyExistsException", f"A resource with the name {name} already exists")


def over(limit: str) -> ErrorResponse:
    """Return the error for a quota that is used up."""
    return ErrorResponse("LimitExceededException", f"You have reached the limit of {limit}")
