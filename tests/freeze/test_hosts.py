"""Every address of a portal with a past, on each host, against the live service."""

import re
import time
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import NamedTuple

import pytest
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from feeds.urls import ASSETS
from tests.deploy.site import Got
from tests.freeze.hosts import HOSTS, Ask, serving
from tests.freeze.past import RELEASES, addresses, portal_with_a_past
from tests.freeze.static import parsed
from tests.portal import Portal, page

pytestmark = [
    pytest.mark.slow,
    pytest.mark.engines("sqlite", reason="files do not show the engine"),
]

BROWSER = "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"
CONTRACT = (
    "content-type",
    "content-encoding",
    "cache-control",
    "vary",
    "location",
    "access-control-allow-origin",
    "access-control-expose-headers",
    "x-content-type-options",
    "content-disposition",
    "content-security-policy",
    "referrer-policy",
)
OF_CONTENT = ("content-type", "content-encoding")
# Apache removes all other headers from a 304.
OF_304 = {
    "nginx": ("cache-control", "vary", "access-control-allow-origin"),
    "caddy": ("cache-control", "vary", "access-control-allow-origin"),
    "apache": ("cache-control", "vary"),
}
ACCEPTED = (BROWSER, "*/*", "application/atom+xml, application/rss+xml, application/xml;q=0.8")
# Caddy cannot compare weights.
WEIGHED = (
    "application/atom+xml;q=0.3, application/xml;q=0.4, */*;q=0.9",
    "application/xml;q=0.9, application/*;q=0.8",
    "application/*, application/xml;q=0.1",
    "text/xml, application/xml;q=0, */*;q=0",
)
ARCHIVED = re.compile(r"/archive/\d+\.(?:atom|rss|json)$")
CHOOSER = ("/", "/categories/list/1")


UPLOAD = b"%PDF-1.4 of 2009"


class Frozen(NamedTuple):
    """A portal with a past, its frozen archive, and addresses of combined feeds in it.

    ``live`` asks the service for an address without any headers, and keeps the answer.
    """

    portal: Portal
    folder: Path
    combined: tuple[str, ...]
    report: str
    live: Callable[[str], TestResponse]


@pytest.fixture(scope="module")
def frozen(tmp_path_factory: pytest.TempPathFactory) -> Frozen:
    """Freeze a portal once for all hosts."""
    portal = portal_with_a_past(Portal(tmp_path_factory.mktemp("portal")).made())
    combined = ("/categories/kultura+tema-1.atom", "/categories/tema-5+tema-2.rss")
    kept = portal.write("combined.txt", f"{combined[0]}\nhttps://feeds.example.org{combined[1]}\n")
    folder = portal.folder / "frozen"
    ran = portal.feeds("freeze", folder, "--combined", kept)
    assert ran.code == 0, ran.err
    # The changes of these commands have instants a second apart, some of them still to come.
    while "Last-Modified" not in portal.client().head("/releases.atom").headers:
        time.sleep(0.1)
    return Frozen(portal, folder, combined, ran.out, cache(portal.client().get))


def listed(value: str | None) -> list[str] | None:
    """Return the members of a list in a header; a host may write them with other spaces."""
    return None if value is None else [member.strip() for member in value.split(",")]


def compare(path: str, live: TestResponse, got: Got) -> None:
    assert got.status == live.status_code, path
    for name in CONTRACT:
        expected = live.headers.get(name)
        # The host writes the note that accompanies a redirect itself.
        if live.status_code == 301 and name == "content-type":
            assert (got.headers.get(name) or "text/html").startswith("text/html"), path
        else:
            assert listed(got.headers.get(name)) == listed(expected), f"{path}: {name}"
    # The index has no chooser; the sentences of a 404 for programs differ.
    if live.status_code not in {301, 404} and path.partition("?")[0] not in CHOOSER:
        assert got.body == live.data, path


