"""The lab's own tooling: starts systems and the telemetry stack, watches over them, and talks to them over HTTP.

No service imports this package. `python3 lab --help` lists the verbs; docs/lab-command.md describes them.
"""
