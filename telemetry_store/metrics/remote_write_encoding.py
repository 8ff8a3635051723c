"""Samples and exemplars -> bodies of Prometheus' remote write 1.0. Source: its specification.

The way back is in `remote_write`.
"""

from __future__ import annotations

from collections.abc import Iterable

import cramjam

from .exposition import Exemplar, Labels
from .remote_write_messages import message_class

#: What the specification asks of a request.
HEADERS = {
    "Content-Type": "application/x-protobuf",
    "Content-Encoding": "snappy",
    "X-Prometheus-Remote-Write-Version": "0.1.0",
}

#: Series whose encoded labels are remembered: they are the same from request to request.
_REMEMBERED = 50_000

_remembered: dict[Labels, list[bytes]] = {}


def encode(samples: Iterable[tuple[Labels, float, int]], exemplars: Iterable[Exemplar[Labels]] = ()) -> bytes:
    """A request's body, compressed. A sample is labels, value and unix milliseconds; an exemplar must have a time."""
    sample, exemplar, series = message_class("Sample"), message_class("Exemplar"), message_class("TimeSeries")
    parts = [
        series(
            labels=_labels(labels), samples=[sample(value=value, timestamp=at).SerializeToString()]
        ).SerializeToString()
        for labels, value, at in samples
    ]
    for each in exemplars:
        one = exemplar(value=each.value, timestamp=each.time)
        for name, text in each.labels:
            one.labels.add(name=name.encode(), value=text.encode())
        parts.append(series(labels=_labels(each.series), exemplars=[one.SerializeToString()]).SerializeToString())
    content = message_class("WriteRequest")(timeseries=parts).SerializeToString()
    return bytes(cramjam.snappy.compress_raw(content))


def _labels(labels: Labels) -> list[bytes]:
    """The encoded labels, in the order of their names as receivers want them."""
    encoded = _remembered.get(labels)
    if encoded is None:
        label = message_class("Label")
        pairs = sorted(labels)
        encoded = [label(name=name.encode(), value=text.encode()).SerializeToString() for name, text in pairs]
        if len(_remembered) >= _REMEMBERED:
            _remembered.clear()
        _remembered[labels] = encoded
    return encoded
