"""Validators, content codings and freshness."""

import gzip
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime

import brotli
import pytest
from flask.testing import FlaskClient
from werkzeug.http import http_date

from feeds.formats import FORMATS
from feeds.operations.migrate import migrate
from feeds.operations.suspend import resume, suspend
from tests.portal import START, Portal, page

pytestmark = pytest.mark.engines("sqlite", reason="HTTP does not depend on the engine")

CHROME = (
    "text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,image/webp,"
    "image/apng,*/*;q=0.8,application/signed-exchange;v=b3;q=0.7"
)


def soon() -> datetime:
    """Return an instant later than the change clock of the test."""
    return datetime.now(UTC) + timedelta(minutes=5)


@pytest.fixture(scope="module")
def published(shared: Callable[..., Portal]) -> Portal:
    """Return a portal of two categories, of which no test changes anything."""
    return shared().imported(page("A", category="Kultūra"), page("B", category="Sports"))


@pytest.fixture
def client(published: Portal) -> FlaskClient:
    return published.client(soon)


@pytest.mark.parametrize("form", sorted(FORMATS))
def test_a_poll_with_the_entity_tag_gets_304(client: FlaskClient, form: str) -> None:
    first = client.get(f"/releases.{form}")
    second = client.get(f"/releases.{form}", headers={"If-None-Match": first.headers["ETag"]})
    assert (second.status_code, second.data) == (304, b"")
    headers = {
        "ETag",
        "Last-Modified",
        "Cache-Control",
        "Vary",
        "Surrogate-Key",
        "Access-Control-Allow-Origin",
        "Access-Control-Expose-Headers",
        "X-Content-Type-Options",
    }
    assert dict(second.headers) == {name: first.headers[name] for name in headers}


def test_the_entity_tag_is_the_same_in_every_coding_and_media_type(client: FlaskClient) -> None:
    plain = client.get("/releases.atom")
    zipped = client.get("/releases.atom", headers={"Accept-Encoding": "gzip"})
    packed = client.get("/releases.atom", headers={"Accept-Encoding": "gzip, deflate, br, zstd"})
    assert packed.headers["Content-Encoding"] == "br"
    assert brotli.decompress(packed.data) == plain.data
    assert int(packed.headers["Content-Length"]) == len(packed.data) < len(zipped.data)
    assert packed.headers["ETag"] == plain.headers["ETag"]
    browsed = client.get("/releases.atom", headers={"Accept": CHROME})
    assert zipped.headers["Content-Encoding"] == "gzip"
    assert gzip.decompress(zipped.data) == plain.data == browsed.data
    assert int(zipped.headers["Content-Length"]) == len(zipped.data) < len(plain.data)
    assert plain.headers["ETag"] == zipped.headers["ETag"] == browsed.headers["ETag"]
    assert browsed.headers["Content-Type"] == "application/xml; charset=utf-8"


@pytest.mark.parametrize(
    ("template", "status"),
    [
        ('W/"{0}"', 304),
        ('"{0}"', 304),
        ('"other", W/"{0}"', 304),
        ('"a,b" , "{0}"', 304),
        ("*", 304),
        (" * ", 304),
        ("{0}", 304),  # some readers lose the quotes
        ('"{0}-gzip"', 304),  # Apache marks a tag with the coding
        ('W/"{0};gzip"', 304),
        ('"{0}-br"', 304),
        ('""', 200),
        ('"other"', 200),
        ('W/"{0}x"', 200),
        ("", 200),
        (",,,", 200),
        ('"{0}', 304),
    ],
)
def test_if_none_match_is_read_in_every_spelling(
    client: FlaskClient, template: str, status: int
) -> None:
    opaque = client.get("/releases.atom").headers["ETag"][3:-1]
    header = template.format(opaque)
    assert client.get("/releases.atom", headers={"If-None-Match": header}).status_code == status


def test_a_long_header_is_read_in_linear_time(client: FlaskClient) -> None:
    opaque = client.get("/releases.atom").headers["ETag"][3:-1]
    for filler in ("a" * 8000 + '"', " " * 8000 + "x", "W/" * 4000):
        header = f'"{opaque}", {filler}'
        assert client.get("/releases.atom", headers={"If-None-Match": header}).status_code == 304


@pytest.mark.parametrize(
    "form", ["%a, %d %b %Y %H:%M:%S GMT", "%A, %d-%b-%y %H:%M:%S GMT", "%a %b %e %H:%M:%S %Y"]
)
def test_if_modified_since_is_read_in_its_three_forms(client: FlaskClient, form: str) -> None:
    last = parsedate_to_datetime(client.get("/releases.atom").headers["Last-Modified"])
    for seconds, status in ((0, 304), (60, 304), (-1, 200)):
        since = (last + timedelta(seconds=seconds)).strftime(form)
        response = client.get("/releases.atom", headers={"If-Modified-Since": since})
        assert response.status_code == status, since


