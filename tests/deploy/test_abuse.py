"""What one client cannot take from others, behind deploy/nginx.conf."""

import random
import re
import resource
import socket
import ssl
import time
from collections.abc import Iterator
from contextlib import ExitStack

import pytest

from tests.deploy.site import ROOT, Site, behind_nginx
from tests.portal import Portal, page

pytestmark = [
    pytest.mark.slow,
    pytest.mark.engines("sqlite", reason="a proxy does not see the engine"),
]

CATEGORIES = 28
UNLIMITED = {"burst=400": "burst=9999", "burst=100": "burst=9999"}
# nginx asks the service about each copy that is older than a second.
OLDER_THAN_A_SECOND = 2.2
FEED = "/releases.atom"


@pytest.fixture
def slugs(portal: Portal) -> list[str]:
    pages = [page(f"Tilts {n}", f"Kategorija {n}") for n in range(CATEGORIES)]
    outlines = portal.imported(*pages).client().get("/feeds.opml").text
    return sorted(set(re.findall(r"/categories/([^/.]+)\.atom", outlines)))


def copies(site: Site, cache: str) -> int:
    return sum(path.is_file() for path in (site.folder / cache).rglob("*"))


def test_random_combinations_leave_the_copies_of_other_feeds(
    portal: Portal, slugs: list[str]
) -> None:
    """Both caches hold about 200 copies here, so that 1,000 combinations are many."""
    small = {
        "keys_zone=feeds:10m": "keys_zone=feeds:32k",
        "keys_zone=feeds_combined:1m": "keys_zone=feeds_combined:32k",
    }
    feeds = [FEED, *(f"/categories/{slug}.atom" for slug in slugs)]
    assert len(feeds) == CATEGORIES + 1
    popular = f"/categories/{slugs[0]}+{slugs[1]}.atom"
    draw = random.Random(7)  # noqa: S311 - no secret
    with ExitStack() as service, ExitStack() as nginx:
        address = service.enter_context(portal.served())
        site = nginx.enter_context(behind_nginx(address, portal.folder, UNLIMITED | small))
        for feed in feeds:
            assert site.ask(feed).status == 200
        for number in range(1000):
            some = sorted(draw.sample(slugs, draw.randint(2, 20)))
            assert site.ask(f"/categories/{'+'.join(some)}.atom").status == 200
            if number % 20 == 0:
                assert site.ask(popular).status == 200
        assert copies(site, "cache") == len(feeds)
        assert 50 < copies(site, "cache-combined") < 500
        service.close()
        time.sleep(OLDER_THAN_A_SECOND)
        assert {feed: site.ask(feed).status for feed in [*feeds, popular]} == dict.fromkeys(
            [*feeds, popular], 200
        )


def test_combined_feeds_have_a_limit_of_their_own(portal: Portal, slugs: list[str]) -> None:
    combined = f"/categories/{slugs[0]}+{slugs[1]}.atom"
    with portal.served() as address, behind_nginx(address, portal.folder) as site:
        for asked in range(1, 5000):
            refused = site.ask(combined if asked % 2 else combined.replace("+", "%2B"))
            if refused.status == 429:
                break
        assert asked > 100
        assert (refused.status, refused.headers["retry-after"]) == (429, "30")
        for feed in (FEED, f"/categories/{slugs[0]}.atom", "/"):
            assert site.ask(feed).status == 200
        other = site.seen_from("127.0.0.2")
        assert other.ask(combined).status == 200
        other.close()


def half_open(site: Site, sent: bytes) -> ssl.SSLSocket:
    """Connect over TLS and send a part of a request."""
    plain = socket.create_connection(("127.0.0.1", site.secure), timeout=120)
    secure = site.tls.wrap_socket(plain, server_hostname="feeds.example.org")
    secure.sendall(sent)
    return secure


def is_open(connection: socket.socket) -> bool:
    connection.settimeout(0)
    try:
        return connection.recv(1000) != b""
    except (ssl.SSLWantReadError, BlockingIOError):
        return True
    except OSError:
        return False


