"""The parsers `json`, `logfmt`, `regexp`, `pattern` and `unpack`: they make labels of a line.

Each has `process(line, labels) -> (line, whether it stays)`; what it cannot read it notes in the labels.
"""

from __future__ import annotations

import functools
import json
import re
from collections.abc import Sequence
from typing import Any

import orjson
import re2  # type: ignore[import-untyped]

from ...refusals import BadRequest
from ...regexes import compile_pattern, engine_options
from .capture_patterns import CapturePattern
from .json_paths import parse_json_path
from .json_scanner import BrokenJson, Value, each_field, find_path, read_value, unescape
from .labels import LineLabels, sanitize, sanitize_path
from .logfmt_scanner import scan
from .syntax import Extraction

JSON_ERROR = "JSONParserErr"
LOGFMT_ERROR = "LogfmtParserErr"

#: Decodes JSON with numbers as they are written, which orjson does not keep.
_exact = json.JSONDecoder(parse_float=str, parse_int=str, parse_constant=str).decode

#: Objects within objects beyond which a line is not read as JSON.
_DEEPEST = 100

Processed = tuple[str, bool]


class _Stop(Exception):
    """Parsing can end: everything is there (`keep`), or the line is not wanted."""

    def __init__(self, keep: bool) -> None:
        self.keep = keep


def read_text(text: str) -> str:
    """A JSON string's content; nothing where an escape is broken."""
    try:
        content = unescape(text)
    except BrokenJson:
        return ""
    return content.replace("\ufffd", " ") if "\ufffd" in content else content


class JsonParser:
    """`| json`: every field becomes a label, those of nested objects with their keys joined by underscores."""

    def process(self, line: str, labels: LineLabels) -> Processed:
        """See the module."""
        if labels.needs_nothing_more:
            return line, True
        try:
            fields = orjson.loads(line)
        except (orjson.JSONDecodeError, UnicodeEncodeError):
            fields = None
        try:
            if isinstance(fields, dict) and self._is_plain(line, fields):
                self._walk(fields, (), labels, line)
            else:
                self._scan(line, (), labels)
        except _Stop as stop:
            return line, stop.keep
        except BrokenJson as error:
            labels.fail(JSON_ERROR, str(error))
        return line, True

    def _is_plain(self, line: str, fields: dict[str, Any]) -> bool:
        # A key that stands twice is only seen in the text: there are more colons than keys have need of.
        return line.count('":') + line.count('" :') <= _count_keys(fields)

    def _walk(self, fields: dict[str, Any], path: tuple[str, ...], labels: LineLabels, line: str) -> None:
        for key, value in fields.items():
            if isinstance(value, str):
                self._field(path, key, value.replace("\ufffd", " ") if "\ufffd" in value else value, labels)
            elif value is True or value is False:
                self._field(path, key, "true" if value else "false", labels)
            elif isinstance(value, int) and value:
                self._field(path, key, str(value), labels)
            elif isinstance(value, int | float):
                self._field(path, key, value, labels, line)
            elif isinstance(value, dict):
                inner = (*path, key)
                if labels.hints.wants_prefix(sanitize_path(inner)):
                    self._walk(value, inner, labels, line)
                continue
            if labels.has_all_required:
                raise _Stop(keep=True)

    def _scan(self, text: str, path: tuple[str, ...], labels: LineLabels) -> None:
        if len(path) > _DEEPEST:
            raise _Stop(keep=True)

        def field(key: str, value: Value) -> None:
            content, kind = value
            if kind == "object":
                inner = (*path, key)
                if labels.hints.wants_prefix(sanitize_path(inner)):
                    self._scan(content, inner, labels)
                return
            if kind in ("string", "number", "boolean"):
                self._field(path, key, read_text(content) if kind == "string" else content, labels)
            if labels.has_all_required:
                raise _Stop(keep=True)

        each_field(text, field)

    def _field(
        self,
        path: tuple[str, ...],
        key: str,
        value: str | int | float,
        labels: LineLabels,
        line: str = "",
    ) -> None:
        if path:
            name = sanitize_path((*path, key))
            if name in labels.base or name in labels.metadata:
                name = sanitize_path((*path, key + "_extracted"))
        else:
            name = sanitize(key)
            if not name:
                return
            name = labels.name_for(name)
        if not labels.hints.wants(name) or name in labels.extracted:
            return
        text = value if isinstance(value, str) else _exact_number(line, path, key, value)
        if not labels.extract(name, text):
            raise _Stop(keep=False)


