"""Rule files -> groups of rules, checked as `promtool check rules` does. Source: Prometheus' rule file format."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from yaml.nodes import Node

from ...go_template import TemplateError
from ...quoting import format_labels
from ...refusals import Refusal
from ...times import parse_prometheus_duration
from ..query_language.parser import parse
from ..query_language.syntax import Expression
from .expressions import show_expression
from .templates import check_template
from .yaml_nodes import Decoder, YamlError, place_of, read_document, scalar

_LABEL_NAME = re.compile(r"[a-zA-Z_][a-zA-Z0-9_]*", re.ASCII)
_METRIC_NAME = re.compile(r"[a-zA-Z_:][a-zA-Z0-9_:]*", re.ASCII)

_GROUP_FIELDS = ("name", "interval", "limit", "rules")
_RULE_FIELDS = ("record", "alert", "expr", "for", "keep_firing_for", "labels", "annotations")

#: The longest duration that Go can hold, in milliseconds.
_LONGEST = 2**63 // 1_000_000


@dataclass(frozen=True)
class RuleSpec:
    """One rule as its file says. Durations are milliseconds."""

    #: One of these is the rule's name, the other is empty.
    record: str
    alert: str
    text: str
    expression: Expression = field(compare=False)
    hold: int
    keep_firing: int
    labels: tuple[tuple[str, str], ...]
    annotations: tuple[tuple[str, str], ...]

    @property
    def name(self) -> str:
        """The metric that the rule records, or the alert that it raises."""
        return self.record or self.alert

    @property
    def shown(self) -> str:
        """The expression as Prometheus shows it."""
        return show_expression(self.expression)


@dataclass(frozen=True)
class GroupSpec:
    """Rules that are evaluated together. The interval is milliseconds, 0 where the file leaves it to the process."""

    file: str
    name: str
    interval: int
    limit: int
    rules: tuple[RuleSpec, ...]


class RuleFileError(Exception):
    """A rule file that cannot be used, with everything that is wrong with it."""

    def __init__(self, messages: list[str]) -> None:
        super().__init__("\n".join(messages))
        self.messages = messages


def parse_rule_file(content: bytes, file: str) -> list[GroupSpec]:
    """The groups of a file's content. Raises RuleFileError; its messages name the file, group and rule."""
    try:
        groups = _decode(content)
    except YamlError as error:
        raise RuleFileError([f"{file}: {error}"]) from None
    messages: list[str] = []
    specs: list[GroupSpec] = []
    names: set[str] = set()
    for group in groups:
        if not group.name:
            messages.append(f"{place_of(group.node)}: Groupname must not be empty")
        elif group.name in names:
            messages.append(f'{place_of(group.node)}: groupname: "{group.name}" is repeated in the same file')
        names.add(group.name)
        rules: list[RuleSpec] = []
        for number, rule in enumerate(group.rules, 1):
            wrong, expression = _check(rule)
            where = f'group "{group.name}", rule {number}, "{rule.alert or rule.record}"'
            for place, message in wrong:
                messages.append(f"{place}: {where}: {message}" if place else f"{where}: {message}")
            if expression is not None:
                rules.append(_spec(rule, expression))
        specs.append(GroupSpec(file, group.name, group.interval, group.limit, tuple(rules)))
    if messages:
        raise RuleFileError([f"{file}: {message}" for message in messages])
    return specs


def duplicate_rules(specs: list[GroupSpec]) -> list[str]:
    """Rules with the same name and labels as another: allowed, but a sign of a mistake."""
    seen: set[tuple[str, tuple[tuple[str, str], ...]]] = set()
    found: list[str] = []
    for spec in specs:
        for rule in spec.rules:
            key = (rule.name, rule.labels)
            if key in seen:
                where = f'{spec.file}: group "{spec.name}"'
                found.append(f'{where}: duplicate rule "{rule.name}" with labels {format_labels(rule.labels)}')
            seen.add(key)
    return found


@dataclass
class _Rule:
    record: str
    alert: str
    text: str
    hold: int
    keep_firing: int
    labels: dict[str, str]
    annotations: dict[str, str]
    record_place: str
    alert_place: str
    expression_place: str


