"""When the environment is made, renewed or left alone, and with what; uv is a hand-written fake."""

import importlib.util
import json
import os
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from lab import bootstrap
from lab.bootstrap import Environment, InstallFailed, Stamp, ensure, install_variables, keep_bytecode, usable_uv

FAKE_UV = """\
#!{python}
import json, os, pathlib, sys
if sys.argv[1:] == ["--version"]:
    print("uv {version} (fake)")
    sys.exit()
note = pathlib.Path({note!r})
with note.open("a") as file:
    file.write(json.dumps(sys.argv[1:]) + "\\n")
print("some progress", file=sys.stderr)
if os.environ.get("FAKE_UV_DISTRUSTS") and not os.environ.get("UV_SYSTEM_CERTS"):
    print("cause: invalid peer certificate: UnknownIssuer", file=sys.stderr)
    sys.exit(2)
if os.environ.get("FAKE_UV_FAILS"):
    print("error: no route to host", file=sys.stderr)
    sys.exit(2)
target = pathlib.Path(os.environ["UV_PROJECT_ENVIRONMENT"]) / "bin" / "python"
target.parent.mkdir(parents=True, exist_ok=True)
if not target.exists():
    target.symlink_to({python!r})
"""


FOR_A_LAB = ["sync", "--frozen", "--inexact", "--no-default-groups", "--compile-bytecode"]
FOR_A_LAB += ["--group", "lab", "--group", "loadtest", "--group", "store", "--group", "workbench"]
FOR_TESTS = ["sync", "--frozen", "--inexact", "--no-default-groups", "--compile-bytecode"]
FOR_TESTS += ["--group", "dev", "--group", "lab", "--group", "loadtest", "--group", "store", "--group", "workbench"]


class FakeUv:
    def __init__(self, directory: Path, version: str = "0.9.0") -> None:
        self.note = directory / "calls.txt"
        self.program = directory / "bin" / "uv"
        self.program.parent.mkdir(parents=True)
        python = os.path.realpath(sys.executable)
        self.program.write_text(FAKE_UV.format(python=python, version=version, note=str(self.note)))
        self.program.chmod(0o755)

    @property
    def calls(self) -> list[list[str]]:
        return [json.loads(line) for line in self.note.read_text().splitlines()] if self.note.exists() else []


@pytest.fixture
def environment(tmp_path):
    repository = tmp_path / "repository"
    repository.mkdir()
    (repository / "uv.lock").write_text("version = 1\n")
    return Environment(repository)


@pytest.fixture
def uv(tmp_path, monkeypatch):
    fake = FakeUv(tmp_path / "fake")
    monkeypatch.setenv("PATH", str(fake.program.parent))
    return fake


def test_the_first_use_installs_from_the_lock_with_this_python(environment, uv):
    ensure(environment)

    assert uv.calls == [[*FOR_A_LAB, "--python", sys.executable]]
    assert environment.is_current()
    assert not environment.is_current(["dev"])
    assert environment.install_lock.read_text() == ""


def test_the_second_use_runs_nothing(environment, uv):
    ensure(environment)
    ensure(environment)

    assert len(uv.calls) == 1


def test_tests_add_their_group_once(environment, uv):
    ensure(environment)
    ensure(environment, ["dev"])
    ensure(environment, ["dev"])
    ensure(environment)

    assert uv.calls[1:] == [FOR_TESTS]


def test_a_changed_lock_renews_what_was_there_the_test_tools_included(environment, uv):
    ensure(environment, ["dev"])
    (environment.repository / "uv.lock").write_text("version = 1\nrevision = 2\n")

    ensure(environment)

    assert uv.calls[1:] == [FOR_TESTS]
    assert environment.is_current(["dev"])


def test_an_environment_that_somebody_else_made_is_completed_not_replaced(environment, uv):
    environment.python.parent.mkdir(parents=True)
    environment.python.symlink_to(os.path.realpath(sys.executable))
    (environment.directory / "mine.txt").write_text("keep me")

    ensure(environment)

    assert uv.calls == [FOR_A_LAB]
    assert (environment.directory / "mine.txt").exists()


