"""Where orders meet: consumes the stream `orders`, matches by price and time, writes what was traded.

app.py         wires the parts below and makes the Flask app        routes.py      /book/<symbol>, /check
metrics.py     fills, books, durations                              settings.py    what can be set
book.py        the order book of one symbol, pure                   orders.py      the values it takes and gives
prices.py      the prices of a side, best first                     price_queue.py the orders at one price
depth.py       what waits, once a plan is applied                   books.py       all books, for several threads
engine.py      what happens with each event                         ledger.py      all SQL
comparison.py  whether rows, executions and books agree             leadership.py  one engine trades
switches.py    which flag changes what
"""