@pytest.fixture
def advice() -> str:
    """Return what deploy/install.sh changes in the machine's nginx.conf, as a script for sed."""
    script = (ROOT / "deploy" / "install.sh").read_text()
    changes = re.findall(r"sed -i '([^']*)' \"\$NGINX_CONFIG/nginx\.conf\"", script)
    assert len(changes) == 2
    return "\n".join(changes)


@pytest.fixture
def many_files() -> Iterator[None]:
    """Let this process and nginx open enough files for the connections of the test."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if hard != resource.RLIM_INFINITY and hard < 4000:
        pytest.skip("needs 4,000 open files, which are not allowed: raise `ulimit -Hn`")
    resource.setrlimit(resource.RLIMIT_NOFILE, (max(soft, 4000), hard))
    yield
    resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


@pytest.mark.usefixtures("many_files")
def test_1500_half_sent_requests_do_not_close_the_site(portal: Portal, advice: str) -> None:
    portal.imported(page())
    # So long that none of them ends during the test.
    waiting = {"client_header_timeout 10s": "client_header_timeout 300s"}
    with (
        ExitStack() as stack,
        portal.served() as address,
        behind_nginx(address, portal.folder, waiting, sed=advice) as site,
    ):
        half = [
            stack.enter_context(half_open(site, b"GET /releases.atom HTTP/1.1\r\nHo"))
            for _ in range(1500)
        ]
        assert site.ask(FEED).status == 200
        assert all(is_open(connection) for connection in half)


@pytest.fixture
def hasty(portal: Portal) -> Iterator[Site]:
    """Return a site that waits for one second in place of ten."""
    waiting = {
        f"client_{part}_timeout 10s": f"client_{part}_timeout 1s" for part in ("header", "body")
    }
    with (
        portal.imported(page()).served() as address,
        behind_nginx(address, portal.folder, waiting) as site,
    ):
        yield site


def test_nginx_closes_connections_on_which_nothing_arrives(hasty: Site) -> None:
    """By default it waits for a minute."""
    head = b"POST /releases.atom HTTP/1.1\r\nHost: feeds.example.org\r\n"
    connections: list[socket.socket] = [
        half_open(hasty, b""),
        half_open(hasty, head),
        half_open(hasty, head + b"Content-Length: 9\r\n\r\nhalf"),
        socket.create_connection(("127.0.0.1", hasty.secure)),
        socket.create_connection(("127.0.0.1", hasty.plain)),
    ]
    connections[-1].sendall(head)
    for connection in connections:
        with connection:
            connection.settimeout(30)
            while connection.recv(1000):
                pass


def test_behind_a_cdn_each_reader_has_a_limit(portal: Portal) -> None:
    """The lines for a CDN are enabled, and this machine is one of its nodes."""
    portal.imported(page())
    enabled = {
        "# set_real_ip_from 192.0.2.0/24;": "set_real_ip_from 127.0.0.1/32;",
        "# set_real_ip_from 2001:db8::/32;": "set_real_ip_from 2001:db8::/32;",
        "# real_ip_header": "real_ip_header",
        "# real_ip_recursive": "real_ip_recursive",
    }

    def refuses(site: Site, sender: str) -> bool:
        for number in range(5000):
            if site.ask(FEED, {"X-Forwarded-For": sender.format(number % 200)}).status == 429:
                return True
        return False

    with portal.served() as address, behind_nginx(address, portal.folder, enabled) as site:
        assert refuses(site, "198.51.100.7")
        # A reader cannot choose its address: the CDN appends the true one.
        assert site.ask(FEED, {"X-Forwarded-For": "192.0.2.1, 198.51.100.7"}).status == 429
        assert site.ask(FEED, {"X-Forwarded-For": "198.51.100.8"}).status == 200
        other = site.seen_from("127.0.0.2")
        assert refuses(other, "198.51.100.{}")
        other.close()
