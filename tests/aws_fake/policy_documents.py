"""Evaluate IAM policy documents: wildcards, Deny before Allow, and the conditions used here."""

import re
from collections.abc import Iterator, Mapping
from typing import Any

ALWAYS = {
    "aws:PrincipalAccount": "123456789012",
    "aws:ResourceAccount": "123456789012",
    "aws:RequestedRegion": "eu-west-1",
    "aws:SecureTransport": "true",
}
"""The context of every request."""

Document = Mapping[str, Any]
Context = Mapping[str, str]


def allows(document: Document, action: str, resource: str, context: Context | None = None) -> bool:
    """Return whether an action on a resource is allowed and not denied."""
    found = {each["Effect"] for each in _matching(document, action, resource, context or {})}
    return found == {"Allow"}


def allows_all(documents: list[Document], action: str, resource: str, context: Context | None = None) -> bool:
    """Return whether several documents together allow an action."""
    statements = [each for document in documents for each in _list(document["Statement"])]
    return allows({"Statement": statements}, action, resource, context)


def _matching(document: Document, action: str, resource: str, context: Context) -> Iterator[Document]:
    for statement in _list(document["Statement"]):
        if (
            _says(statement, "Action", action.lower())
            and _says(statement, "Resource", resource)
            and meets(statement.get("Condition", {}), context)
        ):
            yield statement


def _says(statement: Document, word: str, value: str) -> bool:
    if f"Not{word}" in statement:
        return not _any(statement[f"Not{word}"], value, word)
    return word in statement and _any(statement[word], value, word)


def _any(patterns: Any, value: str, word: str) -> bool:
    return any(like(each.lower() if word == "Action" else each, value) for each in _list(patterns))


def like(pattern: str, value: str) -> bool:
    """Return whether a value matches a pattern with ``*`` and ``?``."""
    made = re.escape(pattern).replace(r"\*", ".*").replace(r"\?", ".")
    return re.fullmatch(made, value, re.DOTALL) is not None


def meets(condition: Mapping[str, Mapping[str, Any]], context: Context) -> bool:
    """Return whether the context of a request meets a condition.

    Raises
    ------
    NotImplementedError
        For an operator that is not known here; the request then counts as drift.
    """
    known = {**ALWAYS, **context}
    return all(
        _holds(operator, wanted, known.get(key))
        for operator, keys in condition.items()
        for key, wanted in keys.items()
    )


def _holds(operator: str, wanted: Any, found: str | None) -> bool:
    plain = operator.removesuffix("IfExists")
    if found is None:
        return plain != operator or plain in ("StringNotEquals", "StringNotLike")
    values = [str(each).lower() if plain == "Bool" else str(each) for each in _list(wanted)]
    if plain in ("StringEquals", "Bool"):
        return found in values
    if plain in ("StringLike", "ArnLike", "ArnEquals"):
        return any(like(each, found) for each in values)
    if plain in ("StringNotEquals", "StringNotLike"):
        return not any(like(each, found) for each in values)
    raise NotImplementedError(f"the condition {operator}")


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]
