from __future__ import annotations

import threading

import pytest

from backend_service.cache import CacheUnavailable, TtlLruCache


class CountingClock:
    """Time that passes when it is told to."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> CountingClock:
    return CountingClock()


def test_an_entry_is_found_until_its_time_is_over(clock: CountingClock) -> None:
    cache: TtlLruCache[str] = TtlLruCache(max_entries=2, ttl_seconds=30, clock=clock)
    cache.put("user:1", "Ida")
    clock.now = 29.999
    assert cache.get("user:1") == "Ida"
    clock.now = 30
    assert cache.get("user:1") is None
    assert len(cache) == 0


def test_putting_an_entry_again_replaces_it_and_restarts_its_time(clock: CountingClock) -> None:
    cache: TtlLruCache[str] = TtlLruCache(max_entries=2, ttl_seconds=30, clock=clock)
    cache.put("user:1", "Ida")
    clock.now = 20
    cache.put("user:1", "Ida B.")
    clock.now = 40
    assert cache.get("user:1") == "Ida B."
    assert len(cache) == 1


def test_the_least_recently_used_entry_makes_room(clock: CountingClock) -> None:
    cache: TtlLruCache[int] = TtlLruCache(max_entries=3, ttl_seconds=30, clock=clock)
    for number in (1, 2, 3):
        cache.put(str(number), number)
    cache.get("1")
    cache.put("4", 4)
    assert {key: cache.get(key) for key in "1234"} == {"1": 1, "2": None, "3": 3, "4": 4}


def test_a_time_to_live_of_zero_caches_nothing(clock: CountingClock) -> None:
    cache: TtlLruCache[int] = TtlLruCache(max_entries=3, ttl_seconds=0, clock=clock)
    cache.put("1", 1)
    assert cache.get("1") is None


def test_it_stays_within_its_bound_when_many_threads_use_it(clock: CountingClock) -> None:
    cache: TtlLruCache[int] = TtlLruCache(max_entries=50, ttl_seconds=30, clock=clock)
    wrong: list[object] = []

    def use(start: int) -> None:
        for number in range(start, start + 2_000):
            cache.put(str(number % 97), number % 97)
            found = cache.get(str((number * 7) % 97))
            if found not in (None, (number * 7) % 97) or len(cache) > 51:
                wrong.append(found)

    threads = [threading.Thread(target=use, args=(start,)) for start in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert wrong == []
    assert len(cache) == 50


def test_entries_that_expire_in_rounds_expire_at_the_same_moment_however_old_they_are(clock: CountingClock) -> None:
    cache: TtlLruCache[int] = TtlLruCache(max_entries=9, ttl_seconds=30, clock=clock)
    clock.now = 101
    cache.put("before", 1)
    cache.expire_in_rounds(10)
    clock.now = 104
    cache.put("since", 2)
    clock.now = 109.9
    assert (cache.get("before"), cache.get("since"), cache.expired_keys()) == (1, 2, [])
    clock.now = 110
    assert cache.expired_keys() == ["before", "since"]
    assert (cache.get("before"), cache.get("since")) == (None, None)


def test_an_expired_key_counts_as_one_while_somebody_has_asked_for_it_in_the_last_two_rounds(
    clock: CountingClock,
) -> None:
    cache: TtlLruCache[int] = TtlLruCache(max_entries=9, ttl_seconds=30, clock=clock)
    cache.expire_in_rounds(10)
    for clock.now in (1, 11, 21):
        cache.put("once", 1)
        cache.put("wanted", 2)
        cache.get("wanted")
    clock.now = 30
    assert cache.expired_keys() == ["wanted"]


def test_after_rounds_each_entry_has_its_own_time_again(clock: CountingClock) -> None:
    cache: TtlLruCache[int] = TtlLruCache(max_entries=9, ttl_seconds=30, clock=clock)
    cache.expire_in_rounds(10)
    cache.expire_in_rounds(None)
    clock.now = 3
    cache.put("1", 1)
    clock.now = 32.9
    assert cache.get("1") == 1
    clock.now = 33
    assert cache.get("1") is None


def test_a_disconnected_cache_refuses_and_is_empty_when_it_is_reconnected(clock: CountingClock) -> None:
    cache: TtlLruCache[int] = TtlLruCache(max_entries=9, ttl_seconds=30, clock=clock)
    cache.put("1", 1)
    cache.disconnect()
    with pytest.raises(CacheUnavailable, match="its store cannot be reached"):
        cache.get("1")
    with pytest.raises(CacheUnavailable):
        cache.put("2", 2)
    cache.reconnect()
    assert (cache.get("1"), cache.get("2")) == (None, None)
