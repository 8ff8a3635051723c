"""Status lines: none until asked for, as many as asked for, and none any more."""

import threading
import time
from collections.abc import Callable, Iterator

import pytest

from observability.status_lines import StatusLines

from .conftest import Visible


def until(condition: Callable[[], object], seconds: float = 10) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, f"did not happen within {seconds} s"
        time.sleep(0.005)


@pytest.fixture
def status_lines(visible: Visible) -> Iterator[StatusLines]:
    yield visible.telemetry.status_lines
    visible.telemetry.status_lines.stop()


def test_a_line_says_how_the_process_is_and_belongs_to_no_request(visible: Visible, status_lines: StatusLines) -> None:
    with visible.telemetry.span("frontend_get_user"):
        status_lines.every(0.01)
        until(lambda: visible.lines)
    line = visible.lines[0]
    assert (line.level, line.trace_id) == ("info", 0)
    assert line.message.startswith("Status: ")
    assert set(line.fields) == {"cpu_seconds", "threads", "gc.pending"}
    assert line.fields["threads"] >= 2


def test_they_come_as_often_as_was_asked_for(visible: Visible, status_lines: StatusLines) -> None:
    status_lines.every(0.005)
    until(lambda: visible.lines)
    began, before = time.monotonic(), len(visible.lines)
    until(lambda: len(visible.lines) >= before + 100)
    # Never more; on a busy machine fewer.
    assert time.monotonic() - began > 0.4


def test_asking_again_changes_how_often_and_leaves_one_thread(visible: Visible, status_lines: StatusLines) -> None:
    before = threading.active_count()
    for _ in range(3):
        status_lines.every(0.01)
    assert threading.active_count() == before + 1


def test_after_the_end_there_are_none_and_nothing_is_left(visible: Visible, status_lines: StatusLines) -> None:
    before = threading.active_count()
    status_lines.stop()
    status_lines.every(0.001)
    until(lambda: visible.lines)
    status_lines.stop()
    assert threading.active_count() == before
    status_lines.stop()


@pytest.mark.parametrize("seconds", [0, -1, 0.0009, float("nan")])
def test_more_than_the_way_to_loki_can_carry_is_refused(status_lines: StatusLines, seconds: float) -> None:
    with pytest.raises(ValueError, match="expected at most 1000 in a second"):
        status_lines.every(seconds)


def test_they_end_with_the_service(visible: Visible, status_lines: StatusLines) -> None:
    before = threading.active_count()
    status_lines.every(0.01)
    visible.telemetry.shutdown()
    assert threading.active_count() == before
