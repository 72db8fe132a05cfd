"""The cache: what a hot poll does not do, and when a document is rendered again."""

import gc
import sqlite3
import sys
import threading
import time
from collections.abc import Callable
from contextlib import closing
from datetime import timedelta
from gzip import decompress
from hashlib import sha256
from pathlib import Path
from types import FrameType
from typing import Any

import pytest
from werkzeug.datastructures import Headers
from werkzeug.test import EnvironBuilder

from feeds.documents.representation import LONG_FRESHNESS_AFTER
from feeds.operations.suspend import suspend
from tests.portal import START, Portal, page
from tests.web.helpers import ADDRESSES, CATEGORIES, RENDERING, statements, wait_until

pytestmark = pytest.mark.engines("sqlite", reason="HTTP does not depend on the engine")
on_both_engines = pytest.mark.engines("sqlite", "postgresql", reason="the store finds what changed")


def test_a_hot_poll_asks_the_store_nothing(rarely_checked: Portal) -> None:
    client = rarely_checked.client()
    first = {address: client.get(address) for address in ADDRESSES}
    with statements(rarely_checked) as run:
        for address, was in first.items():
            assert client.get(address).data == was.data
            tag = {"If-None-Match": was.headers["ETag"]}
            assert client.get(address, headers=tag).status_code == 304
            assert client.head(address).headers == was.headers
    assert run == []


def calls(app: Any, address: str, **headers: str) -> tuple[set[str], set[str]]:
    """Return the packages and the built-in functions that are called by one request."""
    environ = EnvironBuilder(address, headers=Headers(headers)).get_environ()
    packages: set[str] = set()
    functions: set[str] = set()

    def record(frame: FrameType, what: str, argument: Any) -> None:
        if what == "call":
            packages.add(str(frame.f_globals.get("__name__")).partition(".")[0])
        elif what == "c_call":
            functions.add(argument.__name__)

    sys.setprofile(record)
    try:
        app(environ, lambda *_: None)
    finally:
        sys.setprofile(None)
    return packages, functions


def test_a_hot_poll_renders_compresses_and_hashes_nothing(rarely_checked: Portal) -> None:
    app = rarely_checked.client().application.wsgi_app
    heavy = {"flask", "werkzeug", "sqlalchemy", "feedgen", "lxml", "hashlib", "jinja2"}
    for coding, works in (("gzip", "compress"), ("br", "finish")):
        cold, first = calls(app, "/releases.rss", **{"Accept-Encoding": coding})
        hot, second = calls(app, "/releases.rss", **{"Accept-Encoding": coding})
        assert works in first
        assert not second & {"compress", "finish", "openssl_sha256", "execute"}
        assert not hot & heavy
        assert coding == "br" or heavy - {"hashlib", "jinja2", "lxml"} <= cold


@on_both_engines
def test_a_thread_notices_a_change(often_checked: Portal) -> None:
    client = often_checked.client()
    before = client.get("/releases.atom")
    often_checked.feeds("suspend")
    wait_until(lambda: client.get("/releases.atom").data != before.data)
    assert "pārtraukta" in client.get("/releases.atom").text


@on_both_engines
def test_a_change_makes_only_the_documents_that_show_it_stale(often_checked: Portal) -> None:
    client = often_checked.client()
    for slug in CATEGORIES:
        client.get(f"/categories/{slug}.atom")
    often_checked.imported(page("C", "Kultūra"))
    wait_until(lambda: "<title>C</title>" in client.get("/categories/kultura.atom").text)
    with statements(often_checked) as run:
        client.get("/categories/sports.atom")
    # The checking thread may have run; it does not read the releases of a category.
    assert not any("listing" in statement for statement in run)


@pytest.mark.slow
@on_both_engines
def test_polls_run_no_statements_and_the_thread_checks_once_a_second(often_checked: Portal) -> None:
    client = often_checked.client()
    client.get("/releases.atom")
    with statements(often_checked) as run:
        begin = time.monotonic()
        polls = 0
        while time.monotonic() - begin < 2.5:
            client.get("/releases.atom")
            polls += 1
            time.sleep(0.01)
        seconds = time.monotonic() - begin
    heads = [statement for statement in run if "head" in statement]
    assert polls > 20
    assert 1 <= len(heads) <= seconds + 1
    assert not [one for one in run if "selection" in one or "release" in one]


