"""The stock exchange: an overview, a page each for orders, money, matching and events, and its objectives."""

from functools import partial

from grafana.source import objectives
from grafana.source.exchange import engine, events, orders, overview, parts, wallets

DASHBOARDS = (
    overview.dashboard,
    orders.dashboard,
    wallets.dashboard,
    engine.dashboard,
    events.dashboard,
    partial(objectives.dashboard, "exchange", parts.ROUTES),
)
