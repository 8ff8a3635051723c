"""One query, in the form in which a backend is asked."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal

Language = Literal["promql", "logql", "traceql"]

#: How it is asked: over a range or at its end (PromQL, LogQL), as a search for traces, a TraceQL metric, a trace by its
#: id, or for the values of a label.
Kind = Literal["range", "instant", "search", "metrics", "trace", "label values"]

#: Where a trace's id has to be put in before the query can be asked.
TRACE_ID = "{trace_id}"

LANGUAGES: dict[str, Language] = {"prometheus": "promql", "loki": "logql", "tempo": "traceql"}

_TRACE_ID_ALONE = re.compile(r"[0-9a-f]{16,32}|" + re.escape(TRACE_ID))
_TRACEQL_METRICS = re.compile(r"\|\s*(rate|compare|(count|min|max|avg|sum|quantile|histogram)_over_time)\s*\(")


@dataclass(frozen=True)
class Query:
    """A query with every variable filled in, except that `{trace_id}` may still stand in it."""

    #: For people: `dashboard chain-overview, panel "Requests", A`.
    where: str
    language: Language
    kind: Kind
    #: PromQL, LogQL or TraceQL; of `label values` the selector, "" for everything.
    text: str
    #: The label that `label values` asks for.
    label: str = ""
    #: The range that is looked at.
    minutes: int = 15
    #: Why there may rightly be no answer; empty when there has to be one.
    may_be_empty: str = ""
    #: Grafana's unit of the values, such as `s`, `reqps` or `percentunit`; empty when nothing says so.
    unit: str = ""
    #: Labels that the legend names, which an answer has to have.
    legend_labels: tuple[str, ...] = ()


def kind_over_time(language: Language, text: str) -> Kind:
    """How Grafana asks a text over a time range; only TraceQL goes to different places."""
    return kind_of_traceql(text) if language == "traceql" else "range"


def kind_of_traceql(text: str) -> Kind:
    """As Grafana decides where a TraceQL text goes: to a trace by its id, to metrics, or to the search."""
    if _TRACE_ID_ALONE.fullmatch(text.strip()):
        return "trace"
    return "metrics" if _TRACEQL_METRICS.search(text) else "search"