@dataclass
class _Group:
    node: Node
    name: str
    interval: int
    limit: int
    rules: list[_Rule]


def _decode(content: bytes) -> list[_Group]:
    root = read_document(content)
    if root is None:
        return []
    decoder = Decoder()
    document = decoder.fields(root, "rulefmt.RuleGroups", ("groups",))
    groups = []
    for node in decoder.items(document.get("groups"), "[]rulefmt.RuleGroup"):
        fields = decoder.fields(node, "rulefmt.RuleGroup", _GROUP_FIELDS)
        groups.append(
            _Group(
                node,
                decoder.text(fields.get("name")),
                _duration(decoder, fields.get("interval")),
                decoder.integer(fields.get("limit")),
                [_decode_rule(decoder, rule) for rule in decoder.items(fields.get("rules"), "[]rulefmt.RuleNode")],
            )
        )
    decoder.finish()
    return groups


def _decode_rule(decoder: Decoder, node: Node) -> _Rule:
    fields = decoder.fields(node, "rulefmt.RuleNode", _RULE_FIELDS)

    def place(name: str) -> str:
        # What is not there has no place, and Go's is 0:0.
        return place_of(fields[name]) if name in fields else "0:0"

    return _Rule(
        scalar(fields.get("record")),
        scalar(fields.get("alert")),
        scalar(fields.get("expr")),
        _duration(decoder, fields.get("for")),
        _duration(decoder, fields.get("keep_firing_for")),
        decoder.texts(fields.get("labels")),
        decoder.texts(fields.get("annotations")),
        place("record"),
        place("alert"),
        place("expr"),
    )


def _duration(decoder: Decoder, node: Node | None) -> int:
    if node is None:
        return 0
    text = decoder.text(node)
    milliseconds = parse_prometheus_duration(text)
    if milliseconds is None:
        raise YamlError(f'not a valid duration string: "{text}"' if text else "empty duration string")
    if milliseconds > _LONGEST:
        raise YamlError("duration out of range")
    return milliseconds


def _check(rule: _Rule) -> tuple[list[tuple[str, str]], Expression | None]:
    """What is wrong with a rule, as (place, message), and its expression if that much is right."""
    wrong: list[tuple[str, str]] = []
    expression: Expression | None = None
    if rule.record and rule.alert:
        wrong.append((f"{rule.record_place}: {rule.alert_place}", "only one of 'record' and 'alert' must be set"))
    if not rule.record and not rule.alert:
        wrong.append((rule.record_place, "one of 'record' or 'alert' must be set"))
    if not rule.text:
        wrong.append((rule.expression_place, "field 'expr' must be set in rule"))
    else:
        try:
            expression = parse(rule.text)
        except Refusal as refusal:
            wrong.append((rule.expression_place, f"could not parse expression: {refusal}"))
    if rule.record:
        for name, value in (
            ("annotations", rule.annotations),
            ("for", rule.hold),
            ("keep_firing_for", rule.keep_firing),
        ):
            if value:
                wrong.append((rule.record_place, f"invalid field '{name}' in recording rule"))
        if not _METRIC_NAME.fullmatch(rule.record):
            wrong.append((rule.record_place, f"invalid recording rule name: {rule.record}"))
    for name in rule.labels:
        if not _LABEL_NAME.fullmatch(name) or name == "__name__":
            wrong.append(("", f"invalid label name: {name}"))
    for name in rule.annotations:
        if not _LABEL_NAME.fullmatch(name):
            wrong.append(("", f"invalid annotation name: {name}"))
    if rule.alert:
        for kind, texts in (("label", rule.labels), ("annotation", rule.annotations)):
            for name, text in texts.items():
                try:
                    check_template(rule.alert, text)
                except TemplateError as error:
                    wrong.append(("", f'{kind} "{name}": {error}'))
    return wrong, expression


def _spec(rule: _Rule, expression: Expression) -> RuleSpec:
    return RuleSpec(
        rule.record,
        rule.alert,
        rule.text,
        expression,
        rule.hold,
        rule.keep_firing,
        tuple(sorted(rule.labels.items())),
        tuple(sorted(rule.annotations.items())),
    )
