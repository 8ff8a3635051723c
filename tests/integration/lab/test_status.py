"""`lab status` on a lab whose backends are ill: it says so, shows the rest, and comes to an end."""

import json
import socket
import threading
from collections.abc import Callable, Iterator

import pytest

ALERT = {
    "labels": {"alertname": "TargetDown", "severity": "page", "service": "database"},
    "annotations": {
        "summary": "database is [gone]",
        "look_first": "its last lines",
        "dashboard_url": "http://127.0.0.1:3000/d/chain-database",
    },
    "state": "firing",
    "activeAt": "2026-11-21T08:00:00Z",
}


def http_answer(content: object) -> bytes:
    body = json.dumps(content).encode()
    return b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\nConnection: close\r\n\r\n%b" % (len(body), body)


def healthy(request: bytes) -> Iterator[bytes]:
    if b"/api/v1/alerts" in request:
        yield http_answer({"status": "success", "data": {"alerts": [ALERT]}})
    elif b"/api/notifications" in request:
        alert = {"labels": {"alertname": "TargetDown"}, "annotations": {"summary": "gone"}}
        yield http_answer(
            {"notifications": [{"receivedAt": "2099-01-01T00:00:00Z", "status": "firing", "alerts": [alert]}]}
        )
    else:
        vector = {"resultType": "vector", "result": [{"metric": {}, "value": [1, "12.5"]}]}
        yield http_answer({"status": "success", "data": vector})


def hanging(request: bytes) -> Iterator[bytes]:
    yield b""


def dripping(request: bytes) -> Iterator[bytes]:
    """An answer that never ends; no time-out of a socket sees anything wrong with it."""
    yield b"HTTP/1.1 200 OK\r\nContent-Length: 1000000\r\n\r\n"
    while True:
        yield b" "


def rubbish(request: bytes) -> Iterator[bytes]:
    yield http_answer(["<html>"])


def cut_off(request: bytes) -> Iterator[bytes]:
    yield http_answer({"status": "success"})[:-3]
    raise ConnectionAbortedError


@pytest.fixture
def serve() -> Iterator[Callable[..., str]]:
    """serve(dripping): the address of a server that behaves like that."""
    over = threading.Event()
    threads: list[threading.Thread] = []
    listeners: list[socket.socket] = []

    def answer(connection: socket.socket, behave: Callable[[bytes], Iterator[bytes]]) -> None:
        with connection:
            try:
                for piece in behave(connection.recv(65536)):
                    connection.sendall(piece)
                    if behave in (hanging, dripping):
                        over.wait(60.0 if behave is hanging else 0.2)
                    if over.is_set():
                        return
            except OSError:
                return

    def accept(listener: socket.socket, behave: Callable[[bytes], Iterator[bytes]]) -> None:
        while not over.is_set():
            try:
                connection, _ = listener.accept()
            except OSError:
                return
            threads.append(threading.Thread(target=answer, args=(connection, behave)))
            threads[-1].start()

    def start(behave: Callable[[bytes], Iterator[bytes]]) -> str:
        listener = socket.create_server(("127.0.0.1", 0))
        listeners.append(listener)
        threads.append(threading.Thread(target=accept, args=(listener, behave)))
        threads[-1].start()
        return f"http://127.0.0.1:{listener.getsockname()[1]}"

    yield start
    over.set()
    for listener in listeners:
        # Closing it alone does not wake who waits for a connection.
        listener.shutdown(socket.SHUT_RDWR)
        listener.close()
    for thread in threads:
        thread.join(10)


def start_lab(throwaway_lab, serve, behave):
    throwaway_lab.add("backend")
    address = serve(behave)
    throwaway_lab.plan["backends"] = dict.fromkeys(("prometheus", "loki", "tempo", "alert_inbox"), address)
    throwaway_lab.plan["systems"] = ["chain"]
    throwaway_lab.plan["notes"] = ["loki is not on PATH: the telemetry store answers its API"]
    throwaway_lab.start_and_wait()


def test_alerts_notes_notifications_and_links_are_shown(throwaway_lab, serve, run_lab):
    start_lab(throwaway_lab, serve, healthy)

    result, with_links = run_lab("status"), run_lab("status", "--links")

    assert result.returncode == 0, result.stdout + result.stderr
    assert "arriving per second: 12.5 samples, 12.5 log lines, 12.5 spans" in result.stdout
    assert "note: loki is not on PATH: the telemetry store answers its API\n" in result.stdout
    assert "alerts: 1 firing, 0 pending\n" in result.stdout
    assert "TargetDown (page)  database is [gone]\n    look first: its last lines\n" in result.stdout
    # No Grafana runs, so nothing leads to one, but to the same dashboard in the workbench.
    assert "/d/chain-database" not in result.stdout
    assert "    http://127.0.0.1:1/dashboards/chain-database\n" in result.stdout
    assert "  firing  TargetDown  gone\n" in result.stdout
    assert "ready questions to look further: python3 lab status --links" in result.stdout
    assert "\nexplore:\n  Requests per second by service: http" in with_links.stdout


@pytest.mark.slow
def test_with_a_grafana_an_alert_leads_to_its_dashboard_and_links_to_explore(throwaway_lab, serve, run_lab):
    address = serve(healthy)
    throwaway_lab.plan["backends"] = {"prometheus": address, "grafana": "http://127.0.0.1:3000"}
    throwaway_lab.add("backend")
    throwaway_lab.start_and_wait()

    shown, content = run_lab("status").stdout, json.loads(run_lab("status", "--json").stdout)

    assert "    http://127.0.0.1:3000/d/chain-database\n" in shown
    assert content["alerts"][0]["dashboard_url"] == "http://127.0.0.1:3000/d/chain-database"
    assert all(link["url"].startswith("http://127.0.0.1:3000/explore?") for link in content["links"])
    # Without an Alertmanager there is no word of notifications.
    assert "notifications" not in shown
    assert content["notifications"] == []


@pytest.mark.slow
@pytest.mark.parametrize(
    "behave",
    [pytest.param(hanging, marks=pytest.mark.slow), pytest.param(dripping, marks=pytest.mark.slow), rubbish, cut_off],
    ids=lambda behave: behave.__name__,
)
def test_a_backend_that_is_ill_is_named_and_breaks_nothing(throwaway_lab, serve, run_lab, behave):
    start_lab(throwaway_lab, serve, behave)

    shown, as_json = run_lab("status"), run_lab("status", "--json")

    assert "Traceback" not in shown.stderr + as_json.stderr
    # The processes are well; that is what the exit code tells of.
    assert (shown.returncode, as_json.returncode) == (0, 0)
    assert shown.stdout.splitlines()[1].startswith("backend     ok      ok")
    assert "alerts: Prometheus" in shown.stdout
    content = json.loads(as_json.stdout)
    assert content["arrival_per_second"]["problem"]
    assert content["alerts_problem"]
    assert content["notifications_problem"]
    assert content["alerts"] == content["notifications"] == []


@pytest.mark.slow
def test_a_process_whose_health_check_never_ends_is_not_healthy(throwaway_lab, serve, run_lab):
    throwaway_lab.add("backend")
    address = serve(dripping)
    throwaway_lab.plan["processes"][0]["health_url"] = address + "/health"
    throwaway_lab.start_and_wait()

    result = run_lab("status", "--json")

    (process,) = json.loads(result.stdout)["processes"]
    assert result.returncode == 1
    assert (process["healthy"], process["ready"]) == (False, False)
    assert process["problem"] == "its answers do not come to an end within 8 s"
