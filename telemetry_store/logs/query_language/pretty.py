"""Queries as `format_query` prints them: on one line when it is short, else with every part on a line of its own."""

from __future__ import annotations

from ...go_template.formatting import quote_go
from ...go_template.values import show_float
from ...vectors import Grouping
from . import syntax
from .units import format_prometheus_duration

#: Characters up to which a part stays on its line.
_LINE = 100


def pretty(query: syntax.Query, level: int = 0) -> str:
    """The query over as many lines as it needs, indented by two blanks a level."""
    indent = "  " * level
    if isinstance(query, syntax.LogQuery):
        return _pretty_log_query(query, level)
    if isinstance(query, syntax.Variants):
        variants = ",\n".join(pretty(variant, level + 1) for variant in query.queries)
        return f"{indent}variants(\n{variants}\n{indent}) of (\n{_pretty_range(query.range, level + 1)}\n{indent})"
    if isinstance(query, syntax.Literal | syntax.VectorOfNumber) or not _is_long(query):
        return f"{indent}{query}"
    if isinstance(query, syntax.RangeAggregation):
        parameter = f"{indent}  {show_float(query.parameter)},\n" if query.parameter is not None else ""
        inner = _pretty_range(query.range, level + 1)
        grouping = _pretty_grouping(query.grouping) if query.grouping is not None else ""
        return f"{indent}{query.operation}(\n{parameter}{inner}\n{indent}){grouping}"
    if isinstance(query, syntax.VectorAggregation):
        parameter = f"{indent}  {query.parameter},\n" if query.parameter else ""
        operand = pretty(query.operand, level + 1)
        return f"{indent}{query.operation}{_pretty_grouping(query.grouping)}(\n{parameter}{operand}\n{indent})"
    if isinstance(query, syntax.LabelReplace):
        texts = (query.target, query.replacement, query.source, query.pattern)
        lines = [pretty(query.operand, level + 1), *(f"{indent}  {quote_go(text)}" for text in texts)]
        return f"{indent}label_replace(\n" + ",\n".join(lines) + f"\n{indent})"
    left, right = pretty(query.left, level + 1), pretty(query.right, level + 1)
    return f"{left}\n{indent}{_operator(query)}\n{right}"


def _is_long(part: object) -> bool:
    return len(str(part).encode()) > _LINE


def _pretty_log_query(query: syntax.LogQuery, level: int) -> str:
    indent = "  " * level
    if not query.stages or not _is_long(query):
        return f"{indent}{query}"
    return "\n".join([f"{indent}{query.selector}", *(_pretty_stage(stage, level + 1) for stage in query.stages)])


def _pretty_stage(stage: syntax.Stage, level: int) -> str:
    indent = "  " * level
    if isinstance(stage, syntax.Decolorize):
        # Loki forgets to indent this one.
        return str(stage)
    if isinstance(stage, syntax.LineFilters) and _is_long(stage):
        lines = []
        for number in range(len(stage.filters)):
            before = syntax.LineFilters(stage.filters[: number + 1])
            if number == 0 or _is_long(before):
                # … and loses alternatives where it splits.
                first = stage.filters[number]
                piece = first.pieces[0] if _is_long(before) else None
                lines.append(f"{indent}{first.operation} {piece}" if piece is not None else f"{indent}{first}")
            else:
                lines[-1] = f"{indent}{before}"
        return "\n".join(lines)
    return f"{indent}{stage}"


def _pretty_range(range_: syntax.LogRange, level: int) -> str:
    text = _pretty_log_query(range_.query, level)
    if range_.unwrap is not None:
        indent = "  " * (level + 1)
        head = syntax.Unwrap(range_.unwrap.label, range_.unwrap.conversion)
        text += f"\n{indent}{str(head).strip()}" + "".join(f"\n{indent}| {part}" for part in range_.unwrap.filters)
    text = f"{text} [{format_prometheus_duration(range_.range)}]"
    return f"{text} offset {format_prometheus_duration(range_.offset)}" if range_.offset else text


def _pretty_grouping(grouping: Grouping) -> str:
    text = " without" if grouping.without else " by" if grouping.names else ""
    return f"{text} ({', '.join(grouping.names)})" if grouping.names else text


def _operator(query: syntax.BinaryOperation) -> str:
    modifier = query.modifier
    text = query.operation + " bool" * modifier.returns_bool
    group = modifier.group
    if modifier.include:
        group = f"{group} ({', '.join(modifier.include)})"
    if modifier.labels:
        text = f"{text} {'on' if modifier.on else 'ignoring'} ({', '.join(modifier.labels)}) {group}"
    return text
