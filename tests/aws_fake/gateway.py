"""Requests to S3, IAM and STS: logged, checked against the policy or failed before moto answers them."""

import io
import re
import socket
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any
from urllib.parse import parse_qs, unquote
from xml.sax.saxutils import unescape

from botocore.model import OperationModel

from tests.aws_fake import app_rights
from tests.aws_fake.account import ACCOUNT
from tests.aws_fake.call_log import Call, CallLog, WireRequest
from tests.aws_fake.clock import VirtualClock
from tests.aws_fake.errors import ErrorResponse, NoResponse
from tests.aws_fake.model import service_model
from tests.aws_fake.scripted_faults import TIMEOUT, ScriptedFaults

Environ = dict[str, Any]
App = Callable[[Environ, Callable[..., Any]], Iterable[bytes]]

OWN_KEY_ID = "TESTSOWNKEY"
"""The access key of the tests, which have all permissions and are not logged."""

SIGNED = re.compile(r"AWS4-HMAC-SHA256 Credential=([^/]+)/\d{8}/[^/]+/([^/]+)/")

ACTIONS = {
    "CreateMultipartUpload": "PutObject",
    "CompleteMultipartUpload": "PutObject",
    "UploadPart": "PutObject",
    "CopyObject": "PutObject",
    "DeleteObjects": "DeleteObject",
    "HeadObject": "GetObject",
    "HeadBucket": "ListBucket",
    "ListObjects": "ListBucket",
    "ListObjectsV2": "ListBucket",
    "ListBuckets": "ListAllMyBuckets",
    "PutPublicAccessBlock": "PutBucketPublicAccessBlock",
    "GetPublicAccessBlock": "GetBucketPublicAccessBlock",
    "PutBucketEncryption": "PutEncryptionConfiguration",
    "GetBucketEncryption": "GetEncryptionConfiguration",
    "PutBucketLifecycleConfiguration": "PutLifecycleConfiguration",
    "GetBucketLifecycleConfiguration": "GetLifecycleConfiguration",
}
"""The S3 actions that are not named as the operation."""

NAMED = {"role": "RoleName", "user": "UserName", "policy": "PolicyName"}
"""Parameters of an IAM call that name its resource; the first one present counts."""

FREE = frozenset({"GetCallerIdentity"})
"""Operations that need no permission."""


@dataclass(frozen=True, slots=True)
class AwsRequest:
    """A request as IAM checks it."""

    service: str
    operation: str
    action: str
    resources: tuple[str, ...]
    parameters: Mapping[str, str]


class Gateway:
    """A WSGI application in front of another one."""

    def __init__(self, app: App, clock: VirtualClock, log: CallLog, faults: ScriptedFaults) -> None:
        self._app = app
        self.clock = clock
        self._log = log
        self._faults = faults
        self.policy: Mapping[str, Any] | None = None

    def __call__(self, environ: Environ, start_response: Callable[..., Any]) -> Iterable[bytes]:
        """Pass a request on, or refuse it."""
        signed = SIGNED.match(environ.get("HTTP_AUTHORIZATION", ""))
        if not signed or signed[1] == OWN_KEY_ID:
            return self._app(environ, start_response)
        asked = asked_of_s3(environ) if signed[2] == "s3" else asked_of_query(environ, signed[2])
        self._log.wire.append(_sent(environ))
        call = Call(asked.operation, asked.parameters, self.clock.now(), service=asked.service)
        self._log.other_calls.append(call)
        try:
            return self._passed(asked, environ, start_response)
        except ErrorResponse as refused:
            call.error = refused.code
            return _refusal(refused, asked.service, start_response)
        except NoResponse as unanswered:
            call.error = TIMEOUT
            environ["werkzeug.socket"].shutdown(socket.SHUT_RDWR)
            raise ConnectionAbortedError from unanswered

    @staticmethod
    def _judge(policy: Mapping[str, Any], asked: AwsRequest) -> None:
        context = {"s3:prefix": asked.parameters["prefix"]} if "prefix" in asked.parameters else {}
        for resource in asked.resources:
            try:
                app_rights.require_action(policy, asked.action, resource, context)
            except ErrorResponse as refused:
                raise ErrorResponse("AccessDenied", refused.reason, 403) from refused

    def _passed(
        self, asked: AwsRequest, environ: Environ, start_response: Callable[..., Any]
    ) -> Iterable[bytes]:
        self._faults.strike(asked.operation, after=False)
        if self.policy is not None and asked.operation not in FREE:
            self._judge(self.policy, asked)
        begun: list[Any] = []
        answer = list(self._app(environ, lambda *started: begun.extend(started)))
        self._faults.strike(asked.operation, after=True)
        start_response(*begun)
        return answer


