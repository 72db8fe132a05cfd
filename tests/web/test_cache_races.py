"""The cache with several requests and changes at the same time."""

import threading
from collections.abc import Callable
from functools import partial
from typing import Any

import pytest
from sqlalchemy.exc import OperationalError

from tests.listeners import listening
from tests.portal import Portal, page
from tests.web.helpers import (
    RENDERING,
    in_thread,
    statements,
    wait_until,
    waits_for_a_future,
    while_rendering,
)


@pytest.mark.parametrize("unavailable", [False, True])
def test_many_requests_for_one_feed_cause_one_rendering(
    rarely_checked: Portal, unavailable: bool
) -> None:
    app = rarely_checked.client().application
    crowd_size = 30
    started = threading.Barrier(crowd_size + 1)
    answers: list[tuple[int, bytes]] = []

    def ask() -> None:
        client = app.test_client()
        started.wait(120)
        response = client.get("/releases.atom")
        answers.append((response.status_code, response.data))

    threads = [threading.Thread(target=ask) for _ in range(crowd_size)]

    def crowd() -> None:
        for thread in threads:
            thread.start()
        started.wait(120)
        wait_until(lambda: all(map(waits_for_a_future, threads)))
        if unavailable:
            raise OperationalError("", {}, Exception("disk I/O error"))

    with statements(rarely_checked) as run, while_rendering(crowd):
        response = app.test_client().get("/releases.atom")
    for thread in threads:
        thread.join()
    assert len(answers) == crowd_size
    assert set(answers) == {(response.status_code, response.data)}
    assert response.status_code == (503 if unavailable else 200)
    assert len([statement for statement in run if RENDERING in statement]) == 1


def test_a_document_that_became_stale_while_it_was_rendered_is_rendered_again(
    rarely_checked: Portal,
) -> None:
    client = rarely_checked.client()
    other = client.application.test_client()

    def change() -> None:
        rarely_checked.imported(page("C", "Kultūra"))
        other.get("/releases.json")

    with while_rendering(lambda: in_thread(change)):
        assert "<title>C</title>" not in client.get("/releases.atom").text
    assert "<title>C</title>" in client.get("/releases.atom").text


@pytest.mark.engines("sqlite", reason="the test replaces the file")
def test_a_document_rendered_from_a_replaced_store_is_not_served_again(
    rarely_checked: Portal, another: Callable[..., Portal]
) -> None:
    new = another().imported(page("Cits", "Kultūra"))
    client = rarely_checked.client()
    other = client.application.test_client()

    def replace() -> None:
        rarely_checked.file.rename(rarely_checked.folder / "aside.db")
        for leftover in rarely_checked.folder.glob("feeds.db-*"):
            leftover.unlink()
        new.file.rename(rarely_checked.file)
        other.get("/releases.json")

    with while_rendering(lambda: in_thread(replace)):
        client.get("/releases.atom")
    assert "<title>Cits</title>" in client.get("/releases.atom").text


def test_a_request_after_a_newer_document_was_served_gets_nothing_older(portal: Portal) -> None:
    portal.environ["FEEDS_REVISION_TTL"] = "0"
    portal.imported(page("A"))
    app = portal.client().application
    late: list[str] = []
    threads: list[threading.Thread] = []

    def change() -> None:
        portal.imported(page("B"))
        assert "<title>B</title>" in app.test_client().get("/releases.rss").text
        asking = threading.Thread(
            target=lambda: late.append(app.test_client().get("/releases.atom").text)
        )
        asking.start()
        threads.append(asking)
        wait_until(lambda: waits_for_a_future(asking))

    with while_rendering(lambda: in_thread(change)):
        app.test_client().get("/releases.atom")
    threads[0].join()
    assert "<title>B</title>" in late[0]


