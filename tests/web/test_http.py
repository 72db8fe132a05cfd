import gzip
import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import Any

import brotli
import pytest
from flask.testing import FlaskClient
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from feeds.operations.suspend import resume, suspend
from tests.portal import START, Portal, page

MEDIA_TYPES = {
    "atom": "application/atom+xml; charset=utf-8",
    "rss": "application/rss+xml; charset=utf-8",
    "json": "application/feed+json; charset=utf-8",
}
CHROME = (
    "text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,image/webp,"
    "image/apng,*/*;q=0.8,application/signed-exchange;v=b3;q=0.7"
)


def soon() -> datetime:
    """Return an instant that the change clock of a test has not passed."""
    return datetime.now(UTC) + timedelta(minutes=5)


@pytest.fixture
def client(portal: Portal) -> FlaskClient:
    portal.imported(page("A", category="Kultūra"), page("B", category="Sports"))
    return portal.client(soon)


@pytest.mark.parametrize("form", sorted(MEDIA_TYPES))
@pytest.mark.parametrize(
    "address", ["/releases", "/categories/kultura", "/categories/kultura+sports"]
)
def test_a_feed_is_served_with_all_that_http_says_of_it(
    client: FlaskClient, address: str, form: str
) -> None:
    response = client.get(f"{address}.{form}")
    headers = dict(response.headers)
    assert response.status_code == 200
    assert headers.pop("ETag").startswith('W/"')
    assert headers.pop("Last-Modified").endswith(" GMT")
    assert headers == {
        "Content-Type": MEDIA_TYPES[form],
        "Content-Length": str(len(response.data)),
        "Cache-Control": "public, max-age=900, stale-while-revalidate=3600, stale-if-error=604800",
        "Vary": "Accept-Encoding" if form == "json" else "Accept, Accept-Encoding",
        "Access-Control-Allow-Origin": "*",
        "Access-Control-Expose-Headers": "ETag",
        "X-Content-Type-Options": "nosniff",
    }


@pytest.mark.parametrize("form", sorted(MEDIA_TYPES))
def test_the_tag_of_a_feed_answers_the_next_poll_without_a_body(
    client: FlaskClient, form: str
) -> None:
    first = client.get(f"/releases.{form}")
    second = client.get(f"/releases.{form}", headers={"If-None-Match": first.headers["ETag"]})
    assert (second.status_code, second.data) == (304, b"")
    kept = {
        "ETag",
        "Last-Modified",
        "Cache-Control",
        "Vary",
        "Access-Control-Allow-Origin",
        "Access-Control-Expose-Headers",
        "X-Content-Type-Options",
    }
    assert dict(second.headers) == {name: first.headers[name] for name in kept}


def test_a_tag_is_the_same_in_every_coding_and_media_type(client: FlaskClient) -> None:
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


def test_a_long_header_is_read_in_one_go(client: FlaskClient) -> None:
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
    ],
)
def test_an_if_modified_since_that_is_no_date_is_ignored(client: FlaskClient, since: str) -> None:
    response = client.get("/releases.atom", headers={"If-Modified-Since": since})
    assert response.status_code == 200


@pytest.mark.parametrize(
    "header", ["identity;q=0", "*;q=0", "zstd", "gzip;q=0, br;q=0, identity;q=0"]
)
def test_a_client_that_accepts_nothing_gets_identity_and_no_406(
    client: FlaskClient, header: str
) -> None:
    response = client.get("/releases.atom", headers={"Accept-Encoding": header})
    assert response.status_code == 200
    assert "Content-Encoding" not in response.headers
    assert response.data.startswith(b"<?xml")


def test_if_none_match_decides_alone(client: FlaskClient) -> None:
    first = client.get("/releases.atom").headers
    stale = "Mon, 01 Jan 2001 00:00:00 GMT"
    for tag, since, status in (
        ('"other"', first["Last-Modified"], 200),
        (first["ETag"], stale, 304),
    ):
        headers = {"If-None-Match": tag, "If-Modified-Since": since}
        assert client.get("/releases.atom", headers=headers).status_code == status


def test_a_change_that_lies_ahead_is_no_last_modified_yet(portal: Portal) -> None:
    suspend(portal.engine, portal.settings, START)
    resume(portal.engine, portal.settings, START)  # seconds ahead of the clock
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
def test_from_four_weeks_after_the_announcement_a_day_is_fresh_enough(
    portal: Portal, days: float, age: int
) -> None:
    notice = suspend(portal.engine, portal.settings, START)
    client = portal.client(lambda: notice.announced + timedelta(days=days))
    for address in ("/releases.rss", "/"):
        assert f"max-age={age}," in client.get(address).headers["Cache-Control"]
    resume(portal.engine, portal.settings, START)
    assert "max-age=900," in client.get("/releases.rss").headers["Cache-Control"]