@pytest.mark.parametrize("host", HOSTS)
def test_a_host_answers_every_address_as_the_service_does(frozen: Frozen, host: str) -> None:
    client = frozen.portal.client()
    uploads = frozen.portal.folder / "uploads"
    uploads.mkdir(exist_ok=True)
    (uploads / "a b.pdf").write_bytes(UPLOAD)
    with serving(host, frozen.folder, frozen.portal.folder / host, uploads) as ask:
        asked = [*addresses(frozen.portal), *sitemaps(client), *frozen.combined]
        assert len(asked) > 3 * RELEASES
        statuses = set()
        for path in asked:
            live = frozen.live(path)
            compare(path, live, ask(path))
            head = ask(path, method="HEAD")
            assert (head.status, head.body) == (live.status_code, b""), path
            statuses.add(head.status)
        assert statuses == {200, 301, 404, 410}
        _check_negotiation(host, client, ask, frozen.combined[0])
        _check_conditionals(host, client, ask, asked)
        _check_methods(client, ask)
        _check_errors(client, ask)
        for path, status in (("/a%20b.pdf", 200), ("/none.pdf", 404)):
            got = ask(f"/wp-content/uploads{path}")
            assert (got.status, got.body == UPLOAD) == (status, status == 200)


def sitemaps(client: FlaskClient) -> list[str]:
    """Return the paths of all sitemaps, as the index names them."""
    found = re.findall(
        r"<loc>https://feeds.example.org(.*?)</loc>", client.get("/sitemap.xml").text
    )
    assert any("/releases/" in path for path in found)
    return ["/sitemap.xml", *found, "/sitemap/releases/77.xml"]


def _check_negotiation(host: str, client: FlaskClient, ask: Ask, combined: str) -> None:
    for accept in ACCEPTED if host == "caddy" else (*ACCEPTED, *WEIGHED):
        for path in ("/releases.atom", "/categories/tema-1.rss", "/releases.json"):
            headers = {"Accept": accept, "Accept-Encoding": "identity;q=0.2, gzip;q=0.3"}
            compare(path, client.get(path, headers=headers), ask(path, headers))
    for path in (
        "/releases.atom",
        combined,
        "/releases.json",
        "/categories/sports-un-deja",
        "/style.css",
    ):
        for coding in (
            "gzip",
            "br",
            "gzip, deflate, br",
            "identity",
            "br;q=0",
            "gzip;q=0.5, br;q=0.4",
        ):
            headers = {"Accept-Encoding": coding, "Accept": BROWSER}
            compare(path, client.get(path, headers=headers), ask(path, headers))
            head = ask(path, headers, "HEAD")
            live = client.head(path, headers=headers)
            compare(path, live, head)
            # A host may leave it out (RFC 9110, section 8.6).
            length = live.headers["content-length"]
            assert head.headers.get("content-length", length) == length


def _check_conditionals(host: str, client: FlaskClient, ask: Ask, asked: list[str]) -> None:
    for path in asked[::7]:
        got = ask(path)
        if got.status == 200:
            live = client.get(path)
            same = client.get(path, headers={"If-None-Match": live.headers["ETag"]})
            for sent in (
                {"If-None-Match": got.headers["etag"]},
                {"If-Modified-Since": got.headers.get("last-modified", "")},
                # The date that a reader has from the service.
                {"If-Modified-Since": live.headers.get("Last-Modified", "")},
            ):
                if not all(sent.values()):
                    assert path.rpartition("/")[2] in ASSETS
                    continue
                again = ask(path, sent)
                assert (again.status, again.body) == (304, b""), path
                assert not set(OF_CONTENT) & set(again.headers), path
                for name in OF_304[host]:
                    assert listed(again.headers.get(name)) == listed(same.headers[name])
            other = {
                "If-None-Match": '"other"',
                "If-Modified-Since": "Thu, 01 Jan 2004 00:00:00 GMT",
            }
            assert ask(path, other).status == 200


def _check_methods(client: FlaskClient, ask: Ask) -> None:
    live, got = client.options("/releases.atom"), ask("/releases.atom", method="OPTIONS")
    assert got.status == live.status_code == 204
    for name in ("allow", "access-control-allow-methods", "access-control-allow-headers"):
        assert got.headers[name] == live.headers[name]
    for path in ("/", "/releases.atom"):
        live, got = client.post(path), ask(path, method="POST")
        assert (got.status, got.headers["allow"]) == (405, live.headers["allow"])
        assert got.body == live.data


