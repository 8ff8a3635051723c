"""Makes the virtual environment in `.venv` from uv.lock, and starts the lab again inside it. Standard library only.

A stamp in the environment says which lock it was made from. While the stamp is right, starting
costs one hash of uv.lock, and neither uv nor pip runs.
"""

import collections
import contextlib
import fcntl
import hashlib
import importlib.util
import json
import os
import re
import shutil
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Mapping, MutableMapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO, NoReturn

from lab.paths import REPOSITORY

#: Fetched with pip where no uv is installed.
UV_VERSION = "0.13.8"
#: An older uv on PATH may not understand the lock.
OLDEST_USABLE_UV = (0, 5)
#: The dependency groups that a lab on this machine needs beside the services' own packages.
LAB_GROUPS = ("lab", "loadtest", "store", "workbench")
#: The dependency group that only tests need.
DEV_GROUP = "dev"
#: Those of systems that a lab starts only when asked to; tests need every one of them.
SYSTEM_GROUPS = ("backing", "exchange")

_RESTARTED_VARIABLE = "LAB_RESTARTED"
_OUTPUT_LINES_SHOWN = 25
_HEARTBEAT_SECONDS = 15.0


class InstallFailed(Exception):
    """The environment could not be made; the message says why and what to do."""


@dataclass(frozen=True)
class Stamp:
    """What an environment was made from."""

    lock_sha256: str
    #: The interpreter behind `.venv/bin/python`, links resolved: it names the version almost everywhere.
    python: str
    groups: tuple[str, ...] = ()

    def serves(self, wanted: "Stamp") -> bool:
        return (
            self.lock_sha256 == wanted.lock_sha256
            and self.python == wanted.python
            and set(self.groups) >= set(wanted.groups)
        )


@dataclass(frozen=True)
class Environment:
    """One checkout's virtual environment."""

    repository: Path = REPOSITORY

    @property
    def directory(self) -> Path:
        return self.repository / ".venv"

    @property
    def python(self) -> Path:
        return self.directory / "bin" / "python"

    @property
    def stamp_file(self) -> Path:
        return self.directory / "lab-stamp.json"

    @property
    def bytecode(self) -> Path:
        """Where compiled modules are kept when they may not lie beside their sources."""
        return self.directory / "bytecode"

    @property
    def install_lock(self) -> Path:
        """Locked while installing. While that has begun and not come to its end it says how far it is: "making" a new
        environment, or "installing" packages of these groups into it."""
        return self.repository / ".lab" / "install.lock"

    def wanted(self, groups: Sequence[str] = ()) -> Stamp:
        """What an environment for a lab, and for these groups besides, is made from."""
        lock = (self.repository / "uv.lock").read_bytes()
        every_group = tuple(sorted({*LAB_GROUPS, *groups}))
        return Stamp(hashlib.sha256(lock).hexdigest(), os.path.realpath(self.python), every_group)

    def stamp(self) -> Stamp | None:
        try:
            content = json.loads(self.stamp_file.read_text(encoding="utf-8"))
            return Stamp(content["lock_sha256"], content["python"], tuple(content["groups"]))
        except (OSError, ValueError, KeyError, TypeError):
            return None

    def is_current(self, groups: Sequence[str] = ()) -> bool:
        stamp = self.stamp()
        return stamp is not None and self.python.exists() and stamp.serves(self.wanted(groups))

    def write_stamp(self, groups: Sequence[str]) -> None:
        stamp = self.wanted(groups)
        temporary = self.stamp_file.with_suffix(".new")
        temporary.write_text(
            json.dumps({"lock_sha256": stamp.lock_sha256, "python": stamp.python, "groups": list(stamp.groups)}) + "\n",
            encoding="utf-8",
        )
        os.replace(temporary, self.stamp_file)


def runs_inside_environment() -> bool:
    """Whether this interpreter is the environment's, and the environment is made from today's lock."""
    environment = Environment()
    os.environ.pop("PYTHONHOME", None)
    try:
        inside = os.path.samefile(sys.prefix, environment.directory)
    except OSError:
        return False
    if inside and environment.is_current():
        os.environ.pop(_RESTARTED_VARIABLE, None)
        return True
    return False