ADDRESSES = (
    "/",
    "/releases.atom",
    "/releases.rss",
    "/releases.json",
    "/categories/kultura.atom",
    "/categories/kultura",
    "/releases/2010/05/04/a",
    "/robots.txt",
    "/favicon.ico",
    "/style.css",
    "/healthz",
    "/readyz",
)


@pytest.mark.parametrize("address", ADDRESSES)
def test_head_equals_get_without_the_body(client: FlaskClient, address: str) -> None:
    got = client.get(address)
    head = client.head(address)
    assert (got.status_code, head.status_code) == (200, 200)
    assert head.data == b""
    assert dict(head.headers) == dict(got.headers)


@pytest.mark.parametrize("address", ADDRESSES)
def test_another_method_is_refused_with_those_that_are_not(
    client: FlaskClient, address: str
) -> None:
    for method in ("POST", "PUT", "DELETE", "PATCH"):
        response = client.open(address, method=method)
        assert response.status_code == 405
        assert response.headers["Allow"] == "GET, HEAD, OPTIONS"
        assert response.text == "This address answers GET, HEAD, OPTIONS and no other method.\n"
        assert response.headers["X-Content-Type-Options"] == "nosniff"


@pytest.mark.parametrize("address", ADDRESSES)
def test_options_and_preflight_are_answered(client: FlaskClient, address: str) -> None:
    response = client.options(address, headers={"Origin": "https://reader.example"})
    assert (response.status_code, response.data) == (204, b"")
    assert response.headers["Allow"] == "GET, HEAD, OPTIONS"
    assert response.headers["Access-Control-Allow-Origin"] == "*"
    assert response.headers["Access-Control-Allow-Methods"] == "GET, HEAD, OPTIONS"
    assert "If-None-Match" in response.headers["Access-Control-Allow-Headers"]


@pytest.mark.parametrize(
    ("address", "sentence"),
    [
        ("/categories/none.atom", "There is no such category."),
        ("/categories/kultura+none.atom", "There is no such category."),
        ("/categories/KULTURA.atom", "There is no such category."),
        ("/categories/+.atom", "There is no such category."),
        ("/categories/none", "There is no such category."),
        ("/categories/../x", None),
        ("/categories/%00.atom", "There is no such category."),
        ("/categories/%ff.rss", "There is no such category."),
        ("/releases/2010/05/04/none", "There is no such release."),
        ("/releases/2010/05/04", "There is no such release."),
        (
            "/categories/" + "+".join(f"c{n:02}" for n in range(21)) + ".json",
            "A feed combines at most 20 categories.",
        ),
        ("/releases.xml", None),
        ("/nothing", None),
    ],
)
def test_what_is_not_there_is_404_with_a_sentence(
    client: FlaskClient, address: str, sentence: str | None
) -> None:
    response = client.get(address)
    assert response.status_code == 404
    assert response.headers["Content-Type"] == "text/plain; charset=utf-8"
    assert response.headers["X-Content-Type-Options"] == "nosniff"
    assert response.text.endswith("\n")
    assert response.text == f"{sentence or 'There is nothing at this address.'}\n"


def test_several_categories_are_one_feed_in_one_order(client: FlaskClient) -> None:
    for address in (
        "/categories/sports+kultura.rss",
        "/categories/kultura+sports+kultura.rss",
        "/categories/kultura%2Bkultura+sports.rss",
    ):
        response = client.get(address)
        assert response.status_code == 301
        assert response.headers["Location"] == (
            "https://feeds.example.org/categories/kultura+sports.rss"
        )
    feed = client.get("/categories/kultura+sports.json").get_json()
    assert feed["title"] == "PRCentrs.Lv: Kultūra, Sports"
    assert feed["feed_url"] == "https://feeds.example.org/categories/kultura+sports.json"
    assert {item["title"] for item in feed["items"]} == {"A", "B"}
    assert feed["_feed"]["id"] == "tag:prcentrs.example,2008:feed/kultura+sports"


def test_a_release_in_several_members_stands_in_a_combined_feed_once(portal: Portal) -> None:
    days = [f"2010-05-{n + 1:02} 12:00:00" for n in range(6)]
    portal.imported(
        *(page(f"R{n}", "Kultūra" if n % 2 else "Sports", day) for n, day in enumerate(days))
    )
    titles = [
        item["title"]
        for item in portal.client().get("/categories/kultura+sports.json").get_json()["items"]
    ]
    assert titles == ["R5", "R4", "R3", "R2", "R1", "R0"]


