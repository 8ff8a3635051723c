"""Tier 3 of the chain: a simulated database behind HTTP.

app.py         wires the parts below and makes the Flask app        routes.py      /db/user, /db/product, /db/query
metrics.py     the six metrics                                      settings.py    what can be set
database.py    one question asked: transaction, plan, execution; every span, log line and metric of a query is here
queries.py     the SQL, and what a caller of /db/query may ask      record_ids.py  what counts as an id
schema.py      tables, columns and indexes                          dataset.py     the rows, made from a seed
engine.py      the database itself (SQLite in memory)               pool.py        its connections
planner.py     how the engine will find the rows                    latency.py     how long a bigger database takes
sessions.py    connections kept after their transaction             maintenance.py a job in the background
switches.py    which flag changes what
"""
