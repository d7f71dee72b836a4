"""AWS Forecast over HTTP."""

import json
import re
import sys
import threading
from collections.abc import Mapping
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from botocore.model import OperationModel

from tests.aws_fake import app_rights
from tests.aws_fake.account import ACCOUNT, REGION, Account
from tests.aws_fake.call_log import Call, CallLog, WireRequest
from tests.aws_fake.errors import ErrorResponse, NoResponse
from tests.aws_fake.model import encoded, misread, operation_of, violations
from tests.aws_fake.operations import OPERATIONS
from tests.aws_fake.scripted_faults import TIMEOUT, ScriptedFaults

KEY_ID = "STORECASTFAKEKEY"
"""The app's access key, the only one known."""

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
"""Errors that every operation may return."""

SIGNED = re.compile(r"AWS4-HMAC-SHA256 Credential=([^/]+)/\d{8}/([^/]+)/forecast/aws4_request,")


class ForecastFrontend:
    """Answers the calls, one at a time.

    Attributes
    ----------
    policy
        The IAM policy document calls must stay within; None: all are allowed.
    """

    def __init__(self, account: Account, log: CallLog, faults: ScriptedFaults) -> None:
        self.account = account
        self.log = log
        self.faults = faults
        self.policy: Mapping[str, Any] | None = None

    def answer(self, headers: Mapping[str, str], body: bytes) -> tuple[int, bytes]:
        """Return status and body of the response.

        Raises
        ------
        NoResponse
            If there is none.
        """
        operation = operation_of(headers["X-Amz-Target"])
        asked = json.loads(body or b"{}")
        service = operation.service_model.service_name
        call = Call(operation.name, asked, self.account.clock.now(), service=service)
        self.log.calls.append(call)
        try:
            return 200, self._done(operation, asked, headers)
        except ErrorResponse as refused:
            call.error = refused.code
            self._require_declared(operation, refused)
            return refused.status, encoded({"__type": refused.code, "Message": refused.reason})
        except NoResponse:
            call.error = TIMEOUT
            raise

    def _done(self, operation: OperationModel, asked: Mapping[str, Any], headers: Mapping[str, str]) -> bytes:
        self.faults.strike(operation.name, after=False)
        self._require_signed(headers)
        self._require_valid(operation, asked)
        prefix = f"arn:aws:forecast:{REGION}:{ACCOUNT}:"
        app_rights.require(self.policy, operation.name, asked, prefix)
        with self.account.lock:
            self.account.settle()
            answer = OPERATIONS[operation.name](self.account, asked)
        self.log.drift += [f"{operation.name}: {each}" for each in misread(answer, operation.output_shape)]
        self.faults.strike(operation.name, after=True)
        return encoded(answer)

    def _require_signed(self, headers: Mapping[str, str]) -> None:
        signed = SIGNED.match(headers.get("Authorization", ""))
        if not signed or signed[1] != KEY_ID:
            raise ErrorResponse(
                "UnrecognizedClientException", "The security token included in the request is invalid."
            )
        if signed[2] != REGION:
            self.log.drift.append(f"expected a request to {REGION}, found one to {signed[2]}")

    def _require_valid(self, operation: OperationModel, asked: Mapping[str, Any]) -> None:
        found = violations(asked, operation.input_shape)
        self.log.drift += [f"{operation.name}: {each}" for each in found]
        if found:
            raise ErrorResponse(
                "ValidationException", f"{len(found)} validation errors detected: {'; '.join(found)}"
            )

    def _require_declared(self, operation: OperationModel, refused: ErrorResponse) -> None:
        declared = COMMON | {each.name for each in operation.error_shapes}
        if refused.code not in declared:
            self.log.drift.append(f"{operation.name} does not declare {refused.code}")


class _Handler(BaseHTTPRequestHandler):
    server: "ForecastServer"

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        sent = WireRequest("POST", self.path, dict(self.headers), body)
        self.server.front.log.wire.append(sent)
        try:
            status, answer = self.server.front.answer(self.headers, body)
        except NoResponse:
            return
        self.send_response(status)
        self.send_header("Content-Type", "application/x-amz-json-1.1")
        self.send_header("Content-Length", str(len(answer)))
        self.send_header("x-amzn-RequestId", "00000000-0000-0000-0000-000000000000")
        self.end_headers()
        self.wfile.write(answer)

    def log_message(self, *_: object) -> None:
        """Log nothing."""


class ForecastServer(ThreadingHTTPServer):
    """An HTTP server on a free loopback port, with one connection for each request."""

    daemon_threads = True

    def __init__(self, front: ForecastFrontend) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.front = front
        self._thread = threading.Thread(
            target=self.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True
        )

    @property
    def url(self) -> str:
        """The server's URL."""
        return f"http://127.0.0.1:{self.server_port}"

    def start(self) -> None:
        """Start serving in a thread."""
        self._thread.start()

    def stop(self) -> None:
        """Stop serving."""
        self.shutdown()
        self._thread.join()
        self.server_close()

    def handle_error(self, *_: object) -> None:
        """Ignore it: the caller gets no answer. Errors of the fake itself are already in the drift."""
        error = sys.exception()
        if not isinstance(error, ConnectionError):
            self.front.log.drift.append(f"{error!r}")
