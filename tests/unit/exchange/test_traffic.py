"""What simulated traders ask, with a market that answers out of a dictionary."""

from __future__ import annotations

import itertools
import re
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import suppress
from typing import Any

import pytest

from systems.exchange.traffic.asking import Answer, Ask, Trader
from systems.exchange.traffic.moments import OPENING_MOMENTS, WAVE_SECONDS, moments
from systems.exchange.traffic.moves import enter
from systems.exchange.traffic.population import KINDS, Population

#: The sample traces that somebody looks for in the first minute.
EVERY_FLOW = {
    "POST /auth/register",
    "POST /auth/login",
    "POST /wallet/add-funds",
    "POST /v1/order",
    "GET /v1/orders",
    "GET /reports/positions",
    "DELETE /v1/order/{id}",
}


class Market:
    """Takes every order, knows every account that has signed up, and remembers what was asked."""

    def __init__(self) -> None:
        self.asked: list[Ask] = []
        self._users: dict[str, str] = {}
        self._ids = itertools.count(1)

    def answer(self, ask: Ask) -> Answer:
        self.asked.append(ask)
        body: Any = ask.body or {}
        path = ask.path.partition("?")[0]
        match f"{ask.method} {path}".split("/")[:3]:
            case ["POST ", "auth", "register"]:
                if body["username"] in self._users:
                    return Answer(409)
                self._users[body["username"]] = body["password"]
                return Answer(201)
            case ["POST ", "auth", "login"]:
                known = self._users.get(body["username"]) == body["password"]
                return Answer(200, {"token": f"token of {body['username']}"}) if known else Answer(401)
            case ["GET ", "wallet"]:
                return Answer(200, {"balances": []})
            case ["GET ", "v1", "overview"]:
                orders = [{"id": number} for number in range(5)]
                wallet = {"balances": [{"asset": "ACRN", "available": 7, "blocked": 0}]}
                return Answer(200, {"wallet": wallet, "orders": {"orders": orders}, "positions": None})
            case ["POST ", "v1", "order"]:
                return Answer(201, {"order": {"id": next(self._ids)}})
            case ["GET ", "market", "quotes"]:
                return Answer(200, {"last_price_cents": 5_000})
        return Answer(200, {})

    def kinds(self) -> list[str]:
        """What was asked, as routes."""
        return [f"{ask.method} {re.sub(r'/[0-9]+$', '/{id}', ask.path.partition('?')[0])}" for ask in self.asked]


def trade(steps: int, answer: Callable[[Ask], Answer], seed: int = 1, run: str = "1") -> None:
    population = Population(seed, run)
    for _ in range(steps):
        participant = population.next()
        assert participant is not None
        participant.answer(answer(participant.ask()))
        population.done(participant)


def test_each_sample_trace_is_there_after_a_dozen_requests() -> None:
    market = Market()
    trade(12, market.answer)
    assert set(market.kinds()) >= EVERY_FLOW


def test_the_same_seed_trades_the_same() -> None:
    one, same, other = Market(), Market(), Market()
    trade(400, one.answer)
    trade(400, same.answer)
    trade(400, other.answer, seed=2)
    assert one.asked == same.asked
    assert one.asked != other.asked


def test_everybody_takes_part() -> None:
    market = Market()
    trade(3_000, market.answer)
    names = {(ask.body or {}).get("username", "").split("-")[0] for ask in market.asked} - {""}
    assert names == {kind.name.split("-")[0] for kind in KINDS}
    sides = Counter((ask.body or {}).get("side") for ask in market.asked if ask.path == "/v1/order")
    assert min(sides["buy"], sides["sell"]) > 300


def test_who_comes_back_takes_back_what_lies_in_the_books_and_others_begin_with_money() -> None:
    def enters(balances: list[dict[str, Any]]) -> list[str]:
        asked = []
        script = enter(Trader("ada", 1), 1_000)
        ask = next(script)
        with suppress(StopIteration):
            while True:
                asked.append(f"{ask.method} {ask.path}")
                answers = {
                    "/auth/login": {"token": "t"},
                    "/wallet": {"balances": balances},
                    "/v1/orders?status=open&limit=200": {"orders": [{"id": 8}, {"id": 7}]},
                }
                ask = script.send(Answer(200, answers.get(ask.path, {})))
        return asked[3:]

    assert enters([]) == ["POST /wallet/add-funds"]
    assert enters([{"asset": "USD"}]) == [
        "GET /v1/orders?status=open&limit=200",
        "DELETE /v1/order/8",
        "DELETE /v1/order/7",
    ]


