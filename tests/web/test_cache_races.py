"""The representation cache when several things happen at once."""

import threading
import time
from collections.abc import Callable
from functools import partial
from typing import Any

import pytest
from sqlalchemy import Engine, event
from sqlalchemy.exc import OperationalError

from tests.portal import Portal, page
from tests.web.watching import elsewhere, meanwhile, statements


@pytest.mark.parametrize("away", [False, True])
def test_many_who_ask_for_one_cold_feed_cause_one_rendering(patient: Portal, away: bool) -> None:
    app = patient.client().application
    started = threading.Barrier(100)
    answers: list[tuple[int, bytes]] = []

    def ask() -> None:
        client = app.test_client()
        started.wait(120)
        response = client.get("/releases.atom")
        answers.append((response.status_code, response.data))

    threads = [threading.Thread(target=ask) for _ in range(99)]

    def crowd() -> None:
        for thread in threads:
            thread.start()
        started.wait(120)
        time.sleep(0.3)  # they have come to where they wait
        if away:
            raise OperationalError("", {}, Exception("disk I/O error"))

    with statements(patient) as run, meanwhile(crowd):
        response = app.test_client().get("/releases.atom")
    for thread in threads:
        thread.join()
    assert len(answers) == 99
    assert set(answers) == {(response.status_code, response.data)}
    assert response.status_code == (503 if away else 200)
    assert len([statement for statement in run if "release.body" in statement]) == 1


def test_what_was_outdated_before_it_was_finished_is_not_taken_for_current(
    patient: Portal,
) -> None:
    client = patient.client()
    other = client.application.test_client()

    def change() -> None:
        patient.imported(page("C", "Kultūra"))
        other.get("/releases.json")

    with meanwhile(lambda: elsewhere(change)):
        assert "<title>C</title>" not in client.get("/releases.atom").text
    assert "<title>C</title>" in client.get("/releases.atom").text


@pytest.mark.engines("sqlite", reason="the test replaces the file")
def test_what_was_made_of_a_store_that_is_no_more_is_not_kept(
    patient: Portal, another: Callable[..., Portal]
) -> None:
    new = another().imported(page("Cits", "Kultūra"))
    client = patient.client()
    other = client.application.test_client()

    def replace() -> None:
        patient.file.rename(patient.folder / "aside.db")
        for leftover in patient.folder.glob("feeds.db-*"):
            leftover.unlink()
        new.file.rename(patient.file)
        other.get("/releases.json")

    with meanwhile(lambda: elsewhere(replace)):
        client.get("/releases.atom")
    assert "<title>Cits</title>" in client.get("/releases.atom").text


def test_who_comes_after_something_newer_was_served_gets_nothing_older(portal: Portal) -> None:
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
        time.sleep(0.3)  # it has come to where it waits

    with meanwhile(lambda: elsewhere(change)):
        app.test_client().get("/releases.atom")
    threads[0].join()
    assert "<title>B</title>" in late[0]


@pytest.mark.engines("sqlite", reason="the test replaces the file")
def test_a_slow_reader_of_a_store_that_was_replaced_does_not_turn_back(
    patient: Portal, another: Callable[..., Portal]
) -> None:
    new = another().imported(page("Cits", "Kultūra"))
    client = patient.client()
    other = client.application.test_client()
    client.get("/releases.json")

    def replace(_: Any, __: Any, statement: str, *___: object) -> None:
        if "head" in statement and new.file.exists():
            # The head that comes is that of the file that was open.
            patient.file.rename(patient.folder / "aside.db")
            for leftover in patient.folder.glob("feeds.db-*"):
                leftover.unlink()
            new.file.rename(patient.file)
            elsewhere(lambda: other.get("/releases.rss"))

    event.listen(Engine, "after_cursor_execute", replace)
    try:
        client.get("/releases.atom")
    finally:
        event.remove(Engine, "after_cursor_execute", replace)
    assert "<title>Cits</title>" in client.get("/releases.atom").text
    assert "Cits" in client.get("/releases.rss").text


def test_who_waits_for_a_rendering_that_hangs_gets_what_there_was(portal: Portal) -> None:
    portal.imported(page("A"))
    app = portal.client().application
    was = app.test_client().get("/releases.atom")
    portal.imported(page("B"))
    got: list[tuple[int, bytes, str | None]] = []

    def ask(address: str) -> None:
        answer = app.test_client().get(address)
        got.append((answer.status_code, answer.data, answer.headers.get("Retry-After")))

    for address in ("/releases.atom", "/releases.rss"):
        with meanwhile(partial(elsewhere, partial(ask, address))):
            assert "<title>B</title>" in app.test_client().get(address).text
    kept, cold = got
    assert kept == (200, was.data, None)
    assert (cold[0], cold[2]) == (503, "30")


def test_a_state_that_is_overtaken_while_it_is_noted_is_not_served(patient: Portal) -> None:
    client = patient.client()
    client.get("/releases.atom")
    other = client.application.test_client()
    patient.imported(page("C"))
    left = ["D"]

    def overtake() -> None:
        patient.imported(page(left.pop()))
        assert "<title>D</title>" in other.get("/releases.rss").text

    def note(_: Any, __: Any, statement: str, *___: object) -> None:
        if "revision >" in statement and left:
            elsewhere(overtake)

    event.listen(Engine, "before_cursor_execute", note)
    try:
        assert "D" in client.get("/releases.json").text
    finally:
        event.remove(Engine, "before_cursor_execute", note)
    assert not left
