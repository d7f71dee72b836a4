"""The role with which AWS Forecast accesses the bucket: create, find and delete it."""

import json
from dataclasses import dataclass
from typing import Any, Self

from forecasting.config.aws_settings import AwsSettings
from forecasting.engines.aws_forecast.aws_errors import ResourceNotFound, translated_errors
from forecasting.engines.aws_forecast.aws_session import AwsSession
from forecasting.engines.aws_forecast.permissions import Policy, access_policy, format_policy, trust_policy
from forecasting.engines.aws_forecast.resource_names import ResourceNames

TAG = "storecast:group"
"""Tag of roles that were created here, with the group as value. Roles without it are never changed."""

POLICY = "storecast-bucket"
"""Name of the role's only policy."""


@dataclass(frozen=True, slots=True)
class ServiceRole:
    """The role of one group.

    Attributes
    ----------
    session
        The session with AWS.
    settings
        The group and the bucket.
    account, partition
        AWS account and partition in which to create it; not needed to find or delete it.
    """

    session: AwsSession
    settings: AwsSettings
    account: str = ""
    partition: str = ""

    @classmethod
    def for_group(cls, session: AwsSession, settings: AwsSettings, group_arn: str) -> Self:
        """Return the role in the account of a dataset group."""
        _, partition, _, _, account, _ = group_arn.split(":", 5)
        return cls(session, settings, account, partition)

    @property
    def name(self) -> str:
        """Its name."""
        return ResourceNames(self.settings.group).role

    @property
    def trust(self) -> Policy:
        """Who may assume it."""
        return trust_policy(self.account)

    @property
    def access(self) -> Policy:
        """What it may do."""
        return access_policy(self.partition, self.settings.bucket, self.settings.prefix)

    def ensure(self) -> bool:
        """Create the role, or complete one that an earlier setup left; return whether anything was changed.

        A role of that name which was not created here is used unchanged.

        Raises
        ------
        NoAccess
            If the credentials do not permit it.
        """
        found = self._find()
        if found is not None and not self._is_ours(found):
            return False
        if found is None:
            self._create()
        elif self._policy() == self.access:
            return False
        with translated_errors():
            self.session.iam.put_role_policy(
                RoleName=self.name, PolicyName=POLICY, PolicyDocument=json.dumps(self.access)
            )
        return True

    def exists(self) -> bool:
        """Return whether the role exists and was created here."""
        found = self._find()
        return found is not None and self._is_ours(found)

    def delete(self) -> None:
        """Delete the role and its policy."""
        if self._policy() is not None:
            with translated_errors():
                self.session.iam.delete_role_policy(RoleName=self.name, PolicyName=POLICY)
        with translated_errors():
            self.session.iam.delete_role(RoleName=self.name)

    def manual_instructions(self) -> str:
        """Return instructions and both policies, for an administrator who may create the role."""
        arn = f"arn:{self.partition}:iam::{self.account}:role/{self.name}"
        return (
            "AWS Forecast needs a role to access the bucket, and these credentials may not create one. "
            f"The role's trust policy:\n{format_policy(self.trust)}\n"
            f"Its permissions:\n{format_policy(self.access)}\n"
            "Ask an administrator to create it. Then set STORECAST_AWS_ROLE_ARN to its ARN, such as "
            f"{arn}, and run the same command again."
        )

    def _find(self) -> dict[str, Any] | None:
        try:
            with translated_errors():
                found: dict[str, Any] = self.session.iam.get_role(RoleName=self.name)["Role"]
        except ResourceNotFound:
            return None
        return found

    def _is_ours(self, found: dict[str, Any]) -> bool:
        return {"Key": TAG, "Value": self.settings.group} in found.get("Tags", ())

    def _create(self) -> None:
        with translated_errors():
            self.session.iam.create_role(
                RoleName=self.name,
                AssumeRolePolicyDocument=json.dumps(self.trust),
                Description="Lets AWS Forecast read and write Storecast's data",
                Tags=[{"Key": TAG, "Value": self.settings.group}],
            )

    def _policy(self) -> Policy | None:
        try:
            with translated_errors():
                found = self.session.iam.get_role_policy(RoleName=self.name, PolicyName=POLICY)
        except ResourceNotFound:
            return None
        policy: Policy = found["PolicyDocument"]
        return policy
