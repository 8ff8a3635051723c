"""One module a verb: its options, and how its result looks. What the verbs do is in the modules above."""