def _with_body(environ: Environ) -> bytes:
    """Return the body of a request, and leave it readable."""
    body = environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0))
    environ["wsgi.input"] = io.BytesIO(body)
    environ["fake.body"] = body
    return body


def asked_of_query(environ: Environ, service: str) -> AwsRequest:
    """Read a request to IAM or STS: a form that names the action."""
    form = {name: values[0] for name, values in parse_qs(_with_body(environ).decode()).items()}
    named = [f"arn:aws:iam::{ACCOUNT}:{kind}/{form[name]}" for kind, name in NAMED.items() if name in form]
    resource = (*named, form.get("PolicyArn", "*"))[0]
    return AwsRequest(service, form["Action"], f"{service}:{form['Action']}", (resource,), form)


def asked_of_s3(environ: Environ) -> AwsRequest:
    """Read a request to S3: method, path and query determine the operation."""
    bucket, _, key = unquote(environ["PATH_INFO"]).lstrip("/").partition("/")
    query = {name: values[0] for name, values in parse_qs(environ["QUERY_STRING"], True).items()}  # noqa: FBT003 - keep_blank_values
    headers = {name.removeprefix("HTTP_").replace("_", "-").lower() for name in environ}
    operation = s3_operation(environ["REQUEST_METHOD"], bool(bucket), bool(key), query.keys() | headers)
    resources = [f"arn:aws:s3:::{bucket}{'/' + key if key else ''}" if bucket else "*"]
    if operation == "DeleteObjects":
        keys = re.findall("<Key>(.*?)</Key>", _with_body(environ).decode())
        resources = [f"{resources[0]}/{unescape(each)}" for each in keys]
    action = f"s3:{ACTIONS.get(operation, operation)}"
    return AwsRequest("s3", operation, action, tuple(resources), {"Bucket": bucket, "Key": key, **query})


def s3_operation(method: str, bucket: bool, key: bool, given: set[str]) -> str:  # noqa: FBT001 - what the path has
    """Return the operation for which most required parameters are given."""
    fits = [
        (len(needs), name)
        for name, verb, has_bucket, has_key, needs in _s3_operations()
        if (verb, has_bucket, has_key) == (method, bucket, key) and needs <= given
    ]
    most = max(fits)[0]
    return min(name for count, name in fits if count == most)


@cache
def _s3_operations() -> list[tuple[str, str, bool, bool, frozenset[str]]]:
    model = service_model("s3")
    operations = [model.operation_model(name) for name in model.operation_names]
    return [_s3_shape(each) for each in operations if not each.deprecated]


def _s3_shape(operation: OperationModel) -> tuple[str, str, bool, bool, frozenset[str]]:
    path, _, query = operation.http["requestUri"].partition("?")
    needs = {each.partition("=")[0] for each in query.split("&") if each and not each.startswith("x-id")}
    shape = operation.input_shape
    for name in shape.required_members if shape else ():
        where = shape.members[name].serialization
        if where.get("location") in ("querystring", "header"):
            needs.add(where["name"].lower() if where["location"] == "header" else where["name"])
    return operation.name, operation.http["method"], "{Bucket}" in path, "{Key+}" in path, frozenset(needs)


def _sent(environ: Environ) -> WireRequest:
    headers = {name: str(value) for name, value in environ.items() if name.startswith("HTTP_")}
    path = f"{environ['PATH_INFO']}?{environ['QUERY_STRING']}"
    return WireRequest(environ["REQUEST_METHOD"], path, headers, environ.get("fake.body", b""))


def _refusal(refused: ErrorResponse, service: str, start_response: Callable[..., Any]) -> Iterable[bytes]:
    error = f"<Error><Code>{refused.code}</Code><Message>{refused.reason}</Message></Error>"
    body = error if service == "s3" else f"<ErrorResponse>{error}</ErrorResponse>"
    start_response(f"{refused.status} {refused.code}", [("Content-Type", "text/xml")])
    return [body.encode()]
