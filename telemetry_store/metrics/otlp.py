"""OTLP metrics -> pushes, translated as Prometheus 3 does by default: classic histograms, `target_info`, `job`.

Names are spelled in `otlp_names`; which samples of a push are taken is for `pushes`. Delta temporality is refused as
Prometheus refuses it; exponential histograms are named and left out, because the store has no native histograms.
"""

from __future__ import annotations

import base64
from collections.abc import Iterable
from typing import Any

import numpy as np
import orjson
from google.protobuf import json_format
from google.protobuf.message import DecodeError
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import ExportMetricsServiceRequest
from opentelemetry.proto.common.v1.common_pb2 import KeyValue
from opentelemetry.proto.metrics.v1 import metrics_pb2 as messages
from opentelemetry.proto.resource.v1.resource_pb2 import Resource

from ..limits import EXEMPLAR_CHARACTERS, PUSHED_PARTS
from ..quoting import quote
from ..refusals import BadRequest
from ..vectors import format_value
from .exposition import Exemplar, Labels
from .otlp_names import as_text, label_name, metric_name
from .pushes import NO_NATIVE_HISTOGRAMS, InvalidSeries, Push, check_labels
from .samples import STALE

#: Resource attributes that become `job` and `instance`.
_IDENTIFYING = ("service.namespace", "service.name", "service.instance.id")

#: Milliseconds between two samples of `target_info`, half of what PromQL looks back; and how many a request may make.
_TARGET_INFO_STEP = 150_000
_TARGET_INFO_SAMPLES = 1_000

_NO_RECORDED_VALUE = 1


def decode_protobuf(body: bytes) -> Push:
    """The push of a protobuf request. Raises BadRequest."""
    try:
        return _translate(ExportMetricsServiceRequest.FromString(body))
    except DecodeError as error:
        raise BadRequest(f"invalid OTLP/protobuf: {error}") from None


def decode_json(body: bytes) -> Push:
    """The push of a JSON request. Raises BadRequest."""
    request = ExportMetricsServiceRequest()
    try:
        content = orjson.loads(body)
        if not isinstance(content, dict):
            raise BadRequest("invalid OTLP/JSON: expected an object")
        _ids_as_base64(content)
        json_format.ParseDict(content, request, ignore_unknown_fields=True)
    except (orjson.JSONDecodeError, json_format.ParseError, RecursionError, ValueError, TypeError) as error:
        raise BadRequest(f"invalid OTLP/JSON: {error}") from None
    return _translate(request)


def _ids_as_base64(content: Any) -> None:
    """OTLP writes ids in hexadecimal; protobuf's JSON expects them as it writes all bytes."""
    waiting = [content]
    while waiting:
        part = waiting.pop()
        if isinstance(part, dict):
            for name in ("traceId", "spanId"):
                if isinstance(part.get(name), str):
                    part[name] = base64.b64encode(bytes.fromhex(part[name])).decode()
            waiting += part.values()
        elif isinstance(part, list):
            waiting += part


def _translate(request: ExportMetricsServiceRequest) -> Push:
    """Raises BadRequest when anything is wrong with a metric: as in Prometheus, nothing of the request is taken."""
    translation = _Translation()
    _check_size(request)
    for resource_metrics in request.resource_metrics:
        translation.enter(resource_metrics.resource)
        for scope_metrics in resource_metrics.scope_metrics:
            for metric in scope_metrics.metrics:
                try:
                    translation.add(metric)
                except BadRequest as error:
                    translation.refused.append(str(error))
        translation.add_target_info()
    if translation.refused:
        raise BadRequest("\n".join(translation.refused))
    return translation.push()


def _check_size(request: ExportMetricsServiceRequest) -> None:
    """Raises BadRequest for a request of too many parts, before anything is made of them."""
    parts = len(request.resource_metrics)
    for resource_metrics in request.resource_metrics if parts <= PUSHED_PARTS else ():
        parts += len(resource_metrics.scope_metrics)
        for scope_metrics in resource_metrics.scope_metrics if parts <= PUSHED_PARTS else ():
            parts += len(scope_metrics.metrics)
            for metric in scope_metrics.metrics if parts <= PUSHED_PARTS else ():
                kind = metric.WhichOneof("data")
                parts += len(getattr(metric, kind).data_points) if kind else 0
    if parts > PUSHED_PARTS:
        raise BadRequest(f"more than {PUSHED_PARTS} metrics and data points in one request")


