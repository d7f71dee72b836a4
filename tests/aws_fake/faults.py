"""Errors that are to happen."""

import threading
from dataclasses import dataclass

from tests.aws_fake.errors import Refused, Unanswered

TIMEOUT = "timeout"

STATUSES = {"InternalServerError": 500, "ServiceUnavailable": 503, "SlowDown": 503, "AccessDenied": 403}
"""Of HTTP, where it is not 400."""

REASONS = {
    "ThrottlingException": "Rate exceeded",
    "UnrecognizedClientException": "The security token included in the request is invalid.",
    "ExpiredTokenException": "The security token included in the request is expired",
}


@dataclass(slots=True)
class Fault:
    """An operation fails some times, or always; `after`: it is done, and the answer is lost."""

    operation: str
    code: str
    left: int | None
    after: bool
    reason: str


class Faults:
    """Those of one test."""

    def __init__(self) -> None:
        self._faults: list[Fault] = []
        self._lock = threading.Lock()

    def add(self, fault: Fault) -> None:
        """Let it happen from now on."""
        with self._lock:
            self._faults.append(fault)

    def clear(self) -> None:
        """Let nothing happen any more."""
        with self._lock:
            self._faults.clear()

    def strike(self, operation: str, *, after: bool) -> None:
        """Raise what is to happen to an operation before it is done, or after.

        Raises
        ------
        Refused, Unanswered
            The fault.
        """
        with self._lock:
            fault = next((each for each in self._faults if _due(each, operation, after)), None)
            if fault is None:
                return
            if fault.left is not None:
                fault.left -= 1
        if fault.code == TIMEOUT:
            raise Unanswered
        reason = fault.reason or REASONS.get(fault.code, "As scripted")
        raise Refused(fault.code, reason, STATUSES.get(fault.code, 400))


def _due(fault: Fault, operation: str, after: bool) -> bool:  # noqa: FBT001 - two words of one question
    return fault.operation == operation and fault.after == after and fault.left != 0
