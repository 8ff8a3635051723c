"""`lab doctor` finds what is wrong with this very machine, and says what to do."""

import json
import socket

from lab import doctor
from lab.doctor import check_compose_stack, check_disk, check_native_stack, check_ports, check_state, examine
from lab.manifest import discover
from lab.paths import StateDirectory

CHAIN = [discover()["chain"]]


def test_every_check_answers_on_this_machine(tmp_path):
    findings = examine(StateDirectory(tmp_path), CHAIN, port_offset=20_000)

    assert {finding.check for finding in findings} == {
        "python",
        "environment",
        "state",
        "ports",
        "loopback",
        "disk",
        "memory",
        "clock",
        "native stack",
        "compose stack",
        "optional programs",
    }
    by_check = {finding.check: finding for finding in findings}
    for check in ("python", "loopback", "clock", "native stack", "compose stack", "optional programs"):
        assert by_check[check].verdict == "ok", by_check[check]


def test_a_port_in_use_fails_with_its_holder_and_another_offset(tmp_path, monkeypatch):
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
        offset = port - CHAIN[0].entry.port

        findings = check_ports(StateDirectory(tmp_path), CHAIN, offset)

    mine = [finding for finding in findings if finding.found.startswith(f"port {port}, for frontend, is in use by")]
    assert [(finding.verdict, finding.advice) for finding in mine] == [
        ("fail", f"stop it, or start with --port-offset {offset + 1000}")
    ]


def test_an_impossible_offset_fails(tmp_path):
    (finding,) = check_ports(StateDirectory(tmp_path), CHAIN, 65_000)

    assert finding.verdict == "fail"
    assert "not between 1 and 65535" in finding.found


def test_a_running_lab_is_reported(throwaway_lab):
    throwaway_lab.add("backend")
    state = throwaway_lab.start_and_wait()

    (finding,) = check_state(throwaway_lab.directory)

    assert finding.verdict == "ok"
    assert finding.found.startswith(f"a lab is running (supervisor pid {state.supervisor.pid})")
    assert check_ports(throwaway_lab.directory, CHAIN)[0].found == "held by the running lab"


def test_what_an_interrupted_lab_left_behind_is_reported(throwaway_lab, run_lab):
    throwaway_lab.add("backend", "--with-child")
    throwaway_lab.start_and_wait()
    throwaway_lab.process.kill()
    throwaway_lab.process.wait()

    (finding,) = check_state(throwaway_lab.directory)

    assert (finding.verdict, finding.found) == ("warn", "a lab was interrupted and left 2 processes behind")
    assert "python3 lab down" in finding.advice
    run_lab("down")
    assert check_state(throwaway_lab.directory)[0].verdict == "ok"


def test_servers_of_the_native_stack_are_named_with_what_they_are_for(tmp_path, monkeypatch):
    program = tmp_path / "prometheus"
    program.write_text("#!/bin/sh\necho prometheus, version 3.14.0\n")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))

    (finding,) = check_native_stack()
    (chosen,) = check_native_stack(chosen=True)

    assert finding.verdict == "ok"
    assert finding.found.startswith("found: prometheus 3.14.0; loki is not on PATH (log lines); tempo is not on PATH")
    assert (chosen.verdict, chosen.found) == ("warn", finding.found)


def test_docker_is_only_missed_by_who_wants_containers(tmp_path, monkeypatch):
    monkeypatch.setenv("PATH", str(tmp_path))

    (finding,) = check_compose_stack()
    (chosen,) = check_compose_stack(chosen=True)

    assert finding.verdict == "ok"
    assert finding.found.startswith("cannot be started: docker is not on PATH")
    assert chosen.verdict == "fail"
    assert "https://docs.docker.com/" in chosen.advice


def test_too_little_disk_fails(tmp_path, monkeypatch):
    monkeypatch.setattr(doctor, "DISK_FAIL_BYTES", 10**18)

    (finding,) = check_disk(StateDirectory(tmp_path / "not" / "yet" / "there"))

    assert (finding.verdict, finding.advice) == ("fail", "make room, or choose another place: --state-dir")


def test_the_command_prints_json_and_its_exit_code_follows_the_findings(run_lab):
    result = run_lab("doctor", "--json", "--port-offset", "60000")

    content = json.loads(result.stdout)
    assert result.returncode == 1
    assert content["ok"] is False
    assert {"check", "verdict", "found", "advice"} == set(content["findings"][0])
    assert "fail" in run_lab("doctor", "--port-offset", "60000").stdout
