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
from contextlib import suppress
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any

import orjson
from opentelemetry.trace import INVALID_SPAN, get_current_span

from observability.clock import Clock

_LEVELS = ("DEBUG", "INFO", "WARNING", "ERROR")


def log_level(text: str) -> str:
    """The level's name in capitals. Raises ValueError for an unknown one."""
    name = text.strip().upper()
    if name not in _LEVELS:
        raise ValueError("expected " + ", ".join(_LEVELS))
    return name


class LogLine:
    """One line of a service's log; as JSON only when somebody asks for it, off the request's thread.

    `time_unix_nano` orders lines of one request that fall into the same microsecond; ids are 0 outside a span.
    """

    __slots__ = ("_json", "fields", "level", "message", "service", "span_id", "time_unix_nano", "trace_id")

    def __init__(
        self,
        service: str,
        time_unix_nano: int,
        level: str,
        message: str,
        trace_id: int = 0,
        span_id: int = 0,
        fields: Mapping[str, Any] | None = None,
    ) -> None:
        self.service = service
        self.time_unix_nano = time_unix_nano
        self.level = level
        self.message = message
        self.trace_id = trace_id
        self.span_id = span_id
        self.fields = fields or {}
        self._json: str | None = None

    def json(self) -> str:
        """timestamp, level, service, message, then trace_id and span_id (inside a span), then the fields."""
        # Kept, because the console and Loki both ask.
        if self._json is None:
            self._json = self._encode()
        return self._json

    def _encode(self) -> str:
        content: dict[str, Any] = {
            "timestamp": rfc3339(self.time_unix_nano),
            "level": self.level,
            "service": self.service,
            "message": self.message,
        }
        if self.trace_id:
            content["trace_id"] = f"{self.trace_id:032x}"
            content["span_id"] = f"{self.span_id:016x}"
        if self.fields:
            content.update(self.fields)
        try:
            return orjson.dumps(content, default=str, option=orjson.OPT_NON_STR_KEYS).decode()
        except (orjson.JSONEncodeError, UnicodeError):
            # A lone surrogate or an integer past 64 bits in a field must cost that field's form, not the line.
            readable = {_readable(key): _readable(value) for key, value in content.items()}
            return orjson.dumps(readable).decode()


@lru_cache(maxsize=4)
def _second(unix_seconds: int) -> str:
    return f"{datetime.fromtimestamp(unix_seconds, UTC):%Y-%m-%dT%H:%M:%S}"


def rfc3339(time_unix_nano: int) -> str:
    """The time as RFC 3339 in UTC, to the microsecond."""
    seconds, nanoseconds = divmod(time_unix_nano, 1_000_000_000)
    return f"{_second(seconds)}.{nanoseconds // 1000:06d}Z"


def _readable(value: Any) -> str:
    text = value if isinstance(value, str) else repr(value)
    return text.encode("utf-8", "backslashreplace").decode()


class LineLogger(logging.Logger):
    """A standard logger whose records become `LogLine`s at once, given to `receivers`, which must not block.

    The standard library would first build a LogRecord (caller, thread, process, five times) and lock each handler:
    10 µs a line where this takes 3. Handlers that somebody adds are still served, with ordinary records.

    `correlated`: whether lines tell the trace and the span they belong to.
    """

    def __init__(
        self,
        name: str,
        level: int | str,
        receivers: Iterable[Callable[[LogLine], None]] = (),
        clock: Clock | None = None,
    ) -> None:
        super().__init__(name, level)
        self.correlated = True
        self._receivers = tuple(receivers)
        self._clock = clock or Clock()

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
        span = get_current_span() if self.correlated else INVALID_SPAN
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
        now = time.time_ns() + self._clock.offset_nanoseconds
        return LogLine(self.name, now, _level_name(level), message, trace_id, span_id, fields)


@lru_cache(maxsize=16)
def _level_name(level: int) -> str:
    return logging.getLevelName(level).lower()


def write_to_console(lines: list[LogLine]) -> None:
    """Write the lines to standard output in one call, for `lab logs` and for containers.

    Nobody reading (a closed pipe, a full disk) is not an error of the service.
    """
    with suppress(OSError, ValueError):
        sys.stdout.write("".join(line.json() + "\n" for line in lines))
        sys.stdout.flush()
