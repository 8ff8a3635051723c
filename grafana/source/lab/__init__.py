"""Dashboards of the lab itself: what it puts on the chain, and how its telemetry does."""