def _count_keys(fields: dict[str, Any]) -> int:
    count = len(fields)
    for value in fields.values():
        if isinstance(value, dict):
            count += _count_keys(value)
        elif (isinstance(value, list) and value) or (isinstance(value, str) and '"' in value):
            return 2**62
    return count


@functools.lru_cache(maxsize=4)
def _decoded_exactly(line: str) -> Any:
    return _exact(line)


def _exact_number(line: str, path: Sequence[str], key: str, number: int | float) -> str:
    # Most numbers are written as Python writes them, and that the line shows.
    start = line.find(f'"{key}":') + len(key) + 3
    text = repr(number)
    if (
        line.count(f'"{key}":') == 1
        and line.startswith(text, start)
        and line[start + len(text) : start + len(text) + 1] in (",", "}", " ")
    ):
        return text
    value = _decoded_exactly(line)
    for part in path:
        value = value[part]
    return str(value[key])


class JsonExpressions:
    """`| json a="x.y[0]"`: only what is asked for; what is not there becomes empty."""

    def __init__(self, extractions: Sequence[Extraction]) -> None:
        self._paths: list[tuple[str, list[str | int]]] = []
        for extraction in extractions:
            try:
                self._paths.append((extraction.label, parse_json_path(extraction.expression)))
            except ValueError as error:
                raise ValueError(f"cannot parse expression [{extraction.expression}]: {error}") from None

    def process(self, line: str, labels: LineLabels) -> Processed:
        """See the module."""
        if not line or labels.needs_nothing_more:
            return line, True
        if line[0] not in '"{[':
            labels.fail(JSON_ERROR, None)
            return line, True
        try:
            whole, _ = read_value(line, 0)
        except BrokenJson:
            # What stands before the break can still be found.
            whole = (line, "object" if line[0] == "{" else "array")
        found = 0
        for label, path in self._paths:
            try:
                value = find_path(whole, path)
            except BrokenJson as error:
                labels.fail(JSON_ERROR, str(error))
                continue
            if value is None:
                continue
            found += 1
            content, kind = value
            text = "" if kind == "null" else content if kind == "object" else read_text(content)
            labels.set_parsed(labels.name_for(label), text)
        if found < len(self._paths):
            for label, _ in self._paths:
                if labels.get(label) is None:
                    labels.set_parsed(label, "")
        return line, True


class LogfmtParser:
    """`| logfmt`: every `key=value` becomes a label."""

    def __init__(self, strict: bool, keep_empty: bool) -> None:
        self._strict = strict
        self._keep_empty = keep_empty

    def process(self, line: str, labels: LineLabels) -> Processed:
        """See the module."""
        if labels.needs_nothing_more:
            return line, True
        for key, value, error in scan(line):
            if error is not None:
                if self._strict:
                    labels.fail(LOGFMT_ERROR, error)
                    break
                continue
            name = sanitize(key)
            if not name:
                continue
            name = labels.name_for(name)
            if not labels.hints.wants(name) or name in labels.extracted:
                continue
            text = value.replace("\ufffd", " ") if "\ufffd" in value else value
            if not text and not self._keep_empty:
                continue
            if not labels.extract(name, text):
                return line, False
            if labels.has_all_required:
                break
        return line, True


class LogfmtExpressions:
    """`| logfmt a="b"`: only what is asked for."""

    def __init__(self, extractions: Sequence[Extraction], strict: bool) -> None:
        self._strict = strict
        self._names: dict[str, str] = {}
        for extraction in extractions:
            try:
                self._names[extraction.label] = parse_logfmt_key(extraction.expression)
            except ValueError as error:
                raise ValueError(f"cannot parse expression [{extraction.expression}]: {error}") from None

    def process(self, line: str, labels: LineLabels) -> Processed:
        """See the module."""
        if labels.needs_nothing_more:
            return line, True
        for label in self._names:
            if label not in labels.base and label not in labels.metadata:
                labels.set_parsed(label, "")
        by_key: dict[str, str] = {}
        for label, key in self._names.items():
            by_key.setdefault(key, label)
        for key, value, error in scan(line):
            if error is not None:
                if self._strict:
                    labels.fail(LOGFMT_ERROR, error)
                    break
                continue
            name = sanitize(key)
            name = by_key.get(name, name)
            if name not in self._names:
                continue
            text = "" if "\ufffd" in value else value
            if name in labels.base or name in labels.metadata:
                name = labels.name_for(name)
                if name in labels.extracted or not labels.hints.wants(name):
                    break
            labels.set_parsed(name, text)
            if labels.has_all_required:
                break
        return line, True


