"""Whatever is sent to the three services: never a 5xx, always JSON."""

from __future__ import annotations

from urllib.parse import quote, quote_from_bytes

import pytest
import requests
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.integration.chain.running_chain import Chain

_ROUTES = {
    "frontend": ("/", "/user/{}", "/product/{}"),
    "backend": ("/api/data", "/api/user/{}", "/api/product/{}"),
    "database": ("/db/query", "/db/user/{}", "/db/product/{}"),
}
_text = st.one_of(
    st.text(max_size=40),
    st.integers().map(str),
    st.sampled_from(["", "0", "-1", "1e9", "NaN", "null", "../..", "'--", "\x00", "٣", "9" * 4000]),
)
_segments = st.one_of(_text.map(lambda text: quote(text, safe="")), st.binary(max_size=20).map(quote_from_bytes))
_names = st.one_of(st.sampled_from(["table", "filter", "order", "limit", "quantity"]), st.text(max_size=10))
_values = st.one_of(_text, st.sampled_from(["users", "orders", "id:eq:1", "id:desc", "created_at", "10"]))
_headers = st.dictionaries(
    st.sampled_from(
        ["Accept", "Cookie", "traceparent", "tracestate", "baggage", "User-Agent", "Content-Type", "Range"]
    ),
    st.text(st.characters(min_codepoint=33, max_codepoint=126), max_size=60),
    max_size=3,
)
_requests = st.sampled_from(list(_ROUTES)).flatmap(
    lambda tier: st.tuples(
        st.just(tier),
        st.sampled_from(("GET", "GET", "GET", "HEAD", "POST", "PUT", "DELETE", "OPTIONS", "TRACE", "PROPFIND")),
        st.one_of(
            st.tuples(st.sampled_from(_ROUTES[tier]), _segments).map(lambda parts: parts[0].format(parts[1])),
            st.lists(_segments, max_size=4).map(lambda segments: "/" + "/".join(segments)),
        ),
        st.lists(st.tuples(_names, _values), max_size=4),
        _headers,
        st.one_of(st.none(), st.binary(max_size=200)),
    )
)


@pytest.mark.slow
@settings(
    max_examples=400, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)
@given(_requests)
def test_every_request_is_answered_below_500_and_as_json(
    chain: Chain,
    request_parts: tuple[str, str, str, list[tuple[str, str]], dict[str, str], bytes | None],
) -> None:
    tier, method, path, query, headers, body = request_parts
    response = requests.request(
        method,
        chain.url(tier, path),
        params=query,
        headers={"Accept": "application/json", **headers},
        data=body,
        timeout=10,
        allow_redirects=False,
    )
    assert response.status_code < 500, response.text
    if method == "HEAD" or (method == "OPTIONS" and response.ok):
        assert response.content == b""
    elif path != "/metrics" and not response.headers["Content-Type"].startswith("text/html"):
        assert isinstance(response.json(), dict)
        assert response.ok or set(response.json()["error"]) >= {"type", "message"}
