"""Dashboards of the chain: an overview, one a tier, and those that cross all tiers."""
