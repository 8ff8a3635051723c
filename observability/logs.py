"""Log lines: one JSON object each, with the trace and span they belong to.

A service logs with the standard library: `telemetry.logger.info("Fetching user %s", 123, extra={"user_id": 123})`.
Here a call becomes a `LogLine` on the request's thread (cheap: no JSON yet), and a background thread
makes the JSON and delivers it: to Loki (`loki.py`) and to standard output.
"""

from __future__ import annotations

import logging
import sys
import time
import traceback
from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, datetime
from typing import Any, NamedTuple

import orjson
from opentelemetry.trace import INVALID_SPAN, format_span_id, format_trace_id, get_current_span

_LEVELS = ("DEBUG", "INFO", "WARNING", "ERROR")


def log_level(text: str) -> str:
    """The level's name in capitals. Raises ValueError for an unknown one."""
    name = text.strip().upper()
    if name not in _LEVELS:
        raise ValueError("expected " + ", ".join(_LEVELS))
    return name


class LogLine(NamedTuple):
    """One log record, taken out of the logging machinery.

    `time_unix_nano` orders lines of one request that fall into the same microsecond; ids are 0 outside a span.
    """

    time_unix_nano: int
    level: str
    message: str
    trace_id: int
    span_id: int
    fields: dict[str, Any]


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
        readable = {_readable(key): _readable(value) for key, value in content.items()}
        return orjson.dumps(readable).decode()


def _readable(value: Any) -> str:
    text = value if isinstance(value, str) else repr(value)
    return text.encode("utf-8", "backslashreplace").decode()


class LineLogger(logging.Logger):
    """A standard logger whose records become `LogLine`s at once, given to `receivers`, which must not block.

    The standard library would first build a LogRecord (caller, thread, process, five times) and lock each handler: 10 µs a line
    where this takes 3. Handlers that somebody adds are still served, with ordinary records.
    """

    def __init__(self, name: str, level: int | str, receivers: Iterable[Callable[[LogLine], None]] = ()) -> None:
        super().__init__(name, level)
        self._receivers = tuple(receivers)

    def _log(
        self,
        level: int,
        msg: object,
        args: Any,
        exc_info: Any = None,
        extra: Mapping[str, object] | None = None,
        stack_info: bool = False,
        stacklevel: int = 1,
    ) -> None:
        try:
            line = self._line(level, msg, args, exc_info, extra)
        except Exception as error:
            # A log call with a broken argument must not break the request that made it.
            line = self._line(level, f"{msg!r} {args!r} (cannot be formatted: {error!r})", (), None, None)
        for receive in self._receivers:
            receive(line)
        if self.handlers:
            super()._log(level, msg, args, exc_info, extra, stack_info, stacklevel + 1)

    def _line(self, level: int, msg: object, args: Any, exc_info: Any, extra: Mapping[str, object] | None) -> LogLine:
        span = get_current_span()
        if span is INVALID_SPAN:
            trace_id = span_id = 0
        else:
            context = span.get_span_context()
            trace_id, span_id = context.trace_id, context.span_id
        fields = dict(extra) if extra else {}
        if exc_info:
            # Formatted here: a traceback keeps the request's frames alive, so it must not wait in a queue.
            error = exc_info if isinstance(exc_info, BaseException) else sys.exc_info()[1]
            if error is not None:
                fields["exception.type"] = type(error).__name__
                fields["exception.message"] = str(error)
                fields["exception.stacktrace"] = "".join(traceback.format_exception(error))
        message = str(msg) % args if args else str(msg)
        return LogLine(time.time_ns(), logging.getLevelName(level).lower(), message, trace_id, span_id, fields)


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
