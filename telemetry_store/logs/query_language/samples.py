"""Samples of range aggregations: one number a line, in series by the labels that matter."""

from __future__ import annotations

from array import array
from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from ...refusals import BadRequest
from ...times import NANOSECONDS
from ...vectors import Grouping, Labels
from ..chunks import Lines
from ..storage import Stream
from .labels import ERROR, PRESERVE_ERROR, Hints, LineLabels
from .reading import LINES_PER_CHECK, MetadataCache, Source
from .stages import LabelTest, Pipeline, compile_label_filter, compile_pipeline
from .syntax import RangeAggregation, Unwrap
from .tokens import parse_error
from .units import parse_float, parse_go_duration, parse_size

SAMPLE_ERROR = "SampleExtractionErr"

#: Series that one range aggregation may have before they are aggregated. Loki has no bound here but its memory.
_SERIES = 100_000

_COUNTED = ("rate", "count_over_time", "absent_over_time")

Times = npt.NDArray[np.int64]
Values = npt.NDArray[np.float64]


@dataclass
class Series:
    """Samples of one set of labels, in any order of time."""

    labels: Labels
    times: array[int] = field(default_factory=lambda: array("q"))
    values: array[float] = field(default_factory=lambda: array("d"))

    def sorted(self) -> tuple[Times, Values]:
        """The samples by time."""
        times = np.frombuffer(self.times, dtype=np.int64) if self.times else np.zeros(0, np.int64)
        values = np.frombuffer(self.values, dtype=np.float64) if self.values else np.zeros(0)
        order = np.argsort(times, kind="stable")
        return times[order], values[order]

    @property
    def is_error(self) -> bool:
        """Whether a line's pipeline failed, and the query does not say that this is wanted."""
        return ERROR in self.labels and self.labels.get(PRESERVE_ERROR) != "true"


