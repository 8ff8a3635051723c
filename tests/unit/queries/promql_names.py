"""Which metrics and labels a PromQL expression names, and which of them nobody emits.

Labels are followed through the tree: `sum by (servce) (…)` is wrong because what is summed has no such label.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import promql_parser as promql
from promql_parser import MatchOp, VectorMatchCardinality

Labels = frozenset[str]

_NONE: Labels = frozenset()
_COMPARISONS = {">", "<", ">=", "<=", "==", "!="}
#: These keep the labels of what they aggregate.
_SELECTING = {"topk", "bottomk", "limitk", "limit_ratio"}
_WITHOUT_LABELS = {"vector", "time", "scalar", "pi"}


class PromqlNames:
    """Reads expressions against a table of metrics: name -> labels. `problems` says what does not exist."""

    def __init__(self, metrics: Mapping[str, Labels]) -> None:
        self.metrics = metrics
        self.problems: list[str] = []

    def labels_of(self, text: str) -> Labels:
        """The labels that the answer can have."""
        return self._of(promql.parse(text))

    def selector(self, text: str) -> Labels:
        """Of a selector that may have no metric name, such as `{job="chain"}`: every label there is."""
        if text.lstrip().startswith("{") or not text:
            return frozenset(label for labels in self.metrics.values() for label in labels)
        return self.labels_of(text)

    def _of(self, expression: Any) -> Labels:
        match expression:
            case promql.VectorSelector():
                return self._selected(expression)
            case promql.MatrixSelector():
                return self._selected(expression.vector_selector)
            case promql.SubqueryExpr() | promql.ParenExpr() | promql.UnaryExpr():
                return self._of(expression.expr)
            case promql.AggregateExpr():
                return self._aggregated(expression)
            case promql.BinaryExpr():
                return self._combined(expression)
            case promql.Call():
                return self._called(expression)
        return _NONE

    def _selected(self, selector: Any) -> Labels:
        labels = self.metrics.get(selector.name)
        if labels is None:
            self.problems.append(f"no metric {selector.name}")
            return frozenset(matcher.name for matcher in selector.matchers.matchers)
        for matcher in selector.matchers.matchers:
            self._require(matcher.name, labels, selector.name)
        return labels

    def _require(self, label: str, labels: Labels, where: str) -> None:
        if label not in labels and label != "__name__":
            self.problems.append(f"{where} has no label {label}, only {', '.join(sorted(labels)) or 'none'}")

    def _aggregated(self, aggregation: Any) -> Labels:
        inner = self._of(aggregation.expr)
        operation, modifier = str(aggregation.op), aggregation.modifier
        named = frozenset(modifier.labels) if modifier else _NONE
        for label in named:
            self._require(label, inner, f"what {operation} aggregates")
        if operation in _SELECTING:
            return inner
        if modifier is not None and modifier.type == promql.AggModifierType.Without:
            return inner - named
        if operation == "count_values":
            return named | {str(aggregation.param.val)}
        return named

    def _combined(self, binary: Any) -> Labels:
        left, right = self._of(binary.lhs), self._of(binary.rhs)
        if _is_scalar(binary.lhs):
            return right
        if _is_scalar(binary.rhs):
            return left
        operation, modifier = str(binary.op), binary.modifier
        if modifier is None or modifier.matching is None:
            return left | right if operation == "or" else left
        named, on = frozenset(modifier.matching.labels), modifier.matching.type == promql.LabelModifierType.Include
        if on:
            for label in named:
                self._require(label, left, f"the left side of {operation}")
                self._require(label, right, f"the right side of {operation}")
        if operation in ("and", "unless"):
            return left
        if operation == "or":
            return left | right
        taken = frozenset(modifier.group_labels or ())
        if modifier.card == VectorMatchCardinality.ManyToOne:
            for label in taken:
                self._require(label, right, f"the right side of {operation}")
            return left | taken
        if modifier.card == VectorMatchCardinality.OneToMany:
            for label in taken:
                self._require(label, left, f"the left side of {operation}")
            return right | taken
        return named if on else left - named

    def _called(self, call: Any) -> Labels:
        name = call.func.name
        if name in ("absent", "absent_over_time"):
            selector = getattr(call.args[0], "vector_selector", call.args[0])
            self._of(call.args[0])
            matchers = getattr(getattr(selector, "matchers", None), "matchers", [])
            return frozenset(matcher.name for matcher in matchers if matcher.op == MatchOp.Equal)
        vectors = [argument for argument in call.args if not _is_scalar(argument)]
        # hour() and friends may stand alone.
        labels = self._of(vectors[0]) if vectors else _NONE
        texts = [argument.val for argument in call.args if isinstance(argument, promql.StringLiteral)]
        if name in _WITHOUT_LABELS:
            return _NONE
        if name == "label_replace":
            self._require(texts[2], labels, name)
            return labels | {texts[0]}
        if name == "label_join":
            for source in texts[2:]:
                self._require(source, labels, name)
            return labels | {texts[0]}
        if name == "histogram_quantile":
            self._require("le", labels, name)
            return labels - {"le"}
        return labels


def _is_scalar(expression: Any) -> bool:
    match expression:
        case promql.NumberLiteral() | promql.StringLiteral():
            return True
        case promql.ParenExpr() | promql.UnaryExpr():
            return _is_scalar(expression.expr)
        case promql.BinaryExpr():
            return _is_scalar(expression.lhs) and _is_scalar(expression.rhs)
        case promql.Call():
            return expression.func.name in ("scalar", "time", "pi")
    return False
