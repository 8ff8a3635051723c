"""Tells users what they hold, what it is worth, and what they have traded.

app.py       wires the parts below               routes.py     positions, executions
queries.py   sums over executions, in SQL        profit.py     profit and loss from them: pure
settings.py  what can be set
"""
