"""Simulated traders, so that there is a market: they know nothing but the gateway's API.

personas.py    what each kind of trader does      moves.py    what every one of them does now and then
mishaps.py     those for whom things go wrong     asking.py   how such a script is written
population.py  who trades, and whose turn it is   moments.py  when somebody does something
driver.py      makes it real
"""
