import gzip
import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from flask.testing import FlaskClient
from hypothesis import given
from hypothesis import strategies as st

from tests.portal import Portal, page

pytestmark = pytest.mark.engines("sqlite", reason="HTTP does not depend on the engine")

MEDIA_TYPES = {
    "atom": "application/atom+xml; charset=utf-8",
    "rss": "application/rss+xml; charset=utf-8",
    "json": "application/feed+json; charset=utf-8",
}


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


@pytest.mark.parametrize("form", sorted(MEDIA_TYPES))
@pytest.mark.parametrize(
    "address", ["/releases", "/categories/kultura", "/categories/kultura+sports"]
)
def test_a_feed_has_all_its_headers(client: FlaskClient, address: str, form: str) -> None:
    response = client.get(f"{address}.{form}")
    headers = dict(response.headers)
    assert response.status_code == 200
    assert headers.pop("ETag").startswith('W/"')
    assert headers.pop("Last-Modified").endswith(" GMT")
    assert headers.pop("Surrogate-Key") == " ".join(
        {"/releases": ["releases"], "/categories/kultura": ["categories/kultura"]}.get(
            address, ["categories/kultura", "categories/sports"]
        )
    )
    assert headers == {
        "Content-Type": MEDIA_TYPES[form],
        "Content-Length": str(len(response.data)),
        "Cache-Control": "public, max-age=900, stale-while-revalidate=3600, stale-if-error=604800",
        "Vary": "Accept-Encoding" if form == "json" else "Accept, Accept-Encoding",
        "Access-Control-Allow-Origin": "*",
        "Access-Control-Expose-Headers": "ETag",
        "X-Content-Type-Options": "nosniff",
    }


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
    "/feed.css",
    "/page.js",
    "/feeds.opml",
    "/sitemap.xml",
    "/sitemap/pages/1.xml",
    "/sitemap/releases/newest.xml",
    "/healthz",
    "/readyz",
)
PAGES = ("/", "/categories/kultura", "/releases/2010/05/04/a")


@pytest.mark.parametrize("address", ADDRESSES)
def test_head_equals_get_without_the_body(client: FlaskClient, address: str) -> None:
    got = client.get(address)
    head = client.head(address)
    assert (got.status_code, head.status_code) == (200, 200)
    assert head.data == b""
    assert dict(head.headers) == dict(got.headers)


@pytest.mark.parametrize("address", ADDRESSES)
def test_another_method_gets_405_with_the_allowed_ones(client: FlaskClient, address: str) -> None:
    for method in ("POST", "PUT", "DELETE", "PATCH"):
        response = client.open(address, method=method)
        assert response.status_code == 405
        assert response.headers["Allow"] == "GET, HEAD, OPTIONS"
        if address in PAGES:
            assert "<h1>Šajā adresē saturu var tikai lasīt</h1>" in response.text
        else:
            assert response.text == "This address answers GET, HEAD, OPTIONS and no other method.\n"
        assert response.headers["X-Content-Type-Options"] == "nosniff"


@pytest.mark.parametrize("address", ADDRESSES)
def test_options_and_preflight_are_answered(client: FlaskClient, address: str) -> None:
    response = client.options(address, headers={"Origin": "https://reader.example"})
    assert (response.status_code, response.data) == (204, b"")
    assert "Content-Type" not in response.headers
    assert "Content-Security-Policy" not in response.headers
    assert response.headers["Allow"] == "GET, HEAD, OPTIONS"
    assert response.headers["Access-Control-Allow-Origin"] == "*"
    assert response.headers["Access-Control-Allow-Methods"] == "GET, HEAD, OPTIONS"
    assert "If-None-Match" in response.headers["Access-Control-Allow-Headers"]


@pytest.mark.parametrize(
    ("address", "sentence"),
    [
        ("/categories/none.atom", "There is no category “none”."),
        ("/categories/kultura+none.atom", "There is no category “none”."),
        ("/categories/KULTURA.atom", "There is no category “KULTURA”."),
        ("/categories/+.atom", "There is no category “”."),
        ("/categories/sports+none.atom", "There is no category “none”."),
        ("/categories/none/archive/1.rss", "There is no category “none”."),
        ("/categories/kultura/archive/7.rss", "There is no such archive document."),
        ("/releases/archive/0.atom", "There is no such archive document."),
        ("/categories/kultura+sports/archive/1.atom", "A combined feed has no archive documents."),
        ("/categories/%00.atom", "There is no category “”."),
        ("/categories/%ff.rss", "There is no category “�”."),
        (
            "/categories/" + "+".join(f"c{n:02}" for n in range(21)) + ".json",
            "A feed combines at most 20 categories.",
        ),
        ("/releases.opml", None),
        ("/releases.xml", None),
        ("/nothing.css", None),
    ],
)
def test_an_unknown_feed_or_file_gets_404_with_a_sentence(
    client: FlaskClient, address: str, sentence: str | None
) -> None:
    response = client.get(address)
    assert response.status_code == 404
    assert response.headers["Content-Type"] == "text/plain; charset=utf-8"
    assert response.headers["X-Content-Type-Options"] == "nosniff"
    assert response.text.endswith("\n")
    assert response.text == f"{sentence or 'There is nothing at this address.'}\n"


