from __future__ import annotations

import random

import orjson
import pytest

from systems.exchange.market_data_service.board import CANDLES, TRADES, Board, Candle, Trade

MINUTE = 1_790_000_040


def trade(execution_id: int, price_cents: int = 1000, quantity: int = 5, *, minute: int = 0, second: int = 0) -> Trade:
    at = f"2026-09-21T14:{14 + minute:02}:{second:02}+00:00"
    return Trade(execution_id, price_cents, quantity, "buy", at)


@pytest.fixture
def board() -> Board:
    return Board("ACRN")


def test_the_last_price_is_that_of_the_newest_trade(board: Board) -> None:
    assert board.last_price_cents is None
    board.tell_trades([trade(1, 1000), trade(2, 1010)])
    assert board.last_price_cents == 1010


def test_a_trade_that_is_told_of_late_does_not_become_the_last_price(board: Board) -> None:
    board.tell_trades([trade(2, 1010)])
    board.tell_trades([trade(1, 1000)])
    assert board.last_price_cents == 1010
    assert [one.execution_id for one in board.trades(5)] == [2, 1]


def test_a_trade_that_is_told_of_twice_counts_once(board: Board) -> None:
    assert board.tell_trades([trade(1)]) == 1
    assert board.tell_trades([trade(1)]) == 0
    assert [candle.quantity for candle in board.candles(5)] == [5]


def test_a_candle_has_the_first_the_highest_the_lowest_and_the_last_price_of_its_minute(board: Board) -> None:
    trades = [trade(1, 1005), trade(2, 1020, second=20), trade(3, 990, second=40), trade(4, 1000, second=59)]
    random.Random(7).shuffle(trades)
    for one in trades:
        board.tell_trades([one])
    assert board.candles(5) == [Candle(MINUTE, 1005, 1020, 990, 1000, 20, 4, 1, 4)]


def test_each_minute_with_a_trade_has_a_candle(board: Board) -> None:
    board.tell_trades([trade(1), trade(2, minute=1), trade(3, minute=3)])
    assert [candle.start_unix_seconds - MINUTE for candle in board.candles(5)] == [0, 60, 180]
    assert [candle.start_unix_seconds - MINUTE for candle in board.candles(1)] == [180]


def test_an_older_depth_does_not_replace_a_newer_one(board: Board) -> None:
    board.tell_depth(8, [[999, 5]], [[1001, 5]], "2026-09-21T14:14:08+00:00")
    board.tell_depth(7, [[1, 1]], [], "2026-09-21T14:14:07+00:00")
    assert (board.best_bid_cents, board.best_ask_cents) == (999, 1001)
    board.tell_depth(9, [], [], "2026-09-21T14:14:09+00:00")
    assert (board.best_bid_cents, board.best_ask_cents) == (None, None)


def test_only_the_newest_are_kept_and_what_was_forgotten_does_not_come_back(board: Board) -> None:
    board.tell_trades([trade(number) for number in range(1, TRADES + 4)])
    assert len(board.trades(TRADES + 10)) == TRADES
    assert board.tell_trades([trade(1), trade(3)]) == 0
    assert board.candles(CANDLES)[0].trades == TRADES + 3


def test_a_board_that_begins_anew_keeps_what_came_after_what_it_is_told(board: Board) -> None:
    board.tell_trades([trade(1, minute=0), trade(2, minute=1), trade(9, 1010, minute=2)])
    whole = Candle(MINUTE + 120, 1000, 1000, 1000, 1000, 40, 8, 1, 8)
    board.begin_anew([trade(8, minute=2), trade(7, minute=2)], [whole])
    assert [one.execution_id for one in board.trades(9)] == [9, 8, 7]
    assert board.candles(9) == [Candle(MINUTE + 120, 1000, 1010, 1000, 1010, 45, 9, 1, 9)]
    assert board.tell_trades([trade(number, minute=2) for number in range(1, 10)]) == 0


def test_a_snapshot_carries_a_board_over_a_restart(board: Board) -> None:
    board.tell_trades([trade(number, 1000 + number, minute=number % 3) for number in range(1, TRADES + 20)])
    board.tell_depth(8, [[999, 5]], [[1001, 5]], "2026-09-21T14:14:08+00:00")
    restored = Board.restore("ACRN", orjson.loads(orjson.dumps(board.snapshot())))
    assert restored.snapshot() == board.snapshot()
    for one in (board, restored):
        one.tell_trades([trade(1), trade(TRADES + 19), trade(TRADES + 20, 900)])
    assert restored.snapshot() == board.snapshot()


@pytest.mark.parametrize("kept", [{}, {"bids": []}, [], "text", None])
def test_what_is_no_snapshot_is_refused(kept: object) -> None:
    with pytest.raises((KeyError, TypeError, ValueError)):
        Board.restore("ACRN", kept)  # type: ignore[arg-type]
