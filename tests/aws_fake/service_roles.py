"""The roles of jobs: a role must exist, trust AWS Forecast, and permit what the job does."""

import json
from typing import Any
from urllib.parse import unquote

from botocore.exceptions import ClientError

from tests.aws_fake.errors import JobFailed
from tests.aws_fake.policy_documents import Document, allows_all, meets

SERVICE = "forecast.amazonaws.com"


class Roles:
    """The roles of the account.

    Parameters
    ----------
    iam
        A client of our own.
    context
        What the service tells when it takes on a role: the account, and who it acts for.
    """

    def __init__(self, iam: Any, context: dict[str, str]) -> None:
        self._iam = iam
        self._context = context

    def require_read(self, arn: str, bucket: str, prefix: str) -> None:
        """Fail the job unless the role may list and read objects below a prefix."""
        documents = self._documents(arn)
        whole = f"arn:aws:s3:::{bucket}"
        listing = {**self._context, "s3:prefix": prefix}
        _require(documents, arn, "s3:ListBucket", whole, listing)
        _require(documents, arn, "s3:GetObject", f"{whole}/{prefix.rstrip('/')}/part.csv", self._context)

    def require_write(self, arn: str, bucket: str, prefix: str) -> None:
        """Fail the job unless the role may write below a prefix."""
        what = f"arn:aws:s3:::{bucket}/{prefix}part.csv"
        _require(self._documents(arn), arn, "s3:PutObject", what, self._context)

    def _documents(self, arn: str) -> list[Document]:
        name = arn.rpartition("/")[2]
        try:
            role = self._iam.get_role(RoleName=name)["Role"]
        except ClientError as error:
            raise JobFailed(f"The role {arn} can't be assumed: it does not exist") from error
        if not self._trusts(_document(role["AssumeRolePolicyDocument"])):
            raise JobFailed(f"The role {arn} can't be assumed: it does not trust {SERVICE}")
        inline = [
            _document(self._iam.get_role_policy(RoleName=name, PolicyName=each)["PolicyDocument"])
            for each in self._iam.list_role_policies(RoleName=name)["PolicyNames"]
        ]
        attached = self._iam.list_attached_role_policies(RoleName=name)["AttachedPolicies"]
        return [*inline, *(self._managed(each["PolicyArn"]) for each in attached)]

    def _managed(self, arn: str) -> Document:
        version = self._iam.get_policy(PolicyArn=arn)["Policy"]["DefaultVersionId"]
        found = self._iam.get_policy_version(PolicyArn=arn, VersionId=version)
        return _document(found["PolicyVersion"]["Document"])

    def _trusts(self, document: Document) -> bool:
        statements = document["Statement"]
        return any(
            each["Effect"] == "Allow"
            and "sts:AssumeRole" in _list(each["Action"])
            and SERVICE in _list(each["Principal"].get("Service", []))
            and meets(each.get("Condition", {}), self._context)
            for each in _list(statements)
        )


def _require(documents: list[Document], arn: str, action: str, what: str, context: dict[str, str]) -> None:
    if not allows_all(documents, action, what, context):
        raise JobFailed(f"The role {arn} is not allowed {action} on {what}")


def _document(found: Any) -> Document:
    return json.loads(unquote(found)) if isinstance(found, str) else found


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]
