"""The representation cache when several things happen at once."""

import threading
import time
from collections.abc import Callable

import pytest
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
        started.wait(20)
        response = client.get("/releases.atom")
        answers.append((response.status_code, response.data))

    threads = [threading.Thread(target=ask) for _ in range(99)]

    def crowd() -> None:
        for thread in threads:
            thread.start()
        started.wait(20)
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


@pytest.mark.only("sqlite")
def test_what_was_made_of_a_store_that_is_no_more_is_not_kept(
    patient: Portal, another: Callable[..., Portal]
) -> None:
    new = another().imported(page("Cits", "Kultūra"))
    client = patient.client()
    other = client.application.test_client()

    def replace() -> None:
        patient.store.rename(patient.folder / "aside.db")
        for leftover in patient.folder.glob("feeds.db-*"):
            leftover.unlink()
        new.store.rename(patient.store)
        other.get("/releases.json")

    with meanwhile(lambda: elsewhere(replace)):
        client.get("/releases.atom")
    assert "<title>Cits</title>" in client.get("/releases.atom").text
