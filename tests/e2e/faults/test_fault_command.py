"""`lab fault` on a running lab: what it switches is in effect at once, is undone in every way, and costs no request."""

import json
import signal
import subprocess
import sys
import threading
import time

import pytest
import requests

from lab.faults.flag_file import FlagFile
from lab.paths import REPOSITORY, StateDirectory
from tests.e2e.conftest import boot

pytestmark = [pytest.mark.e2e, pytest.mark.slow]

#: Its effect can be seen without waiting for telemetry.
FAULT = "unscrapable"
FLAG = "metrics-endpoint"


def answer(lab, *arguments):
    result = lab.run("fault", *arguments, "--json")
    assert result.returncode == 0, result.stderr
    return json.loads(result.stdout)


def status_of(lab, service, path):
    return requests.get(lab.url(service, path), timeout=5).status_code


def state_of(lab, name):
    [state] = [one for one in answer(lab, "list") if one["name"] == name]
    return state


def test_a_new_lab_has_no_fault_on(lab_with_traffic):
    assert [one["name"] for one in answer(lab_with_traffic, "list") if one["on"]] == []


def test_a_lab_forgets_what_the_one_before_had_on(tmp_path):
    flags = FlagFile(StateDirectory(tmp_path).flag_file)
    flags.switch_on(FLAG, {"service": "backend"})

    for lab in boot(tmp_path, "--no-traffic"):
        assert flags.switched_on() == {}
        assert status_of(lab, "backend", "/metrics") == 200
        flags.switch_on(FLAG, {"service": "backend"})
    assert flags.switched_on() == {}


def test_switching_is_in_effect_within_a_second(lab_with_traffic, flags_of_the_lab, wait_for):
    # What comes first loads the provider: that may take a little longer.
    answer(lab_with_traffic, "on", FAULT)
    wait_for(lambda: status_of(lab_with_traffic, "backend", "/metrics") == 503, "the first switch", 5)
    for _ in range(3):
        flags_of_the_lab.switch_off(FLAG)
        wait_for(lambda: status_of(lab_with_traffic, "backend", "/metrics") == 200, "off", 1)
        flags_of_the_lab.switch_on(FLAG, {"service": "backend"})
        wait_for(lambda: status_of(lab_with_traffic, "backend", "/metrics") == 503, "on", 1)
    assert answer(lab_with_traffic, "clear") == {"switched_off": [FAULT]}
    wait_for(lambda: status_of(lab_with_traffic, "backend", "/metrics") == 200, "off", 1)


def test_what_is_on_is_listed_with_its_parameters_and_since_when(lab_with_traffic):
    before = time.time()
    answer(lab_with_traffic, "on", FAULT, "--set", "service=database")

    state = state_of(lab_with_traffic, FAULT)
    assert (state["on"], state["parameters"]) == (True, {"service": "database"})
    assert before <= state["since"] <= time.time()
    assert answer(lab_with_traffic, "show", FAULT)["chosen"] == {"service": "database"}
    assert "(on since " in lab_with_traffic.run("fault", "show", FAULT).stdout

    assert answer(lab_with_traffic, "off", FAULT)["on"] is False
    assert not state_of(lab_with_traffic, FAULT)["on"]
    assert lab_with_traffic.run("fault", "off", FAULT).stdout == f"{FAULT} is off already.\n"


def test_wait_proves_it_with_evidence_in_both_directions(lab_with_traffic):
    told = answer(lab_with_traffic, "on", FAULT, "--wait")
    assert told["evidence"]
    assert all(one["holds"] for one in told["evidence"])

    again = lab_with_traffic.run("fault", "on", FAULT, "--wait")
    assert again.returncode == 1
    assert f"Switch it off first: python3 lab fault off {FAULT} --wait" in again.stderr

    told = answer(lab_with_traffic, "off", FAULT, "--wait")
    assert told["recovery"]
    assert all(one["holds"] for one in told["recovery"])


