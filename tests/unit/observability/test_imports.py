"""Services pay for what they use: what only some of them need is not loaded for the others."""

import subprocess
import sys

_LOADED = """
import sys
import observability.flask, observability.http_client, observability.serving, observability.switches
print([name for name in ("psycopg", "redis", "uvicorn", "starlette") if name in sys.modules])
"""


def test_a_service_without_postgresql_and_redis_loads_nothing_of_them() -> None:
    loaded = subprocess.run([sys.executable, "-c", _LOADED], capture_output=True, text=True, check=True)
    assert loaded.stdout == "[]\n"
