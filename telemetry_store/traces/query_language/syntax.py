"""TraceQL's syntax tree. `str()` of a part is how Tempo prints it, which its error messages and answers contain."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

#: OTLP's numbers of TraceQL's words.
STATUSES = {"unset": 0, "ok": 1, "error": 2}
KINDS = {"unspecified": 0, "internal": 1, "server": 2, "client": 3, "producer": 4, "consumer": 5}
_STATUS_WORDS = {number: word for word, number in STATUSES.items()}
_KIND_WORDS = {number: word for word, number in KINDS.items()}

_ARRAY = "[]"

#: Types by the words that the code uses; "attribute" is the type that only the data knows. Arrays end with `[]`.
NUMERIC = frozenset(("int", "float", "duration"))

#: Intrinsics by their scoped names, with type and the name that Tempo prints.
INTRINSICS: dict[str, tuple[str, str]] = {
    "span:name": ("string", "name"),
    "span:status": ("status", "status"),
    "span:statusMessage": ("string", "statusMessage"),
    "span:kind": ("kind", "kind"),
    "span:duration": ("duration", "duration"),
    "span:id": ("string", "span:id"),
    "span:parentID": ("string", "span:parentID"),
    "span:childCount": ("int", "span:childCount"),
    "span:start": ("int", "spanStartTime"),
    "trace:duration": ("duration", "traceDuration"),
    "trace:rootName": ("string", "rootName"),
    "trace:rootService": ("string", "rootServiceName"),
    "trace:id": ("string", "trace:id"),
    "nestedSetLeft": ("int", "nestedSetLeft"),
    "nestedSetRight": ("int", "nestedSetRight"),
    "nestedSetParent": ("int", "nestedSetParent"),
    "event:name": ("string", "event:name"),
    "event:timeSinceStart": ("duration", "event:timeSinceStart"),
    "link:traceID": ("string", "link:traceID"),
    "link:spanID": ("string", "link:spanID"),
    # Tempo does not check these two before it sees the data.
    "instrumentation:name": ("attribute", "instrumentation:name"),
    "instrumentation:version": ("attribute", "instrumentation:version"),
    "parent": ("nil", "parent"),
}

#: The short names of intrinsics.
SHORT_NAMES = {
    printed: name for name, (_, printed) in INTRINSICS.items() if ":" not in printed and name != "span:start"
}

_NOT_IN_NAMES = re.compile(r"[\s{}()=~!<>&|^,]")


@dataclass(frozen=True, slots=True)
class Static:
    """A typed constant: a literal, or a value of the data.

    `type` is one of nil string int float bool duration (nanoseconds) status kind (OTLP's numbers), or one of the first
    four with `[]` for an array (a tuple).
    """

    type: str
    value: Any

    def __str__(self) -> str:
        return f"`{self.value}`" if self.type == "string" else self.text

    @property
    def text(self) -> str:
        """The value as text, strings without quotes."""
        match self.type:
            case "nil":
                return "nil"
            case "string":
                return str(self.value)
            case "bool":
                return "true" if self.value else "false"
            case "duration":
                return format_duration(self.value)
            case "float":
                text = format_float(self.value)
                return text if "e" in text or "." in text else f"{text}.0"
            case "status":
                return _STATUS_WORDS.get(self.value, f"status({self.value})")
            case "kind":
                return _KIND_WORDS.get(self.value, f"kind({self.value})")
        if self.type.endswith(_ARRAY):
            return f"[{', '.join(str(static_of(item)) for item in self.value)}]"
        return str(self.value)


NIL = Static("nil", None)
TRUE = Static("bool", True)
FALSE = Static("bool", False)
#: What stands for an attribute that was asked for with `= nil` and is indeed not there.
ABSENT = Static("string", "nil")


def static_of(value: Any) -> Static:
    """The typed constant of a plain value of the data."""
    if isinstance(value, str):
        return Static("string", value)
    if isinstance(value, bool):
        return Static("bool", value)
    if isinstance(value, int):
        return Static("int", value)
    if isinstance(value, float):
        return Static("float", value)
    if isinstance(value, list):
        if not value:
            return NIL
        # A list of one is told from a plain value by nobody.
        return static_of(value[0]) if len(value) == 1 else Static(f"{static_of(value[0]).type}{_ARRAY}", tuple(value))
    return NIL


@dataclass(frozen=True, slots=True)
class Attribute:
    """`span.http.method` (scope and name), `.name` (scope empty: span first, then resource), or an intrinsic: scope
    `intrinsic` and its scoped name. `parent` marks `parent.…`."""

    scope: str
    name: str
    parent: bool = False

    @property
    def type(self) -> str:
        """What is known of the type before seeing data."""
        return INTRINSICS[self.name][0] if self.scope == "intrinsic" else "attribute"

    @property
    def key(self) -> str:
        """The name under which answers show its value."""
        return INTRINSICS[self.name][1] if self.scope == "intrinsic" else self.name

    def __str__(self) -> str:
        if self.scope == "intrinsic":
            return self.key
        name = f'"{self.name}"' if _NOT_IN_NAMES.search(self.name) else self.name
        scopes = [*(["parent"] if self.parent else []), *([self.scope] if self.scope else [])]
        return f"{'.'.join(scopes)}.{name}" if scopes or name else ""


@dataclass(frozen=True, slots=True)
class Binary:
    """`left operation right`, both about one span."""

    operation: str
    left: Expression
    right: Expression

    def __str__(self) -> str:
        return _print_operations(self)


@dataclass(frozen=True, slots=True)
class Unary:
    """`-operand`, `!operand`, `operand != nil` (operation `exists`) or `operand = nil` (`absent`)."""

    operation: str
    operand: Expression

    def __str__(self) -> str:
        match self.operation:
            case "exists":
                return f"{_wrapped(self.operand)} != nil"
            case "absent":
                return f"{_wrapped(self.operand)} = nil"
        return f"{self.operation}{_wrapped(self.operand)}"


Expression = Static | Attribute | Binary | Unary


@dataclass(frozen=True, slots=True)
class SpansetFilter:
    """`{ condition }`."""

    condition: Expression

    def __str__(self) -> str:
        return f"{{ {self.condition} }}"


@dataclass(frozen=True, slots=True)
class SpansetOperation:
    """`left operation right` between sets of spans: `&&`, `||`, or a structural operator."""

    operation: str
    left: SpansetExpression
    right: SpansetExpression

    def __str__(self) -> str:
        return _print_operations(self)


@dataclass(frozen=True, slots=True)
class GroupBy:
    """`by(expression)`."""

    expression: Expression

    def __str__(self) -> str:
        return f"by({self.expression})"


@dataclass(frozen=True, slots=True)
class Coalesce:
    """`coalesce()`."""

    def __str__(self) -> str:
        return "coalesce()"


@dataclass(frozen=True, slots=True)
class Select:
    """`select(attributes)`."""

    attributes: tuple[Attribute, ...]

    def __str__(self) -> str:
        return f"select({', '.join(map(str, self.attributes))})"


@dataclass(frozen=True, slots=True)
class Aggregate:
    """`count()`, or `avg` `max` `min` `sum` of an expression."""

    operation: str
    expression: Expression | None

    def __str__(self) -> str:
        return f"{self.operation}({self.expression or ''})"


@dataclass(frozen=True, slots=True)
class ScalarOperation:
    """Arithmetic between scalars."""

    operation: str
    left: Scalar
    right: Scalar

    def __str__(self) -> str:
        return _print_operations(self)


@dataclass(frozen=True, slots=True)
class ScalarFilter:
    """`scalar operation scalar`: which sets of spans stay."""

    operation: str
    left: Scalar
    right: Scalar

    def __str__(self) -> str:
        return _print_operations(self)


@dataclass(frozen=True, slots=True)
class Pipeline:
    """Elements that pass sets of spans on, in order."""

    elements: tuple[Element, ...]

    def __str__(self) -> str:
        return "|".join(map(str, self.elements))


SpansetExpression = SpansetFilter | SpansetOperation | Pipeline
Scalar = Aggregate | ScalarOperation | Static | Pipeline
Element = SpansetFilter | SpansetOperation | GroupBy | Coalesce | Select | Aggregate | ScalarFilter | Pipeline


@dataclass(frozen=True, slots=True)
class MetricsFunction:
    """The first stage of a metrics query. `attribute` is what is measured, `quantiles` those of quantile_over_time."""

    function: str
    attribute: Attribute | None = None
    by: tuple[Attribute, ...] = ()
    quantiles: tuple[float, ...] = ()


@dataclass(frozen=True, slots=True)
class Compare:
    """`compare({selection}, top, start, end)`: what the selected spans have that the others do not."""

    selection: SpansetFilter
    top: int = 10
    start: int = 0
    end: int = 0


@dataclass(frozen=True, slots=True)
class LimitSeries:
    """`topk(limit)` or `bottomk(limit)`."""

    operation: str
    limit: int


@dataclass(frozen=True, slots=True)
class FilterSeries:
    """`operation value`: which points of the series stay."""

    operation: str
    value: float


@dataclass(frozen=True, slots=True)
class Query:
    """A whole query; without `metrics` it is a search. `hints` holds all of `with(…)` in order."""

    pipeline: Pipeline
    metrics: MetricsFunction | Compare | None = None
    stages: tuple[LimitSeries | FilterSeries, ...] = ()
    hints: tuple[tuple[str, Static], ...] = ()

    def hint(self, name: str, *types: str) -> Static | None:
        """The first hint of this name with one of these types."""
        return next((value for key, value in self.hints if key == name and value.type in types), None)


def spine(tree: Any) -> tuple[Any, list[Any]]:
    """The operations down a tree's left side, innermost first, and what stands at the bottom: chains of operators make
    deep trees, and walking them in a loop costs no stack."""
    operations = []
    while isinstance(tree, (Binary, SpansetOperation, ScalarOperation, ScalarFilter)):
        operations.append(tree)
        tree = tree.left
    return tree, operations[::-1]


def walk(expression: Expression) -> Iterator[Expression]:
    """The expression and all its parts."""
    left: Expression = expression
    bottom, operations = spine(expression)
    for operation in operations:
        left = operation
        yield left
        yield from walk(operation.right)
    yield bottom
    if isinstance(bottom, Unary):
        yield from walk(bottom.operand)


def count_operations(part: Any) -> int:
    """How many operations there are in a part of the tree."""
    bottom, operations = spine(part)
    total = len(operations) + sum(count_operations(operation.right) for operation in operations)
    match bottom:
        case Pipeline():
            return total + sum(count_operations(element) for element in bottom.elements)
        case SpansetFilter():
            return total + count_operations(bottom.condition)
        case GroupBy() | Aggregate() if bottom.expression is not None:
            return total + count_operations(bottom.expression)
        case Unary():
            return total + 1 + count_operations(bottom.operand)
    return total


def references_span(expression: Expression) -> bool:
    """Whether the expression depends on the span it is asked of."""
    return any(isinstance(part, Attribute) for part in walk(expression))


def type_of(part: Any) -> str:
    """The type that a part of the tree has before any data is seen."""
    match part:
        case Static() | Attribute():
            return part.type
        case Binary() | ScalarOperation():
            bottom, operations = spine(part)
            found = type_of(bottom)
            for operation in operations:
                if operation.operation in BOOLEAN_OPERATIONS:
                    found = "bool"
                elif found == "attribute":
                    found = type_of(operation.right)
            return found
        case Unary():
            return "bool" if part.operation in ("exists", "absent") else type_of(part.operand)
        case Aggregate():
            return "int" if part.expression is None else type_of(part.expression)
        case Pipeline():
            last = part.elements[-1] if part.elements else None
            return type_of(last) if isinstance(last, Aggregate) else "spanset"
    return "spanset"


#: Operations whose result is true or false.
BOOLEAN_OPERATIONS = frozenset(
    ("=", "!=", ">", ">=", "<", "<=", "=~", "!~", "&&", "||", "IN", "NOT IN", "MATCH ANY", "MATCH NONE")
)


def _wrapped(part: Any) -> str:
    return str(part) if isinstance(part, (Static, Attribute)) else f"({part})"


def _print_operations(tree: Any) -> str:
    bottom, operations = spine(tree)
    text = _wrapped(bottom)
    for operation in operations[:-1]:
        text = f"({text} {operation.operation} {_wrapped(operation.right)})"
    return f"{text} {operations[-1].operation} {_wrapped(operations[-1].right)}"


def format_float(number: float) -> str:
    """The shortest text of a number, as Go's %g without a precision."""
    if math.isnan(number):
        return "NaN"
    if math.isinf(number):
        return "+Inf" if number > 0 else "-Inf"
    mantissa, _, exponent = f"{number!r}".partition("e")
    digits = mantissa.removesuffix(".0")
    power = int(exponent) if exponent else 0
    plain = digits.lstrip("-")
    if not exponent:
        # Python changes to exponents at 1e16, Go at 1e21.
        whole = plain.split(".")[0]
        if whole == "0" and float(plain) != 0 and abs(number) < 1e-4:
            return _with_exponent(number)
        return digits
    if -5 < power < 21:
        return f"{number:.0f}" if power > 0 else f"{number:f}".rstrip("0")
    return f"{digits}e{'-' if power < 0 else '+'}{abs(power):02d}"


def _with_exponent(number: float) -> str:
    mantissa, _, exponent = f"{number:e}".partition("e")
    return f"{mantissa.rstrip('0').rstrip('.')}e{exponent}"


def format_duration(nanoseconds: int) -> str:
    """A duration as Go prints it: `1h2m3.5s`, `1.5ms`, `0s`."""
    if not nanoseconds:
        return "0s"
    sign, rest = ("-", -nanoseconds) if nanoseconds < 0 else ("", nanoseconds)
    for unit, size in (("ns", 1), ("µs", 1_000), ("ms", 1_000_000)):
        if rest < size * 1000:
            return f"{sign}{_decimal(rest, size)}{unit}"
    minutes, rest = divmod(rest, 60 * 1_000_000_000)
    hours, minutes = divmod(minutes, 60)
    text = f"{_decimal(rest, 1_000_000_000)}s"
    if hours:
        return f"{sign}{hours}h{minutes}m{text}"
    return f"{sign}{minutes}m{text}" if minutes else sign + text


def _decimal(number: int, unit: int) -> str:
    whole, fraction = divmod(number, unit)
    digits = str(fraction).zfill(len(str(unit)) - 1).rstrip("0") if fraction else ""
    return f"{whole}.{digits}" if digits else str(whole)
