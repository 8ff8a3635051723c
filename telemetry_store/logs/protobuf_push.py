"""Loki's protobuf message of a push, as a class made at first use. Source: Loki's `pkg/push/push.proto`."""

from __future__ import annotations

import functools
from typing import Any

from google.protobuf import descriptor_pb2, descriptor_pool, message_factory, timestamp_pb2

_STRING, _BYTES, _MESSAGE = 9, 12, 11
_OPTIONAL, _REPEATED = 1, 3
_PACKAGE = "telemetry_store.logs"

# Lines are declared as bytes: Loki's clients send what a program wrote, which need not be UTF-8.
_MESSAGES: dict[str, tuple[tuple[str, int, int, int, str | None], ...]] = {
    "LabelPair": (("name", 1, _STRING, _OPTIONAL, None), ("value", 2, _STRING, _OPTIONAL, None)),
    "Entry": (
        ("timestamp", 1, _MESSAGE, _OPTIONAL, "google.protobuf.Timestamp"),
        ("line", 2, _BYTES, _OPTIONAL, None),
        ("structured_metadata", 3, _MESSAGE, _REPEATED, f"{_PACKAGE}.LabelPair"),
    ),
    "Stream": (
        ("labels", 1, _STRING, _OPTIONAL, None),
        ("entries", 2, _MESSAGE, _REPEATED, f"{_PACKAGE}.Entry"),
    ),
    "PushRequest": (("streams", 1, _MESSAGE, _REPEATED, f"{_PACKAGE}.Stream"),),
}


@functools.cache
def push_request_class() -> Any:
    """The class of a push; parse with `.FromString(body)`."""
    file = descriptor_pb2.FileDescriptorProto(
        name="telemetry_store/logs/push.proto",
        package=_PACKAGE,
        syntax="proto3",
        dependency=["google/protobuf/timestamp.proto"],
    )
    for message_name, fields in _MESSAGES.items():
        message = file.message_type.add(name=message_name)
        for name, number, kind, label, type_name in fields:
            message.field.add(
                name=name, number=number, type=kind, label=label, type_name=f".{type_name}" if type_name else None
            )
    pool = descriptor_pool.DescriptorPool()
    pool.AddSerializedFile(timestamp_pb2.DESCRIPTOR.serialized_pb)
    pool.Add(file)
    return message_factory.GetMessageClass(pool.FindMessageTypeByName(f"{_PACKAGE}.PushRequest"))
