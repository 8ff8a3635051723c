"""Whom the gateway takes for one caller, and what its log lines say of them."""

from __future__ import annotations

import pytest

from systems.exchange.client_gateway.addresses import caller_of, shortened


@pytest.mark.parametrize(
    ("address", "caller", "told"),
    [
        ("203.0.113.7", "203.0.113.7", "203.0.113.0/24"),
        ("127.0.0.1", "127.0.0.1", "127.0.0.0/24"),
        ("::ffff:203.0.113.7", "203.0.113.7", "203.0.113.0/24"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64", "2001:db8:1::/48"),
        ("2001:0DB8:1:2::9", "2001:db8:1:2::/64", "2001:db8:1::/48"),
        ("2001:db8:1:3::9", "2001:db8:1:3::/64", "2001:db8:1::/48"),
        ("fe80::1%eth0", "fe80::/64", "fe80::/48"),
        ("", "", ""),
        ("unix:", "unix:", ""),
    ],
)
def test_neighbours_in_ipv6_are_one_caller_and_nobody_is_told_in_full(address: str, caller: str, told: str) -> None:
    assert (caller_of(address), shortened(address)) == (caller, told)
