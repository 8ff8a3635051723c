"""Incidents: hidden faults on a running lab, played blind against the clock by a person or a program.

Pure, and tested as such: `scenario.py` (what happens, from a seed), `labels.py` and `answers.py` (what can be said),
`scoring.py` (what that is worth). `conduct.py` makes a scenario happen on a lab; `game.py` is what a player can do
while it lasts, `http_api.py` the same over HTTP; `watcher.py` is the process that stays when `lab incident start` has
returned. Nothing that a player can ask knows the truth; it stands in a file that `report` opens after the answer.
"""
