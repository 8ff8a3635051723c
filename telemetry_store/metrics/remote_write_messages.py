"""The protobuf messages of Prometheus' remote write, as classes made at first use. Sources: its two specifications.

What is the same from request to request (labels) and what comes by the million (samples) is declared as bytes, though
both are messages: `remote_write` looks series up by their bytes, and reads samples many at a time. So are series and
exemplars, which are counted before they are read.
"""

from __future__ import annotations

import functools
from typing import Any

from google.protobuf import descriptor_pb2, descriptor_pool, message_factory

_DOUBLE, _INT64, _INT32, _MESSAGE, _BYTES, _UINT32 = 1, 3, 5, 11, 12, 13
_OPTIONAL, _REPEATED = 1, 3
_PACKAGE = "telemetry_store.metrics"

#: Fields as (name, number, type, label, message type).
_MESSAGES: dict[str, tuple[tuple[str, int, int, int, str | None], ...]] = {
    "Label": (("name", 1, _BYTES, _OPTIONAL, None), ("value", 2, _BYTES, _OPTIONAL, None)),
    "Sample": (("value", 1, _DOUBLE, _OPTIONAL, None), ("timestamp", 2, _INT64, _OPTIONAL, None)),
    "Exemplar": (
        ("labels", 1, _MESSAGE, _REPEATED, "Label"),
        ("value", 2, _DOUBLE, _OPTIONAL, None),
        ("timestamp", 3, _INT64, _OPTIONAL, None),
    ),
    "TimeSeries": (
        ("labels", 1, _BYTES, _REPEATED, None),
        ("samples", 2, _BYTES, _REPEATED, None),
        ("exemplars", 3, _BYTES, _REPEATED, None),
        ("histograms", 4, _BYTES, _REPEATED, None),
    ),
    # Field 3, metadata of families, is left aside: Prometheus does not keep it either.
    "WriteRequest": (("timeseries", 1, _BYTES, _REPEATED, None),),
    "ExemplarV2": (
        ("labels_refs", 1, _UINT32, _REPEATED, None),
        ("value", 2, _DOUBLE, _OPTIONAL, None),
        ("timestamp", 3, _INT64, _OPTIONAL, None),
    ),
    "MetadataV2": (
        ("type", 1, _INT32, _OPTIONAL, None),
        ("help_ref", 3, _UINT32, _OPTIONAL, None),
        ("unit_ref", 4, _UINT32, _OPTIONAL, None),
    ),
    "TimeSeriesV2": (
        ("labels_refs", 1, _UINT32, _REPEATED, None),
        ("samples", 2, _BYTES, _REPEATED, None),
        ("histograms", 3, _BYTES, _REPEATED, None),
        ("exemplars", 4, _BYTES, _REPEATED, None),
        ("metadata", 5, _MESSAGE, _OPTIONAL, "MetadataV2"),
    ),
    "Request": (
        ("symbols", 4, _BYTES, _REPEATED, None),
        ("timeseries", 5, _BYTES, _REPEATED, None),
    ),
}


@functools.cache
def message_class(name: str) -> Any:
    """The class of a message; parse with `.FromString(body)`. `WriteRequest` is version 1.0's, `Request` 2.0's."""
    return message_factory.GetMessageClass(_pool().FindMessageTypeByName(f"{_PACKAGE}.{name}"))


@functools.cache
def _pool() -> Any:
    file = descriptor_pb2.FileDescriptorProto(
        name="telemetry_store/metrics/remote_write.proto", package=_PACKAGE, syntax="proto3"
    )
    for message_name, fields in _MESSAGES.items():
        message = file.message_type.add(name=message_name)
        for name, number, kind, label, type_name in fields:
            message.field.add(
                name=name,
                number=number,
                type=kind,
                label=label,
                type_name=f".{_PACKAGE}.{type_name}" if type_name else None,
            )
    pool = descriptor_pool.DescriptorPool()
    pool.Add(file)
    return pool
