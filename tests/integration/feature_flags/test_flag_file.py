"""Flags of a real file, with flagd's own provider: what is switched there is in effect within a second."""

import json
import logging
import os
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from feature_flags import FLAG_FILE_VARIABLE, read_flags

#: Usually a quarter of a second; longer where the machine has other things to do, or the provider has to load first.
PATIENCE_SECONDS = 10.0


def entry(value):
    return {
        "state": "ENABLED",
        "variants": {"off": {}, "on": value},
        "defaultVariant": "on" if value else "off",
    }


class FlagFile:
    def __init__(self, path: Path) -> None:
        self.path = path

    def write(self, **flags) -> None:
        self.replace(json.dumps({"flags": {name: entry(value) for name, value in flags.items()}}))

    def replace(self, text: str) -> None:
        temporary = self.path.with_name("next")
        temporary.write_text(text)
        temporary.replace(self.path)


@pytest.fixture
def file(tmp_path):
    return FlagFile(tmp_path / "flags.json")


@pytest.fixture
def flags(file):
    flags = read_flags({FLAG_FILE_VARIABLE: str(file.path)})
    yield flags
    flags.close()


def until(condition, seconds=PATIENCE_SECONDS):
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, f"not within {seconds:g} s"
        time.sleep(0.01)


@pytest.fixture
def loaded(file, flags):
    """With the provider in place: what comes next is a change like any other."""
    file.write(first={"a": 1})
    until(lambda: flags.value("first"), PATIENCE_SECONDS)
    return flags


def test_switching_is_in_effect_within_a_second(file, loaded):
    file.write(first={"a": 1}, second={"b": 2})
    until(lambda: loaded.value("second") == {"b": 2})

    file.write(first={"a": 3}, second={})
    until(lambda: (loaded.value("first"), loaded.value("second")) == ({"a": 3}, {}))

    # Not even in the file any more.
    file.write(second={"b": 4})
    until(lambda: (loaded.value("first"), loaded.value("second")) == ({}, {"b": 4}))


def test_listeners_hear_of_changes_in_the_file(file, loaded):
    heard = []
    loaded.on_change("second", heard.append)

    file.write(second={"b": 2})
    until(lambda: heard == [{"b": 2}])
    file.write(second={})
    until(lambda: heard == [{"b": 2}, {}])


def test_a_file_that_is_deleted_switches_everything_off_and_one_that_appears_again_counts(file, loaded):
    file.path.unlink()
    until(lambda: loaded.value("first") == {})

    file.write(first={"a": 2})
    until(lambda: loaded.value("first") == {"a": 2})


def test_a_file_whose_folder_does_not_exist_yet_may_come_later(tmp_path):
    file = FlagFile(tmp_path / "later" / "flags.json")
    flags = read_flags({FLAG_FILE_VARIABLE: str(file.path)})
    try:
        assert flags.value("first") == {}
        file.path.parent.mkdir()
        file.write(first={"a": 1})
        until(lambda: flags.value("first") == {"a": 1}, PATIENCE_SECONDS)
    finally:
        flags.close()


@pytest.mark.parametrize("age_seconds", [0, 3600])
def test_a_file_as_old_as_the_one_before_or_older_is_not_overlooked(file, loaded, age_seconds):
    modified = file.path.stat().st_mtime - age_seconds
    temporary = file.path.with_name("next")
    temporary.write_text(json.dumps({"flags": {"first": entry({"a": 2})}}))
    os.utime(temporary, (modified, modified))
    temporary.replace(file.path)

    until(lambda: loaded.value("first") == {"a": 2})


def broken_flag(variants, variant):
    return json.dumps({"flags": {"first": {"state": "ENABLED", "variants": variants, "defaultVariant": variant}}})


BROKEN = {
    "half of a file": '{"flags": {"first": {"state": "ENABLED", "vari',
    "nothing at all": "",
    "no object": "[1, 2]",
    "flags that are a list": '{"flags": []}',
    "a flag that is none": '{"flags": {"first": 5}}',
    "a state that there is not": '{"flags": {"first": {"state": "MAYBE", "variants": {"on": {"a": 1}}}}}',
    "a value that is no object": broken_flag({"on": True}, "on"),
    "a variant that there is not": broken_flag({"on": {}}, "off"),
}


@pytest.mark.parametrize("text", BROKEN.values(), ids=BROKEN.keys())
def test_a_broken_file_changes_nothing_and_is_reported_once_until_it_is_mended(file, loaded, text, caplog):
    with caplog.at_level(logging.WARNING):
        file.replace(text)
        until(lambda: caplog.records, PATIENCE_SECONDS)
        # It is looked at again and again.
        looks_until = time.monotonic() + 0.8
        until(lambda: time.monotonic() > looks_until)

        assert loaded.value("first") == {"a": 1}
        [warning] = caplog.records
        assert warning.levelno == logging.WARNING
        assert str(file.path) in warning.getMessage()
        assert "first" not in warning.getMessage()
        assert "Traceback" not in caplog.text

        file.write(first={"a": 2})
        until(lambda: loaded.value("first") == {"a": 2})
        until(lambda: [record.levelname for record in caplog.records] == ["WARNING"] * 2)

        file.replace(text)
        until(lambda: [record.levelname for record in caplog.records] == ["WARNING"] * 3)


def test_a_file_that_is_broken_from_the_beginning_is_reported_with_the_reason_and_counts_once_mended(
    file, flags, caplog
):
    with caplog.at_level(logging.WARNING):
        file.replace('{"flags": {,}}')
        until(lambda: caplog.records, PATIENCE_SECONDS)
    assert "line 1 column 12" in caplog.text
    assert flags.value("first") == {}

    file.write(first={"a": 1})
    until(lambda: flags.value("first") == {"a": 1})


def test_closing_ends_the_threads_and_keeps_the_flags(file, loaded):
    loaded.close()

    until(lambda: not {"flag-file", "FlagdFileWatcherWorkerThread"} & {thread.name for thread in threading.enumerate()})
    file.write(first={"a": 2})
    assert loaded.value("first") == {"a": 1}
    loaded.close()


#: In a process of its own, because here others have loaded it.
_WAITING = """
import sys, threading, time, feature_flags
flags = feature_flags.read_flags({feature_flags.FLAG_FILE_VARIABLE: sys.argv[1]})
time.sleep(0.6)
print([name for name in ("grpc", "openfeature", "yaml") if name in sys.modules], threading.active_count())
"""


def test_while_there_is_no_file_one_thread_waits_and_nothing_is_loaded(tmp_path):
    finished = subprocess.run(
        [sys.executable, "-c", _WAITING, str(tmp_path / "flags.json")], capture_output=True, text=True, check=False
    )

    assert (finished.returncode, finished.stdout, finished.stderr) == (0, "[] 2\n", "")


_ENDING = """
import sys, time, feature_flags
flags = feature_flags.read_flags({feature_flags.FLAG_FILE_VARIABLE: sys.argv[1]})
while not flags.value("first"):
    time.sleep(0.01)
print(flags.value("first"))
"""


def test_a_process_ends_at_once_and_in_silence_while_its_flags_are_watched(file):
    file.write(first={"a": 1})

    finished = subprocess.run(
        [sys.executable, "-c", _ENDING, str(file.path)], capture_output=True, text=True, check=False, timeout=20
    )

    assert (finished.returncode, finished.stdout, finished.stderr) == (0, "{'a': 1}\n", "")
