"""The exchange's tables, and how they come to be: migrations in order of their numbers (`migrate.py`)."""
