"""One module a stack: turns the chosen systems into the processes to start. See docs/architecture.md for the stacks."""
