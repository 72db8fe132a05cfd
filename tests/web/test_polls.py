"""The fast path and Flask give the same status, headers and bytes."""

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from itertools import product
from typing import Any, NamedTuple

import pytest
from hypothesis import given
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


class Paths(NamedTuple):
    """The two paths of one application to a response."""

    fast: FastPath
    flask: Any


def send(application: Any, method: str, address: str, headers: dict[str, str]) -> Any:
    """Return status, headers and body, as a server would get them."""
    environ = EnvironBuilder(address, method=method, headers=Headers(headers)).get_environ()
    body, status, got = run_wsgi_app(application, environ, buffered=True)
    return status, list(got), b"".join(body)


@pytest.fixture(params=["active", "suspended", "long suspended", "change in the future"])
def paths(request: pytest.FixtureRequest, another: Callable[..., Portal]) -> Paths:
    """Return an application with everything cached, for each state that affects headers."""
    portal = another(FEEDS_ENTRIES="1", FEEDS_REVISION_TTL="60")
    portal.imported_at(START, page("A", "Kultūra"), page("B", "Sports"), page("C", "Kultūra"))
    for address in ("/", "/releases.atom"):
        assert portal.feeds("address", "add", f"{address}?feed=rss2", "/releases.rss").code == 0
    now = LATER
    if request.param in {"suspended", "long suspended"}:
        suspend(portal.store, portal.settings, START + timedelta(days=1))
    if request.param == "long suspended":
        now += timedelta(days=100)
    if request.param == "change in the future":
        now = START - timedelta(days=1)
    app = create_app(portal.settings, lambda: now)
    fast = app.wsgi_app
    assert isinstance(fast, FastPath)
    for address in ADDRESSES:
        assert send(fast, "GET", address, {})[0] == "200 OK"
    return Paths(fast, fast.application)


def of(**headers: str | None) -> dict[str, str]:
    return {name.replace("_", "-"): value for name, value in headers.items() if value is not None}


def requests(etag: str, last_modified: str | None) -> Iterator[tuple[str, dict[str, str]]]:
    """Yield methods and headers, each pair that can interact at least once.

    A 304 depends on the conditions alone, which are evaluated first. Of a 200, the media type and
    the coding choose the body together, HEAD leaves the body out whatever its coding, and a date
    that is not older than the document removes a header from whatever was chosen.
    """
    dropped_date = of(If_None_Match='"other"', If_Modified_Since=last_modified)
    conditions: tuple[dict[str, str], ...] = (
        {},
        of(If_None_Match=etag),
        of(If_None_Match=etag.removeprefix("W/")),
        of(If_None_Match='"other"'),
        dropped_date,
        of(If_Modified_Since=last_modified),
        of(If_Modified_Since="Thu, 01 Jan 1970 00:00:00 GMT"),
        of(If_Modified_Since="nonsense"),
        of(Range="bytes=0-1", Cookie="a=b", Host="evil.example"),
    )
    yield from product(("GET", "HEAD"), conditions)
    for accept, coding in product(ACCEPTS, CODINGS):
        yield "GET", of(Accept=accept, Accept_Encoding=coding)
    for accept in ACCEPTS:
        yield "GET", dropped_date | of(Accept=accept)
        yield "HEAD", of(Accept=accept)
    for coding in CODINGS:
        yield "GET", dropped_date | of(Accept_Encoding=coding)
        yield "HEAD", of(Accept_Encoding=coding)
    # These methods are answered without a representation, so no header matters.
    yield from product(("OPTIONS", "POST"), ({}, of(If_None_Match=etag)))


@pytest.mark.slow
def test_both_paths_give_the_same_response_to_each_pair_of_headers(paths: Paths) -> None:
    statuses = set()
    for address in ADDRESSES:
        known = dict(send(paths.flask, "GET", address, {})[1])
        for method, headers in requests(known["ETag"], known.get("Last-Modified")):
            response = send(paths.fast, method, address, headers)
            assert response == send(paths.flask, method, address, headers), (method, headers)
            statuses.add(response[0])
    assert statuses == {"200 OK", "304 Not Modified", "204 NO CONTENT", "405 METHOD NOT ALLOWED"}


NAMES = st.sampled_from(["Accept", "Accept-Encoding", "If-None-Match", "If-Modified-Since"])
VALUES = st.text(st.characters(min_codepoint=32, max_codepoint=126), max_size=40)


@given(
    headers=st.dictionaries(NAMES, VALUES),
    address=st.sampled_from(ADDRESSES),
    query=st.sampled_from(QUERIES),
)
def test_both_paths_give_the_same_response_to_any_headers(
    paths: Paths, headers: dict[str, str], address: str, query: str
) -> None:
    url = f"{address}{query}"
    assert send(paths.fast, "GET", url, headers) == send(paths.flask, "GET", url, headers)


def test_a_query_matters_only_at_an_old_address(paths: Paths) -> None:
    for address, query in product(ADDRESSES, QUERIES):
        response = send(paths.fast, "GET", address + query, {})
        if query == "?feed=rss2" and address in {"/", "/releases.atom"}:
            assert response[0] == "301 MOVED PERMANENTLY"
        else:
            assert response == send(paths.fast, "GET", address, {})


def test_a_path_that_is_not_cached_is_answered_by_flask(portal: Portal) -> None:
    fast = create_app(portal.settings, lambda: datetime.now(UTC)).wsgi_app
    assert isinstance(fast, FastPath)
    for address in ("/none", "/categories/none.atom", "/healthz", "/robots.txt", "/%ff"):
        assert send(fast, "GET", address, {}) == send(fast.application, "GET", address, {})
