"""A query's pipeline made ready to run: one `process(line, labels) -> (line, whether it stays)` a stage."""

from __future__ import annotations

import functools
import operator
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from ...go_template import StringMap, Template, TemplateError
from ...go_template.fields import field_names
from ...matchers import Matcher
from ...refusals import BadRequest
from ...regexes import compile_pattern
from ...vectors import Labels
from . import syntax
from .addresses import compile_range
from .capture_patterns import CapturePattern
from .labels import ERROR, ERROR_DETAILS, PRESERVE_ERROR, Hints, LineLabels
from .line_parsers import (
    JsonExpressions,
    JsonParser,
    LogfmtExpressions,
    LogfmtParser,
    PatternParser,
    Processed,
    RegexpParser,
    UnpackParser,
)
from .simple_patterns import compile_test
from .template_functions import Line, compile_line_template
from .tokens import parse_error
from .units import parse_float, parse_go_duration, parse_size

LABEL_FILTER_ERROR = "LabelFilterErr"
TEMPLATE_ERROR = "TemplateFormatErr"

_COMPARISONS: dict[str, Callable[[Any, Any], bool]] = {
    "==": operator.eq, "!=": operator.ne, ">": operator.gt, ">=": operator.ge, "<": operator.lt, "<=": operator.le,
}  # fmt: skip
#: Values that stand in a line as they are when a parser finds them there, unless something is escaped.
_PLAIN = re.compile(r"[A-Za-z0-9_-]{2,}")
_COLORS = re.compile(
    "[\u001b\u009b][\\[\\]()#;?]*(?:(?:(?:[a-zA-Z0-9]*(?:;[a-zA-Z0-9]*)*)?\u0007)"
    "|(?:(?:[0-9]{1,4}(?:;[0-9]{0,4})*)?[0-9A-PRZcf-ntqry=><~]))"
)


class Stage(Protocol):
    """One step of a pipeline."""

    def process(self, line: str, labels: LineLabels) -> Processed:
        """The line as it goes on, and whether it does."""


@dataclass(frozen=True)
class LineTest:
    """A line filter behind a stage that changes lines."""

    test: Callable[[str], bool]

    def process(self, line: str, labels: LineLabels) -> Processed:
        """See `Stage`."""
        return line, self.test(line)


class LabelTest:
    """A label filter. Its `needs` are (label, text) pairs without which it lets no line pass."""

    def __init__(
        self, names: Sequence[str], test: Callable[[LineLabels], bool], needs: tuple[tuple[str, str], ...] = ()
    ) -> None:
        self.names = names
        self.accepts = test
        self.needs = needs

    def process(self, line: str, labels: LineLabels) -> Processed:
        """See `Stage`."""
        return line, self.accepts(labels)


class LineFormatter:
    """`| line_format "…"`"""

    def __init__(self, template: Template, current: Line) -> None:
        self._template = template
        self._current = current
        self.names = field_names(template.nodes)
        self._only = self.names[0] if re.fullmatch(r"\{\{-?\s*\.\w+\s*-?\}\}", template.text) else None

    def process(self, line: str, labels: LineLabels) -> Processed:
        """See `Stage`."""
        if self._only is not None:
            return labels.get(self._only) or "", True
        self._current.text = line
        try:
            return self._template.render(StringMap(labels.all())), True
        except TemplateError as error:
            labels.error = TEMPLATE_ERROR
            labels.details = str(error)
            return line, True


class LabelFormatter:
    """`| label_format a=b, c="…"`"""

    def __init__(self, steps: Sequence[tuple[syntax.LabelAssignment, Template | None]], current: Line) -> None:
        self._steps = steps
        self._current = current
        self.names: list[str] = []
        for assignment, template in steps:
            self.names += [assignment.value] if template is None else field_names(template.nodes)

    def process(self, line: str, labels: LineLabels) -> Processed:
        """See `Stage`."""
        self._current.text = line
        known: StringMap | None = None
        for assignment, template in self._steps:
            if template is None:
                value = labels.get(assignment.value)
                if value is not None:
                    labels.set_parsed(assignment.label, value)
                    labels.delete(assignment.value)
                continue
            if not known:
                # Templates of one stage all see the labels as the first of them found them.
                known = StringMap(labels.all())
            try:
                labels.set_parsed(assignment.label, template.render(known))
            except TemplateError as error:
                labels.error = TEMPLATE_ERROR
                labels.details = str(error)
        return line, True


