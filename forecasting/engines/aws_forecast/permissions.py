"""The policies of the service role, which `aws setup` attaches, or prints for an administrator."""

import json
from typing import Any

SERVICE = "forecast.amazonaws.com"

Policy = dict[str, Any]
"""A policy document of IAM."""


def trust_policy(account: str) -> Policy:
    """Return the trust policy: only AWS Forecast may assume the role, and only for this account."""
    return _document(
        {
            "Effect": "Allow",
            "Principal": {"Service": SERVICE},
            "Action": "sts:AssumeRole",
            "Condition": {"StringEquals": {"aws:SourceAccount": account}},
        }
    )


def access_policy(partition: str, bucket: str, prefix: str) -> Policy:
    """Return the access policy: read, write and list objects below the prefix.

    Parameters
    ----------
    partition
        ``aws``, or another partition such as ``aws-cn``.
    """
    bucket_arn = f"arn:{partition}:s3:::{bucket}"
    below = f"{prefix}/*" if prefix else "*"
    return _document(
        {"Effect": "Allow", "Action": ["s3:GetObject", "s3:PutObject"], "Resource": f"{bucket_arn}/{below}"},
        {
            "Effect": "Allow",
            "Action": "s3:ListBucket",
            "Resource": bucket_arn,
            "Condition": {"StringLike": {"s3:prefix": below}},
        },
    )


def format_policy(policy: Policy) -> str:
    """Return a policy as text to copy and paste."""
    return json.dumps(policy, indent=2)


def _document(*statements: Policy) -> Policy:
    return {"Version": "2012-10-17", "Statement": list(statements)}
