"""The role AWS Forecast reads and writes the bucket with: made, found, and removed again."""

import json
from dataclasses import dataclass
from typing import Any, Self

from forecasting.config.aws_settings import AwsSettings
from forecasting.engines.aws_forecast.connection import ForecastSession
from forecasting.engines.aws_forecast.faults import NotThere, translated
from forecasting.engines.aws_forecast.names import Names
from forecasting.engines.aws_forecast.permissions import Policy, access, as_text, trust

TAG = "storecast:group"
"""Tells a role that was made here, and for which group; one without it is never changed nor removed."""

POLICY = "storecast-bucket"
"""Name of the role's one policy."""


@dataclass(frozen=True, slots=True)
class ServiceRole:
    """The role of one group.

    Attributes
    ----------
    session
        To AWS.
    settings
        Whose role it is, and for which bucket.
    account, partition
        Where it is made, and in which cloud of AWS; to find and remove it neither is needed.
    """

    session: ForecastSession
    settings: AwsSettings
    account: str = ""
    partition: str = ""

    @classmethod
    def beside(cls, session: ForecastSession, settings: AwsSettings, group_arn: str) -> Self:
        """That of the account a dataset group is in."""
        _, partition, _, _, account, _ = group_arn.split(":", 5)
        return cls(session, settings, account, partition)

    @property
    def name(self) -> str:
        """Its name."""
        return Names(self.settings.group).role

    @property
    def trusted(self) -> Policy:
        """Who may take it."""
        return trust(self.account)

    @property
    def allowed(self) -> Policy:
        """What it may do."""
        return access(self.partition, self.settings.bucket, self.settings.prefix)

    def ensure(self) -> bool:
        """Make it, or finish making it; tell whether anything was to be done.

        One of the same name that somebody else made is taken as it is.

        Raises
        ------
        NoAccess
            If the credentials may not.
        """
        found = self._find()
        if found is not None and not self._is_ours(found):
            return False
        if found is None:
            self._make()
        elif self._policy() == self.allowed:
            return False
        with translated():
            self.session.iam.put_role_policy(
                RoleName=self.name, PolicyName=POLICY, PolicyDocument=json.dumps(self.allowed)
            )
        return True

    def exists(self) -> bool:
        """Whether it is there and was made here."""
        found = self._find()
        return found is not None and self._is_ours(found)

    def remove(self) -> None:
        """Remove it, with its policy."""
        if self._policy() is not None:
            with translated():
                self.session.iam.delete_role_policy(RoleName=self.name, PolicyName=POLICY)
        with translated():
            self.session.iam.delete_role(RoleName=self.name)

    def by_hand(self) -> str:
        """What to do where it may not be made here: words and policies, for those who may."""
        arn = f"arn:{self.partition}:iam::{self.account}:role/{self.name}"
        return (
            "AWS Forecast needs a role for the bucket, which these credentials may not make. "
            f"Its trust policy:\n{as_text(self.trusted)}\nIts permissions:\n{as_text(self.allowed)}\n"
            f"Someone who may makes it and gives its ARN, such as {arn}, as STORECAST_AWS_ROLE_ARN; then the "
            "same command goes on from here."
        )

    def _find(self) -> dict[str, Any] | None:
        try:
            with translated():
                found: dict[str, Any] = self.session.iam.get_role(RoleName=self.name)["Role"]
        except NotThere:
            return None
        return found

    def _is_ours(self, found: dict[str, Any]) -> bool:
        return {"Key": TAG, "Value": self.settings.group} in found.get("Tags", ())

    def _make(self) -> None:
        with translated():
            self.session.iam.create_role(
                RoleName=self.name,
                AssumeRolePolicyDocument=json.dumps(self.trusted),
                Description="AWS Forecast reads and writes Storecast's data with it",
                Tags=[{"Key": TAG, "Value": self.settings.group}],
            )

    def _policy(self) -> Policy | None:
        try:
            with translated():
                found = self.session.iam.get_role_policy(RoleName=self.name, PolicyName=POLICY)
        except NotThere:
            return None
        policy: Policy = found["PolicyDocument"]
        return policy
