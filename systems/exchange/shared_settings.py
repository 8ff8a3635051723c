"""Settings that several services of the exchange have: where PostgreSQL and Redis are, and the keys of tokens.

Only their rows: a service's parent process reads settings, and has no use for what they lead to. The cryptography of
systems/exchange/tokens.py alone takes 12 MB.
"""

from observability import Setting

#: The environment variable with the keys, separated by commas.
KEYS_VARIABLE = "EXCHANGE_JWT_KEYS"

DATABASE_URL = Setting(
    "EXCHANGE_DATABASE_URL",
    "postgresql://postgres@127.0.0.1:5432/exchange",
    "where PostgreSQL is, with user, password and database",
)
REDIS_URL = Setting("EXCHANGE_REDIS_URL", "redis://127.0.0.1:6379/0", "where Redis is, with its password")
TOKEN_KEYS = Setting(
    KEYS_VARIABLE, "", "keys of tokens, separated by commas: the first signs, all verify; 32 bytes or more"
)