def test_a_store_put_in_place_of_another_is_served(
    portal: Portal, another: Callable[..., Portal]
) -> None:
    portal.imported(page("A", "Kultūra"))
    other = another().imported(page("Cits", "Kultūra"))
    client = portal.client()
    assert "<title>A</title>" in client.get("/releases.atom").text
    other.feeds("status")
    aside = portal.file.rename(portal.folder / "aside.db")
    put_in_place(portal, other.file)
    assert "<title>Cits</title>" in client.get("/releases.atom").text
    # The process does not return to the former one.
    put_in_place(portal, aside)
    assert client.get("/releases.rss").status_code == 503


def copy(portal: Portal, name: str) -> Path:
    """Copy the store as it is, with its id, as an operator might with ``cp``."""
    made = portal.folder / name
    with (
        closing(sqlite3.connect(portal.file)) as store,
        closing(sqlite3.connect(made)) as copied,
    ):
        store.backup(copied)
    return made


def put_in_place(portal: Portal, file: Path) -> None:
    for leftover in portal.folder.glob("feeds.db-*"):
        leftover.unlink()
    file.rename(portal.file)


@pytest.mark.slow
@pytest.mark.parametrize("ttl", ["0", "1"])
@pytest.mark.parametrize("diverged", [False, True])
def test_an_earlier_state_put_in_place_is_served_and_the_later_one_never_again(
    portal: Portal, ttl: str, diverged: bool, caplog: pytest.LogCaptureFixture
) -> None:
    portal.environ["FEEDS_REVISION_TTL"] = ttl
    portal.imported(page("A", "Kultūra"), page("B", "Sports"))
    earlier = copy(portal, "earlier.db")
    if diverged:
        Portal(portal.folder, f"sqlite:///{earlier}").imported(page("D", "Kultūra"))
    portal.imported(page("C", "Kultūra"))
    portal.imported(page("E", "Kultūra"))
    later = copy(portal, "later.db")
    client = portal.client()
    was = {address: client.get(address) for address in ADDRESSES}
    sports = client.get("/categories/sports.atom")
    put_in_place(portal, earlier)
    wait_until(lambda: "<title>C</title>" not in client.get("/releases.atom").text)
    for address, before in was.items():
        tag = {"If-None-Match": before.headers["ETag"]}
        assert client.get(address, headers=tag).status_code == 200
    # What is the same in both is not sent again.
    tag = {"If-None-Match": sports.headers["ETag"]}
    assert client.get("/categories/sports.atom", headers=tag).status_code == 304
    put_in_place(portal, later)
    wait_until(lambda: client.get("/releases.json").status_code == 503)
    assert "has left for another one" in caplog.text


def test_no_history_of_several_with_the_same_revision_is_returned_to(portal: Portal) -> None:
    portal.environ["FEEDS_REVISION_TTL"] = "0"
    portal.imported(page("A", "Kultūra"))
    copies = [copy(portal, f"{title}.db") for title in "BCD"]
    for title, file in zip("BCD", copies, strict=True):
        Portal(portal.folder, f"sqlite:///{file}").imported(page(title, "Kultūra"))
    first = portal.folder / "first.db"
    first.write_bytes(copies[0].read_bytes())
    client = portal.client()
    for title, file in zip("BCD", copies, strict=True):
        put_in_place(portal, file)
        assert f"<title>{title}</title>" in client.get("/releases.atom").text
    put_in_place(portal, first)
    assert client.get("/releases.json").status_code == 503
    assert "<title>B</title>" not in client.get("/releases.atom").text


def test_a_page_that_no_longer_exists_is_removed_from_the_cache(portal: Portal) -> None:
    portal.imported(page("A", "Kultūra"))
    client = portal.client()
    assert client.get("/releases/2010/05/04/a").status_code == 200
    portal.sql("UPDATE release SET path = 'elsewhere'")
    portal.sql("UPDATE head SET revision = revision + 1")
    assert client.get("/releases/2010/05/04/a").status_code == 404
    assert client.get("/releases/2010/05/04/a").status_code == 404