def test_what_is_on_for_a_time_is_off_when_the_command_is_ended(lab_with_traffic, flags_of_the_lab, wait_for):
    command = subprocess.Popen(
        [sys.executable, str(REPOSITORY / "lab"), "fault", "on", FAULT, "--for", "10m"],
        env=lab_with_traffic.environment(),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
    )
    wait_for(lambda: FLAG in flags_of_the_lab.switched_on(), "on")
    command.send_signal(signal.SIGTERM)
    command.communicate(timeout=10)

    assert command.returncode == 130
    assert flags_of_the_lab.switched_on() == {}
    # The whole time, if nobody ends it.
    assert lab_with_traffic.run("fault", "on", FAULT, "--for", "1s").stdout.startswith(f"{FAULT} was on for 1 s")
    assert flags_of_the_lab.switched_on() == {}


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["on", "unscrapeable"], "there is no fault 'unscrapeable'; did you mean unscrapable?"),
        (["off", "unscrapeable"], "there is no fault 'unscrapeable'"),
        (["show", "unscrapeable"], "there is no fault 'unscrapeable'"),
        (["on", FAULT, "--set", "tier=backend"], "unscrapable has no parameter 'tier'; it has service"),
        (["on", FAULT, "--set", "service=cache"], "service must be one of frontend, backend, database, not cache"),
    ],
)
def test_what_there_is_not_is_refused_and_switches_nothing(lab_with_traffic, arguments, message):
    refused = lab_with_traffic.run("fault", *arguments)

    assert refused.returncode == 2
    assert message in refused.stderr


@pytest.mark.parametrize("verb", [["on", FAULT], ["off", FAULT], ["clear"]])
def test_without_a_lab_there_is_nothing_to_switch(lab_with_traffic, verb, tmp_path):
    refused = lab_with_traffic.run("fault", *verb, "--state-dir", str(tmp_path))

    assert refused.returncode == 1
    assert "no lab is running with state in" in refused.stderr
    assert list(tmp_path.iterdir()) == []
    # But what there is can be read.
    assert FAULT in lab_with_traffic.run("fault", "list", "--state-dir", str(tmp_path)).stdout


def test_an_annotation_is_there_only_if_it_was_asked_for(lab_with_traffic):
    telemetry = lab_with_traffic.telemetry
    title = answer(lab_with_traffic, "show", FAULT)["title"]
    query = f'{{service="lab"}} | json | kind="fault" | message="{title}"'
    answer(lab_with_traffic, "on", FAULT)
    answer(lab_with_traffic, "off", FAULT)
    assert telemetry.logs(query) == []

    answer(lab_with_traffic, "on", FAULT, "--annotate")
    answer(lab_with_traffic, "off", FAULT)
    [line] = telemetry.logs(query)
    assert line.fields["target_service"] == "backend"


def test_a_broken_file_is_reported_changes_nothing_and_is_mended_by_clear(lab_with_traffic, flags_of_the_lab, wait_for):
    log = StateDirectory(lab_with_traffic.state_dir).output_file("backend")
    answer(lab_with_traffic, "on", FAULT)
    wait_for(lambda: status_of(lab_with_traffic, "backend", "/metrics") == 503, "on")
    flags_of_the_lab.path.write_text('{"flags": {')
    wait_for(lambda: "flags.json cannot be used" in log.read_text(), "a line about it")

    assert status_of(lab_with_traffic, "backend", "/metrics") == 503
    refused = lab_with_traffic.run("fault", "list")
    assert refused.returncode == 1
    assert "switch everything off with: python3 lab fault clear" in refused.stderr
    assert answer(lab_with_traffic, "clear") == {"switched_off": []}
    wait_for(lambda: status_of(lab_with_traffic, "backend", "/metrics") == 200, "off")
    assert log.read_text().count("flags.json cannot be used") == 1


def test_switching_under_load_loses_no_request(lab_with_traffic, flags_of_the_lab):
    statuses, ended = [], threading.Event()

    def visit():
        with requests.Session() as session:
            number = 0
            while not ended.is_set():
                number += 1
                path = f"/user/{100 + number % 50}"
                statuses.append(session.get(lab_with_traffic.url("frontend", path), timeout=10).status_code)

    visitors = [threading.Thread(target=visit) for _ in range(2)]
    for visitor in visitors:
        visitor.start()
    flags = FlagFile(flags_of_the_lab.path)
    deadline = time.monotonic() + 4
    while time.monotonic() < deadline:
        flags.switch_on(FLAG, {"service": "backend"})
        flags.switch_on("inventory-index", {"table": "inventory"})
        time.sleep(0.3)
        flags.clear()
        time.sleep(0.3)
    ended.set()
    for visitor in visitors:
        visitor.join()

    assert len(statuses) > 50
    assert set(statuses) == {200}