class Decolorizer:
    """`| decolorize`"""

    def process(self, line: str, labels: LineLabels) -> Processed:
        """See `Stage`."""
        return _COLORS.sub("", line), True


class LabelDropper:
    """`| drop a, b="c"`"""

    def __init__(self, labels: Sequence[str | Matcher]) -> None:
        self._labels = labels

    def process(self, line: str, labels: LineLabels) -> Processed:
        """See `Stage`."""
        for label in self._labels:
            name = label if isinstance(label, str) else label.name
            if name == ERROR:
                if isinstance(label, str) or label.accepts(labels.error):
                    labels.error = ""
            elif name == ERROR_DETAILS:
                if isinstance(label, str) or label.accepts(labels.details):
                    labels.details = ""
            elif isinstance(label, str):
                if labels.get(name) is not None:
                    labels.delete(name)
            elif label.accepts(labels.get(name) or ""):
                labels.delete(name)
        return line, True


class LabelKeeper:
    """`| keep a, b="c"`"""

    def __init__(self, labels: Sequence[str | Matcher]) -> None:
        self._names = {label for label in labels if isinstance(label, str)}
        self._matchers = [label for label in labels if isinstance(label, Matcher)]

    def process(self, line: str, labels: LineLabels) -> Processed:
        """See `Stage`."""
        for name, value in labels.all().items():
            if name in self._names or name in (ERROR, ERROR_DETAILS, PRESERVE_ERROR):
                continue
            if not any(matcher.name == name and matcher.accepts(value) for matcher in self._matchers):
                labels.delete(name)
        return line, True


# -- filters


def compile_label_filter(label_filter: syntax.LabelFilter) -> LabelTest:
    """A label filter. Raises ValueError for an address range that is none."""
    if isinstance(label_filter, syntax.BothFilters):
        return _both(label_filter)
    if isinstance(label_filter, syntax.TextFilter):
        return _text_filter(label_filter.matcher)
    if isinstance(label_filter, syntax.AddressFilter):
        return _address_filter(label_filter)
    return _number_filter(label_filter)


def _both(label_filter: syntax.BothFilters) -> LabelTest:
    left, right = compile_label_filter(label_filter.left), compile_label_filter(label_filter.right)
    first, second = left.accepts, right.accepts
    if label_filter.is_and:

        def both(labels: LineLabels) -> bool:
            # Loki asks both, because the second may note an error.
            accepted = first(labels)
            return second(labels) and accepted

        return LabelTest((*left.names, *right.names), both, (*left.needs, *right.needs))
    return LabelTest((*left.names, *right.names), lambda labels: first(labels) or second(labels))


def _text_filter(matcher: Matcher) -> LabelTest:
    name = matcher.name
    wanted = matcher.operation in ("=", "=~")
    if matcher.operation in ("=", "!="):
        value = matcher.value
        needs = ((name, value),) if wanted and _PLAIN.fullmatch(value) else ()
        return LabelTest((name,), lambda labels: (labels.text(name) == value) == wanted, needs)
    compiled = compile_test(matcher.value) or _whole_match(matcher.value)
    return LabelTest((name,), lambda labels: compiled(labels.text(name)) == wanted)


def _whole_match(pattern: str) -> Callable[[str], bool]:
    fullmatch = line_pattern(pattern).fullmatch
    return lambda value: fullmatch(value) is not None


def line_pattern(pattern: str) -> Any:
    """The expression as it is matched with lines and parsed labels: `.` does not match a line end."""
    return compile_pattern(pattern, dot_matches_line_ends=False)


