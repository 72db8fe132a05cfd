"""A store that is away, hangs or is damaged: what is kept is served, and all comes back."""

import sqlite3
import threading
import time
from typing import Any

import pytest
from sqlalchemy import Engine, event

from tests.portal import Portal, page
from tests.web.watching import ADDRESSES, statements, until


@pytest.mark.parametrize("outdated", [False, True])
@pytest.mark.parametrize("ttl", ["0", "1"])
def test_what_is_kept_is_served_while_the_store_is_away_and_all_comes_back(
    portal: Portal, ttl: str, outdated: bool
) -> None:
    portal.imported(page("A", "Kultūra"))
    portal.environ["FEEDS_REVISION_TTL"] = ttl
    client = portal.client()
    kept = {address: client.get(address) for address in ADDRESSES}
    portal.imported(page("B", "Kultūra"))
    if outdated:
        time.sleep(float(ttl) * 1.5)
        client.get("/robots.txt")
    with portal.away():
        for _ in range(2):
            for address, was in kept.items():
                response = client.get(address)
                assert (response.status_code, response.data) == (200, was.data)
                tag = {"If-None-Match": was.headers["ETag"]}
                assert client.get(address, headers=tag).status_code == 304
            for address in ("/releases.json", "/nothing"):
                other = client.get(address)
                assert (other.status_code, other.headers["Retry-After"]) == (503, "30")
            assert client.get("/readyz").status_code == 503
    until(lambda: client.get("/releases.json").status_code == 200)
    until(lambda: b"<title>B</title>" in client.get("/releases.atom").data)
    assert client.get("/readyz").status_code == 200


@pytest.mark.engines("sqlite", reason="a reader on PostgreSQL waits for no lock")
def test_a_poll_of_what_is_kept_does_not_wait_for_a_locked_store(brisk: Portal) -> None:
    client = brisk.client()
    was = client.get("/releases.atom")
    locker = sqlite3.connect(brisk.file, isolation_level=None)
    locker.execute("PRAGMA locking_mode = EXCLUSIVE")
    locker.execute("BEGIN EXCLUSIVE")
    try:
        until(lambda: client.get("/readyz").status_code == 503)
        with statements(brisk) as run:
            assert {client.get("/releases.atom").data for _ in range(50)} == {was.data}
        assert not [one for one in run if one.thread is threading.current_thread()]
        assert client.get("/releases.rss").status_code == 503
    finally:
        locker.execute("ROLLBACK")
        locker.close()
    until(lambda: client.get("/releases.rss").status_code == 200)


def test_a_look_that_never_comes_back_makes_the_store_one_that_is_away(brisk: Portal) -> None:
    client = brisk.client()
    was = client.get("/releases.atom")
    over = threading.Event()

    def hang(_: Any, __: Any, statement: str, *___: object) -> None:
        if "head" in statement and threading.current_thread() is not threading.main_thread():
            over.wait(120)

    event.listen(Engine, "before_cursor_execute", hang)
    try:
        until(lambda: client.get("/readyz").text.endswith("a request to it has not returned.\n"))
        assert client.get("/releases.atom").data == was.data
        assert client.get("/releases.rss").status_code == 503
    finally:
        over.set()
        event.remove(Engine, "before_cursor_execute", hang)
    until(lambda: client.get("/releases.rss").status_code == 200)


def test_what_is_nowhere_is_503_where_the_store_is_found_away_by_the_look_up(
    patient: Portal,
) -> None:
    client = patient.client()
    client.get("/releases.atom")
    with patient.away():
        response = client.get("/nothing")
    assert (response.status_code, response.headers["Retry-After"]) == (503, "30")


def test_a_look_that_meets_a_defect_is_not_the_last(
    brisk: Portal, caplog: pytest.LogCaptureFixture
) -> None:
    client = brisk.client()
    was = client.get("/releases.atom")
    ((instant,),) = brisk.sql("SELECT instant FROM head")
    brisk.sql("UPDATE head SET instant = 9000000000000000")
    until(lambda: "The check of the release store failed" in caplog.text)
    brisk.sql(f"UPDATE head SET instant = {instant}")  # noqa: S608 - a number
    brisk.feeds("suspend")
    until(lambda: client.get("/releases.atom").data != was.data)


def test_a_store_that_is_away_is_looked_for_more_often_than_one_that_is_there(
    portal: Portal,
) -> None:
    portal.environ["FEEDS_REVISION_TTL"] = "7"
    portal.imported(page("A"))
    client = portal.client()
    client.get("/releases.atom")
    with portal.away():
        until(lambda: client.get("/readyz").text.startswith("The release store"))
        time.sleep(7)
        assert client.get("/releases.rss").status_code == 503
    begin = time.monotonic()
    until(lambda: client.get("/releases.rss").status_code == 200)
    assert time.monotonic() - begin < 5
