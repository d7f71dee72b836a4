"""Errors of AWS and how they are translated, with unmodified clients over HTTP."""

import subprocess
import sys

import pytest

from forecasting.config.aws_settings import AwsSettings
from forecasting.core.errors import EngineBusy, EngineUnavailable
from forecasting.engines.aws_forecast.aws_errors import (
    CLOSED,
    NoAccess,
    NoCredentials,
    QuotaReached,
    RequestRefused,
    ResourceExists,
    ResourceNotFound,
)
from forecasting.engines.aws_forecast.aws_session import AwsSession
from tests.aws_fake import AwsFake
from tests.engines.aws_forecast.chain import Chain

LIST = "ListDatasetGroups"


def session(attempts: int = 1, region: str = "") -> AwsSession:
    """Return a new session, which reads the environment."""
    return AwsSession(AwsSettings(bucket="storecast-forecast", region=region), attempts=attempts)


def listed(asking: AwsSession) -> list[object]:
    """Return the dataset groups."""
    return asking.list_all("list_dataset_groups", "DatasetGroups")


def test_importing_the_engine_does_not_import_boto3() -> None:
    """Installations without AWS do not wait for it."""
    code = (
        "import sys, forecasting.engines.aws_forecast.aws_engine;"
        "print('boto3' in sys.modules, 'botocore' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["False", "False"]


def test_a_throttled_request_is_repeated(aws: AwsFake) -> None:
    """The second attempt succeeds."""
    aws.fail(LIST, "ThrottlingException")
    assert listed(session(attempts=2)) == []
    assert [call.error for call in aws.named(LIST)] == ["ThrottlingException", None]


@pytest.mark.parametrize("code", ["ThrottlingException", "InternalServerError", "timeout"])
def test_temporary_errors_are_busy(empty: Chain, code: str) -> None:
    """Permanent throttling, an error inside AWS, no answer."""
    empty.aws.fail(LIST, code, times=None)
    with pytest.raises(EngineBusy, match=r"^AWS (is busy|can't be reached)"):
        listed(empty.session)
    assert not empty.session.check_access().reachable


@pytest.mark.usefixtures("aws")
def test_an_unreachable_server_is_busy(monkeypatch: pytest.MonkeyPatch) -> None:
    """It may be reachable again later."""
    monkeypatch.setenv("AWS_ENDPOINT_URL_FORECAST", "http://127.0.0.1:9")
    with pytest.raises(EngineBusy, match="can't be reached"):
        listed(session())
    assert session().check_access().message == "Unreachable: AWS can't be reached."


def test_a_quota_is_reported_at_once(aws: AwsFake) -> None:
    """The request is not repeated; botocore would, because it takes a quota for throttling."""
    aws.fail(
        "CreateDatasetGroup", "LimitExceededException", times=None, reason="You have reached the limit of 10"
    )
    with pytest.raises(QuotaReached, match=r"CreateDatasetGroup.*the limit of 10"):
        session(attempts=3).call("create_dataset_group", DatasetGroupName="storecast", Domain="CUSTOM")
    assert len(aws.named("CreateDatasetGroup")) == 1


def test_denied_access_is_reported(empty: Chain) -> None:
    """The error names the operation."""
    empty.aws.fail(LIST, "AccessDeniedException", times=None, reason="User: arn:x is not authorized")
    with pytest.raises(NoAccess, match="does not permit ListDatasetGroups"):
        listed(empty.session)
    assert empty.session.check_access().message.startswith("No access: AWS does not permit")


def test_an_account_closed_to_new_customers_is_reported(empty: Chain) -> None:
    """The message says why."""
    reason = "Amazon Forecast is no longer available to new customers"
    empty.aws.fail(LIST, "AccessDeniedException", times=None, reason=reason)
    with pytest.raises(NoAccess, match="closed to new customers since 29 July 2024"):
        listed(empty.session)
    assert CLOSED in empty.session.check_access().message


def test_missing_credentials_are_reported(aws: AwsFake, monkeypatch: pytest.MonkeyPatch) -> None:
    """No request is sent."""
    monkeypatch.delenv("AWS_ACCESS_KEY_ID")
    monkeypatch.delenv("AWS_SECRET_ACCESS_KEY")
    with pytest.raises(NoCredentials, match="found no credentials"):
        listed(session())
    assert session().check_access().message.startswith("No credentials:")
    assert aws.calls == []


def test_expired_credentials_are_reported(empty: Chain) -> None:
    """The error is permanent."""
    empty.aws.fail(LIST, "ExpiredTokenException", times=None)
    with pytest.raises(NoCredentials, match="expired"):
        listed(empty.session)


@pytest.mark.usefixtures("aws")
def test_no_message_has_a_key(monkeypatch: pytest.MonkeyPatch) -> None:
    """Unknown credentials are not quoted."""
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "SOMEOTHERKEY")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "hush-hush")
    with pytest.raises(NoCredentials) as caught:
        listed(session())
    assert "SOMEOTHERKEY" not in str(caught.value)
    assert "hush" not in str(caught.value)


@pytest.mark.usefixtures("aws")
def test_an_unknown_region_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    """The error names the known regions, and no request is sent."""
    monkeypatch.delenv("AWS_ENDPOINT_URL_FORECAST")
    with pytest.raises(EngineUnavailable, match=r"one of its regions \(.*eu-west-1.*\), found 'mars-1'"):
        listed(session(region="mars-1"))


@pytest.mark.usefixtures("aws")
def test_a_missing_region_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    """The error names the variable that sets it."""
    for name in ("AWS_REGION", "AWS_DEFAULT_REGION"):
        monkeypatch.delenv(name)
    with pytest.raises(EngineUnavailable, match="STORECAST_AWS_REGION"):
        listed(session())


@pytest.mark.usefixtures("aws")
def test_an_unknown_profile_has_no_credentials(monkeypatch: pytest.MonkeyPatch) -> None:
    """It is a profile of AWS's own tools."""
    monkeypatch.setenv("AWS_PROFILE", "nobody")
    with pytest.raises(NoCredentials):
        listed(session())


@pytest.mark.usefixtures("aws")
def test_a_missing_bucket_is_reported() -> None:
    """Errors of S3 are translated in the same way."""
    missing = AwsSession(AwsSettings(bucket="nobodys-bucket"), attempts=1)
    with pytest.raises(ResourceNotFound, match="PutObject"):
        missing.put_object("a", b"")


def test_errors_of_resources_are_distinguished(chain: Chain) -> None:
    """An existing name, a missing resource and an invalid value."""
    with pytest.raises(ResourceExists):
        chain.session.call("create_dataset_group", DatasetGroupName="storecast", Domain="CUSTOM")
    with pytest.raises(ResourceNotFound):
        chain.session.call(
            "describe_forecast", ForecastArn="arn:aws:forecast:eu-west-1:123456789012:forecast/x"
        )
    with pytest.raises(RequestRefused):
        chain.session.list_all(
            "list_forecasts",
            "Forecasts",
            Filters=[{"Key": "No", "Value": "arn:aws:forecast:a:b:c", "Condition": "IS"}],
        )


def test_a_successful_check_names_the_region(empty: Chain) -> None:
    """AWS Forecast can be used."""
    check = empty.session.check_access()
    assert check.reachable
    assert "eu-west-1" in check.message
