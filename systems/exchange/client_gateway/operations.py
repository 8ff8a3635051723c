"""All that can be asked of the gateway, as one table: routes, span names, checks and `/openapi.json` come from it.

What is done for each stands in the module of its topic (`accounts.py`, `wallets.py`, `trading.py`, `market.py`).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from pydantic import BaseModel

from systems.exchange.accounts import Credentials, Registration
from systems.exchange.client_gateway import answer_models
from systems.exchange.client_gateway.models import Deposit, Depth, OrderPage, Page, ShareDeposit
from systems.exchange.orders import OrderTicket


@dataclass(frozen=True)
class Operation:
    """One method of one path. `name` is the function that does it, and the operation's id in OpenAPI."""

    name: str
    method: str
    path: str
    summary: str
    #: What it answers with when it does what it was asked.
    answer: type[BaseModel]
    #: status -> what it says. Refusals that every operation knows (401, 422, 429 …) need not be named.
    answers: Mapping[int, str] = field(default_factory=lambda: {200: "The answer."})
    body: type[BaseModel] | None = None
    query: type[BaseModel] | None = None
    needs_token: bool = True
    #: Gives out or checks a password: counted for each address.
    takes_credentials: bool = False

    @property
    def rule(self) -> str:
        """The path as Flask writes it."""
        return self.path.replace("{", "<").replace("}", ">")


_NO_SYMBOL = {200: "The answer.", 404: "There is no such symbol; the error lists those there are."}
_OWN_ORDER = {200: "The order.", 404: "There is no such order, or it is somebody else's."}

OPERATIONS = (
    Operation(
        "register",
        "POST",
        "/auth/register",
        "Sign up.",
        answer_models.UserAnswer,
        {201: "The new user.", 409: "The name or the address is taken."},
        body=Registration,
        needs_token=False,
        takes_credentials=True,
    ),
    Operation(
        "login",
        "POST",
        "/auth/login",
        "Log in: a token for everything else.",
        answer_models.LoggedIn,
        {200: "The token, and when it expires.", 401: "Unknown user or wrong password."},
        body=Credentials,
        needs_token=False,
        takes_credentials=True,
    ),
    Operation(
        "logout",
        "POST",
        "/auth/logout",
        "The token is worth nothing any more.",
        answer_models.LoggedOut,
        {200: "Done."},
    ),
    Operation("me", "GET", "/auth/me", "Whose token this is.", answer_models.UserAnswer),
    Operation(
        "wallet", "GET", "/wallet", "Money and shares: available, and blocked by open orders.", answer_models.Wallet
    ),
    Operation(
        "add_funds",
        "POST",
        "/wallet/add-funds",
        "Pay money in. With an Idempotency-Key header the same request again changes nothing.",
        answer_models.Balance,
        body=Deposit,
    ),
    Operation(
        "add_shares",
        "POST",
        "/wallet/add-shares",
        "Bring shares from elsewhere. Idempotency-Key as with money.",
        answer_models.Balance,
        body=ShareDeposit,
    ),
    Operation(
        "place_order",
        "POST",
        "/v1/order",
        "Place an order. With a client_order_id the same request again gives the same order back.",
        answer_models.OrderAnswer,
        {
            200: "The order that this client_order_id had placed before.",
            201: "The order.",
            409: "Refused: not enough money or shares, beyond a risk limit, no price to go by.",
        },
        body=OrderTicket,
    ),
    Operation(
        "list_orders", "GET", "/v1/orders", "One's own orders, newest first.", answer_models.Orders, query=OrderPage
    ),
    Operation(
        "get_order", "GET", "/v1/order/{id}", "One of one's own orders.", answer_models.OrderInFullAnswer, _OWN_ORDER
    ),
    Operation(
        "cancel_order",
        "DELETE",
        "/v1/order/{id}",
        "Cancel what is left of an order.",
        answer_models.OrderAnswer,
        {**_OWN_ORDER, 409: "It is filled already."},
    ),
    Operation(
        "overview",
        "GET",
        "/v1/overview",
        "Wallet, open orders and positions, asked for side by side. What is not to be had is null; `missing` says why.",
        answer_models.Overview,
    ),
    Operation(
        "positions",
        "GET",
        "/reports/positions",
        "Shares held, what they cost, and what they are worth.",
        answer_models.Positions,
    ),
    Operation(
        "executions",
        "GET",
        "/reports/executions",
        "One's own trades, newest first.",
        answer_models.OwnTrades,
        query=Page,
    ),
    Operation(
        "instruments",
        "GET",
        "/market/instruments",
        "What is traded here.",
        answer_models.Instruments,
        needs_token=False,
    ),
    Operation(
        "quote",
        "GET",
        "/market/quotes/{symbol}",
        "Last price, best bid and best ask.",
        answer_models.Quote,
        _NO_SYMBOL,
        needs_token=False,
    ),
    Operation(
        "depth",
        "GET",
        "/market/depth/{symbol}",
        "The best price levels of the book.",
        answer_models.MarketDepth,
        _NO_SYMBOL,
        needs_token=False,
    ),
    Operation(
        "trades",
        "GET",
        "/market/trades/{symbol}",
        "Recent trades, newest first.",
        answer_models.MarketTrades,
        _NO_SYMBOL,
        query=Depth,
        needs_token=False,
    ),
    Operation(
        "candles",
        "GET",
        "/market/candles/{symbol}",
        "One-minute candles.",
        answer_models.Candles,
        _NO_SYMBOL,
        query=Depth,
        needs_token=False,
    ),
    Operation("openapi", "GET", "/openapi.json", "This description.", answer_models.Description, needs_token=False),
)

#: Of the page's files, which are no operation of the API.
PAGE_ROUTES = {"GET /": "GET /", "GET /page/<path:file>": "GET /page/{file}"}

SPAN_NAMES = {f"{each.method} {each.rule}": f"{each.method} {each.path}" for each in OPERATIONS} | PAGE_ROUTES
