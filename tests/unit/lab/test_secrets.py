"""Secrets are made once, kept from other users, and put into a process's environment at the last moment."""

import json
import stat

import pytest

from lab.paths import StateDirectory
from lab.secrets import Secrets, place_of


@pytest.fixture
def secrets(tmp_path):
    return Secrets(StateDirectory(tmp_path))


@pytest.fixture(autouse=True)
def nothing_set(monkeypatch):
    monkeypatch.delenv("SHOP_KEY", raising=False)
    monkeypatch.delenv("SHOP_PASSWORD", raising=False)


def told(secrets, value):
    return secrets.put_into({"VALUE": value})["VALUE"]


def test_a_secret_is_made_once_and_each_is_another(secrets):
    secrets.make(["SHOP_KEY", "SHOP_PASSWORD"])
    key = told(secrets, place_of("SHOP_KEY"))
    secrets.make(["SHOP_KEY"])

    assert len(key) >= 32
    assert told(secrets, place_of("SHOP_KEY")) == key
    assert told(secrets, place_of("SHOP_PASSWORD")) != key


def test_nobody_else_can_read_them(secrets, tmp_path):
    secrets.make(["SHOP_KEY"])
    [file] = (tmp_path / "secrets").iterdir()

    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert stat.S_IMODE(file.parent.stat().st_mode) == 0o700


def test_the_users_own_secret_wins_and_is_not_kept(secrets, tmp_path, monkeypatch):
    monkeypatch.setenv("SHOP_KEY", "my own")
    secrets.make(["SHOP_KEY", "SHOP_PASSWORD"])

    assert told(secrets, place_of("SHOP_KEY")) == "my own"
    assert json.loads((tmp_path / "secrets" / "secrets.json").read_text()).keys() == {"SHOP_PASSWORD"}


def test_within_an_address_a_secret_is_quoted(secrets, monkeypatch):
    monkeypatch.setenv("SHOP_PASSWORD", "a/b@c")

    assert told(secrets, f"postgresql://shop:{place_of('SHOP_PASSWORD')}@127.0.0.1/shop") == (
        "postgresql://shop:a%2Fb%40c@127.0.0.1/shop"
    )


@pytest.mark.parametrize("value", ["{trace_id}", "$HOME", "${NO_SUCH_SECRET}", "http://${NO_SUCH_SECRET}/"])
def test_what_is_no_place_of_a_secret_stays_as_it_is(secrets, value):
    secrets.make(["SHOP_KEY"])

    assert told(secrets, value) == value
