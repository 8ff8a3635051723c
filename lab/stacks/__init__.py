"""One module a stack, and what they share.

`stack.py` says what a stack is, `choice.py` which there are. `services.py` and `store.py` make the processes that
stacks have in common, `targets.py` says what to scrape. docs/lab-command.md describes the stacks.
"""
