"""The service behind deploy/nginx.conf: the real nginx in front of the real gunicorn."""

import gzip
import http.client
import os
import re
import signal
import time
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass, field

import brotli
import pytest

from tests.deploy.site import ROOT, Got, Site, behind_nginx
from tests.portal import Portal, page

pytestmark = [
    pytest.mark.slow,
    pytest.mark.engines("sqlite", reason="a proxy does not see the engine"),
]

FEED = "/releases.atom"
BROWSER = "text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,image/webp,*/*;q=0.8"
ACCEPTS = (
    None,
    BROWSER,
    "*/*",
    "application/atom+xml",
    "application/rss+xml, application/xml;q=0.9, */*;q=0.1",
    "application/xml, application/atom+xml, application/rss+xml, application/feed+json, */*;q=0.9",
    "application/xml",
    "APPLICATION/XML ; Q=0.5 , text/html",
    "application/xml;q=0",
    "application/xml;q=0.8, application/*;q=0.9",
    "application/atom+xml;type=feed, */*",
    "application/*;q=0.3, application/atom+xml;q=0.3, application/rss+xml;q=0.2",
    "text/html",
    "x" * 5000,
    "|," * 2000 + "application/xml, */*;q=0.1",
)
CODINGS = (
    None,
    "gzip",
    "gzip, deflate",
    "gzip, deflate, br",
    "gzip, deflate, br, zstd",
    "deflate, gzip, br, zstd",
    "GZIP;q=1.0, br;q=0.9",
    "br;q=0, *;q=0.5",
    "*",
    "gzip;q=0.000",
    "identity",
    "identity, gzip;q=0.5",
    "identity;q=0.5, gzip;q=0.5",
    "identity;q=0, *;q=0",
    "deflate",
)
# The tests that share a site must not be limited together.
SHARED = {"burst=400": "burst=9999"}
# nginx revalidates a copy that is older than a second before it serves it.
OLDER_THAN_A_SECOND = 2.2
# What readers are told with a copy that the service has not confirmed.
UNCONFIRMED = "public, max-age=30, stale-if-error=604800"


@dataclass
class Public:
    """A portal's service, and nginx in front of it."""

    portal: Portal
    address: str = ""
    _service: ExitStack = field(default_factory=ExitStack)
    _nginx: ExitStack = field(default_factory=ExitStack)

    def serve(
        self, instead: Mapping[str, str] | None = None, extra: str = "", **environ: str
    ) -> Site:
        self.address = self._service.enter_context(self.portal.served(**environ))
        nginx = behind_nginx(self.address, self.portal.folder, instead, extra)
        self.site = self._nginx.enter_context(nginx)
        return self.site

    def stop_gunicorn(self) -> None:
        self._service.close()

    def stop(self) -> None:
        self._nginx.close()
        self._service.close()

    def direct(self, path: str, headers: Mapping[str, str]) -> Got:
        """Send a request to gunicorn itself."""
        connection = http.client.HTTPConnection(self.address.removeprefix("http://"), timeout=120)
        connection.request("GET", path, headers=dict(headers))
        got = Got.of(connection.getresponse())
        connection.close()
        return got

    def asked(self, path: str = FEED) -> list[str]:
        """Return the status of each response of the service for a path."""
        log = (self.portal.folder / "gunicorn.out").read_text()
        return re.findall(rf'"GET {re.escape(path)} HTTP/1\.1" (\d+)', log)


@pytest.fixture
def public(portal: Portal) -> Iterator[Public]:
    running = Public(portal.imported(page()))
    yield running
    running.stop()


@pytest.fixture(scope="module")
def unchanging(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Public]:
    """Return a running site for tests that change nothing in it."""
    running = Public(Portal(tmp_path_factory.mktemp("site")).made().imported(page()))
    running.serve(SHARED, FEEDS_WORKERS="1", FEEDS_METRICS="on")
    yield running
    running.stop()


def decoded(got: Got) -> bytes:
    coding = got.headers.get("content-encoding")
    readers = {"br": brotli.decompress, "gzip": gzip.decompress, None: bytes}
    return bytes(readers[coding](got.body))


