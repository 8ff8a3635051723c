"""Tier 2 of the chain: business logic and a cache, between the pages and the database.

app.py         wires the parts below and makes the Flask app    routes.py      /api/data, /api/user, /api/product
metrics.py     the five metrics                                 settings.py    what can be set
catalog.py     cache first, then the database; their log lines and metrics are here
cache.py       time-to-live and least-recently-used cache       pricing.py     what a product costs, as rules
record_ids.py  what counts as an id                             membership.py  what members get
compaction.py  a cache that keeps one product smaller           journal.py     answers kept to be looked at later
forecast.py    how much will be asked for                       offers.py      which quantity is recommended
switches.py    which flag changes what
"""