def test_an_environment_whose_python_is_gone_is_made_anew(environment, uv, capfd):
    ensure(environment)
    environment.python.unlink()
    environment.python.symlink_to("/no/such/python3.11")
    (environment.directory / "old.txt").write_text("of the old python")

    ensure(environment)

    assert not (environment.directory / "old.txt").exists()
    assert environment.is_current()
    assert "has no working Python; making it anew" in capfd.readouterr().err


def test_an_installation_that_was_cut_off_puts_every_package_in_place_again(environment, uv, capfd):
    environment.python.parent.mkdir(parents=True)
    environment.python.symlink_to(os.path.realpath(sys.executable))
    environment.install_lock.parent.mkdir()
    environment.install_lock.write_text("installing dev")

    ensure(environment)

    assert uv.calls == [[*FOR_TESTS, "--reinstall"]]
    assert environment.is_current(["dev"])
    assert environment.install_lock.read_text() == ""
    assert "The last installation was cut off" in capfd.readouterr().err


def test_an_environment_that_was_cut_off_while_being_made_is_made_anew(environment, uv):
    environment.python.parent.mkdir(parents=True)
    environment.python.symlink_to(os.path.realpath(sys.executable))
    (environment.directory / "half.txt").write_text("half of pip")
    environment.install_lock.parent.mkdir()
    environment.install_lock.write_text("making")

    ensure(environment)

    assert not (environment.directory / "half.txt").exists()
    assert uv.calls == [[*FOR_A_LAB, "--python", sys.executable]]
    assert environment.install_lock.read_text() == ""


def test_a_failed_installation_says_what_failed_and_what_to_do_and_is_not_taken_for_done(environment, uv, monkeypatch):
    monkeypatch.setenv("FAKE_UV_FAILS", "1")

    with pytest.raises(InstallFailed) as caught:
        ensure(environment)

    assert f"Failed: {uv.program} sync --frozen" in str(caught.value)
    assert "error: no route to host" in str(caught.value)
    assert "HTTPS_PROXY" in str(caught.value)
    assert not environment.is_current()
    monkeypatch.delenv("FAKE_UV_FAILS")
    ensure(environment)
    assert environment.is_current()


def test_a_network_with_certificates_of_its_own_is_tried_with_the_systems(environment, uv, monkeypatch, capfd):
    monkeypatch.setenv("FAKE_UV_DISTRUSTS", "1")

    ensure(environment)

    assert environment.is_current()
    assert "trying again with those that the system trusts" in capfd.readouterr().err
    assert len(uv.calls) == 2


def test_a_half_written_stamp_is_no_stamp(environment, uv):
    ensure(environment)
    environment.stamp_file.write_text('{"lock_sha256": "ab')

    assert not environment.is_current()


@pytest.mark.parametrize(("version", "usable"), [("0.4.30", False), ("0.5.0", True), ("1.0.0", True), ("x", False)])
def test_an_old_or_broken_uv_is_not_used(environment, tmp_path, monkeypatch, version, usable):
    fake = FakeUv(tmp_path / "fake", version)
    monkeypatch.setenv("PATH", str(fake.program.parent))

    assert usable_uv(environment) == (str(fake.program) if usable else None)


def test_a_uv_that_was_fetched_before_is_used_again(environment, tmp_path, monkeypatch):
    fake = FakeUv(tmp_path / "fake")
    monkeypatch.setenv("PATH", "/nowhere")
    fetched = environment.directory / "bin" / "uv"
    fetched.parent.mkdir(parents=True)
    shutil.copy(fake.program, fetched)

    assert usable_uv(environment) == str(fetched)


def test_debians_python_without_venv_gets_a_message_that_names_the_fix(environment, monkeypatch):
    monkeypatch.setenv("PATH", "/nowhere")
    found = importlib.util.find_spec
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None if name == "ensurepip" else found(name))

    with pytest.raises(InstallFailed) as caught:
        ensure(environment)

    assert "sudo apt install python3-venv" in str(caught.value)
    assert not environment.directory.exists()


