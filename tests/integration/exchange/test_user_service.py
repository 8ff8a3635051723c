"""The user service: who may sign up, who gets in, and how long a token is worth something."""

from __future__ import annotations

import threading
from typing import Any

import pytest
from flask.testing import FlaskClient

from observability.postgresql import Database
from systems.exchange.user_service import passwords as passwords_module
from systems.exchange.user_service.app import create_app
from tests.integration.exchange.backing import Watched, until

KEY = "a-key-that-is-long-enough-for-a-test"
ADA = {"username": "ada", "email": "ada@example.com", "password": "correct horse"}
CREDENTIALS = {"username": "ada", "password": "correct horse"}


@pytest.fixture(autouse=True)
def quick_hashes(monkeypatch: pytest.MonkeyPatch) -> None:
    """Argon2 as it is, with the least work that it can be told to do."""
    monkeypatch.setattr(passwords_module, "_MEMORY_KIBIBYTES", 8)
    monkeypatch.setattr(passwords_module, "_PASSES", 1)


@pytest.fixture
def client(postgresql_url: str, database: Database, exchange_telemetry: Watched) -> FlaskClient:
    environ = {"EXCHANGE_DATABASE_URL": postgresql_url, "EXCHANGE_JWT_KEYS": KEY}
    return create_app(environ, telemetry=exchange_telemetry.of("user-service"), database=database).test_client()


def log_in(client: FlaskClient) -> dict[str, str]:
    """The header of who is logged in."""
    client.post("/register", json=ADA)
    answer = client.post("/login", json=CREDENTIALS)
    assert answer.status_code == 200, answer.json
    return {"Authorization": f"Bearer {answer.json['token']}"}


def error(answer: Any) -> tuple[int, str]:
    return answer.status_code, answer.json["error"]["type"]


def test_who_signs_up_is_a_user(client: FlaskClient, database: Database) -> None:
    answer = client.post("/register", json=ADA)

    assert answer.status_code == 201
    user = answer.json["user"]
    assert sorted(user) == ["created_at", "email", "id", "username"]
    assert (user["username"], user["email"]) == ("ada", "ada@example.com")
    with database.transaction() as transaction:
        stored = transaction.fetch_one("SELECT * FROM users")
    assert stored is not None
    assert stored["id"] == user["id"]
    assert stored["password_hash"].startswith("$argon2id$")


@pytest.mark.parametrize(
    ("changed", "type"),
    [
        ({"username": "ada"}, "username_taken"),
        ({"username": "Ada"}, "username_taken"),
        ({"email": "ada@example.com"}, "email_taken"),
        ({"email": "ADA@Example.com"}, "email_taken"),
    ],
)
def test_a_name_and_an_address_are_given_once(client: FlaskClient, changed: dict[str, str], type: str) -> None:
    client.post("/register", json=ADA)

    other = {"username": "bob", "email": "bob@example.com", "password": "correct horse"}
    assert error(client.post("/register", json={**other, **changed})) == (409, type)


