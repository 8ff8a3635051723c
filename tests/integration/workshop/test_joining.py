"""The real server and real `join` processes: an order reaches those it is for, and nobody is left with a fault."""

import os
import signal

import pytest

from lab.faults.catalogue import read_catalogue
from lab.paths import StateDirectory
from tests.integration.workshop.workshop_processes import LearnersLab, poll, served_workshop
from tests.machine import free_port

pytestmark = [pytest.mark.slow, pytest.mark.timeout(180)]


def printed(result):
    return result.stdout + result.stderr


def join(lab, workshop, name, *options):
    result = lab.run("join", workshop.address, "--name", name, *options)
    assert result.returncode == 0, printed(result)
    return result


def kill(lab):
    os.kill(lab.files.process().pid, signal.SIGKILL)
    poll(lambda: not lab.files.is_running(), "it is dead")


def test_a_fault_for_one_team_is_on_there_only_and_off_again_and_gone_after_leaving(workshop, labs):
    red, blue = labs("red"), labs("blue")
    said = [
        printed(join(red, workshop, "ada", "--team", "red")),
        printed(join(blue, workshop, "bob", "--team", "blue")),
    ]
    poll(lambda: workshop.learner("ada")["lab"]["up"], "ada's lab is seen to be up")

    workshop.order({"team": "red"}, "on", fault="lost-spans", set={"service": "frontend"})
    assert (red.on(), blue.on()) == ({"lost-spans"}, set())
    poll(lambda: workshop.learner("ada")["on"] == ["lost-spans"], "the instructor sees it")

    workshop.order({"everybody": True}, "on", fault="missing-index")
    assert (red.on(), blue.on()) == ({"lost-spans", "missing-index"}, {"missing-index"})
    workshop.order({"learner": "ada"}, "off", fault="lost-spans")
    assert (red.on(), blue.on()) == ({"missing-index"}, {"missing-index"})

    said.append(printed(red.run("leave")))
    assert (red.on(), blue.on()) == (set(), {"missing-index"})
    assert workshop.learner("ada") is None
    workshop.order({"everybody": True}, "clear")
    assert blue.on() == set()

    said += [printed(blue.run("status")), blue.files.log.read_text(), red.files.log.read_text()]
    assert [name for name in read_catalogue() if name in "".join(said)] == []


def test_what_a_killed_process_has_left_is_undone_by_leaving_and_by_joining_again_under_ones_own_name(workshop, labs):
    dora, other = labs("dora"), labs("other")
    join(dora, workshop, "dora")
    workshop.order({"learner": "dora"}, "on", fault="missing-index")
    kill(dora)
    assert dora.on() == {"missing-index"}
    assert "Nothing is reported any more" in printed(dora.run("status"))

    refused = other.run("join", workshop.address, "--name", "Dora")
    assert refused.returncode == 1
    assert "somebody is called dora already: choose another name" in refused.stderr
    join(dora, workshop, "dora")
    assert dora.on() == set()
    assert "you take part already" in printed(dora.run("join", workshop.address, "--name", "dora"))

    workshop.order({"learner": "dora"}, "on", fault="missing-index")
    kill(dora)
    assert dora.run("leave").returncode == 0
    assert dora.on() == set()


def test_who_is_removed_is_well_again_and_hears_it(workshop, labs):
    lab = labs("removed")
    join(lab, workshop, "emil")
    workshop.order({"learner": "emil"}, "on", fault="missing-index")

    workshop.ask("/api/instructor/remove", {"learner": "emil"})

    poll(lambda: not lab.files.is_running(), "the process ends")
    assert lab.on() == set()
    assert "the instructor has removed you" in printed(lab.run("status"))


def test_a_server_and_a_lab_that_come_back_find_the_learner_still_joined(tmp_path):
    port = free_port()
    lab = LearnersLab(StateDirectory(tmp_path / "patient"))
    with served_workshop(tmp_path / "instructor", port) as before, lab.running():
        join(lab, before, "frida", "--team", "red")
    poll(lambda: "does not answer" in str(lab.files.contact()), "the server is missed")

    with served_workshop(tmp_path / "instructor", port) as after:
        assert after.secret == before.secret
        poll(lambda: after.learner("frida")["lab"], "it reports again")
        assert after.learner("frida")["team"] == "red"
        assert after.learner("frida")["lab"]["up"] is False
        after.order({"everybody": True}, "on", fault="missing-index")
        assert after.outcome("frida") == "refused"
        with lab.running():
            after.order({"everybody": True}, "on", fault="missing-index")
            assert (after.outcome("frida"), lab.on()) == ("done", {"missing-index"})
        assert lab.run("leave").returncode == 0
    assert lab.on() == set()


def test_a_port_in_use_is_named(workshop, labs):
    port = workshop.address.rpartition(":")[2]
    result = labs("second").run("serve", "--port", port)

    assert result.returncode == 1
    assert f"cannot serve workshop.app:create_app on 127.0.0.1:{port}" in result.stderr
