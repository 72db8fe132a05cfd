import sqlite3
import threading
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import Engine, event
from sqlalchemy.exc import IntegrityError

from feeds.operations.suspend import resume, suspend
from feeds.store.engine import reading
from feeds.store.reads import newest_query, snapshot
from feeds.store.writes import change
from tests.portal import START, Portal, page


def plan(portal: Portal, sql: str) -> list[str]:
    with reading(portal.engine) as connection:
        return [row[3] for row in connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {sql}")]


def test_the_newest_of_a_selection_are_a_range_of_its_listing(portal: Portal) -> None:
    portal.imported(page())
    query = newest_query(1, 50).compile(portal.engine, compile_kwargs={"literal_binds": True})
    (step,) = plan(portal, str(query))
    assert step == "SEARCH listing USING PRIMARY KEY (selection=?)"


def test_no_read_of_a_poll_sorts_or_scans(portal: Portal) -> None:
    portal.imported(*(page(f"R{n}", f"K{n % 3}") for n in range(9)))
    portal.feeds("suspend")
    seen: list[tuple[str, Any]] = []
    engine = portal.engine
    event.listen(engine, "before_cursor_execute", lambda *a: seen.append((a[2], a[3])))
    with snapshot(engine) as state:
        for slugs in ((), ("k0",), ("k0", "k1")):
            selection = state.selection(slugs)
            assert selection
            assert state.newest(selection, 50)
        state.head()
        assert state.release("2010/05/04/r0")
    with sqlite3.connect(portal.store) as database:
        for statement, parameters in seen:
            if not statement.startswith("SELECT"):
                continue
            steps = [
                row[3] for row in database.execute(f"EXPLAIN QUERY PLAN {statement}", parameters)
            ]
            assert not any("TEMP B-TREE" in step for step in steps), (statement, steps)
            assert not any(step.startswith("SCAN") and step != "SCAN head" for step in steps), (
                statement,
                steps,
            )
    database.close()


def test_a_reader_sees_one_state_whatever_is_committed_meanwhile(portal: Portal) -> None:
    portal.imported(page("A"))
    with snapshot(portal.engine) as state:
        everything = state.everything()
        portal.imported(page("B", category="Jauna"))
        portal.feeds("suspend")
        assert [release.title for release in state.newest(everything, 9)] == ["A"]
        assert state.notices() == []
        assert state.selection(("jauna",)) is None
        assert state.everything() == everything
    with snapshot(portal.engine) as state:
        assert len(state.newest(state.everything(), 9)) == 2
        assert len(state.notices()) == 1


@pytest.mark.parametrize("reads", [1, 2, 3, 4, 5])
def test_a_document_is_of_one_state_though_a_commit_falls_between_its_reads(
    portal: Portal, reads: int
) -> None:
    portal.imported(page("A"))
    client = portal.client()
    before = client.get("/releases.atom").data
    left = reads

    def commit(*_: Any) -> None:
        nonlocal left
        left -= 1
        if left == 0:
            portal.feeds("suspend")
            portal.feeds("import", portal.write("0000.txt", page("A", body="Labots.")))

    # The transaction begins with its first read: the commit comes after one or more of them.
    event.listen(Engine, "after_cursor_execute", commit)
    try:
        left += 1
        during = client.get("/releases.atom").data
    finally:
        event.remove(Engine, "after_cursor_execute", commit)
    assert left <= 0
    assert during == before
    assert client.get("/releases.atom").data != before


def test_a_writer_waits_for_another(portal: Portal) -> None:
    inside, done = threading.Event(), threading.Event()

    def hold() -> None:
        with change(portal.engine, START):
            inside.set()
            done.wait(10)

    thread = threading.Thread(target=hold)
    thread.start()
    inside.wait(10)
    threading.Timer(0.3, done.set).start()
    assert portal.feeds("suspend").code == 0
    assert done.is_set()
    thread.join()


def test_the_change_clock_never_stands_still_nor_goes_back(portal: Portal) -> None:
    first = suspend(portal.engine, portal.settings, START)
    # A clock that was set back by an hour.
    second = resume(portal.engine, portal.settings, START - timedelta(hours=1))
    third = suspend(portal.engine, portal.settings, START + timedelta(hours=1))
    assert second.announced == first.announced + timedelta(seconds=1)
    assert third.announced == START + timedelta(hours=1)
    with snapshot(portal.engine) as state:
        assert state.everything().changed == state.head().instant == third.announced


def test_a_change_that_shows_nothing_takes_no_revision(portal: Portal) -> None:
    with snapshot(portal.engine) as state:
        before = state.head()
    with change(portal.engine, START) as changing:
        changing.begin_import(START)
    with snapshot(portal.engine) as state:
        assert state.head() == before


def test_what_breaks_a_rule_of_the_schema_is_no_store_that_is_away(portal: Portal) -> None:
    notice = suspend(portal.engine, portal.settings, START)
    with pytest.raises(IntegrityError), change(portal.engine, START) as changing:
        changing.add_notice(notice)
    assert portal.feeds("status").code == 0