def keep_bytecode(environment: Environment, variables: MutableMapping[str, str]) -> None:
    """Who wants no bytecode beside sources (PYTHONDONTWRITEBYTECODE) gets it in a folder of the environment.

    Without any, each process of a lab compiles hundreds of modules at each start: more than twice the time, and a
    tenth more memory."""
    if variables.pop("PYTHONDONTWRITEBYTECODE", None):
        variables.setdefault("PYTHONPYCACHEPREFIX", str(environment.bytecode))


def keep_own_bytecode() -> None:
    """The same for this process, from now on, and for those it starts."""
    if os.environ.get("PYTHONDONTWRITEBYTECODE"):
        keep_bytecode(Environment(), os.environ)
        sys.dont_write_bytecode = False
        sys.pycache_prefix = os.environ["PYTHONPYCACHEPREFIX"]


def restart_inside_environment(arguments: Sequence[str]) -> NoReturn:
    """Makes the environment if needed and replaces this process by the same command inside it."""
    environment = Environment()
    if os.environ.get(_RESTARTED_VARIABLE):
        _stop(f"{environment.python} does not run inside {environment.directory}. Delete that folder and start again.")
    try:
        ensure(environment)
    except InstallFailed as failure:
        _stop(str(failure))
    except KeyboardInterrupt:
        sys.stderr.write("\nInterrupted; the next start installs anew.\n")
        sys.exit(130)
    os.environ[_RESTARTED_VARIABLE] = "1"
    python = str(environment.python)
    os.execv(python, [python, str(environment.repository / "lab"), *arguments])


def ensure(environment: Environment, groups: Sequence[str] = ()) -> None:
    """Makes or renews the environment unless it is current. Raises InstallFailed.

    Safe to call from several processes at once, and after an installation that was cut off."""
    if environment.is_current(groups):
        return
    try:
        with _installing(environment) as lock:
            if not environment.is_current(groups):
                _install(environment, groups, lock)
    except OSError as error:
        raise InstallFailed(f"Cannot make {environment.directory}: {error}") from error


@contextlib.contextmanager
def _installing(environment: Environment) -> Iterator[IO[str]]:
    environment.install_lock.parent.mkdir(exist_ok=True)
    with environment.install_lock.open("a+", encoding="utf-8") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            _say("Another lab is installing right now; waiting for it …")
            fcntl.flock(file, fcntl.LOCK_EX)
        yield file


def _install(environment: Environment, groups: Sequence[str], lock: IO[str]) -> None:
    began = time.monotonic()
    stamp = environment.stamp()
    lock.seek(0)
    cut_off = lock.read()
    # What was there for tests stays for tests, also after an installation that did not come to its end.
    groups = sorted({*LAB_GROUPS, *groups, *(stamp.groups if stamp else ()), *cut_off.split()[1:]})
    if cut_off.startswith("making"):
        _remove(environment)
    elif environment.directory.exists() and not _works(environment.python):
        _say(f"{environment.directory} has no working Python; making it anew.")
        _remove(environment)
    what = _what_is_missing(environment, groups)
    _say(f"Installing {what} into {environment.directory} (needed once, and after updates):")
    uv = usable_uv(environment) or _fetch_uv(environment, lock)
    # Compiled now and once, or else by every process of the first lab at the same time.
    command = [uv, "sync", "--frozen", "--inexact", "--no-default-groups", "--compile-bytecode"]
    command += [word for group in groups for word in ("--group", group)]
    if not environment.python.exists():
        command += ["--python", sys.executable]
    elif cut_off.startswith("installing"):
        _say("  The last installation was cut off: every package is put in place again.")
        command += ["--reinstall"]
    _note_progress(lock, " ".join(["installing", *groups]))
    environment.stamp_file.unlink(missing_ok=True)
    try:
        _step("packages from uv.lock", command, environment, lock, _EXPLAIN_SYNC)
    except InstallFailed as failure:
        if "certificate" not in str(failure):
            raise
        # Networks that look into TLS (many companies') have a certificate of their own, which the system knows.
        _say("  uv does not trust this network's certificates; trying again with those that the system trusts.")
        _step("packages from uv.lock", command, environment, lock, _EXPLAIN_SYNC, _SYSTEM_CERTIFICATES)
    environment.write_stamp(groups)
    _note_progress(lock, "")
    _say(f"Installed in {time.monotonic() - began:.1f} s.")


