"""Errors scripted by a test."""

import threading
from dataclasses import dataclass

from tests.aws_fake.errors import ErrorResponse, NoResponse

TIMEOUT = "timeout"

STATUSES = {"InternalServerError": 500, "ServiceUnavailable": 503, "SlowDown": 503, "AccessDenied": 403}
"""HTTP status by error code, if it is not 400."""

REASONS = {
    "ThrottlingException": "Rate exceeded",
    "UnrecognizedClientException": "The security token included in the request is invalid.",
    "ExpiredTokenException": "The security token included in the request is expired",
}


@dataclass(slots=True)
class ScriptedFault:
    """An operation fails some times or always. With `after` it is done, but its answer is lost."""

    operation: str
    code: str
    left: int | None
    after: bool
    reason: str


class ScriptedFaults:
    """The scripted faults of one test."""

    def __init__(self) -> None:
        self._faults: list[ScriptedFault] = []
        self._lock = threading.Lock()

    def add(self, fault: ScriptedFault) -> None:
        """Add a fault."""
        with self._lock:
            self._faults.append(fault)

    def clear(self) -> None:
        """Remove all faults."""
        with self._lock:
            self._faults.clear()

    def strike(self, operation: str, *, after: bool) -> None:
        """Raise the fault scripted for an operation before it is done, or after.

        Raises
        ------
        ErrorResponse, NoResponse
            The fault.
        """
        with self._lock:
            fault = next((each for each in self._faults if _due(each, operation, after)), None)
            if fault is None:
                return
            if fault.left is not None:
                fault.left -= 1
        if fault.code == TIMEOUT:
            raise NoResponse
        reason = fault.reason or REASONS.get(fault.code, "As scripted")
        raise ErrorResponse(fault.code, reason, STATUSES.get(fault.code, 400))


def _due(fault: ScriptedFault, operation: str, after: bool) -> bool:  # noqa: FBT001 - two words of one question
    return fault.operation == operation and fault.after == after and fault.left != 0