@pytest.mark.parametrize("kind", ["feed", "page"])
def test_headers_change_with_the_clock_without_another_rendering(portal: Portal, kind: str) -> None:
    address = {"feed": "/releases.atom", "page": "/"}[kind]
    notice = suspend(portal.store, portal.settings, START)
    portal.environ["FEEDS_REVISION_TTL"] = "60"
    now = notice.announced - timedelta(seconds=1)
    client = portal.client(lambda: now)
    second = timedelta(seconds=1)
    found = []
    with statements(portal) as run:
        for now in (  # noqa: B007 - the client's clock reads it
            notice.announced - second,
            notice.announced,
            notice.announced + LONG_FRESHNESS_AFTER - second,
            notice.announced + LONG_FRESHNESS_AFTER,
            # The clock is set back.
            notice.announced - second,
        ):
            response = client.get(address)
            age = response.headers["Cache-Control"].split(", ")[1]
            found.append((age, "Last-Modified" in response.headers))
            since = {"If-Modified-Since": "Fri, 01 Jan 2100 00:00:00 GMT"}
            fresh = client.get(address, headers=since).status_code
            assert fresh == (304 if found[-1][1] else 200)
    assert found == [
        ("max-age=900", False),
        ("max-age=900", True),
        ("max-age=900", True),
        ("max-age=86400", True),
        ("max-age=900", False),
    ]
    ran = [" ".join(statement.split()) for statement in run]
    assert sum("FROM notice WHERE notice.retracted" in statement for statement in ran) == 1