@pytest.mark.parametrize(
    "address",
    [
        "/categories/none",
        "/categories/kultura+sports",
        "/categories/../x",
        "/categories/none/archive/1",
        "/categories/kultura/archive/1",
        "/releases/2010/05/04/none",
        "/releases/2010/05/05",
        "/releases/2011",
        "/releases/archive/1",
        "/releases/archive/x",
        "/releases.atom/",
        "/style.css/",
        "/nothing",
        "/nothing.php",
        "/nothing/index.html?x=1",
        "/categories?category=none&format=none",
        "/categories?category=/",
    ],
)
def test_an_unknown_page_gets_404_as_an_html_page(client: FlaskClient, address: str) -> None:
    response = client.get(address)
    assert response.status_code == 404
    assert response.headers["Content-Type"] == "text/html; charset=utf-8"
    assert "<h1>Lapa nav atrasta</h1>" in response.text
    assert 'href="https://feeds.example.org/"' in response.text
    assert "default-src 'none'" in response.headers["Content-Security-Policy"]


def test_a_path_with_more_leading_slashes_is_unknown(client: FlaskClient) -> None:
    for path in ("//releases.atom", "///categories/kultura", "//"):
        response = client.get("/", environ_overrides={"PATH_INFO": path})
        assert response.status_code == 404


def test_a_combined_feed_has_one_order_of_its_categories(client: FlaskClient) -> None:
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


def test_a_combined_feed_is_in_the_order_of_its_dates(portal: Portal) -> None:
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


@given(st.dictionaries(NAMES, VALUES))
def test_nothing_in_a_header_gives_a_server_error(
    client: FlaskClient, headers: dict[str, str]
) -> None:
    assert client.get("/releases.atom", headers=headers).status_code in {200, 304}


@given(st.text(st.characters(max_codepoint=255), max_size=40))
def test_nothing_in_a_path_gives_a_server_error(client: FlaskClient, path: str) -> None:
    for start in ("/", "/categories/", "/releases/2010/05/04/"):
        # As a server passes it: each byte as one character (PEP 3333).
        response = client.get("/", environ_overrides={"PATH_INFO": start + path})
        assert response.status_code in {200, 404}


def test_the_service_is_served_below_the_path_of_the_base_url(
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


def test_healthz_is_independent_of_the_store_and_readyz_is_not(portal: Portal) -> None:
    client = portal.client()
    assert client.get("/readyz").status_code == 200
    with portal.unavailable():
        assert client.get("/healthz").status_code == 200
        ready = client.get("/readyz")
        assert ready.status_code == 503
        assert ready.text.startswith("The release store does not answer: ")
        cold = client.get("/releases.atom")
        assert (cold.status_code, cold.headers["Retry-After"]) == (503, "30")
        assert cold.headers["X-Content-Type-Options"] == "nosniff"
    assert client.get("/releases.atom").status_code == 200


def test_a_file_that_is_not_a_store_gets_503(portal: Portal) -> None:
    client = portal.client()
    portal.file.write_bytes(b"This is not a database, but as long as one." * 50)
    for path in portal.folder.glob("feeds.db-*"):
        path.unlink()
    assert client.get("/readyz").status_code == 503
    assert client.get("/releases.atom").status_code == 503
    portal.file.write_bytes(b"")
    assert client.get("/releases.atom").status_code == 503


def test_robots_txt_and_icon_are_served(client: FlaskClient) -> None:
    robots = "User-agent: *\nDisallow:\n\nSitemap: https://feeds.example.org/sitemap.xml\n"
    assert client.get("/robots.txt").text == robots
    icon = client.get("/favicon.ico")
    assert icon.headers["Content-Type"] == "image/x-icon"
    assert icon.data[:4] == b"\0\0\1\0"
    for address in ("/robots.txt", "/favicon.ico", "/style.css"):
        tag = client.get(address).headers["ETag"]
        assert client.get(address, headers={"If-None-Match": tag}).status_code == 304


def test_files_are_compressed(client: FlaskClient) -> None:
    plain = client.get("/style.css")
    zipped = client.get("/style.css", headers={"Accept-Encoding": "gzip"})
    assert gzip.decompress(zipped.data) == plain.data


def test_json_is_utf_8_without_escapes(client: FlaskClient) -> None:
    data = client.get("/releases.json").data
    assert "Kultūra".encode() in data
    parsed: dict[str, Any] = json.loads(data)
    assert parsed["version"] == "https://jsonfeed.org/version/1.1"
