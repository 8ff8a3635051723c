"""`lab trace`: draws one trace on the terminal, each span with its log lines."""

import re
import time

import click
from rich.console import Console
from rich.table import Table
from rich.text import Text

from lab.commands.options import running_lab, state_dir_option
from lab.paths import StateDirectory
from lab.telemetry_client import LogLine, TelemetryClient, TelemetryError, TraceNotFound
from lab.terminal import make_console
from lab.waterfall import Waterfall, WaterfallRow, lay_out

_BAR_WIDTH = 32
_MARGIN_NANOSECONDS = 60 * 10**9
_MOST_LOG_LINES = 5000
_PLACED_FIELDS = ("timestamp", "level", "service", "message", "trace_id", "span_id")
_COLOURS = ("cyan", "green", "magenta", "blue", "yellow")


@click.command(name="trace")
@click.argument("trace_id")
@click.option("--no-logs", is_flag=True, help="Leave the log lines out.")
@click.option(
    "--wait",
    type=click.FloatRange(min=0),
    default=3.0,
    show_default=True,
    metavar="SECONDS",
    help="How long to wait for a trace that has not arrived yet.",
)
@state_dir_option
def command(trace_id: str, no_logs: bool, wait: float, state_dir: StateDirectory) -> None:
    """Show the trace TRACE_ID as a waterfall, with its log lines.

    The id is in the X-Trace-Id header of every answer and on every log line.
    """
    if not re.fullmatch(r"[0-9a-fA-F]{1,32}", trace_id):
        raise click.BadParameter(
            f"{trace_id!r} is no trace id; one looks like 4bf92f3577b34da6a3ce929d0e0e4736", param_hint="TRACE_ID"
        )
    trace_id = trace_id.lower().zfill(32)
    state = running_lab(state_dir)
    try:
        with TelemetryClient.from_backends(state.backends) as client:
            waterfall = _fetch(client, trace_id, with_logs=not no_logs, wait_seconds=wait)
    except TelemetryError as error:
        raise click.ClickException(str(error)) from None
    _draw(make_console(), waterfall)


def _fetch(client: TelemetryClient, trace_id: str, with_logs: bool, wait_seconds: float) -> Waterfall:
    deadline = time.monotonic() + wait_seconds
    while True:
        try:
            spans = client.trace(trace_id)
            break
        except TraceNotFound:
            if time.monotonic() >= deadline:
                raise
            time.sleep(0.2)
    lines: list[LogLine] = []
    if with_logs:
        lines = client.logs(
            f'{{service=~".+"}} |= "{trace_id}"',
            min(span.start_time_unix_nano for span in spans) - _MARGIN_NANOSECONDS,
            max(span.end_time_unix_nano for span in spans) + _MARGIN_NANOSECONDS,
            limit=_MOST_LOG_LINES,
        )
        # The line filter also finds the id where another trace's line mentions it.
        lines = [line for line in lines if line.fields.get("trace_id") == trace_id]
    return lay_out(spans, lines)


def _draw(console: Console, waterfall: Waterfall) -> None:
    began = time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(waterfall.start_time_unix_nano / 1e9))
    console.print(
        Text.assemble(
            (waterfall.trace_id, "bold"),
            f"  {began}  {_duration(waterfall.duration_seconds)}  "
            f"{len(waterfall.rows)} spans, {', '.join(waterfall.services)}",
        )
    )
    colours = {service: _COLOURS[n % len(_COLOURS)] for n, service in enumerate(waterfall.services)}
    table = Table(box=None, padding=(0, 2, 0, 0), show_header=False)
    table.add_column(overflow="fold")
    table.add_column(no_wrap=True)
    table.add_column(justify="right", no_wrap=True)
    for row in waterfall.rows:
        span = row.span
        name = Text("  " * row.depth)
        name.append(span.name, "bold red" if span.status == "error" else "bold")
        name.append(f"  {span.service}", colours[span.service])
        table.add_row(name, _bar(row, colours[span.service]), _duration(span.duration_seconds))
        if span.status == "error" and span.status_message:
            table.add_row(Text("  " * row.depth + f"  ! {span.status_message}", "red"), "", "")
        for line in row.log_lines:
            table.add_row(_log_line(line, row.depth), "", _after(line, waterfall))
    console.print(table)
    if waterfall.other_log_lines:
        console.print("Log lines outside these spans:")
        for line in waterfall.other_log_lines:
            console.print(_log_line(line, 0))


def _bar(row: WaterfallRow, colour: str) -> Text:
    first = min(int(row.begins * _BAR_WIDTH), _BAR_WIDTH - 1)
    length = max(round((row.ends - row.begins) * _BAR_WIDTH), 1)
    length = min(length, _BAR_WIDTH - first)
    return Text.assemble((" " * first), ("█" * length, colour), " " * (_BAR_WIDTH - first - length))


def _log_line(line: LogLine, depth: int) -> Text:
    level = str(line.fields.get("level", line.labels.get("level", ""))).upper()
    text = Text("  " * depth + "  · ", "dim")
    if level not in ("", "INFO", "DEBUG"):
        text.append(f"{level} ", "red" if level in ("ERROR", "CRITICAL") else "yellow")
    text.append(str(line.fields.get("message", line.line)), "default")
    for name, value in line.fields.items():
        if name not in _PLACED_FIELDS:
            text.append(f" {name}={value}", "dim")
    return text


def _after(line: LogLine, waterfall: Waterfall) -> Text:
    return Text("+" + _duration((line.time_unix_nano - waterfall.start_time_unix_nano) / 1e9), "dim")


def _duration(seconds: float) -> str:
    if abs(seconds) < 1e-3:
        return f"{seconds * 1e6:.0f} µs"
    return f"{seconds * 1e3:.1f} ms" if abs(seconds) < 1 else f"{seconds:.2f} s"
