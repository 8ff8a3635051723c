"""The stock exchange: an overview, and a page each for orders, money, matching and events."""

from grafana.source.exchange import engine, events, orders, overview, wallets

DASHBOARDS = (overview.dashboard, orders.dashboard, wallets.dashboard, engine.dashboard, events.dashboard)