def test_of_many_who_want_the_same_name_at_once_one_gets_it(
    postgresql_url: str, database: Database, exchange_telemetry: Watched
) -> None:
    environ = {
        "EXCHANGE_DATABASE_URL": postgresql_url,
        "EXCHANGE_JWT_KEYS": KEY,
        "PASSWORD_HASHES_WAITING": "10",
    }
    app = create_app(environ, telemetry=exchange_telemetry.of("user-service"), database=database)
    statuses: list[int] = []

    def register(number: int) -> None:
        body = {**ADA, "email": f"ada{number}@example.com"}
        statuses.append(app.test_client().post("/register", json=body).status_code)

    threads = [threading.Thread(target=register, args=(number,)) for number in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert sorted(statuses) == [201, 409, 409, 409, 409, 409]


@pytest.mark.parametrize(
    ("changed", "field"),
    [
        ({"username": "a"}, "username"),
        ({"username": "ada lovelace"}, "username"),
        ({"username": None}, "username"),
        ({"email": "ada"}, "email"),
        ({"password": "short"}, "password"),
        ({"password": "x" * 129}, "password"),
        ({"admin": True}, "admin"),
    ],
)
def test_what_makes_no_user_is_refused_with_the_field(client: FlaskClient, changed: dict[str, Any], field: str) -> None:
    answer = client.post("/register", json={**ADA, **changed})

    assert error(answer) == (422, "invalid_body")
    assert [one["field"] for one in answer.json["error"]["fields"]] == [field]


def test_who_logs_in_gets_a_token_that_says_who_it_is(client: FlaskClient) -> None:
    authorization = log_in(client)

    answer = client.get("/me", headers=authorization)

    assert answer.status_code == 200
    assert answer.json["user"]["username"] == "ada"


def test_the_name_may_be_written_in_capitals(client: FlaskClient) -> None:
    client.post("/register", json=ADA)

    assert client.post("/login", json={**CREDENTIALS, "username": "ADA"}).status_code == 200


def test_an_unknown_user_and_a_wrong_password_get_the_same_answer(client: FlaskClient) -> None:
    client.post("/register", json=ADA)

    wrong = client.post("/login", json={**CREDENTIALS, "password": "another horse"})
    unknown = client.post("/login", json={**CREDENTIALS, "username": "nobody"})

    assert error(wrong) == error(unknown) == (401, "wrong_credentials")
    assert wrong.json["error"]["message"] == unknown.json["error"]["message"]
    assert wrong.json["error"].keys() == unknown.json["error"].keys()


def test_an_unknown_user_costs_as_much_as_a_wrong_password(client: FlaskClient, exchange_telemetry: Watched) -> None:
    client.post("/login", json=CREDENTIALS)

    assert len(exchange_telemetry.named("verify_password")) == 1


def test_who_has_logged_out_is_out_and_another_login_is_not(client: FlaskClient) -> None:
    first, second = log_in(client), log_in(client)

    assert client.post("/logout", headers=first).status_code == 200
    assert client.post("/logout", headers=first).status_code == 200

    assert error(client.get("/me", headers=first)) == (401, "revoked_token")
    assert client.get("/me", headers=second).status_code == 200


def test_without_a_token_one_is_nobody(client: FlaskClient, database: Database) -> None:
    missing = client.get("/me")
    assert error(missing) == (401, "missing_token")
    assert missing.headers["WWW-Authenticate"] == "Bearer"
    assert error(client.get("/me", headers={"Authorization": "Basic YTpi"})) == (401, "missing_token")
    assert error(client.get("/me", headers={"Authorization": "Bearer nonsense"})) == (401, "malformed_token")

    authorization = log_in(client)
    with database.transaction() as transaction:
        transaction.execute("DELETE FROM users")
    assert error(client.get("/me", headers=authorization)) == (401, "unknown_user")


def test_a_crowd_at_the_door_is_told_to_come_back_while_others_are_served(
    postgresql_url: str, database: Database, exchange_telemetry: Watched, monkeypatch: pytest.MonkeyPatch
) -> None:
    environ = {
        "EXCHANGE_DATABASE_URL": postgresql_url,
        "EXCHANGE_JWT_KEYS": KEY,
        "PASSWORD_HASHES_AT_ONCE": "1",
        "PASSWORD_HASHES_WAITING": "1",
    }
    app = create_app(environ, telemetry=exchange_telemetry.of("user-service"), database=database)
    authorization = log_in(app.test_client())
    is_slow, go_on = threading.Event(), threading.Event()

    def slow_verify(*args: Any) -> bool:
        is_slow.set()
        return go_on.wait(20)

    monkeypatch.setattr("argon2.PasswordHasher.verify", slow_verify)
    answers: list[Any] = []
    crowd = [
        threading.Thread(target=lambda: answers.append(app.test_client().post("/login", json=CREDENTIALS)))
        for _ in range(4)
    ]
    for one in crowd:
        one.start()
    is_slow.wait(20)
    assert app.test_client().get("/me", headers=authorization).status_code == 200
    until(lambda: len(answers) == 2)
    go_on.set()
    for one in crowd:
        one.join()

    statuses = sorted(answer.status_code for answer in answers)
    assert statuses == [200, 200, 503, 503]
    refused = next(answer for answer in answers if answer.status_code == 503)
    assert error(refused) == (503, "too_many_passwords")
    assert refused.headers["Retry-After"] == "1"


def test_the_traces_show_what_was_done_and_nothing_secret(client: FlaskClient, exchange_telemetry: Watched) -> None:
    authorization = log_in(client)
    client.post("/login", json={**CREDENTIALS, "password": "another horse"})
    client.post("/logout", headers=authorization)

    assert exchange_telemetry.names[:9] == [
        "register_user",
        "validate_user",
        "SELECT FROM users",
        "hash_password",
        "INSERT INTO users",
        "COMMIT",
        "authenticate_user",
        "SELECT FROM users",
        "verify_password",
    ]
    assert exchange_telemetry.names[9] == "generate_token"
    told = [span.to_json() for span in exchange_telemetry.spans]
    told += [f"{line.message} {line.fields}" for line in exchange_telemetry.lines]
    for secret in ("correct horse", "another horse", "$argon2", KEY, authorization["Authorization"].split(".")[1]):
        assert not [text for text in told if secret in text]


def test_logins_are_counted(client: FlaskClient) -> None:
    log_in(client)
    client.post("/login", json={**CREDENTIALS, "password": "another horse"})

    text = client.get("/metrics").text
    assert 'exchange_logins_total{outcome="success"} 1.0' in text
    assert 'exchange_logins_total{outcome="refused"} 1.0' in text
    assert "exchange_registrations_total 1.0" in text


def test_without_a_key_it_does_not_start(postgresql_url: str, exchange_telemetry: Watched) -> None:
    with pytest.raises(ValueError, match="EXCHANGE_JWT_KEYS is empty"):
        create_app({"EXCHANGE_DATABASE_URL": postgresql_url}, telemetry=exchange_telemetry.of("user-service"))