def _number_filter(number_filter: syntax.NumberFilter) -> LabelTest:
    name, value = number_filter.label, number_filter.value
    compare = _COMPARISONS[number_filter.operation]
    read: Callable[[str], float] = {
        "number": parse_float, "duration": parse_go_duration, "bytes": parse_size,
    }[number_filter.kind]  # fmt: skip

    def test(labels: LineLabels) -> bool:
        text = labels.get(name)
        if text is None:
            return False
        try:
            number = read(text)
        except ValueError as error:
            if not labels.error:
                labels.error = LABEL_FILTER_ERROR
                labels.details = str(error)
            return True
        return compare(number, value)

    return LabelTest((name,), test)


def _address_filter(address_filter: syntax.AddressFilter) -> LabelTest:
    holds = compile_range(address_filter.pattern)
    name, wanted = address_filter.label, address_filter.operation == "="

    def test(labels: LineLabels) -> bool:
        if labels.error:
            return True
        text = labels.get(name)
        return text is not None and holds(text) == wanted

    return LabelTest((name,), test)


def compile_line_filter(line_filter: syntax.LineFilter) -> Callable[[str], bool]:
    """A test for a line. Raises ValueError in Loki's words."""
    wanted = line_filter.operation[0] == "|"
    tests = [_line_test(line_filter.operation, piece) for piece in line_filter.pieces]
    if len(tests) == 1:
        test = tests[0]
        return test if wanted else lambda line: not test(line)
    return lambda line: any(test(line) for test in tests)


def _line_test(operation: str, piece: syntax.LinePiece) -> Callable[[str], bool]:
    if piece.function:
        if operation not in ("|=", "!="):
            raise ValueError("ip: invalid operation")
        return compile_range(piece.text)
    if operation in ("|~", "!~"):
        try:
            search = line_pattern(piece.text).search
        except BadRequest as error:
            raise ValueError(str(error)) from None
        return lambda line: search(line) is not None
    if operation in ("|>", "!>"):
        return CapturePattern.of_line_filter(piece.text).accepts
    text = piece.text
    return lambda line: text in line


# -- pipelines


@dataclass(frozen=True)
class Pipeline:
    """A query's stages, but for the line filters in front, which the storage sees to."""

    leading: tuple[syntax.LineFilter, ...]
    stages: tuple[Stage, ...]
    #: What templates know of the line they are at.
    current: Line

    @property
    def names(self) -> list[str]:
        """The labels that the stages look at."""
        return [name for stage in self.stages for name in getattr(stage, "names", ())]

    @property
    def early_filters(self) -> list[tuple[str, LabelTest]]:
        """The filters of one label, which Loki asks as soon as a parser has found it."""
        return [
            (stage.names[0], stage) for stage in self.stages if isinstance(stage, LabelTest) and len(stage.names) == 1
        ]

    @functools.cached_property
    def needs(self) -> tuple[tuple[str, str], ...]:
        """(label, text) pairs: a line passes only if its stream or metadata have the label, or it holds the text.

        They come from filters right behind parsers, where labels are pieces of the line.
        """
        needs: list[tuple[str, str]] = []
        for stage in self.stages:
            if isinstance(stage, LabelTest):
                needs += [need for need in stage.needs if need[0] not in (ERROR, ERROR_DETAILS)]
            elif not isinstance(stage, JsonParser | LogfmtParser | RegexpParser | PatternParser):
                break
        return tuple(needs)

    def cannot_pass(self, line: str, base: Labels, metadata: Mapping[str, str]) -> bool:
        """Whether the line's text alone tells that it does not come out."""
        return any(
            text not in line and "\\" not in line and name not in base and name not in metadata
            for name, text in self.needs
        )

    def process(self, line: str, labels: LineLabels) -> Processed:
        """The line as it comes out, and whether it does."""
        for stage in self.stages:
            line, stays = stage.process(line, labels)
            if not stays:
                return line, False
        return line, True


