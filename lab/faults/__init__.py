"""Faults: what can be broken on purpose, and whether that did what it promises.

The catalogue itself is content, one file a fault in faults/; the breaking happens inside the services, when the flag
of a fault is switched. Here the catalogue is read and checked, flags are written, and the telemetry is asked for the
effect.
"""
