import json
import logging
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from opentelemetry.trace import format_span_id, format_trace_id

from observability.logs import LineLogger, LogLine, log_level

from .conftest import Visible


def test_a_line_inside_a_span_carries_its_ids_and_its_fields(visible: Visible) -> None:
    with visible.telemetry.span("frontend_get_user"):
        visible.telemetry.logger.info("Fetching user %s", 123, extra={"user_id": 123})
    span = visible.spans["frontend_get_user"]
    (line,) = visible.lines
    assert json.loads(line.json()) == {
        "timestamp": (datetime.fromtimestamp(0, UTC) + timedelta(microseconds=line.time_unix_nano // 1000)).isoformat(
            timespec="microseconds"
        )[:-6]
        + "Z",
        "level": "info",
        "service": "frontend",
        "message": "Fetching user 123",
        "trace_id": format_trace_id(span.context.trace_id),
        "span_id": format_span_id(span.context.span_id),
        "user_id": 123,
    }


def test_a_line_outside_a_span_has_no_ids(visible: Visible) -> None:
    visible.telemetry.logger.warning("Starting")
    content = json.loads(visible.lines[0].json())
    assert "trace_id" not in content
    assert content["level"] == "warning"


def test_levels_below_the_loggers_are_not_made(visible: Visible) -> None:
    visible.telemetry.logger.debug("Never seen")
    assert visible.lines == []


def test_an_exception_is_told_with_type_message_and_stack(visible: Visible) -> None:
    try:
        raise KeyError("price")
    except KeyError:
        visible.telemetry.logger.exception("Pricing failed")
    fields = visible.lines[0].fields
    assert fields["exception.type"] == "KeyError"
    assert fields["exception.message"] == "'price'"
    assert "test_logs.py" in fields["exception.stacktrace"]


def test_a_log_call_with_a_broken_argument_is_still_a_line(visible: Visible) -> None:
    visible.telemetry.logger.info("%d users", "many")
    assert "cannot be formatted" in visible.lines[0].message
    assert "'many'" in visible.lines[0].message


def test_handlers_that_somebody_adds_get_ordinary_records() -> None:
    records: list[logging.LogRecord] = []

    class Keep(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            records.append(record)

    logger = LineLogger("frontend", "INFO")
    logger.addHandler(Keep())
    logger.info("Fetching user %s", 1)
    assert [(record.getMessage(), record.funcName) for record in records] == [
        ("Fetching user 1", "test_handlers_that_somebody_adds_get_ordinary_records")
    ]


anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.binary() | st.builds(object),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=5,
)


@given(
    message=st.text(alphabet=st.characters()),
    fields=st.dictionaries(st.text(alphabet=st.characters()), anything, max_size=4),
)
def test_whatever_is_logged_becomes_one_line_of_json(message: str, fields: dict[str, object]) -> None:
    line = LogLine("frontend", 1_795_172_400_000_000_001, "info", message, 1, 2, fields).json()
    assert "\n" not in line
    assert isinstance(json.loads(line), dict)


def test_a_lone_surrogate_costs_its_own_form_and_not_the_line() -> None:
    line = LogLine("frontend", 0, "info", "caf\udce9", fields={"path": "/\udcff", "n": 2**80})
    assert json.loads(line.json()) == {
        "timestamp": "1970-01-01T00:00:00.000000Z",
        "level": "info",
        "service": "frontend",
        "message": "caf\\udce9",
        "path": "/\\udcff",
        "n": str(2**80),
    }


def test_an_unknown_level_is_refused() -> None:
    assert log_level("warning") == "WARNING"
    with pytest.raises(ValueError, match="expected DEBUG, INFO, WARNING, ERROR"):
        log_level("LOUD")


def test_lines_that_are_not_correlated_have_no_ids_and_everything_else(visible: Visible) -> None:
    logger = visible.telemetry.logger
    with visible.telemetry.span("frontend_get_user"):
        for correlated in (True, False, True):
            logger.correlated = correlated
            logger.info("Fetching user %s", 123, extra={"user_id": 123})
    contents = [json.loads(line.json()) for line in visible.lines]
    assert [sorted(content) for content in contents] == [
        ["level", "message", "service", "span_id", "timestamp", "trace_id", "user_id"],
        ["level", "message", "service", "timestamp", "user_id"],
        ["level", "message", "service", "span_id", "timestamp", "trace_id", "user_id"],
    ]
