"""Actions on real processes and a real flag file: each is done, and waited for."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

import pytest

from lab.faults.flag_file import FlagFile
from lab.incidents.acting import ActionFailed, Operator
from lab.incidents.system_file import read_system_incidents
from lab.manifest import discover
from tests.integration.lab.conftest import ThrowawayLab, throwaway_lab, wait_for_fixture

__all__ = ["throwaway_lab", "wait_for_fixture"]


def operator(lab: ThrowawayLab) -> Operator:
    return Operator(lab.directory, "frontend", read_system_incidents(discover()["chain"]).moments)


@pytest.mark.parametrize(
    ("action", "target", "service"),
    [("restart", "backend", "backend"), ("rollback", "backend", "backend"), ("limit-traffic", "", "frontend")],
)
def test_a_service_is_started_anew_and_the_other_left_alone(
    action: str, target: str, service: str, throwaway_lab: ThrowawayLab
) -> None:
    throwaway_lab.add("backend")
    throwaway_lab.add("frontend", depends_on=("backend",))
    throwaway_lab.start_and_wait()
    [other] = {"backend", "frontend"} - {service}
    before = {name: throwaway_lab.pid_of(name) for name in ("backend", "frontend")}

    said = operator(throwaway_lab).carry_out(action, target)

    assert service in said
    assert throwaway_lab.answers(service)
    assert throwaway_lab.pid_of(service) != before[service]
    assert throwaway_lab.pid_of(other) == before[other]


def test_without_a_lab_an_action_fails(throwaway_lab: ThrowawayLab) -> None:
    with pytest.raises(ActionFailed, match="the lab has ended"):
        operator(throwaway_lab).carry_out("restart", "backend")


@pytest.mark.parametrize(
    ("action", "target", "flag"), [("flush-cache", "", "cache-store"), ("rebuild-index", "orders", "maintenance-job")]
)
def test_what_it_costs_is_there_for_a_moment(
    action: str, target: str, flag: str, throwaway_lab: ThrowawayLab, wait_for: Callable[..., Any]
) -> None:
    flags = FlagFile(throwaway_lab.directory.flag_file)
    acting = threading.Thread(target=operator(throwaway_lab).carry_out, args=(action, target))
    acting.start()
    wait_for(lambda: flag in flags.switched_on(), "it is on")
    acting.join()
    assert flags.switched_on() == {}


def test_a_fault_that_is_on_stays_on(throwaway_lab: ThrowawayLab) -> None:
    flags = FlagFile(throwaway_lab.directory.flag_file)
    flags.switch_on("cache-store", {"on": True})
    operator(throwaway_lab).carry_out("flush-cache", "")
    assert set(flags.switched_on()) == {"cache-store"}
