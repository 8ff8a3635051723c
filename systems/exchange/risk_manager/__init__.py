"""Says whether an order keeps within its owner's limits.

app.py     wires the parts below                       routes.py       check an order, read and set limits
rules.py   which limit an order is beyond: pure        limits.py       where limits are kept
last_prices.py   what a price is measured against      scenarios.py    what an order could lose
settings.py      what can be set                       switches.py     which flag changes what
"""
