"""The whole fake: AWS Forecast, with moto's S3, IAM and STS behind a gateway."""

import json
import os
import threading
from collections.abc import Mapping
from typing import Any, Self

import boto3
from botocore.config import Config
from moto.backends import get_backend
from moto.server import DomainDispatcherApplication, MotoRequestHandler, create_backend_app
from werkzeug.serving import make_server

from tests.aws_fake.account import ACCOUNT, JOB_WORDS, REGION, Account, Knobs, PlannedFailure
from tests.aws_fake.call_log import Call, CallLog, WireRequest
from tests.aws_fake.clock import VirtualClock
from tests.aws_fake.forecast_server import KEY_ID, ForecastFrontend, ForecastServer
from tests.aws_fake.frames import Corruption
from tests.aws_fake.gateway import OWN_KEY_ID, Gateway
from tests.aws_fake.resources import KINDS
from tests.aws_fake.scripted_faults import ScriptedFault, ScriptedFaults
from tests.aws_fake.seeds import SeededResources
from tests.aws_fake.service_roles import SERVICE, Roles
from tests.kinds import require_slow_kind

BUCKET = "storecast-forecast"
ROLE = "forecast-access"


class AwsFake(SeededResources):
    """AWS for tests; used as a context.

    Parameters
    ----------
    page_size
        Resources on a page of a list, at most.
    policy
        An IAM policy document that calls must stay within; None: all are allowed.
    clock
        What tells the time; None: one of its own, which stands still until it is turned.
    """

    account_id = ACCOUNT
    region = REGION
    bucket = BUCKET

    def __init__(
        self, *, page_size: int = 2, policy: Mapping[str, Any] | None = None, clock: Any = None
    ) -> None:
        self._page_size = page_size
        self._policy = policy
        self._own_clock = clock is None
        self.clock = clock or VirtualClock()
        self._log = CallLog()
        self._faults = ScriptedFaults()

    def __enter__(self) -> Self:
        """Start."""
        require_slow_kind("the double of AWS")
        dispatcher = DomainDispatcherApplication(create_backend_app)
        self._door = Gateway(dispatcher, self.clock, self._log, self._faults)
        self._moto = make_server("127.0.0.1", 0, self._door, threaded=True, request_handler=_QuietHandler)
        self._thread = threading.Thread(target=self._moto.serve_forever, args=(0.02,), daemon=True)
        self._thread.start()
        self.s3, self.iam = self._own_client("s3"), self._own_client("iam")
        context = {"aws:SourceAccount": ACCOUNT, "aws:SourceArn": f"arn:aws:forecast:{REGION}:{ACCOUNT}:*"}
        self._account = Account(self.clock, self.s3, Roles(self.iam, context), Knobs(self._page_size))
        self._server = ForecastServer(ForecastFrontend(self._account, self._log, self._faults))
        self._server.start()
        self.reset()
        return self

    def __exit__(self, *_: object) -> None:
        """End."""
        self._server.stop()
        for client in (self.s3, self.iam):
            client.close()
        self._moto.shutdown()
        self._thread.join()
        self._moto.server_close()

    def reset(self) -> None:
        """Restore an empty account with the default bucket and role, at the start time, without faults."""
        self._reset_moto()
        with self._account.lock:
            self._account.resources.clear()
            self._account.knobs = Knobs(self._page_size)
        self._faults.clear()
        self._log.clear()
        self.policy = self._policy
        if self._own_clock:
            self.use_clock(VirtualClock())
        self.s3.create_bucket(Bucket=BUCKET, CreateBucketConfiguration={"LocationConstraint": REGION})
        self.role_arn = self.add_role(ROLE)

    def _reset_moto(self) -> None:
        for service in ("s3", "iam", "sts"):
            get_backend(service).reset()

    def use_clock(self, clock: Any) -> None:
        """Use another clock from now on."""
        self.clock = self._door.clock = self._account.clock = clock
        if isinstance(clock, VirtualClock):
            clock.due = self._account.settle

    def _own_client(self, service: str) -> Any:
        session = boto3.Session(OWN_KEY_ID, "none", region_name=REGION)
        url = f"http://127.0.0.1:{self._moto.server_port}"
        return session.client(service, endpoint_url=url, config=Config(retries={"max_attempts": 1}))

    @property
    def environment(self) -> dict[str, str]:
        """The environment variables that point AWS's tools here."""
        moto = f"http://127.0.0.1:{self._moto.server_port}"
        return {
            "AWS_ENDPOINT_URL_FORECAST": self._server.url,
            "AWS_ENDPOINT_URL_FORECASTQUERY": self._server.url,
            "AWS_ENDPOINT_URL_S3": moto,
            "AWS_ENDPOINT_URL_IAM": moto,
            "AWS_ENDPOINT_URL_STS": moto,
            "AWS_ACCESS_KEY_ID": KEY_ID,
            "AWS_SECRET_ACCESS_KEY": "not-a-secret",
            "AWS_REGION": REGION,
            "AWS_DEFAULT_REGION": REGION,
            "AWS_EC2_METADATA_DISABLED": "true",
            "AWS_CONFIG_FILE": os.devnull,
            "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
        }

    @property
    def policy(self) -> Mapping[str, Any] | None:
        """The policy document calls must stay within; may be set."""
        return self._door.policy

    @policy.setter
    def policy(self, document: Mapping[str, Any] | None) -> None:
        self._door.policy = self._server.front.policy = document

    @property
    def backtest_windows(self) -> int:
        """Windows of a new predictor's backtest; may be set."""
        return self.knobs.backtest_windows

    @backtest_windows.setter
    def backtest_windows(self, windows: int) -> None:
        self.knobs.backtest_windows = windows

    @property
    def calls(self) -> list[Call]:
        """The calls of AWS Forecast, in order."""
        return self._log.calls

    @property
    def other_calls(self) -> list[Call]:
        """The app's calls of S3, IAM and STS, in order."""
        return self._log.other_calls

    @property
    def wire(self) -> list[WireRequest]:
        """All requests of the app as they arrived."""
        return self._log.wire

    @property
    def drift(self) -> list[str]:
        """What did not fit the service model, and what the fake can't do."""
        return self._log.drift

    def named(self, operation: str) -> list[Call]:
        """The calls of one operation."""
        return [each for each in [*self.calls, *self.other_calls] if each.operation == operation]

    def fail(
        self, operation: str, code: str, *, times: int | None = 1, after: bool = False, reason: str = ""
    ) -> None:
        """Make an operation fail the next times, or always (None).

        Parameters
        ----------
        code
            Such as ``ThrottlingException``; ``InternalServerError``: status 500; ``timeout``: no answer.
        after
            The deed is done, and the answer is lost.
        """
        self._faults.add(ScriptedFault(operation, code, times, after, reason))

    def clear_faults(self) -> None:
        """Remove all scripted faults."""
        self._faults.clear()

    def take_minutes(self, **minutes: float) -> None:
        """Set durations: `imports`, `predictor`, `forecast`, `export`."""
        unknown = minutes.keys() - self.knobs.minutes.keys()
        if unknown:
            raise KeyError(f"expected some of {sorted(self.knobs.minutes)}, found {sorted(unknown)}")
        self.knobs.minutes.update(minutes)

    def fail_job(
        self, job: str, name_contains: str = "", message: str = "An internal error occurred"
    ) -> None:
        """Make the next `import`, `predictor`, `forecast` or `export` of that name end in CREATE_FAILED."""
        self.knobs.failing.append(PlannedFailure(JOB_WORDS[job], name_contains, message))

    def spoil(
        self, *, missing: str = "", item: str = "", negative: bool = False, crossed: bool = False
    ) -> None:
        """Corrupt the values of later answers: of all series, or of one item or store."""
        self.knobs.spoils.append(Corruption(missing, item, negative, crossed))

    def resources(self, kind: str) -> list[dict[str, Any]]:
        """Describe all resources of a kind, given the word in their ARNs (``forecast-export-job``)."""
        with self._account.lock:
            self._account.settle()
            word = next(each for each in KINDS if each.word == kind)
            return [each.described(self.clock.now()) for each in self._account.of(word)]

    def add_role(
        self,
        name: str,
        *,
        trusted: str = SERVICE,
        actions: tuple[str, ...] = ("s3:GetObject", "s3:PutObject", "s3:ListBucket"),
        prefix: str = "",
    ) -> str:
        """Create a role with permissions for the default bucket, below a prefix; return its ARN."""
        trust = {"Effect": "Allow", "Principal": {"Service": trusted}, "Action": "sts:AssumeRole"}
        made = self.iam.create_role(RoleName=name, AssumeRolePolicyDocument=_document(trust))
        below = [f"arn:aws:s3:::{BUCKET}", f"arn:aws:s3:::{BUCKET}/{prefix}*"]
        rights = {"Effect": "Allow", "Action": list(actions), "Resource": below}
        self.iam.put_role_policy(RoleName=name, PolicyName="bucket", PolicyDocument=_document(rights))
        return made["Role"]["Arn"]


def _document(*statements: Mapping[str, Any]) -> str:
    return json.dumps({"Version": "2012-10-17", "Statement": list(statements)})


class _QuietHandler(MotoRequestHandler):
    """Does not log requests."""

    def log(self, *_: Any, **__: Any) -> None:
        """Log nothing."""