def _what_is_missing(environment: Environment, groups: Sequence[str]) -> str:
    if not environment.is_current():
        return "the lab's packages" + (" and the tools for its tests" if DEV_GROUP in groups else "")
    stamp = environment.stamp()
    missing = [group for group in groups if stamp is None or group not in stamp.groups]
    titles = {DEV_GROUP: "the tools for the lab's tests"}
    return " and ".join(titles.get(group, f"the packages of `{group}`") for group in missing)


def _note_progress(lock: IO[str], progress: str) -> None:
    lock.truncate(0)
    lock.write(progress)
    lock.flush()


def usable_uv(environment: Environment) -> str | None:
    """A uv that understands the lock: the user's, else one that was fetched into the environment."""
    for candidate in (shutil.which("uv"), environment.directory / "bin" / "uv"):
        if candidate is not None and _uv_version(str(candidate)) >= OLDEST_USABLE_UV:
            return str(candidate)
    return None


def _uv_version(uv: str) -> tuple[int, ...]:
    """(0,) when it is no working uv."""
    try:
        answer = subprocess.run([uv, "--version"], capture_output=True, text=True, timeout=30, check=False)
    except (OSError, subprocess.TimeoutExpired):
        return (0,)
    found = re.match(r"uv (\d+)\.(\d+)", answer.stdout)
    return (int(found[1]), int(found[2])) if found and answer.returncode == 0 else (0,)


def _fetch_uv(environment: Environment, lock: IO[str]) -> str:
    if importlib.util.find_spec("venv") is None or importlib.util.find_spec("ensurepip") is None:
        raise InstallFailed(
            f"This Python ({sys.executable}, {sys.version.split()[0]}) cannot make virtual environments.\n"
            "On Debian and Ubuntu that is a package of its own: sudo apt install python3-venv\n"
            f"(or python{sys.version_info[0]}.{sys.version_info[1]}-venv for a Python beside the default one).\n"
            "Installing uv is as good: https://docs.astral.sh/uv/. Then run the same command again."
        )
    if not environment.python.exists():
        _note_progress(lock, "making")
        command = [sys.executable, "-m", "venv", str(environment.directory)]
        _step("virtual environment", command, environment, lock, _EXPLAIN_VENV)
    elif not _works(environment.python, "import pip"):
        # An environment that uv made has none.
        command = [str(environment.python), "-m", "ensurepip"]
        _step("pip", command, environment, lock, _EXPLAIN_VENV)
    command = [str(environment.python), "-m", "pip", "install", "--no-input", f"uv=={UV_VERSION}"]
    _step(f"uv {UV_VERSION}", command, environment, lock, _EXPLAIN_FETCH)
    return str(environment.directory / "bin" / "uv")


#: Today's name of the setting, and that of an older uv.
_SYSTEM_CERTIFICATES = {"UV_SYSTEM_CERTS": "true", "UV_NATIVE_TLS": "true"}

_EXPLAIN_VENV = "If this says something of ensurepip: sudo apt install python3-venv, then run the same command again."
_EXPLAIN_FETCH = (
    "pip could not fetch uv. Without a network nothing can be installed; behind a proxy set HTTPS_PROXY, "
    "with a mirror PIP_INDEX_URL.\nInstalling uv some other way is as good: https://docs.astral.sh/uv/. "
    "Then run the same command again."
)
_EXPLAIN_SYNC = (
    "The packages could not be installed. Without a network that needs a filled uv cache; behind a proxy set "
    "HTTPS_PROXY.\nWhen the reason above is past, run the same command again."
)