@pytest.mark.parametrize(
    "headers",
    [
        {"Host": "evil.example"},
        {"X-Forwarded-Host": "evil.example", "X-Forwarded-Proto": "gopher"},
        {"X-Forwarded-Prefix": "/evil", "X-Script-Name": "/evil", "Forwarded": "host=evil.example"},
        {"Range": "bytes=0-1"},
        {"Range": "lines=0-1"},
        {"A-IM": "feed"},
        {"Cookie": "a=b"},
    ],
)
def test_no_header_of_a_client_changes_a_byte(client: FlaskClient, headers: dict[str, str]) -> None:
    for address in ("/releases.atom", "/", "/categories/kultura", "/releases/2010/05/04/a"):
        plain, hostile = client.get(address), client.get(address, headers=headers)
        assert hostile.status_code == 200
        assert hostile.data == plain.data
        assert dict(hostile.headers) == dict(plain.headers)
    redirect = client.get("/categories/sports+kultura.atom", headers=headers)
    assert redirect.headers["Location"].startswith("https://feeds.example.org/")
    assert b"evil" not in redirect.data


def test_no_query_string_changes_a_byte(client: FlaskClient) -> None:
    plain = client.get("/releases.atom")
    for query in ("?a=b", "?format=rss", "?%ff", "?" + "x" * 2000):
        assert client.get(f"/releases.atom{query}").data == plain.data


NAMES = st.sampled_from(["Accept", "Accept-Encoding", "If-None-Match", "If-Modified-Since"])
VALUES = st.text(st.characters(min_codepoint=32, max_codepoint=255), max_size=60)


@settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.dictionaries(NAMES, VALUES))
def test_nothing_in_a_header_gives_a_server_error(
    client: FlaskClient, headers: dict[str, str]
) -> None:
    assert client.get("/releases.atom", headers=headers).status_code in {200, 304}


@settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.text(st.characters(max_codepoint=255), max_size=40))
def test_nothing_in_a_path_gives_a_server_error(client: FlaskClient, path: str) -> None:
    for start in ("/", "/categories/", "/releases/2010/05/04/"):
        # As a server hands it over: bytes, each as one character (PEP 3333).
        response = client.get("/", environ_overrides={"PATH_INFO": start + path})
        assert response.status_code in {200, 404}


def test_the_path_of_the_base_url_is_where_the_service_stands(
    another: Callable[..., Portal],
) -> None:
    portal = another(FEEDS_BASE_URL="https://example.org/preses/relizes/").imported(page("A"))
    client = portal.client()
    feed = client.get("/preses/relizes/releases.json").get_json()
    assert feed["feed_url"] == "https://example.org/preses/relizes/releases.json"
    assert client.get("/preses/relizes/").status_code == 200
    assert client.get("/preses/relizes").status_code == 200
    assert client.get("/releases.json").status_code == 404
    assert client.get("/healthz").status_code == 200


def test_the_process_lives_whether_or_not_it_can_serve(portal: Portal) -> None:
    client = portal.client()
    assert client.get("/readyz").status_code == 200
    aside = portal.store.rename(portal.folder / "aside.db")
    assert client.get("/healthz").status_code == 200
    ready = client.get("/readyz")
    assert ready.status_code == 503
    assert ready.text.startswith("The release store does not answer: ")
    away = client.get("/releases.atom")
    assert (away.status_code, away.headers["Retry-After"]) == (503, "30")
    assert away.headers["X-Content-Type-Options"] == "nosniff"
    assert not portal.store.exists()
    aside.rename(portal.store)
    assert client.get("/releases.atom").status_code == 200


def test_a_store_that_is_none_is_no_server_error(portal: Portal) -> None:
    client = portal.client()
    portal.store.write_bytes(b"This is no database, but long enough to look at." * 50)
    for path in portal.folder.glob("feeds.db-*"):
        path.unlink()
    assert client.get("/readyz").status_code == 503
    assert client.get("/releases.atom").status_code == 503
    portal.store.write_bytes(b"")
    assert client.get("/releases.atom").status_code == 503


def test_what_crawlers_and_readers_ask_for_is_there(client: FlaskClient) -> None:
    assert client.get("/robots.txt").text == "User-agent: *\nDisallow:\n"
    icon = client.get("/favicon.ico")
    assert icon.headers["Content-Type"] == "image/x-icon"
    assert icon.data[:4] == b"\0\0\1\0"
    for address in ("/robots.txt", "/favicon.ico", "/style.css"):
        tag = client.get(address).headers["ETag"]
        assert client.get(address, headers={"If-None-Match": tag}).status_code == 304


def test_json_is_utf_8_without_escapes(client: FlaskClient) -> None:
    data = client.get("/releases.json").data
    assert "Kultūra".encode() in data
    parsed: dict[str, Any] = json.loads(data)
    assert parsed["version"] == "https://jsonfeed.org/version/1.1"