class Extraction:
    """Makes samples of lines: the pipeline, the number, and which labels a series has."""

    def __init__(self, aggregation: RangeAggregation, override: Grouping | None) -> None:
        """`override` is the grouping of a sum around the aggregation, whose labels are then all that matters.

        Raises BadRequest for a pipeline that cannot be made.
        """
        self.aggregation = aggregation
        self.pipeline: Pipeline = compile_pipeline(aggregation.range.query.stages)
        grouping = override if override is not None else aggregation.grouping
        self._no_labels = aggregation.operation == "absent_over_time" or (
            grouping is not None and not grouping.names and not grouping.without
        )
        self._names = tuple(sorted(grouping.names)) if grouping is not None else ()
        self._without = grouping is not None and grouping.without
        self._unwrap = aggregation.range.unwrap
        self._post_filters: list[LabelTest] = []
        if self._unwrap is not None:
            self._prepare_unwrap(self._unwrap)
        self.hints = self._make_hints()
        self._series: dict[object, Series] = {}

    def _prepare_unwrap(self, unwrap: Unwrap) -> None:
        try:
            self._post_filters = [compile_label_filter(part) for part in unwrap.filters]
        except ValueError as error:
            raise parse_error(f"stage '{unwrap}' : {error}") from None
        if not self._names or self._without:
            self._without = True
            self._names = tuple(sorted((*self._names, unwrap.label)))
        self._convert: Callable[[str], float] = {
            "": parse_float,
            "bytes": lambda text: float(parse_size(text)),
        }.get(unwrap.conversion, lambda text: parse_go_duration(text) / NANOSECONDS)

    def _make_hints(self) -> Hints:
        required = [*self.pipeline.names, *(name for part in self._post_filters for name in part.names), *self._names]
        if self._unwrap is not None:
            required.append(self._unwrap.label)
        required += [name.removesuffix("_extracted") for name in required]
        filters = self.pipeline.early_filters
        if len(self._post_filters) == 1 and len(self._post_filters[0].names) == 1:
            filters = [*filters, (self._post_filters[0].names[0], self._post_filters[0])]
        if self._no_labels:
            return Hints([name for name in required if name], not any(required), filters if any(required) else ())
        if self._without or not self._names:
            return Hints(filters=filters)
        return Hints([name for name in required if name])

    # -- labels of a series

    def _group(self, labels: LineLabels) -> Labels:
        if labels.error:
            return labels.all()
        if self._no_labels:
            return {}
        if not self._names:
            return labels.all()
        if self._without:
            return {
                n: v for n, v in {**labels.stream(), **labels.metadata, **labels.parsed}.items() if n not in self._names
            }
        group: Labels = {}
        for name in self._names:
            if name in labels.deleted:
                continue
            value = labels.metadata.get(name)
            if value is None:
                value = labels.parsed.get(name)
            if value is None:
                value = labels.base.get(name) or None
            if value is not None:
                group[name] = value
        return group

    def _series_of(self, labels: Labels) -> Series:
        if "" in labels.values():
            # Lines may have empty labels, series have not: there, empty means absent.
            labels = {name: value for name, value in labels.items() if value}
        key = tuple(sorted(labels.items()))
        series = self._series.get(key)
        if series is None:
            if len(self._series) >= _SERIES:
                raise BadRequest(
                    f"more than {_SERIES} series before aggregation; select fewer streams or keep fewer labels"
                )
            series = self._series[key] = Series(labels)
        return series

    # -- lines

    def run(self, source: Source, start: int, end: int) -> list[Series]:
        """The series of all lines in [start, end)."""
        for stream in source.streams(self.aggregation.range.query.matchers, start, end):
            source.deadline.check()
            for block in source.blocks(stream, start, end, self.pipeline.leading):
                if self.pipeline.stages or self._unwrap is not None:
                    self._each_line(source, stream, block)
                else:
                    self._whole_block(stream, block)
        return list(self._series.values())

    def _whole_block(self, stream: Stream, block: Lines) -> None:
        """Lines as they are: their labels are worked out once for each distinct metadata, or not at all."""
        values = np.ones(len(block)) if self.aggregation.operation in _COUNTED else block.sizes.astype(float)
        if self._no_labels or (
            self._names and not self._without and all(stream.labels.get(name) for name in self._names)
        ):
            labels = {} if self._no_labels else {name: stream.labels[name] for name in self._names}
            self._extend(labels, block.times, values)
            return
        levels, metadata = block.levels, block.metadata
        pairs = levels.codes.astype(np.int64) * (len(metadata.values) + 1) + metadata.codes
        _, first, which = np.unique(pairs, return_index=True, return_inverse=True)
        for number, row in enumerate(first.tolist()):
            rows = which == number
            labels = self._group(LineLabels(stream.labels, block.metadata_of(row), self.hints))
            self._extend(labels, block.times[rows], values[rows])

    def _extend(self, labels: Labels, times: Times, values: Values) -> None:
        series = self._series_of(labels)
        series.times.frombytes(np.ascontiguousarray(times, dtype=np.int64).tobytes())
        series.values.frombytes(np.ascontiguousarray(values, dtype=np.float64).tobytes())

    def _each_line(self, source: Source, stream: Stream, block: Lines) -> None:
        counted = self.aggregation.operation in _COUNTED
        process, current = self.pipeline.process, self.pipeline.current
        metadata = MetadataCache(block)
        base, hints, unwrap = stream.labels, self.hints, self._unwrap
        needs, cannot_pass = self.pipeline.needs, self.pipeline.cannot_pass
        for row, time in enumerate(block.times.tolist()):
            if row % LINES_PER_CHECK == 0:
                source.deadline.check()
            content = block.line(row)
            line = content.decode(errors="replace")
            if needs and cannot_pass(line, base, metadata.of(row)):
                continue
            labels = LineLabels(base, metadata.of(row), hints)
            current.time = time
            outcome, stays = process(line, labels)
            if not stays:
                continue
            if unwrap is not None:
                value = self._unwrapped(unwrap, labels)
                if value is None:
                    continue
            elif counted:
                value = 1.0
            else:
                value = float(len(content) if outcome is line else len(outcome.encode(errors="replace")))
            series = self._series_of(self._group(labels))
            series.times.append(time)
            series.values.append(value)

    def _unwrapped(self, unwrap: Unwrap, labels: LineLabels) -> float | None:
        text = labels.get(unwrap.label)
        if not text:
            return None
        try:
            value = self._convert(text)
        except ValueError as error:
            value = 0.0
            labels.error = SAMPLE_ERROR
            labels.details = str(error)
        for test in self._post_filters:
            if not test.accepts(labels):
                return None
        return value
