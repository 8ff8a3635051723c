"""Rules of Prometheus as learners write them: read from YAML, with what is wrong in words.

What a rule does is judged elsewhere: `alert_checks`, `recording_checks`.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import yaml

_OF_ALERTS = ("alert", "expr", "for", "keep_firing_for", "labels", "annotations")
_OF_RECORDINGS = ("record", "expr", "labels")

_LABEL_NAME = re.compile(r"[a-zA-Z_]\w*")
_METRIC_NAME = re.compile(r"[a-zA-Z_:][\w:]*")
_DURATION = re.compile(r"(?:(\d+)y)?(?:(\d+)w)?(?:(\d+)d)?(?:(\d+)h)?(?:(\d+)m)?(?:(\d+)s)?(?:(\d+)ms)?")
_UNIT_SECONDS = (31_536_000.0, 604_800.0, 86_400.0, 3600.0, 60.0, 1.0, 0.001)

#: What a line of a rule can begin with.
_KEY = re.compile(r"(alert|record|expr|for|keep_firing_for|labels|annotations):")
_COLUMN = "All keys of one rule begin in the same column; what stands below `labels` and `annotations` is further in."
_QUOTE = "A text with `{{ … }}`, a `:` or a `#` in it stands in quotes: `summary: '{{ $labels.service }} is slow'`."


class RuleRefused(ValueError):
    """The answer is no rule; `says` is Markdown, a paragraph each."""

    def __init__(self, *says: str) -> None:
        super().__init__(" ".join(says))
        self.says = says


@dataclass(frozen=True)
class AlertingRule:
    alert: str
    expr: str
    #: `for`: how long a series has to be there before its alert fires.
    hold_seconds: float = 0.0
    #: `keep_firing_for`: how long an alert goes on after its series has gone.
    keep_seconds: float = 0.0
    labels: Mapping[str, str] = field(default_factory=dict)
    annotations: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class RecordingRule:
    record: str
    expr: str
    labels: Mapping[str, str] = field(default_factory=dict)


def read_alerting_rule(text: str) -> AlertingRule:
    """A rule, a list of one, or a whole file with one. Raises RuleRefused."""
    entries = _one_rule(text)
    if "record" in entries:
        raise RuleRefused("This is a recording rule: it begins with `record`. An alerting rule begins with `alert`.")
    _require_keys(entries, _OF_ALERTS, needed=("alert", "expr"))
    return AlertingRule(
        _text(entries, "alert"),
        _text(entries, "expr"),
        _duration(entries, "for"),
        _duration(entries, "keep_firing_for"),
        _texts(entries, "labels"),
        _texts(entries, "annotations"),
    )


def read_recording_rule(text: str) -> RecordingRule:
    """A rule, a list of one, or a whole file with one. Raises RuleRefused."""
    entries = _one_rule(text)
    if "alert" in entries:
        raise RuleRefused("This is an alerting rule: it begins with `alert`. A recording rule begins with `record`.")
    for name in ("for", "annotations"):
        if name in entries:
            raise RuleRefused(f"`{name}` belongs to alerts. It is no part of a recording rule.")
    _require_keys(entries, _OF_RECORDINGS, needed=("record", "expr"))
    record = _text(entries, "record")
    if not _METRIC_NAME.fullmatch(record):
        raise RuleRefused(f"`{record}` is no name for a metric: letters, digits, `_` and `:`, no digit first.")
    return RecordingRule(record, _text(entries, "expr"), _texts(entries, "labels"))


def duration_text(seconds: float) -> str:
    """As it stands in a rule: "90s", "5m"."""
    return f"{seconds / 60:g}m" if seconds and seconds % 60 == 0 else f"{seconds:g}s"


def _one_rule(text: str) -> Mapping[str, Any]:
    content = _yaml(text)
    if isinstance(content, dict) and "groups" in content:
        content = _rules_of_groups(content["groups"])
    if isinstance(content, list):
        if len(content) != 1:
            raise RuleRefused(f"These are {len(content)} rules. The task asks for one.")
        content = content[0]
    if not isinstance(content, dict):
        raise RuleRefused(
            "This is no rule yet. A rule is YAML, one `key: value` a line, beginning with `alert:`, or with `record:` "
            "when its result is to be written down:",
            _SHAPE,
        )
    return content


_SHAPE = "```\nalert: SomethingIsWrong\nexpr: …\n```"


def _rules_of_groups(groups: Any) -> list[Any]:
    if not isinstance(groups, list) or not all(isinstance(group, dict) for group in groups):
        raise RuleRefused("`groups` is a list: each begins with `- name: …` and has `rules`.")
    rules: list[Any] = []
    for group in groups:
        if not group.get("name"):
            raise RuleRefused("A group needs a `name`.")
        if not isinstance(group.get("rules"), list):
            raise RuleRefused(f"The `rules` of the group `{group['name']}` are a list: each begins with `-`.")
        rules += group["rules"]
    return rules


def _yaml(text: str) -> Any:
    try:
        _refuse_doubles(yaml.compose(text, Loader=yaml.BaseLoader))
        # Every scalar is a text, as Prometheus takes them: a label `severity: 1` is "1".
        return yaml.load(text, Loader=yaml.BaseLoader)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark
        place = f" Line {mark.line + 1}: `{_line(text, mark.line)}`." if mark else ""
        is_key = mark is not None and _KEY.match(_line(text, mark.line))
        raise RuleRefused(f"This is no YAML: {error.problem}.{place}", _COLUMN if is_key else _QUOTE) from None
    except yaml.YAMLError as error:
        raise RuleRefused(f"This is no YAML: {error}") from None


def _line(text: str, number: int) -> str:
    lines = text.splitlines() or [""]
    return lines[min(number, len(lines) - 1)].strip().replace("`", "'")


def _refuse_doubles(node: yaml.Node | None) -> None:
    if isinstance(node, yaml.MappingNode):
        seen: set[str] = set()
        for key, value in node.value:
            if key.value in seen and isinstance(key, yaml.ScalarNode):
                raise RuleRefused(f"`{key.value}` stands there twice, again on line {key.start_mark.line + 1}.")
            seen.add(str(key.value))
            _refuse_doubles(value)
    elif isinstance(node, yaml.SequenceNode):
        for one in node.value:
            _refuse_doubles(one)


def _require_keys(entries: Mapping[str, Any], known: Sequence[str], needed: Sequence[str]) -> None:
    for key in entries:
        if key not in known:
            names = ", ".join(f"`{name}`" for name in known)
            raise RuleRefused(
                f"Prometheus knows no `{key}` in a rule, and refuses the whole file. It knows {names}. What an alert "
                "says about itself stands further in, below `labels` or `annotations`."
            )
    for key in needed:
        if key not in entries:
            raise RuleRefused(f"`{key}` is missing.")


def _text(entries: Mapping[str, Any], key: str) -> str:
    value = entries[key]
    if not isinstance(value, str):
        raise RuleRefused(f"`{key}` has to be a text. Put it into quotes, or below `{key}: |`.")
    if not value.strip():
        raise RuleRefused(f"`{key}` is empty.")
    return value.strip()


def _texts(entries: Mapping[str, Any], key: str) -> dict[str, str]:
    value = entries.get(key) or {}
    if not isinstance(value, dict):
        raise RuleRefused(f"`{key}` has names with values below it, each on a line of its own and further in.")
    for name, text in value.items():
        if not _LABEL_NAME.fullmatch(name):
            raise RuleRefused(f"`{name}` in `{key}` is no name: letters, digits and `_`.")
        if not isinstance(text, str):
            raise RuleRefused(f"`{name}` in `{key}` has to be a text.", _QUOTE)
    return dict(value)


def _duration(entries: Mapping[str, Any], key: str) -> float:
    value = entries.get(key, "0s")
    found = _DURATION.fullmatch(value) if isinstance(value, str) and value else None
    if value == "0":
        return 0.0
    if not found:
        raise RuleRefused(f"`{key}: {value}` is no time: a whole number and its unit, such as `30s`, `5m` or `1h30m`.")
    return sum(int(part) * seconds for part, seconds in zip(found.groups(), _UNIT_SECONDS, strict=True) if part)