def parse_logfmt_key(expression: str) -> str:
    """The key of an extraction: a name, or a quoted text. Raises ValueError."""
    text = expression.strip()
    if len(text) >= 2 and text[0] == '"' == text[-1]:
        return text[1:-1]
    if not text:
        raise ValueError("syntax error: unexpected $end, expecting STRING or KEY")
    if " " in text:
        raise ValueError("syntax error: unexpected KEY")
    for character in text:
        if character in '="':
            raise ValueError(f"unexpected char {character}")
    return text


class RegexpParser:
    """`| regexp "(?P<name>…)"`"""

    def __init__(self, pattern: str) -> None:
        self._pattern = compile_captures(pattern)
        names = sorted(self._pattern.groupindex.items(), key=lambda item: item[1])
        self._names = [(sanitize(name), number) for name, number in names]

    def process(self, line: str, labels: LineLabels) -> Processed:
        """See the module."""
        match = self._pattern.search(line)
        if match is None:
            return line, True
        for wanted, number in self._names:
            name = labels.name_for(wanted)
            if not labels.hints.wants(name) or name in labels.extracted:
                continue
            if not labels.extract(name, match.group(number) or ""):
                return line, False
        return line, True


_GROUP_NAME = re.compile(r"\(\?P?<([a-zA-Z_]\w*)>", re.ASCII)


@functools.lru_cache(maxsize=256)
def compile_captures(pattern: str) -> Any:
    """The pattern of `| regexp`. Raises ValueError in Loki's words."""
    try:
        compile_pattern(pattern, dot_matches_line_ends=False)
    except BadRequest as error:
        raise ValueError(str(error)) from None
    names = _GROUP_NAME.findall(pattern)
    for name in names:
        if names.count(name) > 1:
            raise ValueError(f"duplicate extracted label name '{name}'")
    compiled = re2.compile(_GROUP_NAME.sub(r"(?P<\1>", pattern), engine_options())
    if not compiled.groupindex:
        raise ValueError("at least one named capture must be supplied")
    return compiled


class PatternParser:
    """`| pattern "<a> <_> <b>"`"""

    def __init__(self, pattern: str) -> None:
        self._pattern = CapturePattern.of(pattern)

    def process(self, line: str, labels: LineLabels) -> Processed:
        """See the module."""
        if labels.needs_nothing_more:
            return line, True
        for wanted, value in self._pattern.captures(line):
            name = labels.name_for(wanted)
            if name in labels.extracted or not labels.hints.wants(name):
                continue
            if not labels.extract(name, value):
                return line, False
        return line, True


class UnpackParser:
    """`| unpack`: what promtail's pack stage put into one object; the line is its `_entry`."""

    def process(self, line: str, labels: LineLabels) -> Processed:
        """See the module."""
        if not line or labels.needs_nothing_more:
            return line, True
        if line[0] != "{":
            labels.fail(JSON_ERROR, "expecting json object(6), but it is not")
            return line, True
        entry: list[str] = []
        found: list[tuple[str, str]] = []

        def field(key: str, value: Value) -> None:
            content, kind = value
            if kind != "string":
                return
            if key == "_entry":
                entry[:] = [unescape(content)]
                return
            name = labels.name_for(key)
            if labels.hints.wants(name) and name not in labels.extracted:
                found.append((sanitize(name), read_text(content)))

        try:
            each_field(line, field)
        except BrokenJson as error:
            labels.fail(JSON_ERROR, str(error))
            return line, True
        if not entry:
            return line, True
        for name, text in found:
            if not labels.extract(name, text):
                return entry[0], False
        return entry[0], True
