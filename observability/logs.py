"""Log lines: one JSON object each, with the trace and span they belong to.

A service logs with the standard library: `telemetry.logger.info("Fetching user %s", 123, extra={"user_id": 123})`.
Here a record becomes a `LogLine` on the request's thread (cheap: no JSON yet), and a background thread
makes the JSON and delivers it: to Loki (`loki.py`) and to standard output.
"""

from __future__ import annotations

import logging
import sys
import time
from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any, NamedTuple

import orjson
from opentelemetry.trace import INVALID_SPAN, format_span_id, format_trace_id, get_current_span

#: What every LogRecord has; whatever else stands on one came through `extra` and is a field of the line.
_RECORD_ATTRIBUTES = frozenset(vars(logging.makeLogRecord({}))) | {"message", "asctime", "taskName"}


class LogLine(NamedTuple):
    """One log record, taken out of the logging machinery.

    `time_unix_nano` orders lines of one request that fall into the same microsecond; ids are 0 outside a span.
    """

    time_unix_nano: int
    level: str
    logger: str
    message: str
    trace_id: int
    span_id: int
    fields: dict[str, Any]


def line_of(record: logging.LogRecord) -> LogLine:
    """The record as a `LogLine`, with the current span's ids."""
    span = get_current_span()
    if span is INVALID_SPAN:
        trace_id = span_id = 0
    else:
        context = span.get_span_context()
        trace_id, span_id = context.trace_id, context.span_id
    fields = {key: value for key, value in vars(record).items() if key not in _RECORD_ATTRIBUTES}
    if record.exc_info and record.exc_info[0] is not None:
        # Formatted here: the traceback keeps the request's frames alive, so it must not wait in a queue.
        fields["exception.type"] = record.exc_info[0].__name__
        fields["exception.message"] = str(record.exc_info[1])
        fields["exception.stacktrace"] = logging.Formatter().formatException(record.exc_info)
    return LogLine(
        time.time_ns(), record.levelname.lower(), record.name, record.getMessage(), trace_id, span_id, fields
    )


def encode_line(line: LogLine, service: str) -> str:
    """The line as JSON: timestamp, level, service, message, trace_id and span_id (inside a span), then its fields."""
    seconds, nanoseconds = divmod(line.time_unix_nano, 1_000_000_000)
    content: dict[str, Any] = {
        "timestamp": f"{datetime.fromtimestamp(seconds, UTC):%Y-%m-%dT%H:%M:%S}.{nanoseconds // 1000:06d}Z",
        "level": line.level,
        "service": service,
        "message": line.message,
    }
    if line.trace_id:
        content["trace_id"] = format_trace_id(line.trace_id)
        content["span_id"] = format_span_id(line.span_id)
    content.update(line.fields)
    try:
        return orjson.dumps(content, default=str, option=orjson.OPT_NON_STR_KEYS).decode()
    except (orjson.JSONEncodeError, UnicodeError):
        # A lone surrogate or an integer past 64 bits in a field must cost that field's form, not the line.
        readable = {key: repr(value) if key in line.fields else value for key, value in content.items()}
        readable["message"] = line.message.encode("utf-8", "backslashreplace").decode()
        return orjson.dumps(readable).decode()


class LineHandler(logging.Handler):
    """A logging handler that gives each record, as a `LogLine`, to its receivers, which must not block."""

    def __init__(self, receivers: Iterable[Any]) -> None:
        super().__init__()
        self._receivers = tuple(receivers)

    def handle(self, record: logging.LogRecord) -> bool:
        """Deliver the record. Unlike logging.Handler.handle it takes no lock: the receivers' queues need none."""
        try:
            line = line_of(record)
        except Exception:
            # A log call with a broken argument must not break the request that made it.
            self.handleError(record)
            return True
        for receive in self._receivers:
            receive(line)
        return True


class ConsoleWriter:
    """Writes lines to standard output, a batch in one call, for `lab logs` and for containers."""

    def __init__(self, service: str) -> None:
        self._service = service

    def __call__(self, lines: list[LogLine]) -> None:
        """Write the lines. Nobody reading (a closed pipe) is not an error of the service."""
        text = "".join(encode_line(line, self._service) + "\n" for line in lines)
        try:
            sys.stdout.write(text)
            sys.stdout.flush()
        except (OSError, ValueError):
            pass