def test_nobody_is_new_twice_not_after_a_restart_either() -> None:
    market = Market()
    for run in ("1", "2"):
        trade(600, market.answer, run=run)
    names = [ask.body["username"] for ask in market.asked if ask.path == "/auth/register" and ask.body]
    newcomers = [name for name in names if name.startswith("newcomer")]
    assert len(newcomers) > 10
    assert len(set(newcomers)) == len(newcomers)


def test_who_is_known_gets_in_again_after_a_restart() -> None:
    market = Market()
    trade(600, market.answer, run="1")
    before = len(market.asked)
    trade(600, market.answer, run="2")
    assert any(ask.token and ask.token.startswith("token of maker") for ask in market.asked[before:])


@pytest.mark.parametrize("status", [0, 401, 404, 409, 422, 429, 500, 503])
def test_no_answer_throws_anybody_off(status: int) -> None:
    trade(500, lambda ask: Answer(status, {"error": {"type": "insufficient_funds"}} if status else None))


def test_what_is_missing_is_brought() -> None:
    market = Market()

    def answer(ask: Ask) -> Answer:
        answered = market.answer(ask)
        if ask.path == "/v1/order" and ask.body:
            side = ask.body["side"]
            return Answer(409, {"error": {"type": "insufficient_shares" if side == "sell" else "insufficient_funds"}})
        return answered

    trade(400, answer)
    assert {"POST /wallet/add-shares", "POST /wallet/add-funds"} <= set(market.kinds())


def test_prices_are_whole_cents_on_the_instruments_ticks() -> None:
    ticks = {"ACRN": 1, "BRZY": 1, "KELP": 1, "LNTN": 5, "QUIL": 5, "TUBA": 10}
    market = Market()
    trade(2_000, market.answer)
    tickets = [
        ask.body
        for ask in market.asked
        # What is none on purpose has another symbol, side or quantity, or no price at all.
        if ask.path == "/v1/order" and ask.body and ask.body.get("price_cents") and ask.body["symbol"] in ticks
    ]
    assert len(tickets) > 300
    assert all(isinstance(each["price_cents"], int) for each in tickets)
    assert all(each["price_cents"] % ticks[each["symbol"]] == 0 for each in tickets)


def test_passwords_and_tokens_are_not_shown() -> None:
    assert repr(Ask("POST", "/auth/login", {"password": "p"}, "t")) == "Ask(POST /auth/login)"


@pytest.mark.parametrize("steady", [True, False])
def test_as_many_moments_as_asked_for(steady: bool) -> None:
    seconds = 4 * WAVE_SECONDS
    count = sum(1 for _ in itertools.takewhile(lambda moment: moment < seconds, moments(5, 1, steady=steady)))
    assert count == pytest.approx(5 * seconds, rel=0.05)


def test_what_comes_first_comes_quicker_unless_all_is_to_be_steady() -> None:
    opening = list(itertools.islice(moments(2, 1), OPENING_MOMENTS + 1))
    steady = list(itertools.islice(moments(2, 1, steady=True), OPENING_MOMENTS + 1))
    assert opening[-2] < steady[-2] / 3
    assert sum(1 for moment in moments_until(opening[-1] + 20, moments(2, 1)) if moment > opening[-1]) < 100


def moments_until(end: float, each: Iterator[float]) -> list[float]:
    return list(itertools.takewhile(lambda moment: moment < end, each))


def test_unsteady_moments_come_in_waves() -> None:
    wave = list(itertools.takewhile(lambda moment: moment < WAVE_SECONDS, moments(10, 1)))
    quarter = WAVE_SECONDS / 4
    busy = sum(1 for moment in wave if moment < quarter or moment >= 3 * quarter)
    assert busy > 1.5 * (len(wave) - busy)


def test_a_rate_of_nothing_is_refused() -> None:
    with pytest.raises(ValueError, match="above 0"):
        moments(0, 1)
