"""`lab annotate`: marks a moment, so that it stands in the charts."""

import json
import time

import click

from lab.commands.options import running_lab, state_dir_option
from lab.events import KINDS, SERVICE, Event, EventError, Kind, clean_text, record
from lab.paths import StateDirectory
from lab.run_state import RunState
from lab.telemetry_client import LogLine, TelemetryClient, TelemetryError
from lab.terminal import make_console

#: Loki has a line as soon as it says so; a query may look a moment later.
_VISIBLE_WITHIN_SECONDS = 10.0


@click.command(name="annotate")
@click.argument("text")
@click.option(
    "--kind", "-k", type=click.Choice(KINDS), default="note", show_default=True, help="What it is that happened."
)
@click.option("--service", "-s", metavar="NAME", help="The service that it happened to [default: none in particular].")
@click.option("--json", "as_json", is_flag=True, help="Print the event as JSON.")
@state_dir_option
def command(text: str, kind: Kind, service: str | None, as_json: bool, state_dir: StateDirectory) -> None:
    """Mark this moment with TEXT, in the log of the lab and in every chart.

    The event is a log line in Loki; Grafana's dashboards show it as an annotation.
    """
    try:
        text = clean_text(text)
    except ValueError as error:
        raise click.BadParameter(str(error), param_hint="TEXT") from None
    state = running_lab(state_dir)
    if service is not None:
        _require_service(state, service)
    event = Event(text, kind, service)
    try:
        record(state.backends["loki"], event)
        with TelemetryClient.from_backends(state.backends) as client:
            line = _read_back(client, event)
    except (EventError, TelemetryError) as error:
        raise click.ClickException(str(error)) from None
    if as_json:
        click.echo(json.dumps(line.fields, ensure_ascii=False, indent=2))
        return
    place = f"  {service}" if service else ""
    make_console().print(
        f"{time.strftime('%H:%M:%S', time.localtime(line.time_unix_nano / 1e9))}  {kind}{place}  "
        f"{line.fields['message']}",
        markup=False,
    )


def _require_service(state: RunState, name: str) -> None:
    known = [process.name for process in state.processes if process.role == "service"]
    if name not in known:
        raise click.BadParameter(
            f"there is no service {name!r} in the running lab; there are: {', '.join(known)}", param_hint="--service"
        )


def _read_back(client: TelemetryClient, event: Event) -> LogLine:
    """The event as Loki has it. Raises TelemetryError when it does not show."""
    deadline = time.monotonic() + _VISIBLE_WITHIN_SECONDS
    query = f'{{service="{SERVICE}"}} | json | kind="{event.kind}"'
    while True:
        lines = client.logs(query, event.time_unix_nano, event.time_unix_nano + 1)
        for line in lines:
            if line.fields == event.fields:
                return line
        if time.monotonic() >= deadline:
            raise TelemetryError(f"Loki took the event, but does not show it after {_VISIBLE_WITHIN_SECONDS:g} s")
        time.sleep(0.1)
