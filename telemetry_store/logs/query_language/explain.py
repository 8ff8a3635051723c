"""Loki's words for the token at which parsing stops.

Loki's parser is made by goyacc. In most of its states goyacc takes the most frequent reduction without looking at the
next token, so an error shows only in a state that has nothing to reduce; and what such a state could take is listed
when it is four tokens or fewer. Lark looks at the next token first. So from lark's tables the reductions that goyacc
would have made are made up for, and then its message is written.
"""

from __future__ import annotations

from collections import Counter
from typing import Any

from lark import Token
from lark.exceptions import UnexpectedToken

from ...refusals import BadRequest
from .tokens import WORDS, parse_error, shown_position

#: What a message lists at most; beyond it, it lists nothing.
_LISTED = 4

#: Tokens in whose place the message shows what stands in the query.
_NAMES = {kind: word for word, kind in WORDS.items()} | {"$END": "$end"}


def explain(error: UnexpectedToken, query: str, terminals: list[str]) -> BadRequest:
    """The error for a query that stops fitting the grammar; `terminals` in the grammar's order."""
    parser: Any = error.interactive_parser.parser_state
    states: dict[Any, dict[str, tuple[Any, Any]]] = parser.parse_conf.states
    state = _after_default_reductions(list(parser.state_stack), states)
    token = error.token
    message = f"syntax error: unexpected {_NAMES.get(token.type, token.type)}"
    possible = [name for name in terminals if name in states[state] and _is_shift(states[state][name])]
    if 0 < len(possible) <= _LISTED:
        message += ", expecting " + " or ".join(_NAMES.get(name, name) for name in possible)
    line, column = _place(token, query)
    return parse_error(message, line, column)


def _after_default_reductions(stack: list[Any], states: dict[Any, dict[str, tuple[Any, Any]]]) -> Any:
    while True:
        reductions = Counter(rule for _, rule in states[stack[-1]].values() if _is_rule(rule))
        if not reductions:
            return stack[-1]
        rule = reductions.most_common(1)[0][0]
        if rule.expansion:
            del stack[-len(rule.expansion) :]
        stack.append(states[stack[-1]][rule.origin.name][1])


def _is_rule(target: Any) -> bool:
    return hasattr(target, "expansion")


def _is_shift(entry: tuple[Any, Any]) -> bool:
    return not _is_rule(entry[1])


def _place(token: Token, query: str) -> tuple[int, int]:
    if token.type == "$END":
        return shown_position(query, len(query))
    return token.line or 0, token.column or 0
