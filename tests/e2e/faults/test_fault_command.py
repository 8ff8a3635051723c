"""`lab fault` on a running lab: what it switches is in effect at once, is undone in every way, and costs no request."""

import itertools
import json
import signal
import subprocess
import sys
import threading
import time
from contextlib import contextmanager

import pytest
import requests

from lab.faults.flag_file import FlagFile
from lab.paths import REPOSITORY, StateDirectory
from tests.e2e.conftest import boot
from tests.e2e.faults.conftest import FAULTS

pytestmark = [pytest.mark.e2e, pytest.mark.slow]

#: Its effect can be seen without waiting for telemetry.
FAULT = "unscrapable"
FLAG = "metrics-endpoint"

#: They change how a page comes about and what is told of it, not what is on it.
HARMLESS_TO_ANSWERS = (
    *("missing-index", "chatty-inventory", "slow-release"),
    *("unscrapable", "broken-propagation", "lost-spans", "uncorrelated-logs", "log-flood"),
)


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


@contextmanager
def visitors(lab, count=4):
    """People who ask one page after the other; yields what became of each request, in the end of all of them."""
    told, ended = [], threading.Event()

    def visit(first_user):
        with requests.Session() as session:
            for user in itertools.cycle(range(first_user, first_user + 50)):
                if ended.is_set():
                    return
                try:
                    answered = session.get(lab.url("frontend", f"/user/{user}"), timeout=10)
                    told.append(answered.status_code if answered.json() else "an empty page")
                except (requests.RequestException, ValueError) as error:
                    told.append(repr(error))

    threads = [threading.Thread(target=visit, args=(100 + 50 * number,)) for number in range(count)]
    for thread in threads:
        thread.start()
    try:
        yield told
    finally:
        ended.set()
        for thread in threads:
            thread.join()


def test_switching_under_load_loses_no_request(lab_with_traffic, flags_of_the_lab):
    harmless = [FAULTS[name] for name in HARMLESS_TO_ANSWERS]
    deadline = time.monotonic() + 5
    with visitors(lab_with_traffic) as told:
        for one in itertools.cycle(harmless):
            flags_of_the_lab.switch_on(one.flag, one.defaults)
            # Longer than the services wait between two looks at the file.
            time.sleep(0.3)
            flags_of_the_lab.switch_off(one.flag)
            if time.monotonic() > deadline:
                break
            # The next time all of them at once.
            for other in harmless:
                flags_of_the_lab.switch_on(other.flag, other.defaults)
            time.sleep(0.3)
            flags_of_the_lab.clear()

    assert len(told) > 100
    assert [one for one in told if one != 200] == []


def test_a_broken_file_is_reported_and_changes_nothing(lab_with_traffic, flags_of_the_lab, wait_for):
    def says(sentence):
        return {
            service: StateDirectory(lab_with_traffic.state_dir).output_file(service).read_text().count(sentence)
            for service in ("frontend", "backend", "database")
        }

    def each(times):
        return dict.fromkeys(("frontend", "backend", "database"), times)

    def are_off(*services):
        return all(status_of(lab_with_traffic, service, "/metrics") == 503 for service in services)

    path = flags_of_the_lab.path
    flags_of_the_lab.switch_on(FLAG, {"service": "backend"})
    wait_for(lambda: are_off("backend"), "on")
    whole = path.read_text()
    with visitors(lab_with_traffic, count=1) as told:
        path.write_text('{"flags": {')
        wait_for(lambda: says("flags.json cannot be used") == each(1), "a line of each service")
        # The same mistake, made again and in another way, is no news.
        for broken in ('{"flags": {"', "flags: []", ""):
            path.write_text(broken)
            time.sleep(0.4)
            assert are_off("backend")

        for arguments in (["list"], ["on", "missing-index"]):
            refused = lab_with_traffic.run("fault", *arguments)
            assert refused.returncode == 1
            assert f"{path} is not in flagd's format" in refused.stderr
            assert "switch everything off with: python3 lab fault clear" in refused.stderr
        assert path.read_text() == ""

        assert says("flags.json cannot be used") == each(1)
        path.write_text(whole.replace('"backend"', '"database"'))
        wait_for(lambda: says("flags.json can be used again") == each(1), "a line that it is mended")
        wait_for(lambda: are_off("database") and not are_off("backend"), "what it says now")

        path.write_text('{"flags": {')
        wait_for(lambda: says("flags.json cannot be used") == each(2), "a line that it is broken again")
        assert answer(lab_with_traffic, "clear") == {"switched_off": []}
        wait_for(lambda: not are_off("database"), "off")
    assert [one for one in told if one != 200] == []
