"""Where the lab's alerts arrive: Alertmanager's webhook posts here, and what came can be read again.

In production this would be a pager, a chat room or a ticket system. Imports nothing else of the lab.

- `settings.py`   host, port, file, from the environment
- `message.py`    is this a message of Alertmanager's webhook?
- `inbox.py`      the newest messages, in memory and in a file
- `app.py`        the HTTP endpoints
- `__main__.py`   serves them
"""