def soon(condition: Callable[[], bool]) -> bool:
    """Wait until a condition is true; return whether it is true within a minute."""
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        if condition():
            return True
        time.sleep(0.1)
    return False


def variants() -> list[dict[str, str]]:
    """Return the request headers of all kinds of clients."""
    pairs: list[tuple[str | None, str | None]] = [(accept, "gzip") for accept in ACCEPTS]
    pairs += [(accept, coding) for coding in CODINGS for accept in (BROWSER, None)]
    names = ("Accept", "Accept-Encoding")
    return [{n: v for n, v in zip(names, pair, strict=True) if v is not None} for pair in pairs]


def test_all_kinds_of_clients_get_the_response_of_the_service(
    unchanging: Public,
) -> None:
    """The order of the clients does not matter, nor whether nginx has a copy."""
    site = unchanging.site
    for path in (FEED, "/releases.rss", "/releases.json", "/"):
        clients = variants()
        expected = [unchanging.direct(path, client) for client in clients]
        for order in (1, -1, 1):
            for client, own in list(zip(clients, expected, strict=True))[::order]:
                got = site.ask(path, client)
                unlike = {"server", "date", "connection"}
                assert {n: v for n, v in got.headers.items() if n not in unlike} == {
                    n: v for n, v in own.headers.items() if n not in unlike
                }, (path, client)
                assert decoded(got) == decoded(own)


def test_few_polls_reach_the_service_and_an_unchanged_feed_is_confirmed_with_304(
    unchanging: Public,
) -> None:
    feed = "/categories/pasvaldibas.json"
    assert len({unchanging.site.ask(feed).headers["etag"] for _ in range(300)}) == 1
    assert len(unchanging.asked(feed)) < 30

    def confirmed() -> bool:
        assert unchanging.site.ask(feed).status == 200
        return "304" in unchanging.asked(feed)

    assert soon(confirmed)


def test_cached_documents_are_served_while_the_service_is_stopped(public: Public) -> None:
    site = public.serve()
    whole = site.ask(FEED)
    tag = whole.headers["etag"]
    strong = tag.removeprefix("W/")
    changed = whole.headers["last-modified"]
    site.ask(FEED, {"Accept": BROWSER, "Accept-Encoding": "gzip, deflate, br"})
    site.ask("/")
    public.stop_gunicorn()
    time.sleep(OLDER_THAN_A_SECOND)
    for path in (FEED, f"{FEED}?another=query"):
        got = site.ask(path, {"Host": "elsewhere.example"})
        assert (got.status, got.body, got.headers["etag"]) == (200, whole.body, tag)
        assert got.headers["cache-control"] == UNCONFIRMED
    for name, value in (
        ("If-None-Match", tag),
        ("If-None-Match", f'W/"another", {tag}'),
        ("If-None-Match", f'"another",{strong}'),
        ("If-None-Match", "*"),
        ("If-Modified-Since", changed),
        ("If-Modified-Since", "Fri, 01 Jan 2100 00:00:00 GMT"),
    ):
        got = site.ask(FEED, {name: value})
        assert (got.status, got.body, got.headers["etag"]) == (304, b"", tag), (name, value)
        assert got.headers["cache-control"] == UNCONFIRMED
    assert site.ask(FEED, {"If-None-Match": 'W/"another"'}).body == whole.body
    assert site.ask(FEED, {"Range": "bytes=0-9"}).body == whole.body
    head = site.ask(FEED, method="HEAD")
    assert (head.status, head.body) == (200, b"")
    assert head.headers["content-length"] == str(len(whole.body))
    assert head.headers["cache-control"] == UNCONFIRMED
    # A browser that sends other headers than any client before it.
    spelt = {"Accept": "application/xml;q=1.0, */*;q=0.1", "Accept-Encoding": "br;q=1.0, x"}
    browsed = site.ask(FEED, spelt | {"User-Agent": "another"})
    assert (browsed.headers["content-type"][:15], decoded(browsed)) == (
        "application/xml",
        whole.body,
    )
    assert site.ask("/").status == 200
    for path in ("/?feed=atom", "/categories/none.atom", "/categories/none.rss"):
        unavailable = site.ask(path)
        assert (unavailable.status, unavailable.headers["retry-after"]) == (503, "30")
        assert unavailable.headers["cache-control"] == "no-store"
        assert unavailable.headers["content-type"] == "text/plain"


