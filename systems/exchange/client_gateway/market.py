"""Prices, which are everybody's."""

from __future__ import annotations

from collections.abc import Mapping
from urllib.parse import quote as quoted

from systems.exchange.client_gateway.calls import Answer, Call, View
from systems.exchange.client_gateway.services import Services, content


def market_views(services: Services) -> Mapping[str, View]:
    """The functions of these operations."""

    def ask(path: str, call: Call) -> Answer:
        query = call.query.model_dump(exclude_none=True) if call.query else {}
        parameters = {name: str(value) for name, value in query.items()}
        return content(services.market, services.market.get(path, params=parameters or None)), 200

    def about_symbol(kind: str) -> View:
        # Whatever stands in the path is the name of something, and never a path of its own.
        return lambda call: ask(f"/{kind}/{quoted(call.path['symbol'], safe='')}", call)

    return {
        "instruments": lambda call: ask("/instruments", call),
        "quote": about_symbol("quotes"),
        "depth": about_symbol("depth"),
        "trades": about_symbol("trades"),
        "candles": about_symbol("candles"),
    }
