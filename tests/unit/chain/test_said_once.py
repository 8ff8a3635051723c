"""What the three services each say for themselves, because they know each other only over HTTP, must be the same."""

from __future__ import annotations

import inspect
from types import ModuleType

import pytest
from hypothesis import given
from hypothesis import strategies as st

import backend_service.record_ids
import backend_service.settings
import database_service.dataset
import database_service.record_ids
import database_service.settings
import frontend_service.record_ids
import frontend_service.settings
import frontend_service.visits
from observability.errors import RequestError

_RECORD_IDS = (frontend_service.record_ids, backend_service.record_ids, database_service.record_ids)


def default_of(module: ModuleType, name: str) -> str:
    return next(setting.default for setting in module.SETTINGS if setting.name == name)


def test_every_tier_looks_for_the_next_one_where_it_listens() -> None:
    assert default_of(frontend_service.settings, "BACKEND_SERVICE_URL") == (
        f"http://127.0.0.1:{default_of(backend_service.settings, 'SERVICE_PORT')}"
    )
    assert default_of(backend_service.settings, "DATABASE_SERVICE_URL") == (
        f"http://127.0.0.1:{default_of(database_service.settings, 'SERVICE_PORT')}"
    )


def test_simulated_users_know_the_records_there_are() -> None:
    assert frontend_service.visits.KNOWN_IDS == {
        "user": database_service.dataset.USERS,
        "product": database_service.dataset.PRODUCTS,
    }


def test_every_tier_has_the_same_rule_for_ids() -> None:
    assert len({inspect.getsource(module) for module in _RECORD_IDS}) == 1


@pytest.mark.parametrize(("text", "id"), [("1", 1), ("123", 123), ("9999999999", 9_999_999_999)])
def test_a_positive_number_in_plain_digits_is_an_id(text: str, id: int) -> None:
    assert frontend_service.record_ids.parse_id("user", text) == id


@pytest.mark.parametrize(
    "text",
    ["", "0", "-1", "+1", "01", "1.5", "1e3", "abc", "\x00", " 1", "1\n", "١٢٣", "²", "10000000000", "9" * 10_000_000],
)
def test_anything_else_is_refused_in_a_short_message(text: str) -> None:
    with pytest.raises(RequestError) as refused:
        frontend_service.record_ids.parse_id("user", text)
    assert (refused.value.status, refused.value.type) == (400, "invalid_user_id")
    assert len(refused.value.message) < 150


@given(st.text())
def test_an_id_is_what_its_own_digits_spell(text: str) -> None:
    try:
        id = frontend_service.record_ids.parse_id("user", text)
    except RequestError:
        return
    assert str(id) == text
