"""The file that switches faults: in flagd's form, whole at every moment, and with what others have switched kept."""

import json
import multiprocessing
import os
import time

import pytest

from lab.faults.flag_file import FlagFile, FlagFileError

KNOWN = ("inventory-index", "cache-store")


@pytest.fixture
def flags(tmp_path):
    return FlagFile(tmp_path / "flags" / "flags.json")


def content(flags):
    return json.loads(flags.path.read_text())["flags"]


def test_a_flag_that_is_on_stands_there_as_flagd_knows_it_beside_those_that_are_off(flags):
    before = time.time()
    flags.switch_on("inventory-index", {"table": "orders"}, KNOWN)

    since = content(flags)["inventory-index"].pop("metadata")["switched_on_unix_seconds"]
    assert before <= since <= time.time()
    expected = {
        "inventory-index": {
            "state": "ENABLED",
            "variants": {"off": {}, "on": {"table": "orders"}},
            "defaultVariant": "on",
        },
        "cache-store": {"state": "ENABLED", "variants": {"off": {}}, "defaultVariant": "off"},
    }
    written = content(flags)
    del written["inventory-index"]["metadata"]
    assert written == expected


def test_what_is_on_can_be_asked_with_its_values_and_since_when(flags):
    flags.switch_on("inventory-index", {"table": "orders"})
    flags.switch_on("cache-store", {})

    on = flags.switched_on()
    assert {name: dict(one.values) for name, one in on.items()} == {
        "inventory-index": {"table": "orders"},
        # Something has to be in it: an empty one is off.
        "cache-store": {"on": True},
    }
    assert all(time.time() - 60 < one.since <= time.time() for one in on.values())


def test_off_is_off_and_leaves_the_others(flags):
    flags.switch_on("inventory-index", {"table": "orders"})
    flags.switch_on("cache-store", {})
    flags.switch_off("inventory-index")
    flags.switch_off("never-heard-of")

    assert list(flags.switched_on()) == ["cache-store"]


def test_other_values_while_it_is_on_do_not_change_since_when(flags):
    flags.switch_on("inventory-index", {"table": "orders"})
    before = flags.switched_on()["inventory-index"]
    flags.switch_on("inventory-index", {"table": "users"})

    after = flags.switched_on()["inventory-index"]
    assert (after.values, after.since) == ({"table": "users"}, before.since)


def test_what_somebody_else_has_written_stays(flags):
    flags.prepare()
    theirs = {
        "state": "ENABLED",
        "variants": {"big": {"size": 3}, "none": {}},
        "defaultVariant": "big",
        "targeting": {"if": [True, "big", "none"]},
    }
    flags.path.write_text(json.dumps({"flags": {"their-own": theirs}}))
    flags.switch_on("inventory-index", {"table": "orders"}, KNOWN)
    flags.switch_off("inventory-index")

    assert content(flags)["their-own"] == theirs
    assert flags.switched_on()["their-own"].since is None


def test_clear_switches_everything_off_whoever_switched_it_and_mends_a_broken_file(flags):
    flags.prepare()
    flags.path.write_text('{"flags": {')
    with pytest.raises(FlagFileError, match="Mend it, or switch everything off with: python3 lab fault clear"):
        flags.switch_on("inventory-index", {"table": "orders"})
    with pytest.raises(FlagFileError, match=r"not in flagd's format"):
        flags.switched_on()

    flags.clear(KNOWN)

    assert flags.switched_on() == {}
    assert set(content(flags)) == set(KNOWN)


@pytest.mark.parametrize("text", ["[]", "{}", '{"flags": 3}', '{"flags": {"one": 3}}', "null"])
def test_a_file_of_another_form_is_refused(flags, text):
    flags.prepare()
    flags.path.write_text(text)

    with pytest.raises(FlagFileError):
        flags.switched_on()


def test_without_a_file_everything_is_off(flags):
    assert flags.switched_on() == {}
    flags.forget()
    flags.switch_on("cache-store", {})
    flags.forget()
    assert flags.switched_on() == {}


def test_other_users_may_read_it_whatever_the_umask(flags):
    before = os.umask(0o077)
    try:
        flags.switch_on("cache-store", {})
    finally:
        os.umask(before)

    assert flags.path.stat().st_mode & 0o777 == 0o644
    assert flags.path.parent.stat().st_mode & 0o777 == 0o755


def test_each_writing_makes_the_file_younger_even_if_the_clock_has_been_set_back(flags):
    flags.switch_on("cache-store", {})
    tomorrow = time.time() + 86400
    os.utime(flags.path, (tomorrow, tomorrow))
    before = flags.path.stat().st_mtime_ns

    flags.switch_off("cache-store")

    assert flags.path.stat().st_mtime_ns > before


def _switch_many(path, first):
    for number in range(first, first + 20):
        FlagFile(path).switch_on(f"flag-{number}", {"number": number})


def test_commands_at_the_same_time_do_not_undo_each_other(flags):
    context = multiprocessing.get_context("fork")
    processes = [context.Process(target=_switch_many, args=(flags.path, first)) for first in (0, 20, 40)]
    for process in processes:
        process.start()
    for process in processes:
        process.join()

    assert set(flags.switched_on()) == {f"flag-{number}" for number in range(60)}
