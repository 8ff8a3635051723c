"""A look at a query's text before a parser sees it: parsers and evaluators recurse, and a stack must not overflow."""

from __future__ import annotations

import re

from .limits import QUERY_CHARACTERS, QUERY_DEPTH, QUERY_OPERATORS
from .refusals import BadRequest

_STRING = re.compile(r'"(?:[^"\\]|\\.)*"|\'(?:[^\'\\]|\\.)*\'|`[^`]*`', re.DOTALL)
#: A subquery of a subquery, which has no brackets around it.
_CHAINED = re.compile(r"\]\s*\[")
_OPERATOR = re.compile(r"[-+*/%^!|&<>=~]+|\b(?:and|or|unless|atan2)\b", re.IGNORECASE)


def refuse_if_unreasonable(query: str) -> None:
    """Raises BadRequest for a query that is too long, too deep or has too many operators."""
    if len(query) > QUERY_CHARACTERS:
        raise BadRequest(f"query is {len(query)} characters long, the limit is {QUERY_CHARACTERS}")
    bare = _STRING.sub("", query)
    depth = deepest = 0
    for character in bare:
        if character in "([{":
            depth += 1
            deepest = max(deepest, depth)
        elif character in ")]}":
            depth -= 1
    deepest += len(_CHAINED.findall(bare))
    if deepest > QUERY_DEPTH:
        raise BadRequest(f"query is nested {deepest} deep, the limit is {QUERY_DEPTH}")
    operators = sum(len(match) if match[0] in "-+!" else 1 for match in _OPERATOR.findall(bare))
    if operators > QUERY_OPERATORS:
        raise BadRequest(f"query has {operators} operators, the limit is {QUERY_OPERATORS}")
