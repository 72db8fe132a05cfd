"""A store that is unavailable, hangs or is damaged: what is served meanwhile and afterwards."""

import sqlite3
import threading
import time
from typing import Any

import pytest

from tests.listeners import listening
from tests.portal import Portal, page
from tests.web.helpers import ADDRESSES, statements, wait_until

pytestmark = pytest.mark.slow


@pytest.mark.parametrize("stale", [False, True])
@pytest.mark.parametrize("ttl", ["0", "1"])
def test_cached_documents_are_served_while_the_store_is_unavailable(
    portal: Portal, ttl: str, stale: bool
) -> None:
    portal.imported(page("A", "Kultūra"))
    portal.environ["FEEDS_REVISION_TTL"] = ttl
    client = portal.client()
    cached = {address: client.get(address) for address in ADDRESSES}
    portal.imported(page("B", "Kultūra"))
    if stale:
        time.sleep(float(ttl) * 1.5)
        client.get("/robots.txt")
    with portal.unavailable():
        for _ in range(2):
            for address, was in cached.items():
                response = client.get(address)
                assert (response.status_code, response.data) == (200, was.data)
                tag = {"If-None-Match": was.headers["ETag"]}
                assert client.get(address, headers=tag).status_code == 304
            for address in ("/releases.json", "/nothing"):
                other = client.get(address)
                assert (other.status_code, other.headers["Retry-After"]) == (503, "30")
            assert client.get("/readyz").status_code == 503
    wait_until(lambda: client.get("/releases.json").status_code == 200)
    wait_until(lambda: b"<title>B</title>" in client.get("/releases.atom").data)
    assert client.get("/readyz").status_code == 200


@pytest.mark.engines("sqlite", reason="a reader on PostgreSQL waits for no lock")
def test_a_poll_of_a_cached_document_does_not_wait_for_a_locked_store(
    often_checked: Portal,
) -> None:
    client = often_checked.client()
    was = client.get("/releases.atom")
    locker = sqlite3.connect(often_checked.file, isolation_level=None)
    locker.execute("PRAGMA locking_mode = EXCLUSIVE")
    locker.execute("BEGIN EXCLUSIVE")
    try:
        wait_until(lambda: client.get("/readyz").status_code == 503)
        with statements(often_checked) as run:
            assert {client.get("/releases.atom").data for _ in range(50)} == {was.data}
        assert not [one for one in run if one.thread is threading.current_thread()]
        assert client.get("/releases.rss").status_code == 503
    finally:
        locker.execute("ROLLBACK")
        locker.close()
    wait_until(lambda: client.get("/releases.rss").status_code == 200)


@pytest.mark.slow
@pytest.mark.engines("sqlite", reason="the test hangs before the driver is called")
def test_a_check_that_hangs_makes_the_store_unavailable(
    often_checked: Portal,
) -> None:
    client = often_checked.client()
    was = client.get("/releases.atom")
    over = threading.Event()

    def hang(_: Any, __: Any, statement: str, *___: object) -> None:
        if "head" in statement and threading.current_thread() is not threading.main_thread():
            over.wait(120)

    with listening("before_cursor_execute", hang):
        try:
            wait_until(
                lambda: client.get("/readyz").text.endswith("a request to it has not returned.\n")
            )
            assert client.get("/releases.atom").data == was.data
            assert client.get("/releases.rss").status_code == 503
        finally:
            over.set()
    wait_until(lambda: client.get("/releases.rss").status_code == 200)


def test_an_unknown_path_gets_503_if_the_redirect_cannot_be_looked_up(
    rarely_checked: Portal,
) -> None:
    client = rarely_checked.client()
    client.get("/releases.atom")
    with rarely_checked.unavailable():
        response = client.get("/nothing")
    assert (response.status_code, response.headers["Retry-After"]) == (503, "30")


def test_checks_continue_after_one_that_fails(
    often_checked: Portal, caplog: pytest.LogCaptureFixture
) -> None:
    client = often_checked.client()
    was = client.get("/releases.atom")
    often_checked.sql("CREATE TABLE saved AS SELECT * FROM head")
    often_checked.sql("DELETE FROM head")
    wait_until(lambda: "The check of the release store failed" in caplog.text)
    often_checked.sql("INSERT INTO head SELECT * FROM saved")
    often_checked.feeds("suspend")
    wait_until(lambda: client.get("/releases.atom").data != was.data)