@pytest.mark.engines("sqlite", reason="the test replaces the file")
def test_a_slow_read_of_a_replaced_store_does_not_return_to_it(
    rarely_checked: Portal, another: Callable[..., Portal]
) -> None:
    new = another().imported(page("Cits", "Kultūra"))
    client = rarely_checked.client()
    other = client.application.test_client()
    client.get("/releases.json")

    def replace(_: Any, __: Any, statement: str, *___: object) -> None:
        if "head" in statement and new.file.exists():
            # The head was read from the file that was open.
            rarely_checked.file.rename(rarely_checked.folder / "aside.db")
            for leftover in rarely_checked.folder.glob("feeds.db-*"):
                leftover.unlink()
            new.file.rename(rarely_checked.file)
            in_thread(lambda: other.get("/releases.rss"))

    with listening("after_cursor_execute", replace):
        assert "<title>Cits</title>" in client.get("/releases.atom").text
    assert "<title>Cits</title>" in client.get("/releases.atom").text
    assert "Cits" in client.get("/releases.rss").text


@pytest.mark.slow
@pytest.mark.engines("sqlite", reason="the rendering waits, not the store")
def test_requests_that_wait_for_a_hanging_rendering_get_the_stale_document_or_503(
    portal: Portal,
) -> None:
    portal.imported(page("A"))
    app = portal.client().application
    was = app.test_client().get("/releases.atom")
    portal.imported(page("B"))
    got: list[tuple[int, bytes, str | None]] = []

    def ask(address: str) -> None:
        answer = app.test_client().get(address)
        got.append((answer.status_code, answer.data, answer.headers.get("Retry-After")))

    for address in ("/releases.atom", "/releases.rss"):
        with while_rendering(partial(in_thread, partial(ask, address))):
            assert "<title>B</title>" in app.test_client().get(address).text
    stale, cold = got
    assert stale == (200, was.data, None)
    assert (cold[0], cold[2]) == (503, "30")


def test_a_document_that_changes_while_it_is_rendered_is_rendered_again(
    rarely_checked: Portal,
) -> None:
    app = rarely_checked.client().application
    other = threading.Thread(
        target=lambda: app.test_client().get("/releases.atom", headers={"If-None-Match": "x"})
    )

    def overtake() -> None:
        rarely_checked.imported(page("C"))
        other.start()
        # It has seen the new state, and now waits for the rendering of the old one.
        wait_until(lambda: waits_for_a_future(other))

    client = app.test_client()
    client.get("/releases.rss")
    with while_rendering(overtake):
        assert "<title>C</title>" in client.get("/releases.atom").text
    other.join()


def test_a_request_whose_snapshot_becomes_older_meanwhile_is_answered_from_it(
    rarely_checked: Portal,
) -> None:
    client = rarely_checked.client()
    client.get("/releases.atom")
    other = client.application.test_client()
    rarely_checked.imported(page("C"))
    pending = ["D"]

    def overtake() -> None:
        rarely_checked.imported(page(pending.pop()))
        assert "<title>D</title>" in other.get("/releases.rss").text

    def intervene(_: Any, __: Any, statement: str, *___: object) -> None:
        if "revision >" in statement and pending:
            in_thread(overtake)

    with listening("before_cursor_execute", intervene):
        assert '"title":"C"' in client.get("/releases.json").text
    assert not pending
    assert '"title":"D"' in client.get("/releases.json").text


def test_the_background_waits_for_a_request_that_renders_the_document(
    often_checked: Portal,
) -> None:
    client = often_checked.client()
    was = client.get("/releases.atom")
    tag = {"If-None-Match": was.headers["ETag"]}
    often_checked.feeds("suspend")
    wait_until(lambda: client.get("/releases.rss").text.count("pārtraukta") > 0)

    def poll() -> None:
        other = client.application.test_client()
        in_thread(lambda: other.get("/releases.atom", headers=tag))
        wait_until(lambda: any(map(waits_for_a_future, threading.enumerate())))

    with while_rendering(poll):
        assert "pārtraukta" in client.get("/releases.atom").text
    assert client.get("/releases.atom", headers=tag).status_code == 200
