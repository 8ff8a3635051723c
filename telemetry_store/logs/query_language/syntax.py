"""The tree of a LogQL query. The text of a node is how Loki prints it: error messages and `format_query` show it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from ...go_template.formatting import quote_go
from ...go_template.values import show_float
from ...matchers import Matcher
from ...vectors import Grouping, Labels
from .simple_patterns import simplify
from .units import (
    format_float,
    format_go_duration,
    format_prometheus_duration,
    format_size,
)

# -- the pipeline of a log query


def show_matcher(matcher: Matcher) -> str:
    """`name="value"`"""
    return f"{matcher.name}{matcher.operation}{quote_go(matcher.value)}"


def show_labels(labels: Labels) -> str:
    """`{a="b", c="d"}`, sorted by name."""
    return "{" + ", ".join(f"{name}={quote_go(value)}" for name, value in sorted(labels.items())) + "}"


@dataclass(frozen=True)
class LinePiece:
    """One text to look for, or a range of addresses when `function` is `ip`."""

    text: str
    function: str = ""

    def __str__(self) -> str:
        return f"{self.function}({quote_go(self.text)})" if self.function else quote_go(self.text)


@dataclass(frozen=True)
class LineFilter:
    """`|= "a" or "b"`: any of its pieces; a negated filter has one piece."""

    operation: str
    pieces: tuple[LinePiece, ...]

    def __str__(self) -> str:
        return f"{self.operation} " + " or ".join(map(str, self.pieces))


@dataclass(frozen=True)
class LineFilters:
    """Line filters one after another."""

    filters: tuple[LineFilter, ...]

    def __str__(self) -> str:
        return " ".join(map(str, self.filters))


@dataclass(frozen=True)
class LineParser:
    """`| json`, `| regexp "…"`, `| pattern "…"`, `| unpack`."""

    name: str
    pattern: str = ""

    def __str__(self) -> str:
        return f"| {self.name} {quote_go(self.pattern)}" if self.name in ("regexp", "pattern") else f"| {self.name}"


@dataclass(frozen=True)
class Extraction:
    """`label="expression"` of json and logfmt."""

    label: str
    expression: str

    def __str__(self) -> str:
        return f"{self.label}={quote_go(self.expression)}"


@dataclass(frozen=True)
class JsonExpressions:
    """`| json a="x.y"`"""

    extractions: tuple[Extraction, ...]

    def __str__(self) -> str:
        return "| json " + ",".join(map(str, self.extractions))


@dataclass(frozen=True)
class LogfmtParser:
    """`| logfmt --strict a="b"`; without extractions it takes every field."""

    strict: bool = False
    keep_empty: bool = False
    extractions: tuple[Extraction, ...] = ()

    def __str__(self) -> str:
        flags = " --strict" * self.strict + " --keep-empty" * self.keep_empty
        extractions = " " + ",".join(map(str, self.extractions)) if self.extractions else ""
        return f"| logfmt{flags}{extractions}"


@dataclass(frozen=True)
class LineFormat:
    """`| line_format "…"`"""

    template: str

    def __str__(self) -> str:
        return f"| line_format {quote_go(self.template)}"


@dataclass(frozen=True)
class LabelAssignment:
    """`a=b` or `a="template"`."""

    label: str
    value: str
    renames: bool

    def __str__(self) -> str:
        return f"{self.label}={self.value if self.renames else quote_go(self.value)}"


@dataclass(frozen=True)
class LabelFormat:
    """`| label_format a=b, c="template"`"""

    assignments: tuple[LabelAssignment, ...]

    def __str__(self) -> str:
        return "| label_format " + ",".join(map(str, self.assignments))


@dataclass(frozen=True)
class Decolorize:
    """`| decolorize`"""

    def __str__(self) -> str:
        return "| decolorize"


@dataclass(frozen=True)
class SelectLabels:
    """`| drop a, b="c"` or `| keep …`: names, and matchers."""

    keyword: str
    labels: tuple[str | Matcher, ...]

    def __str__(self) -> str:
        shown = (label if isinstance(label, str) else show_matcher(label) for label in self.labels)
        return f"| {self.keyword} " + ",".join(shown)


# -- label filters


@dataclass(frozen=True)
class TextFilter:
    """`label="x"`"""

    matcher: Matcher

    def __str__(self) -> str:
        # What Loki's own search does for simple patterns is printed as a matcher, what needs an expression raw.
        if self.matcher.operation == "=~" and simplify(self.matcher.value, is_label=True) is None:
            text = self.matcher.value
            return f"{self.matcher.name}{self.matcher.operation}" + (quote_go(text) if "`" in text else f"`{text}`")
        return show_matcher(self.matcher)


@dataclass(frozen=True)
class NumberFilter:
    """`label > 5`, `label <= 10ms`, `label == 3KB`: kind is `number`, `duration` or `bytes`."""

    label: str
    operation: str
    value: float
    kind: str

    def __str__(self) -> str:
        if self.kind == "number":
            shown = format_float(self.value)
        elif self.kind == "duration":
            shown = format_go_duration(int(self.value))
        else:
            shown = format_size(int(self.value))
        return f"{self.label}{self.operation}{shown}"


@dataclass(frozen=True)
class AddressFilter:
    """`label = ip("10.0.0.0/8")`"""

    label: str
    operation: str
    pattern: str

    def __str__(self) -> str:
        return f"{self.label}{self.operation}ip({quote_go(self.pattern)})"


@dataclass(frozen=True)
class BothFilters:
    """Two filters of which both (`and`) or one (`or`) must let a line pass."""

    left: LabelFilter
    right: LabelFilter
    is_and: bool

    def __str__(self) -> str:
        return f"( {self.left} {',' if self.is_and else 'or'} {self.right} )"


LabelFilter = TextFilter | NumberFilter | AddressFilter | BothFilters


@dataclass(frozen=True)
class LabelFilterStage:
    """`| label > 5`"""

    filter: LabelFilter

    def __str__(self) -> str:
        return f"| {self.filter}"


Stage = (
    LineFilters
    | LineParser
    | JsonExpressions
    | LogfmtParser
    | LineFormat
    | LabelFormat
    | Decolorize
    | SelectLabels
    | LabelFilterStage
)


@dataclass(frozen=True)
class LogQuery:
    """A stream selector and what is done with its lines."""

    matchers: tuple[Matcher, ...]
    stages: tuple[Stage, ...] = ()

    @property
    def selector(self) -> str:
        """The selector as Loki prints it."""
        return "{" + ", ".join(map(show_matcher, self.matchers)) + "}"

    def __str__(self) -> str:
        return " ".join([self.selector, *map(str, self.stages)])


# -- metric queries


@dataclass(frozen=True)
class Unwrap:
    """`| unwrap duration(label) | filter`"""

    label: str
    conversion: str = ""
    filters: tuple[LabelFilter, ...] = ()

    def __str__(self) -> str:
        label = f"{self.conversion}({self.label})" if self.conversion else self.label
        return f" | unwrap {label}" + "".join(f" | {part}" for part in self.filters)


@dataclass(frozen=True)
class LogRange:
    """`{…} | … [5m] offset 1m`; range and offset in nanoseconds."""

    query: LogQuery
    range: int
    offset: int = 0
    unwrap: Unwrap | None = None

    def __str__(self) -> str:
        offset = f" offset {format_go_duration(self.offset)}" if self.offset else ""
        return f"{self.query}{self.unwrap or ''}[{format_prometheus_duration(self.range)}]{offset}"


def show_grouping(grouping: Grouping) -> str:
    """` by (a,b)`"""
    return f" {'without' if grouping.without else 'by'} ({','.join(grouping.names)})"


@dataclass(frozen=True)
class RangeAggregation:
    """`quantile_over_time(0.9, … [5m]) by (a)`"""

    operation: str
    range: LogRange
    parameter: float | None = None
    grouping: Grouping | None = None

    def __str__(self) -> str:
        parameter = f"{format_float(self.parameter)}," if self.parameter is not None else ""
        grouping = show_grouping(self.grouping) if self.grouping is not None else ""
        return f"{self.operation}({parameter}{self.range}){grouping}"


@dataclass(frozen=True)
class VectorAggregation:
    """`topk by (a) (3, …)`"""

    operation: str
    operand: MetricQuery
    grouping: Grouping = field(default_factory=Grouping)
    parameter: int = 0

    def __str__(self) -> str:
        grouping = show_grouping(self.grouping) if self.grouping.names or self.grouping.without else ""
        parameter = f"{self.parameter}," if self.parameter else ""
        return f"{self.operation}{grouping}({parameter}{self.operand})"


@dataclass(frozen=True)
class Modifier:
    """`bool`, and which series of the two sides belong together. `on` is None where nothing is said."""

    returns_bool: bool = False
    on: bool | None = None
    labels: tuple[str, ...] = ()
    group: str = ""
    include: tuple[str, ...] | None = None


@dataclass(frozen=True)
class BinaryOperation:
    """`a / on (x) group_left b`"""

    operation: str
    left: MetricQuery
    right: MetricQuery
    modifier: Modifier = field(default_factory=Modifier)

    @property
    def operator(self) -> str:
        """The operation with its modifiers."""
        modifier = self.modifier
        text = self.operation + " bool" * modifier.returns_bool
        group = modifier.group
        if modifier.include is not None:
            group = f"{group} ({','.join(modifier.include)})"
        if modifier.on or (modifier.on is False and modifier.labels):
            text = f"{text} {'on' if modifier.on else 'ignoring'} ({','.join(modifier.labels)}) {group}"
        return text

    def __str__(self) -> str:
        return f"({self.left} {self.operator} {self.right})"


@dataclass(frozen=True)
class Literal:
    """A number."""

    value: float

    def __str__(self) -> str:
        return show_float(self.value)


@dataclass(frozen=True)
class VectorOfNumber:
    """`vector(1)`"""

    value: float

    def __str__(self) -> str:
        return f"vector({self.value:f})"


@dataclass(frozen=True)
class LabelReplace:
    """`label_replace(…, "target", "replacement", "source", "pattern")`"""

    operand: MetricQuery
    target: str
    replacement: str
    source: str
    pattern: str

    def __str__(self) -> str:
        texts = map(quote_go, (self.target, self.replacement, self.source, self.pattern))
        return f"label_replace({self.operand},{','.join(texts)})"


@dataclass(frozen=True)
class Variants:
    """`variants(a, b) of (…)`, which Loki has switched off."""

    queries: tuple[MetricQuery, ...]
    range: LogRange

    def __str__(self) -> str:
        return f"variants({', '.join(map(str, self.queries))}) of ({self.range})"


MetricQuery = RangeAggregation | VectorAggregation | BinaryOperation | Literal | VectorOfNumber | LabelReplace
Query = LogQuery | MetricQuery | Variants


def range_aggregations(query: MetricQuery) -> Iterator[RangeAggregation]:
    """All range aggregations in a query, from left to right."""
    stack: list[MetricQuery] = [query]
    while stack:
        node = stack.pop()
        if isinstance(node, RangeAggregation):
            yield node
        elif isinstance(node, BinaryOperation):
            stack += [node.right, node.left]
        elif isinstance(node, VectorAggregation | LabelReplace):
            stack.append(node.operand)
