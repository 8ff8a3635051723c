"""Knows who there is: sign up, log in, log out, and whose a token is.

app.py        wires the parts below           routes.py     register, login, me, logout
passwords.py  hashes that are meant to be slow, and a limit to how many are made at once
user_table.py the rows of users and of tokens that were logged out
metrics.py    what is counted                 settings.py   what can be set
"""
