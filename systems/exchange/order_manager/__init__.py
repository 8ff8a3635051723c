"""Takes orders: checked by the risk manager, paid for at the wallet service, stored, and told to the matching engine.

app.py             wires the parts below          routes.py        place, get, list, cancel
placement.py       how an order comes into being  cancellation.py  how it ends before it is filled
sweeper.py         ends cancellations that were left in the middle
order_table.py     the rows, and which changes of them are allowed
neighbours.py      the services that are asked    market_price.py  the worst price of a market order
retention.py       forgets client order ids       fill_prices.py   at which price orders traded
metrics.py         what is counted                settings.py      what can be set
switches.py        which flag changes what
"""