def noise(kilobytes: int) -> str:
    """Return text that takes half of this when compressed."""
    words = (sha256(n.to_bytes(4)).hexdigest() for n in range(kilobytes * 1024 // 65 + 1))
    return " ".join(words)


def test_the_cache_is_bounded_in_bytes_and_removes_the_least_recently_used(
    another: Callable[..., Portal],
) -> None:
    portal = another(FEEDS_CACHE_MB="1", FEEDS_REVISION_TTL="60", FEEDS_ENTRIES="1")
    portal.imported(*(page(f"R{n}", f"K{n}", body=noise(370)) for n in range(5)))
    client = portal.client()
    addresses = [f"/categories/k{n}.atom" for n in range(5)]
    gzip = {"Accept-Encoding": "gzip"}

    def hot(address: str) -> bool:
        with statements(portal) as run:
            assert client.get(address, headers=gzip).status_code == 200
        return run == []

    for address in addresses[:4]:
        client.get(address, headers=gzip)
    assert [hot(address) for address in addresses[:4]] == [True] * 4
    hot(addresses[0])
    client.get(addresses[4], headers=gzip)
    assert hot(addresses[0])
    assert not hot(addresses[1])


def test_codings_made_later_count_towards_the_size_of_the_cache(
    another: Callable[..., Portal],
) -> None:
    portal = another(FEEDS_CACHE_MB="1", FEEDS_REVISION_TTL="60", FEEDS_ENTRIES="1")
    portal.imported(page("R0", "K0", body=noise(800)), page("R1", "K1", body=noise(800)))
    client = portal.client()
    for slug in ("k0", "k1", "k0"):
        with statements(portal) as run:
            client.get(f"/categories/{slug}.atom", headers={"Accept-Encoding": "gzip"})
    assert not run
    for coding in ("gzip", "br"):
        client.get("/categories/k1.atom", headers={"Accept-Encoding": coding})
    with statements(portal) as run:
        client.get("/categories/k0.atom")
    assert run


def test_a_document_takes_less_memory_once_it_was_asked_for_compressed(
    another: Callable[..., Portal],
) -> None:
    portal = another(FEEDS_CACHE_MB="1", FEEDS_REVISION_TTL="60", FEEDS_ENTRIES="1")
    portal.imported(*(page(f"R{n}", f"K{n}", body=noise(370)) for n in range(4)))
    client = portal.client()
    addresses = [f"/categories/k{n}.atom" for n in range(4)]
    for address in addresses:
        identity = client.get(address).data
        assert decompress(client.get(address, headers={"Accept-Encoding": "gzip"}).data) == identity
    with statements(portal) as run:
        for address in addresses:
            assert client.get(address).status_code == 200
    assert not run


def test_a_document_larger_than_the_cache_is_served(
    another: Callable[..., Portal],
) -> None:
    portal = another(FEEDS_CACHE_MB="1", FEEDS_REVISION_TTL="60")
    portal.imported(*(page(f"R{n}", body=noise(500)) for n in range(5)))
    client = portal.client()
    # More than 16 MB in total, after which the heap is trimmed.
    answers = {
        (client.get("/releases.atom", headers={"Accept-Encoding": coding}).status_code, coding)
        for _ in range(4)
        for coding in ("identity", "gzip")
    }
    assert answers == {(200, "identity"), (200, "gzip")}


@pytest.mark.slow
def test_the_checking_thread_ends_with_the_application(often_checked: Portal) -> None:
    before = set(threading.enumerate())
    client = often_checked.client()
    client.get("/releases.atom")
    new = set(threading.enumerate()) - before
    # A timer closes connections.
    (thread,) = (each for each in new if not isinstance(each, threading.Timer))
    del client

    def ended() -> bool:
        gc.collect()
        return not thread.is_alive()

    wait_until(ended)


def test_a_rendering_that_fails_does_not_block_the_next(rarely_checked: Portal) -> None:
    rarely_checked.feeds("suspend")
    client = rarely_checked.client()
    rarely_checked.sql("UPDATE notice SET kind = 'unheard of'")
    assert client.get("/releases.atom").status_code == 503
    rarely_checked.sql("UPDATE notice SET kind = 'suspension'")
    assert client.get("/releases.atom").status_code == 200


@on_both_engines
def test_a_process_with_other_settings_sends_no_date(portal: Portal) -> None:
    portal.imported(page("A", "Kultūra"))
    client = portal.client()
    before = client.get("/releases.atom")
    portal.environ["FEEDS_TITLE"] = "Cits"
    assert portal.feeds("migrate").code == 0
    still = client.get("/releases.atom")
    assert still.data == before.data
    # A process with the new settings has other bytes of the same instant.
    assert "Last-Modified" not in still.headers
    assert portal.client().get("/releases.atom").headers["ETag"] != before.headers["ETag"]


@on_both_engines
@pytest.mark.slow
def test_after_a_change_of_very_many_parts_every_document_is_compared(
    another: Callable[..., Portal],
) -> None:
    portal = another(FEEDS_ENTRIES="1").imported(page("A", "Kultūra"))
    client = portal.client()
    was = client.get("/categories/kultura.atom")
    times = (START + timedelta(seconds=n) for n in range(1000))
    portal.imported(
        *(page(f"R{n}", "Sports", f"{at:%Y-%m-%d %H:%M:%S}") for n, at in enumerate(times))
    )
    with statements(portal) as run:
        assert client.get("/categories/kultura.atom").headers["ETag"] == was.headers["ETag"]
    assert any("FROM head LEFT OUTER JOIN selection" in statement for statement in run)
    assert not any(RENDERING in statement for statement in run)


def test_after_more_changed_parts_than_are_remembered_every_document_is_compared(
    portal: Portal,
) -> None:
    portal.imported(page("A", "Kultūra"))
    client = portal.client()
    client.get("/categories/kultura.atom")
    compared = []
    for first in range(0, 6 * 999, 999):
        portal.sql("UPDATE head SET revision = revision + 1")
        portal.sql(
            "WITH RECURSIVE number(n) AS "  # noqa: S608 - numbers
            f"(SELECT {first + 1} UNION ALL SELECT n + 1 FROM number WHERE n < {first + 999}) "
            "INSERT INTO archive_page (selection, number, last_published, last_rank, size, "
            "revision, changed, token, withdrawal) "
            "SELECT 0, n, n, 0, 1, revision, instant, 1, 0 FROM number, head"
        )
        with statements(portal) as run:
            client.get("/categories/kultura.atom")
        compared.append(any("FROM head LEFT OUTER JOIN selection" in one for one in run))
    assert compared == [False] * 5 + [True]
