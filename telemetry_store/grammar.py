"""What LogQL and TraceQL share of being parsed: the grammar file beside the parser, and where parsing stopped.

What is said about that place is each language's own, because Loki and Tempo say it differently.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from dataclasses import dataclass
from importlib.resources import files
from typing import Any

from lark import Lark, Transformer
from lark.exceptions import UnexpectedEOF, UnexpectedInput, UnexpectedToken, VisitError

from .refusals import BadRequest


@dataclass(frozen=True)
class Stop:
    """Where parsing stopped: before `query[position]`, or at the query's end."""

    query: str
    position: int
    at_end: bool

    @property
    def rest(self) -> str:
        """What has not been understood."""
        return self.query[self.position :]

    @property
    def where(self) -> str:
        """`parse error at line 1, col 5`, as both servers begin."""
        line = self.query.count("\n", 0, self.position) + 1
        column = self.position - (self.query.rfind("\n", 0, self.position) + 1) + 1
        return f"parse error at line {line}, col {column}"


def build_tree(
    package: str, grammar_file: str, builder: Transformer[Any, Any], query: str, explain: Callable[[Stop], BadRequest]
) -> Any:
    """The builder's tree of the query. Raises `explain`'s error for a query that does not fit the grammar, and what the
    builder refuses."""
    try:
        return builder.transform(_load(package, grammar_file).parse(query))
    except UnexpectedInput as error:
        raise explain(_stop_of(error, query)) from None
    except VisitError as error:
        if isinstance(error.orig_exc, BadRequest):
            raise error.orig_exc from None
        raise


@functools.cache
def _load(package: str, grammar_file: str) -> Lark:
    return Lark(files(package).joinpath(grammar_file).read_text(), parser="lalr", maybe_placeholders=False)


def _stop_of(error: UnexpectedInput, query: str) -> Stop:
    at_end = isinstance(error, UnexpectedEOF) or (isinstance(error, UnexpectedToken) and error.token.type == "$END")
    return Stop(query, len(query) if at_end else error.pos_in_stream or 0, at_end)
