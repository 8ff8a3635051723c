"""An LALR parser with operator precedence, as yacc's: an ambiguous grammar in lark's notation, resolved by the strength
of its operators, and errors that name the tokens which could have stood instead.

lark reads the grammar and finds the LALR item sets; its own tables know no precedence of operators (a conflict is
always a shift) and no default reductions, on which goyacc's error texts depend.
"""

from __future__ import annotations

import functools
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from importlib.resources import files
from typing import Any, NamedTuple, Protocol

from lark.common import ParserConf
from lark.grammar import Rule
from lark.load_grammar import load_grammar
from lark.parsers.lalr_analysis import LALR_Analyzer

END = "$END"


class Token(NamedTuple):
    """One word of a query. `kind` names a terminal of the grammar, or END."""

    kind: str
    value: Any


class Lexer(Protocol):
    """Where tokens come from: only as many are read as the parser needs."""

    def next(self) -> Token:
        """The next token; END for ever after the last."""


class Strength(NamedTuple):
    """How strongly an operator binds, and whether equals group to the left."""

    level: int
    left: bool


@dataclass(frozen=True)
class Reduction:
    """A rule of the grammar: what `count` symbols become, and which method of the builder makes it."""

    origin: str
    count: int
    method: str
    kept: tuple[int, ...]


@dataclass
class State:
    """What can happen at one point of the parse. `default` is done for every token that `shifts` does not have."""

    shifts: dict[str, int]
    reductions: dict[str, Reduction]
    default: Reduction | None
    gotos: dict[str, int]
    #: Whether what is done depends on the next token.
    looks_ahead: bool


class Unexpected(Exception):
    """A token that fits nowhere. `expected` holds the kinds that do."""

    def __init__(self, token: Token, expected: list[str]) -> None:
        super().__init__(token.kind)
        self.token = token
        self.expected = expected


@functools.cache
def load_states(
    package: str, grammar_file: str, strengths: tuple[tuple[str, Strength], ...], start: str
) -> list[State]:
    """The parser's states for a grammar beside a module; the first is where it starts."""
    text = files(package).joinpath(grammar_file).read_text()
    # lark's inner parts have no types.
    load: Any = load_grammar
    _, rules, _ = load(text, grammar_file, [], False)[0].compile([start], "*")
    analyzer: Any = LALR_Analyzer(ParserConf(rules, {}, [start]))
    analyzer.compute_lr0_states()
    analyzer.compute_reads_relations()
    analyzer.compute_includes_lookback()
    analyzer.compute_lookaheads()
    first = analyzer.lr0_start_states[start]
    item_sets = [first, *(item_set for item_set in analyzer.lr0_itemsets if item_set is not first)]
    numbers = {id(item_set): number for number, item_set in enumerate(item_sets)}
    reductions = {id(rule): (order, _reduction(rule)) for order, rule in enumerate(rules)}
    return [_state(item_set, numbers, reductions, dict(strengths)) for item_set in item_sets]


def _reduction(rule: Rule) -> Reduction:
    kept = tuple(
        position
        for position, symbol in enumerate(rule.expansion)
        if not (symbol.is_term and symbol.name.startswith("_"))
    )
    return Reduction(rule.origin.name, len(rule.expansion), rule.alias or "", kept)


def _state(
    item_set: Any,
    numbers: Mapping[int, int],
    rules: Mapping[int, tuple[int, Reduction]],
    strengths: Mapping[str, Strength],
) -> State:
    shifts: dict[str, int] = {}
    gotos: dict[str, int] = {}
    for symbol, target in item_set.transitions.items():
        (shifts if symbol.is_term else gotos)[symbol.name] = numbers[id(target)]
    if any(pointer.is_satisfied and pointer.rule.origin.name.startswith("$root") for pointer in item_set.closure):
        shifts[END] = -1
    reductions: dict[str, Reduction] = {}
    for symbol, candidates in item_set.lookaheads.items():
        # Of two rules the one that stands first in the grammar is meant.
        rule = min(
            (rule for rule in candidates if id(rule) in rules), key=lambda rule: rules[id(rule)][0], default=None
        )
        if rule is None:
            continue
        if symbol.name in shifts:
            if not _reduces(rule, symbol.name, strengths):
                continue
            del shifts[symbol.name]
        reductions[symbol.name] = rules[id(rule)][1]
    counted = Counter(reductions.values()).most_common()
    return State(shifts, reductions, counted[0][0] if counted else None, gotos, bool(shifts) or len(counted) > 1)


def _reduces(rule: Rule, terminal: str, strengths: Mapping[str, Strength]) -> bool:
    """Whether a rule that is complete goes before another token of what could be a longer one."""
    terminals = [symbol.name for symbol in rule.expansion if symbol.is_term]
    own, other = strengths.get(terminals[-1]) if terminals else None, strengths.get(terminal)
    if own is None or other is None:
        return False
    return own.level > other.level or (own.level == other.level and own.left)


def parse(states: Sequence[State], lexer: Lexer, build: Callable[[str, list[Any]], Any]) -> Any:
    """The value of the whole text. `build(method, children)` makes the value of each rule that has an alias.

    Raises Unexpected. The depth of the text costs no stack.
    """
    stack = [0]
    values: list[Any] = []
    token: Token | None = None
    while True:
        state = states[stack[-1]]
        reduction = state.default
        if state.looks_ahead:
            token = token or lexer.next()
            if token.kind in state.shifts:
                if token.kind == END:
                    return values[0]
                stack.append(state.shifts[token.kind])
                values.append(token)
                token = None
                continue
            reduction = state.reductions.get(token.kind, reduction)
        if reduction is None:
            assert token is not None
            raise Unexpected(token, [kind for kind in state.shifts if kind != END])
        children = values[len(values) - reduction.count :]
        del values[len(values) - reduction.count :], stack[len(stack) - reduction.count :]
        kept = [children[position] for position in reduction.kept]
        values.append(build(reduction.method, kept) if reduction.method else kept[0])
        stack.append(states[stack[-1]].gotos[reduction.origin])
