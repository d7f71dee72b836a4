"""The names of resources in AWS.

A name follows from the request, so repeating a request does not create a second resource.
"""

import hashlib
import re
import unicodedata
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import count

from forecasting.core.errors import InvalidRequest

HASH_LETTERS = 12
"""Digits of a hash used in a name. Names have at most 63 characters, 24 of them for the group."""

STAMP = "%Y%m%dT%H%M%S"


@dataclass(frozen=True, slots=True)
class ResourceNames:
    """Names of all resources in AWS of one group.

    Attributes
    ----------
    group
        `AwsSettings.group`; the name of the dataset group.
    """

    group: str

    @property
    def target(self) -> str:
        """The dataset with demand."""
        return f"{self.group}_target"

    @property
    def related(self) -> str:
        """The dataset with covariates."""
        return f"{self.group}_related"

    @property
    def role(self) -> str:
        """The role with which AWS Forecast accesses the bucket, unless the settings name another."""
        return f"{self.group}_forecast"

    def target_import(self, inputs_hash: str) -> str:
        """Return the name of an import of demand."""
        return f"{self.target}_{inputs_hash[:HASH_LETTERS]}"

    def related_import(self, inputs_hash: str) -> str:
        """Return the name of an import of covariates."""
        return f"{self.related}_{inputs_hash[:HASH_LETTERS]}"

    def predictor(self, requested_at: datetime) -> str:
        """Return the name of a predictor, given the time of the request."""
        return f"{self.group}_{requested_at.astimezone(UTC):{STAMP}}"

    def forecast(self, predictor_arn: str, inputs_hash: str) -> str:
        """Return the name of a forecast, given its predictor and its inputs."""
        source_hash = hashlib.sha256(f"{predictor_arn} {inputs_hash}".encode()).hexdigest()
        return f"{self.group}_forecast_{source_hash[:HASH_LETTERS]}"

    def backtest(self, predictor_arn: str) -> str:
        """Return the name of the export of a predictor's backtest."""
        return f"{self.group}_backtest_{hashlib.sha256(predictor_arn.encode()).hexdigest()[:HASH_LETTERS]}"

    def owns(self, name: str) -> bool:
        """Return whether a resource's name shows that this installation created it."""
        return name.startswith(f"{self.group}_")


def candidates(name: str) -> Iterator[str]:
    """Yield a name, then the alternatives to use if a failed resource has taken it."""
    yield name
    for number in count(2):
        yield f"{name}_{number}"


def is_candidate(found: str, name: str) -> bool:
    """Return whether `found` is one of the `candidates` of `name`."""
    return bool(re.fullmatch(rf"{re.escape(name)}(_\d+)?", found))


def free_name(name: str, taken: Collection[str]) -> str:
    """Return the first of the `candidates` that is not taken."""
    return next(each for each in candidates(name) if each not in taken)


def normalise(name: str) -> str:
    """Return the id of a store or product in AWS, which does not distinguish upper and lower case.

    The name is lower-cased and loses its accents. Every other character outside ``[a-z0-9_-]`` becomes ``_``.
    """
    letters = (each for each in unicodedata.normalize("NFKD", name) if not unicodedata.combining(each))
    return re.sub(r"[^a-z0-9_-]", "_", "".join(letters).lower())


class UniqueIds:
    """Maps names of stores or products to ids in AWS, and refuses names with the same id.

    Parameters
    ----------
    kind
        What the names stand for, such as ``stores``; used in the error.
    """

    def __init__(self, kind: str) -> None:
        self._kind = kind
        self._names: dict[str, str] = {}

    def id_of(self, name: str) -> str:
        """Return the id of a name.

        Raises
        ------
        InvalidRequest
            If another name has the same id.
        """
        found = normalise(name)
        known = self._names.setdefault(found, name)
        if known != name:
            raise InvalidRequest(
                f"AWS Forecast: expected {self._kind} whose names differ by more than case, accents and "
                f"punctuation, found '{known}' and '{name}': both are '{found}' in AWS"
            )
        return found
