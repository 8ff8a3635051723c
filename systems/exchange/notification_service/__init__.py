"""Tells traders what happened to their orders while it happens, and whoever asks what happens in the market.

Whoever was not connected has missed nothing that the other services do not know.

app.py       wires the parts below and makes the ASGI app    settings.py  what can be set
stream.py    the conversation on /stream                     hub.py       who is connected, and what waits for them
messages.py  what an event means for whom                    metrics.py   what is counted
"""
