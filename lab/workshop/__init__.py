"""A learner's lab in a workshop: it reports to the instructor's page, and does what the instructor wants of it.

- `membership.py`  what is kept of it in the lab's state directory
- `server.py`      the workshop's server, as a learner's lab talks to it
- `reporting.py`   what is told: progress, and whether the lab is well
- `obeying.py`     orders, carried out once, and undone at the end
- `companion.py`   the process in the background that does these again and again
- `secret.py`      the instructor's secret, for the command that prints it and the server that wants it
"""