@pytest.mark.slow
@pytest.mark.engines("sqlite", reason="the interval does not depend on the engine")
def test_an_unavailable_store_is_checked_more_often(
    portal: Portal,
) -> None:
    portal.environ["FEEDS_REVISION_TTL"] = "7"
    portal.imported(page("A"))
    client = portal.client()
    client.get("/releases.atom")
    with portal.unavailable():
        wait_until(lambda: client.get("/readyz").text.startswith("The release store"))
        time.sleep(7)
        assert client.get("/releases.rss").status_code == 503
    begin = time.monotonic()
    wait_until(lambda: client.get("/releases.rss").status_code == 200)
    assert time.monotonic() - begin < 6


DAMAGE = {
    "a control character in a title": "UPDATE release SET title = 'A'",
    "an instant beyond the calendar": "UPDATE release SET updated = 900000000000000",
    "an instant that no time zone can show": "UPDATE release SET updated = 253402300799",
    "an unknown kind of notice": "UPDATE notice SET kind = 'nonsense'",
}


@pytest.mark.engines("sqlite", reason="the value does not depend on the engine")
@pytest.mark.parametrize("damage", DAMAGE.values(), ids=DAMAGE.keys())
def test_a_value_that_cannot_be_served_is_503_and_one_line_in_the_log(
    portal: Portal, damage: str, caplog: pytest.LogCaptureFixture
) -> None:
    portal.imported(page("A", "Kultūra")).feeds("suspend")
    portal.sql(damage)
    client = portal.client()
    for _ in range(3):
        response = client.get("/releases.atom")
        assert (response.status_code, response.headers["Retry-After"]) == (503, "30")
    (record,) = caplog.records
    assert "holds a value that cannot be" in record.getMessage()
    assert record.exc_info is None
    # The other documents do not contain the value.
    assert client.get("/style.css").status_code == 200


@pytest.mark.engines("sqlite", reason="the value does not depend on the engine")
@pytest.mark.parametrize("damage", DAMAGE.values(), ids=DAMAGE.keys())
def test_a_document_with_a_damaged_value_is_served_as_it_was(portal: Portal, damage: str) -> None:
    portal.imported(page("A", "Kultūra")).feeds("suspend")
    client = portal.client()
    was = client.get("/releases.atom")
    portal.sql(damage)
    portal.sql("UPDATE head SET revision = revision + 1")
    portal.sql("UPDATE selection SET revision = revision + 1, token = token + 1")
    portal.sql("UPDATE release SET token = token + 1")
    response = client.get("/releases.atom")
    assert (response.status_code, response.data) == (200, was.data)
    tag = {"If-None-Match": was.headers["ETag"]}
    assert client.get("/releases.atom", headers=tag).status_code == 304


@pytest.mark.engines("sqlite", reason="the value does not depend on the engine")
def test_an_error_page_is_served_as_it_was_while_a_notice_is_damaged(portal: Portal) -> None:
    portal.imported(page("A", "Kultūra")).feeds("suspend")
    client = portal.client()
    was = client.get("/nothing")
    assert (was.status_code, "pārtraukta" in was.text) == (404, True)
    portal.sql("UPDATE notice SET kind = 'nonsense'")
    portal.sql("UPDATE head SET revision = revision + 1")
    again = client.get("/nothing")
    assert (again.status_code, again.data) == (404, was.data)
    other = portal.client().get("/nothing")
    assert (other.status_code, "pārtraukta" in other.text) == (404, False)


@pytest.mark.engines("sqlite", reason="PostgreSQL accepts no damaged text")
def test_flipped_bytes_in_a_text_are_503(portal: Portal) -> None:
    portal.imported(page("A", "Kultūra"))
    portal.sql("UPDATE release SET body = CAST(x'ff41' AS TEXT)")
    client = portal.client()
    assert client.get("/releases.atom").status_code == 503
    assert client.get("/feeds.opml").status_code == 200
