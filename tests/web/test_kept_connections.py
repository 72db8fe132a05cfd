"""The service keeps connections to a SQLite file for a moment, and nobody can tell."""

import shutil
import sqlite3
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.request import urlopen

import pytest

from tests.listeners import listening
from tests.portal import Portal, page
from tests.web.helpers import wait_until

pytestmark = pytest.mark.engines("sqlite", reason="on PostgreSQL connections stay open")


@pytest.fixture
def checked(portal: Portal) -> Portal:
    """Return a portal of one category whose service looks at the store for each request."""
    portal.imported(page("A", "Kultūra"))
    portal.environ["FEEDS_REVISION_TTL"] = "0"
    return portal


def log(portal: Portal) -> Path:
    return portal.file.with_name(f"{portal.file.name}-wal")


@contextmanager
def opened() -> Iterator[list[sqlite3.Connection]]:
    """Collect the connections that are opened in the block."""
    connections: list[sqlite3.Connection] = []

    def note(connection: sqlite3.Connection, _: object) -> None:
        connections.append(connection)

    with listening("connect", note):
        yield connections


def test_documents_that_are_asked_for_in_a_row_need_one_connection(portal: Portal) -> None:
    portal.imported(*(page(f"R{n}", f"K{n}") for n in range(20)))
    portal.environ["FEEDS_REVISION_TTL"] = "60"
    client = portal.client()
    begin = time.monotonic()
    with opened() as connections:
        for n in range(20):
            assert client.get(f"/categories/k{n}.atom").status_code == 200
    assert 1 <= len(connections) <= 2 + 2 * (time.monotonic() - begin)


def test_a_file_that_is_overwritten_is_read_again(
    checked: Portal, another: Callable[..., Portal]
) -> None:
    other = another().imported(page("Cits", "Kultūra"))
    client = checked.client()
    assert "<title>A</title>" in client.get("/releases.atom").text
    shutil.copyfile(other.file, checked.file)
    assert "<title>Cits</title>" in client.get("/releases.atom").text


def test_a_file_that_is_removed_is_missed(rarely_checked: Portal) -> None:
    client = rarely_checked.client()
    assert client.get("/releases.atom").status_code == 200
    with rarely_checked.unavailable():
        assert client.get("/categories/kultura.atom").status_code == 503
    assert client.get("/categories/kultura.atom").status_code == 200


def test_no_connection_is_kept_that_would_keep_the_log_of_an_import(checked: Portal) -> None:
    client = checked.client()
    client.get("/releases.atom")
    checked.imported(page("B", "Kultūra"))
    assert "<title>B</title>" in client.get("/releases.atom").text
    assert not log(checked).exists() or log(checked).stat().st_size == 0


def test_no_connection_is_open_while_nobody_asks(often_checked: Portal) -> None:
    client = often_checked.client()
    client.get("/releases.atom")
    wait_until(lambda: not log(often_checked).exists())
    seen = []
    for _ in range(60):
        seen.append(log(often_checked).exists())
        time.sleep(0.05)
    # The thread that looks at the store every second needs it for a few milliseconds.
    assert seen.count(True) < 20


def test_the_log_is_removed_when_the_service_ends(checked: Portal) -> None:
    with checked.served() as url, urlopen(f"{url}/releases.atom") as answer:
        assert answer.status == 200
    assert not log(checked).exists()
