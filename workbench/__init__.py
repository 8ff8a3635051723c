"""The lab's own web page: looks into a system through the Prometheus, Loki and Tempo HTTP APIs.

The browser asks and draws (`static/`); this process hands out the pages, relays the questions to the APIs, and says
what the lab consists of. It knows no service, no store, and nothing of how they work inside.
"""
