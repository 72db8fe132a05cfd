"""FastPath answered ahead of the framework: the same status, headers and bytes as through it."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from itertools import product
from typing import Any, NamedTuple

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from werkzeug.datastructures import Headers
from werkzeug.test import EnvironBuilder, run_wsgi_app

from feeds.app import create_app
from feeds.operations.suspend import suspend
from feeds.web.cache.fast_path import FastPath
from tests.portal import START, Portal, page

pytestmark = pytest.mark.engines("sqlite", reason="HTTP does not depend on the engine")

CHROME = "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"
ADDRESSES = (
    "/releases.atom",
    "/releases.rss",
    "/releases.json",
    "/categories/kultura.atom",
    "/categories/kultura+sports.rss",
    "/releases/archive/1.atom",
    "/categories/kultura/archive/1.json",
    "/",
    "/categories/kultura",
    "/releases/2010/05/04/a",
)
ACCEPTS = (None, CHROME, "application/atom+xml", "*/*", "application/xml", "?;;q=")
CODINGS = (None, "gzip", "br", "gzip, br", "identity;q=0, *;q=0", "gzip;q=0.2, br;q=0.1", "x;q=2")
QUERIES = ("", "?", "?feed=rss2", "?feed=atom", "?a=b&feed=rss2")
LATER = START + timedelta(days=2)


class Way(NamedTuple):
    """One application with its two ways to an answer."""

    ahead: FastPath
    through: Any


def whole(application: Any, method: str, address: str, headers: dict[str, str]) -> Any:
    """Return status, headers and body, as a server would get them."""
    environ = EnvironBuilder(address, method=method, headers=Headers(headers)).get_environ()
    body, status, got = run_wsgi_app(application, environ, buffered=True)
    return status, list(got), b"".join(body)


@pytest.fixture(params=["active", "suspended", "calm", "behind the clock"])
def way(request: pytest.FixtureRequest, another: Callable[..., Portal]) -> Way:
    """Return an application in each state of the portal, everything in its cache."""
    portal = another(FEEDS_ENTRIES="1", FEEDS_REVISION_TTL="60")
    portal.imported_at(START, page("A", "Kultūra"), page("B", "Sports"), page("C", "Kultūra"))
    for address in ("/", "/releases.atom"):
        assert portal.feeds("address", "add", f"{address}?feed=rss2", "/releases.rss").code == 0
    now = LATER
    if request.param in {"suspended", "calm"}:
        suspend(portal.store, portal.settings, START + timedelta(days=1))
    if request.param == "calm":
        now += timedelta(days=100)
    if request.param == "behind the clock":
        now = START - timedelta(days=1)
    app = create_app(portal.settings, lambda: now)
    polls = app.wsgi_app
    assert isinstance(polls, FastPath)
    for address in ADDRESSES:
        assert whole(polls, "GET", address, {})[0] == "200 OK"
    return Way(polls, polls.application)


def of(**headers: str | None) -> dict[str, str]:
    return {name.replace("_", "-"): value for name, value in headers.items() if value is not None}


def test_both_ways_give_the_same_answer_over_the_whole_matrix(way: Way) -> None:
    compared = set()
    for address in ADDRESSES:
        _, headers, _ = whole(way.through, "GET", address, {})
        known = dict(headers)
        conditions = [
            {},
            of(If_None_Match=known["ETag"]),
            of(If_None_Match=known["ETag"].removeprefix("W/")),
            of(If_None_Match='"other"'),
            of(If_None_Match='"other"', If_Modified_Since=known.get("Last-Modified")),
            of(If_Modified_Since=known.get("Last-Modified")),
            of(If_Modified_Since="Thu, 01 Jan 1970 00:00:00 GMT"),
            of(If_Modified_Since="nonsense"),
            of(Range="bytes=0-1", Cookie="a=b", Host="evil.example"),
        ]
        matrix = [
            *product(("GET", "HEAD"), ACCEPTS, CODINGS, conditions),
            # What is not represented has neither type nor coding to choose.
            *product(("OPTIONS", "POST"), ACCEPTS[:1], CODINGS[:1], conditions),
        ]
        for method, accept, coding, condition in matrix:
            sent = of(Accept=accept, Accept_Encoding=coding) | condition
            ahead = whole(way.ahead, method, address, sent)
            assert ahead == whole(way.through, method, address, sent), (method, address, sent)
            compared.add(ahead[0])
    assert compared == {"200 OK", "304 Not Modified", "204 NO CONTENT", "405 METHOD NOT ALLOWED"}


NAMES = st.sampled_from(["Accept", "Accept-Encoding", "If-None-Match", "If-Modified-Since"])
VALUES = st.text(st.characters(min_codepoint=32, max_codepoint=126), max_size=40)


@settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    headers=st.dictionaries(NAMES, VALUES),
    address=st.sampled_from(ADDRESSES),
    query=st.sampled_from(QUERIES),
)
def test_both_ways_give_the_same_answer_whatever_is_sent(
    way: Way, headers: dict[str, str], address: str, query: str
) -> None:
    sent = f"{address}{query}"
    assert whole(way.ahead, "GET", sent, headers) == whole(way.through, "GET", sent, headers)


def test_a_query_makes_another_answer_of_an_old_address_alone(way: Way) -> None:
    for address, query in product(ADDRESSES, QUERIES):
        got = whole(way.ahead, "GET", address + query, {})
        if query == "?feed=rss2" and address in {"/", "/releases.atom"}:
            assert got[0] == "301 MOVED PERMANENTLY"
        else:
            assert got == whole(way.ahead, "GET", address, {})


def test_what_is_not_kept_is_answered_by_the_framework_alone(portal: Portal) -> None:
    polls = create_app(portal.settings, lambda: datetime.now(UTC)).wsgi_app
    assert isinstance(polls, FastPath)
    for address in ("/none", "/categories/none.atom", "/healthz", "/robots.txt", "/%ff"):
        assert whole(polls, "GET", address, {}) == whole(polls.application, "GET", address, {})
