"""Tier 1 of the chain: what users see, as pages for browsers and as JSON for everybody else.

app.py         wires the parts below and makes the Flask app        routes.py        /, /user, /product
metrics.py     the four metrics                                     settings.py      what can be set
pages.py       the HTML pages, from templates/                      request_path.py  where the time went
visitors.py    who is here now                                      record_ids.py    what counts as an id
visits.py      simulated users: who comes when, and looks at what   traffic.py       makes their visits real requests
crowds.py      the usual users, and who comes besides them
switches.py    which flag changes what
"""
