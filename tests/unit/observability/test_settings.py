import pytest

from observability.settings import Setting, boolean, non_negative_float, positive_int, read_settings, serving_settings

ROWS = (
    Setting("CACHE_TTL_SECONDS", "30", "how long an entry lives", non_negative_float),
    Setting("LOKI_URL", "http://127.0.0.1:3100", "where lines go"),
    Setting("LOG_CONSOLE", "true", "print lines", boolean),
)


def test_a_variable_that_is_not_set_has_its_default() -> None:
    assert read_settings(ROWS, {}) == {
        "CACHE_TTL_SECONDS": 30.0,
        "LOKI_URL": "http://127.0.0.1:3100",
        "LOG_CONSOLE": True,
    }


def test_the_environment_wins_and_is_converted() -> None:
    assert read_settings(ROWS, {"CACHE_TTL_SECONDS": "1.5", "LOG_CONSOLE": "False"}) == {
        "CACHE_TTL_SECONDS": 1.5,
        "LOKI_URL": "http://127.0.0.1:3100",
        "LOG_CONSOLE": False,
    }


def test_an_empty_text_means_none_and_an_empty_number_means_unset() -> None:
    values = read_settings(ROWS, {"LOKI_URL": "", "CACHE_TTL_SECONDS": ""})
    assert (values["LOKI_URL"], values["CACHE_TTL_SECONDS"]) == ("", 30.0)


@pytest.mark.parametrize(
    ("name", "text"),
    [("CACHE_TTL_SECONDS", "soon"), ("CACHE_TTL_SECONDS", "-1"), ("CACHE_TTL_SECONDS", "nan"), ("LOG_CONSOLE", "yes")],
)
def test_a_value_that_cannot_be_used_is_named_with_its_variable_and_purpose(name: str, text: str) -> None:
    with pytest.raises(ValueError, match=rf"{name}='{text}' cannot be used: .*\({'how long|print'}"):
        read_settings(ROWS, {name: text})


def test_every_service_shares_the_serving_rows_but_not_the_port() -> None:
    assert read_settings(serving_settings(8001), {"SERVICE_WORKERS": "2"}) == {
        "SERVICE_HOST": "127.0.0.1",
        "SERVICE_PORT": 8001,
        "SERVICE_WORKERS": 2,
        "SERVICE_THREADS": 8,
    }
    with pytest.raises(ValueError, match="at least 1"):
        read_settings([Setting("N", "0", "a number", positive_int)], {})