@pytest.mark.parametrize(
    "since",
    [
        "",
        "yesterday",
        "0",
        "Mon, 99 Foo 2099 99:99:99 GMT",
        "2099-01-01T00:00:00Z",
        "Mon, 01 Jan 99999 00:00:00 GMT",
        "Thu, 01 Jan 1970 00:00:00 +99999999",
        "Thu, 01 Jan 1970 00:00:00 +99999999999999999999",
    ],
)
def test_an_invalid_if_modified_since_is_ignored(client: FlaskClient, since: str) -> None:
    response = client.get("/releases.atom", headers={"If-Modified-Since": since})
    assert response.status_code == 200


@pytest.mark.parametrize(
    "header", ["identity;q=0", "*;q=0", "zstd", "gzip;q=0, br;q=0, identity;q=0"]
)
def test_a_client_that_accepts_nothing_gets_identity_rather_than_406(
    client: FlaskClient, header: str
) -> None:
    response = client.get("/releases.atom", headers={"Accept-Encoding": header})
    assert response.status_code == 200
    assert "Content-Encoding" not in response.headers
    assert response.data.startswith(b"<?xml")


def test_if_none_match_takes_precedence(client: FlaskClient) -> None:
    first = client.get("/releases.atom").headers
    stale = "Mon, 01 Jan 2001 00:00:00 GMT"
    for tag, since, status in (
        ('"other"', first["Last-Modified"], 200),
        (first["ETag"], stale, 304),
    ):
        headers = {"If-None-Match": tag, "If-Modified-Since": since}
        assert client.get("/releases.atom", headers=headers).status_code == status


def test_a_new_body_has_no_last_modified_that_would_make_a_client_drop_it(
    client: FlaskClient,
) -> None:
    first = client.get("/releases.atom")
    far = "Mon, 01 Jan 2035 00:00:00 GMT"
    for since, is_sent in ((far, False), (first.headers["Last-Modified"], False), (None, True)):
        headers = {"If-None-Match": '"older"'} | ({"If-Modified-Since": since} if since else {})
        response = client.get("/releases.atom", headers=headers)
        assert (response.status_code, response.data) == (200, first.data)
        assert ("Last-Modified" in response.headers) == is_sent
        assert response.headers["ETag"] == first.headers["ETag"]


@pytest.mark.parametrize(
    "address",
    [
        "/releases.atom",
        "/",
        "/feeds.opml",
        "/releases/archive/1.rss",
        "/sitemap.xml",
        "/sitemap/releases/newest.xml",
    ],
)
def test_a_service_with_settings_other_than_the_recorded_sends_no_last_modified(
    another: Callable[..., Portal], address: str
) -> None:
    portal = another(FEEDS_ENTRIES="1").imported_at(START, page("A"))
    later = START + timedelta(days=1)
    before = portal.client(lambda: later)
    assert "Last-Modified" in before.get(address).headers
    portal.environ["FEEDS_TITLE"] = "Cits"
    assert "Last-Modified" not in portal.client(lambda: later).get(address).headers
    # The running service still has the old bytes, which do not belong to the new date.
    migrate(portal.settings, later)
    last = later + timedelta(days=1)
    assert "Last-Modified" not in before.get(address).headers
    now = portal.client(lambda: last).get(address).headers
    assert now["Last-Modified"] == http_date(later)


def test_a_change_in_the_future_is_not_sent_as_last_modified(portal: Portal) -> None:
    suspend(portal.store, portal.settings, START)
    resume(portal.store, portal.settings, START)  # seconds later than the clock
    now = portal.client(lambda: START).get("/releases.atom")
    assert "Last-Modified" not in now.headers
    far = "Mon, 01 Jan 2035 00:00:00 GMT"
    response = portal.client(lambda: START).get(
        "/releases.atom", headers={"If-Modified-Since": far}
    )
    assert response.status_code == 200
    then = portal.client(lambda: START + timedelta(seconds=3)).get("/releases.atom")
    assert then.headers["Last-Modified"] == "Fri, 01 Mar 2024 10:00:03 GMT"
    assert then.headers["ETag"] == now.headers["ETag"]


@pytest.mark.parametrize(("days", "age"), [(0, 900), (27.999, 900), (28, 86400), (400, 86400)])
def test_responses_are_fresh_for_a_day_from_four_weeks_after_the_announcement(
    portal: Portal, days: float, age: int
) -> None:
    notice = suspend(portal.store, portal.settings, START)
    client = portal.client(lambda: notice.announced + timedelta(days=days))
    for address in ("/releases.rss", "/"):
        assert f"max-age={age}," in client.get(address).headers["Cache-Control"]
    resume(portal.store, portal.settings, START)
    assert "max-age=900," in client.get("/releases.rss").headers["Cache-Control"]
