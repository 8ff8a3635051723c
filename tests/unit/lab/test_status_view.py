"""How a status looks: whole on a narrow terminal, with links behind its titles, and no text of others is obeyed."""

import io
import re

import pytest
from rich.console import Console

from lab.alerts import Alert, AlertReport, Notification
from lab.arrival import Arrival
from lab.commands.status_view import show
from lab.explore import Link
from lab.health import ProcessHealth
from lab.run_state import ProcessIdentity, RunState
from lab.status import Status

NOW = 1_795_248_000.0
BACKENDS = {"prometheus": "http://127.0.0.1:9090", "alert_inbox": "http://127.0.0.1:9095"}


def status(restarts=0, alerts=(), notifications=()):
    state = RunState("run", ProcessIdentity(4194303, 0.0), "native", ["chain"], 0, BACKENDS, NOW - 4000)
    process = ProcessHealth(
        "telemetry_store", "backend", "http://127.0.0.1:32090", True, True, None, 4194304, 3800.0, restarts, 10**9
    )
    return Status(
        at=NOW,
        state=state,
        healthy=True,
        processes=[process],
        supervisor_bytes=30 * 10**6,
        arrival=Arrival(1.0, 2.0, None),
        alerts=AlertReport(alerts=tuple(alerts)),
        notifications=AlertReport(notifications=tuple(notifications)),
        links=[Link("Error rate by route", "http://127.0.0.1:3000/explore?panes=1")],
    )


def shown(status, width=120, terminal=False, with_links=False):
    file = io.StringIO()
    show(Console(file=file, width=width, force_terminal=terminal, highlight=False), status, with_links)
    return file.getvalue()


@pytest.mark.parametrize("restarts", [0, 7])
@pytest.mark.parametrize("width", [80, 100, 200])
def test_the_table_is_whole_at_any_usual_width(width, restarts):
    lines = shown(status(restarts), width).splitlines()

    assert lines[1].split()[:3] == ["telemetry_store", "ok", "ok"]
    assert lines[1].split()[-1] == "http://127.0.0.1:32090"
    assert "…" not in "\n".join(lines)
    assert ("7" in lines[1].split()) == (restarts == 7)


def test_on_a_terminal_a_title_is_a_link_and_elsewhere_one_line_says_where_they_are():
    link = re.compile(r"\x1b]8;[^;]*;http://127\.0\.0\.1:3000/explore\?panes=1\x1b\\")
    piped = shown(status())

    assert link.search(shown(status(), terminal=True))
    assert "http://127.0.0.1:3000" not in piped
    assert piped.endswith("1 ready questions to look further: python3 lab status --links\n")
    for terminal in (False, True):
        written_out = shown(status(), terminal=terminal, with_links=True)
        assert "  Error rate by route: http://127.0.0.1:3000/explore?panes=1\n" in written_out


def alert(**changes):
    fields = {
        "name": "TargetDown",
        "state": "firing",
        "severity": "page",
        "service": "database",
        "since": NOW - 65.5,
        "summary": "database is gone",
        "look_first": "its last lines",
        "dashboard_url": "http://127.0.0.1:3000/d/chain-database",
    }
    return Alert(**{**fields, **changes})


def test_an_alert_says_since_when_what_it_is_and_where_to_look():
    text = shown(status(alerts=[alert(), *[alert(state="pending", name=f"P{n}") for n in range(7)]]))

    assert "alerts: 1 firing, 7 pending\n  firing for 1 min 5 s  TargetDown (page)  database is gone\n" in text
    assert "    look first: its last lines\n    http://127.0.0.1:3000/d/chain-database\n" in text
    assert text.count("  pending for 1 min 5 s  P") == 5
    assert "  and 2 more that are pending\n" in text


@pytest.mark.parametrize("terminal", [False, True])
@pytest.mark.parametrize("text", ["[red]no[/red]", "[/]", "a link b", "100 % [x", ""])
def test_texts_of_rules_are_texts_and_nothing_else(terminal, text):
    strange = alert(name=text, summary=text, look_first=text, severity=text, dashboard_url=text or None)
    told = Notification(NOW, "firing", text, text, 2, text)

    output = shown(status(alerts=[strange], notifications=[told]), terminal=terminal)

    assert text in output


def test_notifications_of_an_earlier_run_are_left_out():
    earlier = Notification(NOW - 5000, "firing", "TargetDown", "loki", 1, "loki is gone")
    now = Notification(NOW - 10, "resolved", "TargetDown", "database", 3, "database is gone")

    assert "notifications: none yet" in shown(status(notifications=[earlier]))
    text = shown(status(notifications=[now, earlier]))
    assert "  resolved  TargetDown and 2 more  database is gone\n" in text
    assert "loki" not in text
