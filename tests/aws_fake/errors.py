"""How a call or a job goes wrong."""

from dataclasses import dataclass


@dataclass
class Refused(Exception):
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


class Unanswered(Exception):
    """The connection is dropped without an answer."""


class JobFailed(Exception):
    """A job ends in CREATE_FAILED; says why."""


def invalid(reason: str) -> Refused:
    """A value the service does not take."""
    return Refused("InvalidInputException", reason)


def in_use(reason: str) -> Refused:
    """A resource that is busy, or has children."""
    return Refused("ResourceInUseException", reason)


def not_found(arn: str) -> Refused:
    """A resource that is not there."""
    return Refused("ResourceNotFoundException", f"No resource found {arn}")


def taken(name: str) -> Refused:
    """A name that is not free."""
    return Refused("ResourceAlreadyExistsException", f"A resource with the name {name} already exists")


def over(limit: str) -> Refused:
    """A quota that is used up."""
    return Refused("LimitExceededException", f"You have reached the limit of {limit}")