def test_cached_documents_are_served_while_the_service_hangs(unchanging: Public) -> None:
    site = unchanging.site
    whole = site.ask(FEED)
    messages = (unchanging.portal.folder / "gunicorn.err").read_text()
    (worker,) = re.findall(r"Booting worker with pid: (\d+)", messages)
    os.kill(int(worker), signal.SIGSTOP)
    try:
        time.sleep(OLDER_THAN_A_SECOND)
        # One client waits for the service, the other one does not.
        clients = [site.seen_from(f"127.0.0.{number}") for number in (2, 3)]
        with ThreadPoolExecutor(2) as pool:
            for got in pool.map(lambda client: client.ask(FEED), clients):
                assert got.body == whole.body
                assert got.headers["cache-control"] == UNCONFIRMED
        for client in clients:
            client.close()
    finally:
        os.kill(int(worker), signal.SIGCONT)


def test_the_only_client_of_a_feed_sees_an_import_within_seconds(
    public: Public,
) -> None:
    site = public.serve()
    new = "/categories/kultura.atom"
    assert site.ask(new).status == 404
    site.ask(FEED)
    public.portal.imported(page("Jauns tilts", "Kultūra"))
    time.sleep(OLDER_THAN_A_SECOND)
    # The first poll already gets the change, not only the second one.
    assert b"Jauns tilts" in site.ask(FEED).body
    assert b"Jauns tilts" in site.ask(new).body


def test_frequent_clients_see_an_import_within_seconds(public: Public) -> None:
    site = public.serve()
    site.ask(FEED)
    public.portal.imported(page("Jauns tilts"))
    assert soon(lambda: b"Jauns tilts" in site.ask(FEED).body)
    assert len([got for got in (site.ask(FEED) for _ in range(20)) if b"Jauns" in got.body]) == 20


def test_no_spelling_of_a_url_changes_what_other_clients_get(unchanging: Public) -> None:
    site = unchanging.site
    for odd in ("/x/../releases.atom", "//releases.atom", "/releases.atom/", "/releases.atom#x"):
        site.ask(odd)
    site.ask(FEED, {"Host": "evil.example", "X-Forwarded-Host": "evil.example"})
    site.ask(FEED, {"Range": "bytes=0-1", "If-None-Match": "*", "Cookie": "a=b"}, "HEAD")
    got = site.ask(FEED)
    assert got.status == 200
    assert b"evil" not in got.body
    assert got.body == unchanging.direct(FEED, {}).body
    # gunicorn does not accept so many headers.
    assert site.ask(f"{FEED}#many", {f"X-{n}": "a" for n in range(80)}).status == 200


def test_invented_urls_do_not_fill_the_cache(unchanging: Public) -> None:
    def copies() -> int:
        return sum(path.is_file() for path in (unchanging.site.folder / "cache").rglob("*"))

    before = copies()
    for number in range(50):
        assert unchanging.site.ask(f"/categories/invented-{number}.atom").status == 404
        for path in ("/categories/pasvaldibas.atom", "/sitemap.xml", "/sitemap/pages/1.xml"):
            assert unchanging.site.ask(f"{path}?{number}").status == 200
        for path in (
            f"/categories/pasvaldibas?{number}",
            f"/releases.atom#{number}",
            f"/%{ord('r'):x}eleases.{'ato%6d' if number % 2 else 'r%73s'}",
            f"/robots.txt?{number}",
        ):
            assert unchanging.site.ask(path).status == 200
        assert unchanging.site.ask(f"/categories/z{number}+a{number}.atom").status == 404
    assert copies() == before + 3


