"""A stock exchange of nine services over PostgreSQL and Redis; README.md says what it is."""
