"""AWS Forecast over HTTP."""

import json
import re
import sys
import threading
from collections.abc import Mapping
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from botocore.model import OperationModel

from tests.aws_fake import rights
from tests.aws_fake.account import ACCOUNT, REGION, Account
from tests.aws_fake.errors import Refused, Unanswered
from tests.aws_fake.faults import TIMEOUT, Faults
from tests.aws_fake.log import Call, Log, Sent
from tests.aws_fake.model import encoded, misread, operation_of, violations
from tests.aws_fake.operations import OPERATIONS

KEY_ID = "STORECASTFAKEKEY"
"""The access key the app signs with; another is not known."""

COMMON = frozenset(
    [
        "AccessDeniedException",
        "ExpiredTokenException",
        "InternalServerError",
        "ServiceUnavailable",
        "ThrottlingException",
        "UnrecognizedClientException",
        "ValidationException",
    ]
)
"""Errors of every operation."""

SIGNED = re.compile(r"AWS4-HMAC-SHA256 Credential=([^/]+)/\d{8}/([^/]+)/forecast/aws4_request,")


class Front:
    """Answers one call after the other.

    Attributes
    ----------
    policy
        The IAM policy document calls must stay within; None: all are allowed.
    """

    def __init__(self, account: Account, log: Log, faults: Faults) -> None:
        self.account = account
        self.log = log
        self.faults = faults
        self.policy: Mapping[str, Any] | None = None

    def answer(self, headers: Mapping[str, str], body: bytes) -> tuple[int, bytes]:
        """Status and body of the response.

        Raises
        ------
        Unanswered
            If there is none.
        """
        operation = operation_of(headers["X-Amz-Target"])
        asked = json.loads(body or b"{}")
        service = operation.service_model.service_name
        call = Call(operation.name, asked, self.account.clock.now(), service=service)
        self.log.calls.append(call)
        try:
            return 200, self._done(operation, asked, headers)
        except Refused as refused:
            call.error = refused.code
            self._require_declared(operation, refused)
            return refused.status, encoded({"__type": refused.code, "Message": refused.reason})
        except Unanswered:
            call.error = TIMEOUT
            raise

    def _done(self, operation: OperationModel, asked: Mapping[str, Any], headers: Mapping[str, str]) -> bytes:
        self.faults.strike(operation.name, after=False)
        self._require_signed(headers)
        self._require_valid(operation, asked)
        prefix = f"arn:aws:forecast:{REGION}:{ACCOUNT}:"
        rights.require(self.policy, operation.name, asked, prefix)
        with self.account.lock:
            self.account.settle()
            answer = OPERATIONS[operation.name](self.account, asked)
        self.log.drift += [f"{operation.name}: {each}" for each in misread(answer, operation.output_shape)]
        self.faults.strike(operation.name, after=True)
        return encoded(answer)

    def _require_signed(self, headers: Mapping[str, str]) -> None:
        signed = SIGNED.match(headers.get("Authorization", ""))
        if not signed or signed[1] != KEY_ID:
            raise Refused(
                "UnrecognizedClientException", "The security token included in the request is invalid."
            )
        if signed[2] != REGION:
            self.log.drift.append(f"expected a request to {REGION}, found one to {signed[2]}")

    def _require_valid(self, operation: OperationModel, asked: Mapping[str, Any]) -> None:
        found = violations(asked, operation.input_shape)
        self.log.drift += [f"{operation.name}: {each}" for each in found]
        if found:
            raise Refused(
                "ValidationException", f"{len(found)} validation errors detected: {'; '.join(found)}"
            )

    def _require_declared(self, operation: OperationModel, refused: Refused) -> None:
        declared = COMMON | {each.name for each in operation.error_shapes}
        if refused.code not in declared:
            self.log.drift.append(f"{operation.name} does not declare {refused.code}")


class _Handler(BaseHTTPRequestHandler):
    server: "ForecastServer"

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        sent = Sent("POST", self.path, dict(self.headers), body)
        self.server.front.log.wire.append(sent)
        try:
            status, answer = self.server.front.answer(self.headers, body)
        except Unanswered:
            return
        self.send_response(status)
        self.send_header("Content-Type", "application/x-amz-json-1.1")
        self.send_header("Content-Length", str(len(answer)))
        self.send_header("x-amzn-RequestId", "00000000-0000-0000-0000-000000000000")
        self.end_headers()
        self.wfile.write(answer)

    def log_message(self, *_: object) -> None:
        """Say nothing."""


class ForecastServer(ThreadingHTTPServer):
    """On a free port of the loopback; one connection a request."""

    daemon_threads = True

    def __init__(self, front: Front) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.front = front
        self._thread = threading.Thread(
            target=self.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True
        )

    @property
    def url(self) -> str:
        """Where it is."""
        return f"http://127.0.0.1:{self.server_port}"

    def start(self) -> None:
        """Serve in a thread."""
        self._thread.start()

    def stop(self) -> None:
        """End."""
        self.shutdown()
        self._thread.join()
        self.server_close()

    def handle_error(self, *_: object) -> None:
        """What the fake itself can't do is drift, and the caller gets no answer; a caller may hang up."""
        error = sys.exception()
        if not isinstance(error, ConnectionError):
            self.front.log.drift.append(f"{error!r}")