def test_a_folder_that_cannot_be_written_is_explained(environment, uv):
    (environment.repository / ".lab").write_text("a file where a folder should be")

    with pytest.raises(InstallFailed, match="Cannot make"):
        ensure(environment)


def test_the_users_indexes_and_proxies_are_kept_and_other_environments_forgotten(environment):
    variables = install_variables(
        environment,
        {
            "HTTPS_PROXY": "http://proxy:3128",
            "UV_DEFAULT_INDEX": "https://mirror.example/simple",
            "PIP_INDEX_URL": "https://mirror.example/simple",
            "VIRTUAL_ENV": "/home/ada/other",
            "UV_PROJECT_ENVIRONMENT": "/home/ada/other",
            "UV_PYTHON": "3.13",
            "PYTHONPATH": "/home/ada/lib",
        },
    )

    assert variables == {
        "HTTPS_PROXY": "http://proxy:3128",
        "UV_DEFAULT_INDEX": "https://mirror.example/simple",
        "PIP_INDEX_URL": "https://mirror.example/simple",
        "UV_PROJECT_ENVIRONMENT": str(environment.directory),
        "UV_NO_PROGRESS": "1",
        "PIP_DISABLE_PIP_VERSION_CHECK": "1",
    }


def test_who_wants_no_bytecode_beside_sources_gets_it_in_the_environment(environment):
    variables = {"PYTHONDONTWRITEBYTECODE": "1"}

    keep_bytecode(environment, variables)

    assert variables == {"PYTHONPYCACHEPREFIX": str(environment.directory / "bytecode")}


@pytest.mark.parametrize(
    ("variables", "kept"),
    [
        ({}, {}),
        ({"PYTHONPYCACHEPREFIX": "/own"}, {"PYTHONPYCACHEPREFIX": "/own"}),
        ({"PYTHONDONTWRITEBYTECODE": "1", "PYTHONPYCACHEPREFIX": "/own"}, {"PYTHONPYCACHEPREFIX": "/own"}),
        # An empty one says nothing to Python either.
        ({"PYTHONDONTWRITEBYTECODE": ""}, {}),
    ],
)
def test_everybody_else_has_bytecode_where_they_have_it_anyway(environment, variables, kept):
    keep_bytecode(environment, variables)

    assert variables == kept


@pytest.mark.parametrize(
    ("stamp", "serves"),
    [
        (Stamp("a", "/usr/bin/python3.11"), True),
        (Stamp("a", "/usr/bin/python3.11", ("dev", "docs")), True),
        (Stamp("b", "/usr/bin/python3.11"), False),
        (Stamp("a", "/usr/bin/python3.12"), False),
    ],
)
def test_a_stamp_serves_when_lock_and_python_are_the_same(stamp, serves):
    assert stamp.serves(Stamp("a", "/usr/bin/python3.11")) is serves


def test_the_groups_of_a_lab_and_of_its_tests_are_all_that_there_are():
    project = tomllib.loads((bootstrap.REPOSITORY / "pyproject.toml").read_text())
    groups = {*bootstrap.LAB_GROUPS, *bootstrap.SYSTEM_GROUPS, bootstrap.DEV_GROUP}

    assert set(project["dependency-groups"]) == groups
    assert set(project["tool"]["uv"]["default-groups"]) == groups


def test_the_bootstrap_imports_nothing_that_is_not_in_the_standard_library():
    code = "import sys; import lab.bootstrap; print(sorted({name.partition('.')[0] for name in sys.modules}))"
    answer = subprocess.run(
        [sys.executable, "-I", "-S", "-c", f"import sys; sys.path.insert(0, {str(bootstrap.REPOSITORY)!r}); {code}"],
        capture_output=True,
        text=True,
        check=True,
    )
    loaded = set(json.loads(answer.stdout.replace("'", '"')))
    assert loaded - set(sys.stdlib_module_names) - {"__main__"} == {"lab"}