def compile_pipeline(stages: Sequence[syntax.Stage]) -> Pipeline:
    """The stages made ready. Raises BadRequest in Loki's words."""
    current = Line()
    leading: list[syntax.LineFilter] = []
    compiled: list[Stage] = []
    for stage in _reordered(stages):
        try:
            if isinstance(stage, syntax.LineFilters):
                tests = [(line_filter, compile_line_filter(line_filter)) for line_filter in stage.filters]
                if not compiled:
                    leading += [line_filter for line_filter, _ in tests]
                else:
                    compiled += [LineTest(test) for _, test in tests]
            elif isinstance(stage, syntax.LabelFilterStage) and _is_always_true(stage.filter):
                continue
            else:
                compiled.append(_compile(stage, current))
        except (ValueError, TemplateError) as error:
            raise parse_error(f"stage '{stage}' : {error}") from None
    return Pipeline(tuple(leading), tuple(compiled), current)


def _is_always_true(label_filter: syntax.LabelFilter) -> bool:
    if not isinstance(label_filter, syntax.TextFilter) or label_filter.matcher.operation != "=~":
        return False
    test = compile_test(label_filter.matcher.value)
    return test is not None and label_filter.matcher.value in (".*", "(.*)", "", ".*?")


def _reordered(stages: Sequence[syntax.Stage]) -> list[syntax.Stage]:
    """Line filters go before the parsers in front of them: they are cheaper, and parsers do not change lines."""
    ordered: list[syntax.Stage] = []
    filters: list[syntax.LineFilter] = []
    others: list[syntax.Stage] = []

    def flush() -> None:
        if filters:
            ordered.append(syntax.LineFilters(tuple(filters)))
        ordered.extend(others)
        filters.clear()
        others.clear()

    for stage in stages:
        if isinstance(stage, syntax.LabelFilterStage):
            flush()
            ordered.append(stage)
        elif isinstance(stage, syntax.LineFilters):
            filters.extend(stage.filters)
        else:
            others.append(stage)
            if isinstance(stage, syntax.LineFormat) or (
                isinstance(stage, syntax.LineParser) and stage.name == "unpack"
            ):
                flush()
    flush()
    return ordered


def _compile(stage: syntax.Stage, current: Line) -> Stage:
    match stage:
        case syntax.LabelFilterStage():
            return compile_label_filter(stage.filter)
        case syntax.LineParser(name="json"):
            return JsonParser()
        case syntax.LineParser(name="regexp"):
            return RegexpParser(stage.pattern)
        case syntax.LineParser(name="pattern"):
            return PatternParser(stage.pattern)
        case syntax.LineParser():
            return UnpackParser()
        case syntax.JsonExpressions():
            return JsonExpressions(stage.extractions)
        case syntax.LogfmtParser():
            if stage.extractions:
                return LogfmtExpressions(stage.extractions, stage.strict)
            return LogfmtParser(stage.strict, stage.keep_empty)
        case syntax.LineFormat():
            try:
                return LineFormatter(compile_line_template(stage.template, "line", current), current)
            except TemplateError as error:
                raise ValueError(f"invalid line template: {error}") from None
        case syntax.LabelFormat():
            return _label_formatter(stage, current)
        case syntax.Decolorize():
            return Decolorizer()
        case syntax.SelectLabels(keyword="drop"):
            return LabelDropper(stage.labels)
        case syntax.SelectLabels():
            return LabelKeeper(stage.labels)
    raise NotImplementedError(stage)


def _label_formatter(stage: syntax.LabelFormat, current: Line) -> LabelFormatter:
    seen: set[str] = set()
    for assignment in stage.assignments:
        if assignment.label == ERROR:
            raise ValueError(f"{ERROR} cannot be formatted")
        if assignment.label in seen:
            raise ValueError(f"multiple label name '{assignment.label}' not allowed in a single format operation")
        seen.add(assignment.label)
    steps: list[tuple[syntax.LabelAssignment, Template | None]] = []
    for assignment in stage.assignments:
        if assignment.renames:
            steps.append((assignment, None))
            continue
        try:
            steps.append((assignment, compile_line_template(assignment.value, "label", current)))
        except TemplateError as error:
            raise ValueError(f"invalid template for label '{assignment.label}': {error}") from None
    return LabelFormatter(steps, current)


__all__ = ["Hints", "Pipeline", "compile_label_filter", "compile_pipeline"]
