"""How `lab status` looks on a terminal, and on a pipe."""

import time
from collections.abc import Sequence

from rich.columns import Columns
from rich.console import Console
from rich.style import Style
from rich.table import Table
from rich.text import Text

from lab.alerts import Alert, Notification
from lab.explore import Link
from lab.status import Status

_NOTIFICATIONS_SHOWN = 3
_PENDING_SHOWN = 5
_WIDTH_OF_ALL_COLUMNS = 100
_NUMBERS = ("pid", "up", "restarts", "memory")


def show(console: Console, status: Status, with_links: bool) -> None:
    """On a terminal a title is a link; `with_links` writes the addresses out."""
    hidden_links = console.is_terminal and not console.is_dumb_terminal and not with_links
    _show_processes(console, status)
    console.print()
    _show_arrival(console, status)
    for note in status.state.notes:
        console.print(f"note: {note}", markup=False, style="yellow")
    console.print()
    _show_alerts(console, status, hidden_links)
    if "alert_inbox" in status.state.backends:
        _show_notifications(console, status)
    console.print()
    if with_links or hidden_links:
        _show_links(console, status.links, hidden_links)
    else:
        console.print(f"{len(status.links)} ready questions to look further: python3 lab status --links")


def _show_processes(console: Console, status: Status) -> None:
    rows = [
        {
            "process": process.name,
            "health": _mark(process.healthy),
            "ready": _mark(process.ready),
            "pid": str(process.pid or "–"),
            "up": _duration(process.uptime_seconds),
            "restarts": str(process.restarts),
            "memory": _megabytes(process.memory_bytes) if process.memory_bytes else "–",
            "address": process.url or "",
        }
        for process in status.processes
    ]
    rows.append(
        {
            "process": "supervisor",
            "pid": str(status.state.supervisor.pid),
            "up": _duration(status.at - status.state.started_at),
            "memory": _megabytes(status.supervisor_bytes),
        }
    )
    columns = list(rows[0])
    if console.width < _WIDTH_OF_ALL_COLUMNS:
        # What is least missed makes room, and nothing is cut off.
        columns.remove("pid")
        columns.remove("memory" if any(process.restarts for process in status.processes) else "restarts")
    table = Table(box=None, padding=(0, 2, 0, 0), header_style="dim")
    for column in columns:
        table.add_column(column, justify="right" if column in _NUMBERS else "left", no_wrap=True)
    for row in rows:
        table.add_row(*(row.get(column, "") for column in columns))
    console.print(table)
    for process in status.processes:
        if process.problem:
            console.print(f"{process.name}: {process.problem}", markup=False, style="red")


def _show_arrival(console: Console, status: Status) -> None:
    arrival = status.arrival
    console.print(
        f"arriving per second: {_rate(arrival.samples)} samples, {_rate(arrival.log_lines)} log lines, "
        f"{_rate(arrival.spans)} spans",
        markup=False,
    )
    if arrival.problem:
        console.print(arrival.problem, markup=False, style="red")
    console.print(f"memory of the whole lab: {_megabytes(status.memory_bytes)}", markup=False)


def _show_alerts(console: Console, status: Status, hidden_links: bool) -> None:
    report = status.alerts
    if report.problem:
        console.print(f"alerts: {report.problem}", markup=False, style="red")
        return
    firing = [alert for alert in report.alerts if alert.state == "firing"]
    pending = [alert for alert in report.alerts if alert.state != "firing"]
    console.print(f"alerts: {len(firing)} firing, {len(pending)} pending", style="bold red" if firing else "")
    for alert in firing:
        console.print(_alert(alert, status.at, "red", hidden_links), soft_wrap=True)
        if alert.look_first:
            console.print(Text(f"    look first: {alert.look_first}", "dim"), soft_wrap=True)
        if alert.dashboard_url and not hidden_links:
            console.print(f"    {alert.dashboard_url}", markup=False, soft_wrap=True)
    for alert in pending[:_PENDING_SHOWN]:
        console.print(_alert(alert, status.at, "yellow", hidden_links), soft_wrap=True)
    if len(pending) > _PENDING_SHOWN:
        console.print(f"  and {len(pending) - _PENDING_SHOWN} more that are pending")


def _alert(alert: Alert, now: float, colour: str, hidden_links: bool) -> Text:
    name_style = Style(bold=True, link=alert.dashboard_url if hidden_links else None)
    return Text.assemble(
        "  ",
        (alert.state, colour),
        f" for {_duration(now - alert.since)}  ",
        (alert.name, name_style),
        f" ({alert.severity})" if alert.severity else "",
        f"  {alert.summary}" if alert.summary else "",
    )


def _show_notifications(console: Console, status: Status) -> None:
    """Those of this run: the inbox remembers earlier ones as well."""
    newest = [one for one in status.notifications.notifications if one.received_at >= status.state.started_at]
    if status.notifications.problem:
        console.print(status.notifications.problem, markup=False, style="red")
    elif not newest:
        console.print("notifications: none yet")
    else:
        console.print("last notifications:")
        for notification in newest[:_NOTIFICATIONS_SHOWN]:
            console.print(_notification(notification), soft_wrap=True)


def _notification(notification: Notification) -> Text:
    others = notification.alert_count - 1
    return Text.assemble(
        (time.strftime("  %H:%M:%S", time.localtime(notification.received_at)), "dim"),
        "  ",
        (notification.status, "red" if notification.status == "firing" else "green"),
        f"  {notification.alert_name}",
        f" and {others} more" if others else "",
        f"  {notification.summary}" if notification.summary else "",
    )


def _show_links(console: Console, links: Sequence[Link], hidden_links: bool) -> None:
    if hidden_links:
        console.print("explore:", style="bold")
        titles = [Text(f"  {link.title}", Style(link=link.url)) for link in links]
        console.print(Columns(titles, padding=(0, 2), column_first=True))
        return
    console.print("explore:")
    for link in links:
        console.print(f"  {link.title}: {link.url}", markup=False, soft_wrap=True)


def _mark(good: bool) -> str:
    return "[green]ok[/green]" if good else "[red]no[/red]"


def _rate(value: float | None) -> str:
    if value is None:
        return "? (not known yet)"
    return f"{value:,.1f}" if value < 100 else f"{value:,.0f}"


def _megabytes(count: int) -> str:
    return f"{count / 1e6:.0f} MB"


def _duration(seconds: float | None) -> str:
    if seconds is None:
        return "–"
    minutes, rest = divmod(max(int(seconds), 0), 60)
    hours, minutes = divmod(minutes, 60)
    if hours:
        return f"{hours} h {minutes} min"
    return f"{minutes} min {rest} s" if minutes else f"{rest} s"
