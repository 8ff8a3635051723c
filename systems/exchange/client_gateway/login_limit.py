"""How often the password of an account may be guessed wrong, from however many addresses.

Tries are counted for the account's name, whether there is such an account or not, and before anybody looks at the
password: of many at once no more get through than one after the other. One that succeeds forgets those before it.

Whoever guesses must not shut the owner out: an address from which the account was entered lately is counted for itself,
apart from all others, and a refusal ends with the stretch, however much is tried until then.
"""

from __future__ import annotations

import contextlib
import hashlib
import logging
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Protocol

from observability.errors import RequestError
from observability.redis import RedisUnavailable
from systems.exchange.client_gateway.addresses import caller_of, shortened
from systems.exchange.client_gateway.counts import Count, Counts
from systems.exchange.client_gateway.rate_limit import Counter

_SCOPE = "account"
#: For so long after a login its address is one of the account's own.
_KNOWN_SECONDS = 7 * 24 * 3600


class Memory(Protocol):
    """The part of Redis that is needed here."""

    def get(self, key: str, *, name: str) -> str | None: ...

    def set(self, key: str, value: str | int, *, name: str, seconds: int | None = None) -> None: ...


class LoginLimit:
    """Safe to use from several threads. `failures`: so many in each stretch of `counts`."""

    def __init__(
        self, counts: Counts, memory: Memory, refused_total: Counter, logger: logging.Logger, *, failures: int
    ) -> None:
        self._counts = counts
        self._memory = memory
        self._refused_total = refused_total
        self._logger = logger
        self._failures = failures

    @contextmanager
    def trying(self, account: str, address: str) -> Iterator[None]:
        """Around the look at the password, which raises RequestError with 401 when it is wrong.

        Raises RequestError with 429 instead when too many have failed; its Retry-After is when the next may be tried.
        """
        # Names may be long, and what was typed into the wrong field is nobody's business.
        name = hashlib.sha256(account.encode()).hexdigest()[:32]
        own = f"{name}:{caller_of(address)}"
        count = self._counts.add(f"failed_logins:{own if self._is_known(own) else name}")
        if count.number > self._failures:
            raise self._refusal(count, name, address)
        try:
            yield
        except RequestError as error:
            if error.status != 401:
                # Nobody has looked at the password.
                self._counts.take_back(count)
            raise
        self._counts.forget(count)
        if count.is_shared:
            self._remember(own)

    def _refusal(self, count: Count, name: str, address: str) -> RequestError:
        self._refused_total.labels(_SCOPE).inc()
        if count.number == self._failures + 1:
            self._logger.warning(
                "Too many logins of an account have failed: refused for %s s",
                count.wait_seconds,
                extra={"account": name, "client.address": shortened(address)},
            )
        return RequestError(
            429,
            "too_many_failed_logins",
            f"too many logins with this name have failed: more than {self._failures}"
            f" in {self._counts.stretch_seconds} seconds",
            f"try again in {count.wait_seconds} s",
            headers={"Retry-After": str(count.wait_seconds)},
        )

    def _is_known(self, own: str) -> bool:
        with contextlib.suppress(RedisUnavailable):
            return self._memory.get(f"known_address:{own}", name="GET known_address") is not None
        return False

    def _remember(self, own: str) -> None:
        with contextlib.suppress(RedisUnavailable):
            self._memory.set(f"known_address:{own}", 1, name="SET known_address", seconds=_KNOWN_SECONDS)
