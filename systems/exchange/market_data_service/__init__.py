"""What everybody may know of the market: prices, depth, trades and candles. Consumes the stream `market_data`.

app.py         wires the parts below and makes the Flask app        routes.py      /instruments, /quotes, /depth, …
metrics.py     last prices, events                                  settings.py    what can be set
board.py       what is known of one symbol, pure                    feed.py        what happens with each event
memory.py      what Redis keeps of it over a restart                history.py     what the database knows of it
switches.py    which flag changes what
"""
