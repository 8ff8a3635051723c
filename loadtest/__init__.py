"""Load tests: one Locust file a system, named as the system. `python3 lab load` runs them."""