class _Translation:
    """One request on its way: the samples so far, and what holds for the current resource."""

    def __init__(self) -> None:
        self.refused: list[str] = []
        self._push = Push()
        self._times: list[int] = []
        self._values: list[float] = []
        self._resource = Resource()
        self._identity: dict[str, str] = {}
        self._earliest: int | None = None
        self._latest = 0
        self._told: set[tuple[Labels, int]] = set()

    def push(self) -> Push:
        """Everything translated."""
        self._push.counts = [1] * len(self._times)
        self._push.times = np.array(self._times, dtype=np.int64)
        self._push.values = np.array(self._values, dtype=np.float64)
        return self._push

    def enter(self, resource: Resource) -> None:
        """Goes on with the metrics of this resource."""
        self._resource = resource
        self._earliest, self._latest = None, 0
        attributes = {attribute.key: attribute.value for attribute in reversed(resource.attributes)}
        self._identity = {}
        if "service.name" in attributes:
            job = as_text(attributes["service.name"])
            if "service.namespace" in attributes:
                job = f"{as_text(attributes['service.namespace'])}/{job}"
            self._identity["job"] = job
        if "service.instance.id" in attributes:
            self._identity["instance"] = as_text(attributes["service.instance.id"])

    def add(self, metric: messages.Metric) -> None:
        """Translates a metric. Raises BadRequest."""
        kind = metric.WhichOneof("data")
        if kind is None:
            raise BadRequest(
                f"could not get aggregation temporality for {metric.name} as it has unsupported metric type Empty"
            )
        data = getattr(metric, kind)
        for point in data.data_points:
            milliseconds = _milliseconds(point.time_unix_nano)
            self._earliest = milliseconds if self._earliest is None else min(self._earliest, milliseconds)
            self._latest = max(self._latest, milliseconds)
        if kind not in ("gauge", "summary") and (
            data.aggregation_temporality != messages.AGGREGATION_TEMPORALITY_CUMULATIVE
        ):
            raise BadRequest(f"invalid temporality and type combination for metric {quote(metric.name)}")
        name = metric_name(metric.name, metric.unit, kind == "sum" and data.is_monotonic, kind == "gauge")
        if not data.data_points:
            raise BadRequest(f"empty data points. {metric.name} is dropped")
        for point in data.data_points:
            match kind:
                case "histogram":
                    self._add_histogram(name, point)
                case "summary":
                    self._add_summary(name, point)
                case "exponential_histogram":
                    self._push.errors.append(
                        f"{NO_NATIVE_HISTOGRAMS}: exponential histogram {quote(metric.name)} is left out"
                    )
                    return
                case _:
                    self._add_number(name, point, kind)

    def _add_number(self, name: str, point: messages.NumberDataPoint, kind: str) -> None:
        value = float(point.as_int) if point.WhichOneof("value") == "as_int" else point.as_double
        # Prometheus takes a counter's exemplars only.
        exemplars = _exemplars(point) if kind == "sum" else []
        self._append(point, _named(self._labels(point.attributes), name), value, exemplars)

    def _add_histogram(self, name: str, point: messages.HistogramDataPoint) -> None:
        labels = self._labels(point.attributes)
        if point.HasField("sum"):
            self._append(point, _named(labels, f"{name}_sum"), point.sum)
        self._append(point, _named(labels, f"{name}_count"), float(point.count))
        exemplars = _exemplars(point)
        total = 0
        for bound, count in zip(point.explicit_bounds, point.bucket_counts, strict=False):
            total += count
            within = 0
            while within < len(exemplars) and exemplars[within][1] <= bound:
                within += 1
            bucket = _named(labels, f"{name}_bucket", le=format_value(bound))
            self._append(point, bucket, float(total), exemplars[:within])
            exemplars = exemplars[within:]
        self._append(point, _named(labels, f"{name}_bucket", le="+Inf"), float(point.count), exemplars)

    def _add_summary(self, name: str, point: messages.SummaryDataPoint) -> None:
        labels = self._labels(point.attributes)
        self._append(point, _named(labels, f"{name}_sum"), point.sum)
        self._append(point, _named(labels, f"{name}_count"), float(point.count))
        for entry in point.quantile_values:
            self._append(point, _named(labels, name, quantile=format_value(entry.quantile)), entry.value)

    def add_target_info(self) -> None:
        """Tells the resource's other attributes by the metric `target_info`, while its metrics have samples."""
        others = [attribute for attribute in self._resource.attributes if attribute.key not in _IDENTIFYING]
        if self._earliest is None or not others:
            return
        try:
            labels = self._labels(others)
        except BadRequest as error:
            self.refused.append(str(error))
            return
        if not labels.get("job") and not labels.get("instance"):
            return
        series = _named(labels, "target_info")
        times = range(self._earliest, self._latest, _TARGET_INFO_STEP)
        for at in (*(times if len(times) <= _TARGET_INFO_SAMPLES else ()), self._latest):
            if (series, at) not in self._told:
                self._told.add((series, at))
                self._keep(series, at, 1.0)

    def _labels(self, attributes: Iterable[KeyValue]) -> dict[str, str]:
        """Attributes as labels, with those of the resource. Raises BadRequest."""
        labels: dict[str, str] = {}
        by_key = {attribute.key: attribute.value for attribute in attributes if attribute.key != "__name__"}
        for key in sorted(by_key):
            name, value = label_name(key), as_text(by_key[key])
            # Two names can become one; the label then has both values.
            labels[name] = f"{labels[name]};{value}" if labels.get(name) else value
        return labels | {name: value for name, value in self._identity.items() if value}

    def _append(
        self, point: Any, labels: Labels, value: float, exemplars: Iterable[tuple[Labels, float, int]] = ()
    ) -> None:
        at = _milliseconds(point.time_unix_nano)
        self._keep(labels, at, STALE if point.flags & _NO_RECORDED_VALUE else value)
        for marks, example, example_at in exemplars:
            self._push.exemplars.append(Exemplar(labels, marks, example, example_at or at))

    def _keep(self, labels: Labels, at: int, value: float) -> None:
        try:
            check_labels(list(labels))
        except InvalidSeries as error:
            raise BadRequest(str(error)) from None
        self._push.series.append(labels)
        self._times.append(at)
        self._values.append(value)


