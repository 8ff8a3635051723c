"""What a service may rely on when it asks for a flag or follows one."""

import logging
import subprocess
import sys
import threading

import pytest

from feature_flags import FLAG_FILE_VARIABLE, FeatureFlags, FixedFlags, read_flags


def test_an_unknown_flag_is_off():
    assert FixedFlags().value("search-backend") == {}


def test_a_flag_has_the_parameters_it_was_switched_on_with():
    flags = FixedFlags({"search-backend": {"host": "other"}})

    assert flags.value("search-backend") == {"host": "other"}
    flags.set("search-backend", {"host": "third"})
    assert flags.value("search-backend") == {"host": "third"}
    flags.set("search-backend")
    assert flags.value("search-backend") == {}


def test_switching_one_flag_leaves_the_others():
    flags = FixedFlags({"one": {"a": 1}})
    flags.set("two", {"b": 2})

    assert (flags.value("one"), flags.value("two")) == ({"a": 1}, {"b": 2})


def test_a_listener_hears_every_change_of_its_flag_and_of_no_other():
    flags, heard = FixedFlags(), []
    flags.on_change("one", heard.append)

    flags.set("one", {"a": 1})
    flags.set("two", {"b": 2})
    flags.set("one", {"a": 1})
    flags.set("one", {"a": 2})
    flags.set("one")

    assert heard == [{"a": 1}, {"a": 2}, {}]


def test_a_listener_hears_at_once_of_a_flag_that_is_on_already_and_nothing_of_one_that_is_off():
    flags, heard = FixedFlags({"one": {"a": 1}}), []

    flags.on_change("one", lambda value: heard.append(("one", value)))
    flags.on_change("two", lambda value: heard.append(("two", value)))

    assert heard == [("one", {"a": 1})]


def test_a_listener_already_sees_the_new_value_when_it_asks():
    flags, seen = FixedFlags(), []
    flags.on_change("one", lambda value: seen.append(flags.value("one") == value))

    flags.set("one", {"a": 1})
    flags.set("one")

    assert seen == [True, True]


def test_what_a_listener_raises_is_logged_without_the_flag_and_the_others_hear_all_the_same(caplog):
    flags, heard = FixedFlags(), []

    def fail(value):
        raise RuntimeError("no such index")

    flags.on_change("search-backend", fail)
    flags.on_change("search-backend", heard.append)
    with caplog.at_level(logging.WARNING):
        flags.set("search-backend", {"host": "other"})

    assert heard == [{"host": "other"}]
    [record] = caplog.records
    assert "no such index" in caplog.text
    assert "search-backend" not in caplog.text
    assert record.name == "feature_flags"


def test_every_change_is_heard_once_and_the_last_one_last_however_many_switch_at_the_same_time():
    flags, heard = FeatureFlags(), []
    flags.on_change("one", heard.append)

    def switch(first):
        for number in range(first, first + 50):
            flags.apply({"one": {"a": number}})

    threads = [threading.Thread(target=switch, args=(first,)) for first in (0, 100, 200)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert sorted(value["a"] for value in heard) == [*range(50), *range(100, 150), *range(200, 250)]
    assert heard[-1] == flags.value("one")


@pytest.mark.parametrize("environ", [{}, {FLAG_FILE_VARIABLE: ""}])
def test_without_the_variable_everything_is_off_and_no_thread_is_started(environ):
    before = threading.active_count()

    flags = read_flags(environ)

    assert flags.value("search-backend") == {}
    assert threading.active_count() == before
    flags.close()
    flags.close()


def test_importing_the_package_loads_nothing_of_the_provider():
    code = "import sys, feature_flags; print([name for name in ('grpc', 'openfeature') if name in sys.modules])"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout == "[]\n"
