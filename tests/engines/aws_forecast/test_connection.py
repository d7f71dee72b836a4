"""What goes wrong between us and AWS, with unmodified clients over HTTP."""

import subprocess
import sys

import pytest

from forecasting.config.aws_settings import AwsSettings
from forecasting.core.errors import EngineBusy, EngineUnavailable
from forecasting.engines.aws_forecast.connection import ForecastSession
from forecasting.engines.aws_forecast.faults import (
    CLOSED,
    AlreadyThere,
    NoAccess,
    NoCredentials,
    NotThere,
    QuotaReached,
    Refused,
)
from tests.aws_fake import AwsFake
from tests.engines.aws_forecast.chain import Chain

LIST = "ListDatasetGroups"


def session(attempts: int = 1, region: str = "") -> ForecastSession:
    """One that reads the environment anew."""
    return ForecastSession(AwsSettings(bucket="storecast-forecast", region=region), attempts=attempts)


def listed(asking: ForecastSession) -> list[object]:
    """The dataset groups."""
    return asking.every("list_dataset_groups", "DatasetGroups")


def test_importing_the_engine_does_not_import_boto3() -> None:
    """Who does not use AWS does not wait for its tools."""
    code = (
        "import sys, forecasting.engines.aws_forecast.aws_engine;"
        "print('boto3' in sys.modules, 'botocore' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["False", "False"]


def test_throttled_once(aws: AwsFake) -> None:
    """A request that is asked to come back is made again, and goes well."""
    aws.fail(LIST, "ThrottlingException")
    assert listed(session(attempts=2)) == []
    assert [call.error for call in aws.named(LIST)] == ["ThrottlingException", None]


@pytest.mark.parametrize("code", ["ThrottlingException", "InternalServerError", "timeout"])
def test_what_may_pass(empty: Chain, code: str) -> None:
    """Throttled for good, a fault of AWS's own, no answer: busy."""
    empty.aws.fail(LIST, code, times=None)
    with pytest.raises(EngineBusy, match="AWS is"):
        listed(empty.session)
    assert not empty.session.probe().reachable


@pytest.mark.usefixtures("aws")
def test_nothing_listens(monkeypatch: pytest.MonkeyPatch) -> None:
    """A server that is out of reach may be in reach again."""
    monkeypatch.setenv("AWS_ENDPOINT_URL_FORECAST", "http://127.0.0.1:9")
    with pytest.raises(EngineBusy, match="out of reach"):
        listed(session())
    assert session().probe().message == "Out of reach: AWS is out of reach."


def test_a_quota_is_told_at_once(aws: AwsFake) -> None:
    """It is not made again, as botocore would: it takes a quota for a request too many a second."""
    aws.fail(
        "CreateDatasetGroup", "LimitExceededException", times=None, reason="You have reached the limit of 10"
    )
    with pytest.raises(QuotaReached, match=r"CreateDatasetGroup.*the limit of 10"):
        session(attempts=3).ask("create_dataset_group", DatasetGroupName="storecast", Domain="CUSTOM")
    assert len(aws.named("CreateDatasetGroup")) == 1


def test_access_denied(empty: Chain) -> None:
    """It says what is not permitted, and that is not the end of the service."""
    empty.aws.fail(LIST, "AccessDeniedException", times=None, reason="User: arn:x is not authorized")
    with pytest.raises(NoAccess, match="does not permit ListDatasetGroups"):
        listed(empty.session)
    assert empty.session.probe().message.startswith("No access: AWS does not permit")


def test_closed_to_new_customers(empty: Chain) -> None:
    """An account that came too late is told so."""
    reason = "Amazon Forecast is no longer available to new customers"
    empty.aws.fail(LIST, "AccessDeniedException", times=None, reason=reason)
    with pytest.raises(NoAccess, match="closed to new customers since 29 July 2024"):
        listed(empty.session)
    assert CLOSED in empty.session.probe().message


def test_no_credentials(aws: AwsFake, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is told, and no request is made."""
    monkeypatch.delenv("AWS_ACCESS_KEY_ID")
    monkeypatch.delenv("AWS_SECRET_ACCESS_KEY")
    with pytest.raises(NoCredentials, match="found no credentials"):
        listed(session())
    assert session().probe().message.startswith("No credentials:")
    assert aws.calls == []


def test_expired_credentials(empty: Chain) -> None:
    """They are not there any more, which does not pass by itself."""
    empty.aws.fail(LIST, "ExpiredTokenException", times=None)
    with pytest.raises(NoCredentials, match="expired"):
        listed(empty.session)


@pytest.mark.usefixtures("aws")
def test_no_message_has_a_key(monkeypatch: pytest.MonkeyPatch) -> None:
    """Credentials that AWS does not know are not repeated."""
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "SOMEOTHERKEY")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "hush-hush")
    with pytest.raises(NoCredentials) as caught:
        listed(session())
    assert "SOMEOTHERKEY" not in str(caught.value)
    assert "hush" not in str(caught.value)


@pytest.mark.usefixtures("aws")
def test_an_unknown_region(monkeypatch: pytest.MonkeyPatch) -> None:
    """The error names those there are; nothing is asked of an address that does not exist."""
    monkeypatch.delenv("AWS_ENDPOINT_URL_FORECAST")
    with pytest.raises(EngineUnavailable, match=r"one of its regions \(.*eu-west-1.*\), found 'mars-1'"):
        listed(session(region="mars-1"))


@pytest.mark.usefixtures("aws")
def test_no_region(monkeypatch: pytest.MonkeyPatch) -> None:
    """The error names the variable that sets it."""
    for name in ("AWS_REGION", "AWS_DEFAULT_REGION"):
        monkeypatch.delenv(name)
    with pytest.raises(EngineUnavailable, match="STORECAST_AWS_REGION"):
        listed(session())


@pytest.mark.usefixtures("aws")
def test_an_unknown_profile(monkeypatch: pytest.MonkeyPatch) -> None:
    """A profile of AWS's own tools that is not there has no credentials."""
    monkeypatch.setenv("AWS_PROFILE", "nobody")
    with pytest.raises(NoCredentials):
        listed(session())


@pytest.mark.usefixtures("aws")
def test_a_bucket_that_is_not_there() -> None:
    """S3 is spoken of in the same words."""
    missing = ForecastSession(AwsSettings(bucket="nobodys-bucket"), attempts=1)
    with pytest.raises(NotThere, match="PutObject"):
        missing.put("a", b"")


def test_things_of_aws_are_told_apart(chain: Chain) -> None:
    """A name that is taken, a thing that is not there, and a value that is refused."""
    with pytest.raises(AlreadyThere):
        chain.session.ask("create_dataset_group", DatasetGroupName="storecast", Domain="CUSTOM")
    with pytest.raises(NotThere):
        chain.session.ask(
            "describe_forecast", ForecastArn="arn:aws:forecast:eu-west-1:123456789012:forecast/x"
        )
    with pytest.raises(Refused):
        chain.session.every(
            "list_forecasts",
            "Forecasts",
            Filters=[{"Key": "No", "Value": "arn:aws:forecast:a:b:c", "Condition": "IS"}],
        )


def test_all_is_well(empty: Chain) -> None:
    """The probe names the region."""
    probe = empty.session.probe()
    assert probe.reachable
    assert "eu-west-1" in probe.message
