"""First use, with real processes: two at once, one that is killed, and a clone of the repository without uv."""

import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from lab.bootstrap import Environment
from lab.paths import REPOSITORY

SLOW_UV = """\
#!/bin/sh
if [ "$1" = --version ]; then echo "uv 0.9.0 (fake)"; exit; fi
echo called >> "{note}"
mkdir -p "$UV_PROJECT_ENVIRONMENT/bin"
ln -sf "{python}" "$UV_PROJECT_ENVIRONMENT/bin/python"
while [ -e "{gate}" ]; do sleep 0.05; done
"""

ENSURE = "import pathlib, sys; from lab.bootstrap import *; ensure(Environment(pathlib.Path(sys.argv[1])))"


@pytest.fixture
def repository(tmp_path):
    directory = tmp_path / "repository"
    directory.mkdir()
    (directory / "uv.lock").write_text("version = 1\n")
    return directory


@pytest.fixture
def slow_uv(tmp_path):
    """A uv that takes as long as its gate file exists."""
    program = tmp_path / "bin" / "uv"
    program.parent.mkdir()
    gate, note = tmp_path / "gate", tmp_path / "calls.txt"
    gate.touch()
    python = os.path.realpath(sys.executable)
    program.write_text(SLOW_UV.format(note=note, gate=gate, python=python))
    program.chmod(0o755)
    return program, gate, note


def start_ensure(repository, uv_program):
    return subprocess.Popen(
        [sys.executable, "-c", ENSURE, str(repository)],
        env={**os.environ, "PATH": f"{uv_program.parent}:{os.environ['PATH']}", "PYTHONPATH": str(REPOSITORY)},
        stderr=subprocess.PIPE,
        text=True,
    )


def test_two_first_uses_at_once_install_once(repository, slow_uv, wait_for):
    program, gate, note = slow_uv
    first = start_ensure(repository, program)
    wait_for(note.exists, "the first installs")
    second = start_ensure(repository, program)
    assert second.stderr.readline() == "Another lab is installing right now; waiting for it …\n"

    gate.unlink()
    first.communicate(timeout=20)
    second.communicate(timeout=20)

    assert (first.returncode, second.returncode) == (0, 0)
    assert note.read_text() == "called\n"
    assert Environment(repository).is_current()


def test_a_killed_installation_is_not_taken_for_done_and_the_next_waits_for_its_uv(repository, slow_uv, wait_for):
    program, gate, note = slow_uv
    first = start_ensure(repository, program)
    wait_for(note.exists, "the first installs")
    first.send_signal(signal.SIGKILL)
    first.wait()
    first.stderr.close()
    assert not Environment(repository).is_current()
    second = start_ensure(repository, program)
    # The killed one's uv still writes into the environment: nobody else may do so at the same time.
    assert second.stderr.readline() == "Another lab is installing right now; waiting for it …\n"

    gate.unlink()
    _, rest = second.communicate(timeout=20)

    assert second.returncode == 0
    assert "The last installation was cut off: every package is put in place again." in rest
    assert note.read_text() == "called\ncalled\n"
    assert Environment(repository).is_current()


def test_the_command_works_from_any_directory_and_as_a_module(tmp_path):
    by_path = [sys.executable, str(REPOSITORY / "lab"), "--help"]
    as_module = [sys.executable, "-m", "lab", "--help"]

    first = subprocess.run(by_path, cwd=tmp_path, capture_output=True, text=True, timeout=60, check=True)
    second = subprocess.run(as_module, cwd=REPOSITORY, capture_output=True, text=True, timeout=60, check=True)
    third = subprocess.run(
        [sys.executable, "lab", "--help"], cwd=REPOSITORY, capture_output=True, text=True, timeout=60, check=True
    )

    assert first.stdout == second.stdout == third.stdout
    assert first.stdout.startswith("Usage: python3 lab [OPTIONS] COMMAND [ARGS]...")


def test_what_the_command_has_compiled_is_kept_also_where_no_bytecode_is_wanted_beside_sources(tmp_path):
    environment = {**os.environ, "PYTHONDONTWRITEBYTECODE": "1", "PYTHONPYCACHEPREFIX": str(tmp_path)}

    subprocess.run(
        [sys.executable, "lab", "--help"], cwd=REPOSITORY, env=environment, capture_output=True, timeout=60, check=True
    )

    assert [path.parent.name for path in tmp_path.rglob("cli.*.pyc")] == ["lab"]


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_a_fresh_copy_installs_itself_without_uv_and_then_starts_without_installing(tmp_path):
    clone = copy_of_the_repository(tmp_path / "clone")
    python = base_python()
    # Nothing but the system's own programs: no uv, and not this environment's Python.
    environment = {
        **{name: value for name, value in os.environ.items() if name not in ("VIRTUAL_ENV", "PYTHONPATH")},
        "PATH": "/usr/bin:/bin:/usr/sbin:/sbin",
        "LAB_STATE_DIR": str(tmp_path / "state"),
    }
    if shutil.which("uv", path=environment["PATH"]):
        pytest.skip("uv is installed system-wide here")

    first = subprocess.run(
        [python, str(clone / "lab"), "down"], env=environment, capture_output=True, text=True, timeout=500, check=False
    )
    second = subprocess.run(
        [python, str(clone / "lab"), "down"], env=environment, capture_output=True, text=True, timeout=60, check=False
    )

    assert (first.returncode, first.stdout) == (0, "No lab is running.\n"), first.stderr
    assert "Installed in" in first.stderr
    assert (second.returncode, second.stdout, second.stderr) == (0, "No lab is running.\n", "")
    assert not (clone / ".venv" / "bin" / "ruff").exists()


def base_python() -> str:
    """The interpreter that this environment was made from."""
    return str(Path(sys.base_prefix) / "bin" / f"python{sys.version_info[0]}.{sys.version_info[1]}")


def copy_of_the_repository(destination: Path) -> Path:
    """What running `lab` needs; the working copy rather than a commit, so that the test tests what is there."""
    destination.mkdir()
    for name in ("pyproject.toml", "uv.lock"):
        shutil.copy(REPOSITORY / name, destination)
    for name in ("lab", "systems"):
        shutil.copytree(REPOSITORY / name, destination / name, ignore=shutil.ignore_patterns("__pycache__"))
    return destination