def test_the_old_host_redirects_and_has_the_same_limits(public: Public) -> None:
    """The block is the one in docs/redirects.md."""
    assert public.portal.feeds("address", "add", "/rss.php?cat=12", "/releases.rss").code == 0
    text = (ROOT / "docs" / "redirects.md").read_text()
    (block,) = re.findall(r"^```nginx\n(.*?)^```", text, re.MULTILINE | re.DOTALL)
    # nginx reads the files in the order of their names.
    (file,) = re.findall("Write `/etc/nginx/conf.d/(.*?)`", text)
    assert file > "release-feeds.conf"
    picture = public.portal.folder / "wp-content" / "uploads" / "tilts.jpg"
    picture.parent.mkdir(parents=True)
    picture.write_bytes(b"JPEG")
    block = block.replace("# location ^~", "location ^~")
    site = public.serve(extra=block.replace("/srv/old-portal", str(public.portal.folder)))
    old = {"Host": "www.prcentrs.example"}
    kept = site.ask("/wp-content/uploads/tilts.jpg", old)
    assert (kept.body, kept.headers["content-type"]) == (b"JPEG", "image/jpeg")
    redirect = site.ask("/rss.php?cat=12", old)
    assert (redirect.status, redirect.headers["location"]) == (
        301,
        "https://feeds.example.org/releases.rss",
    )
    for nothing in ("/rss.php?cat=13", "/readyz", "/healthz"):
        assert site.ask(nothing, old | {"Referer": "https://secret.example/"}).status == 404
    log = public.portal.folder / "nginx" / "release-feeds-old.log"
    assert soon(lambda: "/rss.php?cat=13 " in log.read_text())
    assert not re.search("cat=12|secret", log.read_text())
    for _ in range(5000):
        refused = site.ask("/rss.php?cat=12", old)
        if refused.status != 301:
            break
    assert (refused.status, refused.headers["retry-after"]) == (429, "30")
    public.stop_gunicorn()
    assert soon(lambda: site.ask("/rss.php?cat=12", old).status == 503)
    unavailable = site.ask("/rss.php?cat=12", old)
    headers = unavailable.headers
    assert (headers["retry-after"], headers["content-type"]) == ("30", "text/plain")


def test_other_methods_are_answered_and_the_probes_are_private(
    unchanging: Public,
) -> None:
    site = unchanging.site
    options = site.ask(FEED, method="OPTIONS")
    assert (options.status, options.headers["allow"]) == (204, "GET, HEAD, OPTIONS")
    assert site.ask(FEED, method="POST").status == 405
    assert unchanging.direct("/readyz", {}).status == 200
    assert unchanging.direct("/metrics", {}).status == 200
    for probe in ("/healthz", "/readyz", "/metrics", "//readyz", "/%72eadyz", "/readyz?x"):
        assert site.ask(probe).status == 404


def test_only_abusive_clients_get_429(public: Public) -> None:
    site = public.serve()

    def poll_everything(number: int) -> list[int]:
        client = site.seen_from("127.0.0.1")
        form = ("atom", "rss", "json")[number % 3]
        statuses = [client.ask(f"/categories/pasvaldibas.{form}").status for _ in range(30)]
        client.close()
        return statuses

    with ThreadPoolExecutor(3) as pool:
        assert {status for found in pool.map(poll_everything, range(3)) for status in found} == {
            200
        }
    for _ in range(5000):
        refused = site.ask(FEED)
        if refused.status != 200:
            break
    assert (refused.status, refused.headers["retry-after"]) == (429, "30")
    other = site.seen_from("127.0.0.2")
    assert other.ask(FEED).status == 200
    other.close()
    assert soon(lambda: site.ask(FEED).status == 200)


def test_plain_http_redirects_to_https(unchanging: Public) -> None:
    site = unchanging.site
    connection = http.client.HTTPConnection("127.0.0.1", site.plain, timeout=120)
    connection.request("GET", f"{FEED}?a=b", headers={"Host": "evil.example"})
    response = connection.getresponse()
    assert response.status == 301
    assert response.headers["Location"] == f"https://feeds.example.org{FEED}?a=b"
    connection.close()
