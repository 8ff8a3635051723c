"""The exchange's only entrance: who may come in, how often, and which service answers.

app.py         wires the parts below and makes the Flask app    settings.py    what can be set
operations.py  all that can be asked, as one table              models.py      the bodies and queries it takes
answer_models.py  what it answers with, for the description     openapi.py     the table as /openapi.json
calls.py       from a request to a call of an operation
accounts.py    sign up, log in, log out                         wallets.py     money and shares
trading.py     orders, reports, the overview                    market.py      prices
services.py    the services behind, and their refusals          sessions.py    whose token it is
rate_limit.py  how often somebody may ask                       counts.py      what both limits count by
login_limit.py how often a password may be guessed              addresses.py   whom an address stands for
page.py        serves the trading page (../page)                answers.py     headers of every answer
slow_bodies.py bodies that never come keep nobody busy          metrics.py     what is counted

Simulated traders (../traffic) live in its process and speak to it over HTTP, like everybody else.
"""
