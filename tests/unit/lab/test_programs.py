"""Which real servers this machine has: found under any of their names, and only if they are what they seem."""

import os

import pytest

from lab.stacks.programs import SERVER_PROGRAMS, find_server, grafana_home


@pytest.fixture
def install(tmp_path, monkeypatch):
    """install("loki", "loki, version 3.7.6"): a program on a PATH of its own, which answers with this text."""
    directory = tmp_path / "prefix" / "bin"
    directory.mkdir(parents=True)
    monkeypatch.setenv("PATH", str(directory))
    monkeypatch.delenv("GF_PATHS_HOME", raising=False)

    def write(name, answer="", exit_code=0):
        program = directory / name
        program.write_text(f"#!/bin/sh\nprintf '%s' '{answer}'\nexit {exit_code}\n")
        program.chmod(0o755)
        return program

    return write


@pytest.mark.parametrize(
    ("server", "command", "answer", "version"),
    [
        ("prometheus", "prometheus", "prometheus, version 3.14.0 (branch: HEAD, revision: 1)", "3.14.0"),
        ("prometheus", "prometheus", "prometheus, version 2.42.0+ds (branch: debian/sid)", "2.42.0"),
        ("alertmanager", "prometheus-alertmanager", "alertmanager, version 0.25.0 (branch: debian/sid)", "0.25.0"),
        ("alertmanager", "alertmanager", "alertmanager, version 0.34.0", "0.34.0"),
        ("loki", "loki", "loki, version 3.7.6 (branch: , revision: unknown)", "3.7.6"),
        ("tempo", "tempo", "tempo, version (version=3.0.3, branch=, revision=unknown)", "3.0.3"),
        ("tempo", "tempo", "tempo, version v3.1.0-rc.0 (branch: r3)", "3.1.0"),
    ],
)
def test_a_server_is_found_with_its_version(install, server, command, answer, version):
    program = install(command, answer)

    found = find_server(server)

    assert (found.path, found.version, found.problem) == (program, version, "")


def test_of_two_names_the_usual_one_counts(install):
    install("prometheus-alertmanager", "alertmanager, version 0.25.0")
    program = install("alertmanager", "alertmanager, version 0.34.0")

    assert find_server("alertmanager").path == program


@pytest.mark.parametrize("server", [program.name for program in SERVER_PROGRAMS])
def test_one_that_is_not_there_is_no_error(install, server):
    found = find_server(server)

    assert (found.path, found.problem) == (None, "is not on PATH")


@pytest.mark.parametrize("answer", ["", "Tempo 13: pulsar timing", "usage: tempo PARFILE"])
def test_another_program_of_the_same_name_is_not_taken(install, answer):
    program = install("tempo", answer, exit_code=1)

    assert find_server("tempo").path is None
    assert find_server("tempo").problem == f"is on PATH, but {program} does not answer as it when asked its version"


@pytest.mark.parametrize(
    ("server", "answer", "oldest"),
    [("tempo", "tempo, version 2.10.1", "3.0"), ("prometheus", "prometheus, version 2.41.0", "2.42")],
)
def test_one_that_is_too_old_for_the_configuration_is_not_taken(install, server, answer, oldest):
    program = install(server, answer)

    found = find_server(server)

    assert found.path is None
    assert found.problem == f"at {program} is version {answer.split()[-1]}, and its configuration needs {oldest}"


def test_a_version_that_says_nothing_is_believed(install):
    program = install("loki", "loki, version (branch: main, built by hand)")

    assert find_server("loki").path == program


@pytest.mark.parametrize("command", ["grafana", "grafana-server"])
def test_grafana_needs_its_home_which_is_looked_for_beside_it_and_behind_links(install, tmp_path, monkeypatch, command):
    program = install(command, "grafana version 13.2.0")
    assert "has no home" in find_server("grafana").problem

    home = tmp_path / "grafana-13.2.0"
    (home / "bin").mkdir(parents=True)
    (home / "conf").mkdir()
    (home / "public").mkdir()
    (home / "conf" / "defaults.ini").touch()
    real = home / "bin" / command
    program.rename(real)
    program.symlink_to(real)
    # What was found is remembered by PATH.
    monkeypatch.setenv("PATH", os.environ["PATH"] + ":/nowhere")

    assert find_server("grafana").path == program
    assert grafana_home(program) == home