def _milliseconds(nanoseconds: int) -> int:
    # As Go converts: numbers past the largest signed one turn negative.
    return (nanoseconds - 2**64 if nanoseconds >> 63 else nanoseconds) // 1_000_000


def _named(labels: dict[str, str], name: str, **more: str) -> Labels:
    return tuple(sorted((key, value) for key, value in (labels | more | {"__name__": name}).items() if value))


def _exemplars(point: Any) -> list[tuple[Labels, float, int]]:
    """A point's exemplars: labels, value, unix milliseconds. Raises BadRequest."""
    found = []
    for exemplar in point.exemplars:
        kind = exemplar.WhichOneof("value")
        if kind is None:
            raise BadRequest("unsupported exemplar value type: Empty")
        labels = {}
        if any(exemplar.trace_id):
            labels["trace_id"] = exemplar.trace_id.hex()
        if any(exemplar.span_id):
            labels["span_id"] = exemplar.span_id.hex()
        others = {attribute.key: as_text(attribute.value) for attribute in exemplar.filtered_attributes}
        if sum(len(name) + len(value) for name, value in (*labels.items(), *others.items())) <= EXEMPLAR_CHARACTERS:
            labels |= others
        found.append(
            (tuple(sorted(labels.items())), float(getattr(exemplar, kind)), _milliseconds(exemplar.time_unix_nano))
        )
    return found
