"""What services keep something in, on a machine that has none: PostgreSQL and Redis as processes of the lab.

`processes.py` says which to start and where they are, `postgresql.py` and `redis.py` are the processes, and
`readiness.py` asks whether they answer. In containers docker-compose files say all of it.
"""