def _check_errors(client: FlaskClient, ask: Ask) -> None:
    for path in ("/nav", "/nav.css", "/releases/2010/01/01/nav", "/404", "/index", "/410.html"):
        compare(path, client.get(path), ask(path))
        assert ask(path).body == client.get(path).data, path
    not_kept = ask("/categories/kultura+tema-2.atom")
    assert (not_kept.status, b"combined feed" in not_kept.body) == (404, True)
    for path in CHOOSER:
        got = ask(path)
        assert got.body != client.get(path).data
        assert re.search(rb"<form|<input type=.checkbox", got.body) is None


def test_static_hosts_get_the_headers_and_redirects_that_they_can_have(frozen: Frozen) -> None:
    site = frozen.folder / "current" / "site"
    static = parsed(site)
    asked = [*addresses(frozen.portal), *sitemaps(frozen.portal.client()), *frozen.combined]
    for path in (path for path in asked if "?" not in path):
        live = frozen.live(path)
        target = live.headers["Location"] if live.status_code == 301 else None
        # What follows a former slug may be anything there.
        if not path.endswith("/releases/2010/5"):
            assert static.target(path) == target, path
        if live.status_code == 200:
            got = static.headers_of(path)
            own = set(CONTRACT) - {"vary", "content-encoding"}  # the host sets these itself
            # Hosts know the type of pages. A shorter time than that of archive documents is safe.
            own -= {"content-type"} if live.mimetype == "text/html" else {""}
            own -= {"cache-control"} if ARCHIVED.search(path) else {""}
            for name in own & {key.lower() for key, _ in live.headers}:
                assert listed(got.get(name)) == listed(live.headers[name]), f"{path}: {name}"
    known = frozen.portal.sql("SELECT location FROM redirect UNION SELECT location FROM permalink")
    answers = [(path, frozen.live(path).status_code) for (path,) in known]
    names = [file.suffix for file in site.rglob("*.*")]
    for number, kind in (
        (
            names.count(".atom") + names.count(".rss"),
            "feeds have their own media type in browsers, too",
        ),
        (
            sum(ARCHIVED.search(str(name)) is not None for name in site.rglob("*")),
            "archive documents have the shorter Cache-Control of pages",
        ),
        (
            sum(status == 410 for _, status in answers) + 2,
            "withdrawn addresses are answered 404 instead of 410",
        ),
        (
            sum(status == 301 and "?" in path for path, status in answers),
            "old addresses with a query are not redirected",
        ),
    ):
        assert f"  Netlify, Cloudflare Pages: {kind} ({number})\n" in frozen.report, frozen.report


def test_what_exceeds_the_limits_of_a_host_is_counted(portal: Portal) -> None:
    portal.imported(page("Relīze", "Tēma 0"))
    for number in range(102):
        renamed = ("categories", "rename", f"tema-{number}", f"Tēma {number + 1}")
        assert portal.feeds(*renamed).code == 0
    odd = ["/a*b", "/a:b", "/x?{a}", f"/{'a' * 990}"]
    old = "".join(f"{path}\t/releases.rss\n" for path in (*odd, *(f"/o/{n}" for n in range(1700))))
    assert portal.feeds("address", "add", "--file", portal.write("old.tsv", old)).code == 0
    ran = portal.feeds("freeze", portal.folder / "frozen")
    assert ran.code == 0, ran.err
    static = 102 * 4 + 1700  # of each former slug four
    for line in (
        "Netlify, Cloudflare Pages: old addresses with * or : are not redirected (2)",
        "Netlify, Cloudflare Pages: redirects of more than 1,000 characters are left out (1)",
        f"Cloudflare Pages: redirects after the first 2,000 are ignored ({static - 2000})",
        (
            "Cloudflare Pages: archives and years of former slugs after the first 100 are not "
            "redirected (104)"
        ),
        "Caddy: old addresses with a brace are not redirected (1)",
        "Apache: old addresses of more than 1,000 bytes are not redirected (1)",
    ):
        assert f"  {line}\n" in ran.out, ran.out