def _works(python: Path, code: str = "import sys; sys.exit(sys.version_info < (3, 11))") -> bool:
    """Whether an interpreter starts and runs the code without an error; by default: whether it is new enough."""
    try:
        return subprocess.run([str(python), "-c", code], capture_output=True, timeout=60, check=False).returncode == 0
    except (OSError, subprocess.TimeoutExpired):
        return False


def _remove(environment: Environment) -> None:
    if environment.directory.is_symlink():
        raise InstallFailed(f"{environment.directory} is a link; remove or repair it, then run the same command again.")
    shutil.rmtree(environment.directory, ignore_errors=True)


def install_variables(environment: Environment, inherited: Mapping[str, str]) -> dict[str, str]:
    """The user's own settings (proxies, indexes, caches), without what would lead uv or pip to another environment."""
    variables = dict(inherited)
    for name in ("VIRTUAL_ENV", "UV_PYTHON", "UV_PROJECT", "UV_WORKING_DIRECTORY", "PYTHONHOME", "PYTHONPATH"):
        variables.pop(name, None)
    variables["UV_PROJECT_ENVIRONMENT"] = str(environment.directory)
    variables["UV_NO_PROGRESS"] = "1"
    keep_bytecode(environment, variables)
    variables["PIP_DISABLE_PIP_VERSION_CHECK"] = "1"
    return variables


def _step(
    title: str,
    command: Sequence[str],
    environment: Environment,
    lock: IO[str],
    explanation: str,
    variables: Mapping[str, str] | None = None,
) -> None:
    """Runs one command with a display of its progress. Raises InstallFailed with its output and the explanation."""
    began = time.monotonic()
    process = subprocess.Popen(
        list(command),
        cwd=environment.repository,
        env={**install_variables(environment, os.environ), **(variables or {})},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
        # Should this process be killed, the lock stays taken until its child has ended, too.
        pass_fds=(lock.fileno(),),
    )
    output: collections.deque[str] = collections.deque(maxlen=_OUTPUT_LINES_SHOWN)
    reader = threading.Thread(target=_collect, args=(process.stdout, output), daemon=True)
    reader.start()
    try:
        _show_progress(title, process, output)
    except BaseException:
        process.terminate()
        process.wait()
        raise
    reader.join(timeout=5)
    if process.returncode != 0:
        shown = "\n".join(f"    {line}" for line in output)
        raise InstallFailed(f"Failed: {' '.join(command)}\n{shown}\n{explanation}")
    _say(f"  {title}: done in {time.monotonic() - began:.1f} s")


def _collect(stream: IO[str], output: "collections.deque[str]") -> None:
    with stream:
        for line in stream:
            output.append(line.rstrip())


def _show_progress(title: str, process: "subprocess.Popen[str]", output: "collections.deque[str]") -> None:
    began = time.monotonic()
    is_terminal = sys.stderr.isatty()
    width = shutil.get_terminal_size().columns - 1
    heartbeat_due = began + _HEARTBEAT_SECONDS
    if not is_terminal:
        _say(f"  {title} …")
    frame = 0
    while True:
        try:
            process.wait(timeout=0.1)
            break
        except subprocess.TimeoutExpired:
            pass
        now = time.monotonic()
        latest = output[-1].strip() if output else ""
        if is_terminal:
            frame += 1
            line = f"  {'⠋⠙⠹⠸⠼⠴⠦⠧⠇⠏'[frame % 10]} {title} … {now - began:.0f} s  {latest}"
            sys.stderr.write("\r\x1b[K" + line[:width])
            sys.stderr.flush()
        elif now >= heartbeat_due:
            heartbeat_due = now + _HEARTBEAT_SECONDS
            _say(f"    {now - began:.0f} s  {latest}")
    if is_terminal:
        sys.stderr.write("\r\x1b[K")


def _say(line: str) -> None:
    sys.stderr.write(line + "\n")
    sys.stderr.flush()


def _stop(message: str) -> NoReturn:
    _say("lab: " + message)
    sys.exit(1)
