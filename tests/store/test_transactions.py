import sqlite3
import threading
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import Engine, event
from sqlalchemy.exc import IntegrityError

from feeds.errors import StoreUnavailableError
from feeds.operations.suspend import resume, suspend
from feeds.store.engine import open_engine, reading
from feeds.store.read import queries
from tests.portal import START, Portal, page


@pytest.mark.engines("sqlite", reason="its plan names sorts and scans")
def test_no_read_of_a_poll_sorts_or_scans(another: Callable[..., Portal]) -> None:
    portal = another(FEEDS_ENTRIES="2")
    portal.imported(*(page(f"R{n}", f"K{n % 3}") for n in range(9)))
    portal.feeds("suspend")
    seen: list[tuple[str, Any]] = []
    store = portal.store
    event.listen(Engine, "before_cursor_execute", note := lambda *a: seen.append((a[2], a[3])))
    with store.read() as state:
        for slugs in ((), ("k0",), ("k0", "k1")):
            selection = state.selection(slugs)
            assert selection
            assert state.newest_releases(selection, 50)
            assert state.newest_headlines(selection, 50)
            state.newest_page(selection)
        everything = state.everything()
        for number in (1, 2, 4):
            archived = state.page(everything, number)
            assert archived
            assert len(state.page_releases(everything, archived)) == 2
            assert len(state.page_headlines(everything, archived)) == 2
        assert state.neighbours(everything, state.newest_headlines(everything, 2)[1])[0]
        assert state.head()
        assert state.changed_parts(state.head().revision - 1)
        assert state.release("2010/05/04/r0")
    event.remove(Engine, "before_cursor_execute", note)
    with sqlite3.connect(portal.file) as database:
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


@pytest.mark.engines("sqlite", reason="its plan names the index")
def test_what_is_withdrawn_is_found_by_an_index_of_it_alone(portal: Portal) -> None:
    with reading(portal.engine) as connection:
        for statement in (queries.WITHDRAWALS, queries.COUNT_WITHDRAWN):
            text = statement.compile(portal.engine).string
            ((*_, step),) = connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {text}").all()
            assert "INDEX ix_release_withdrawn" in step


def test_a_reader_sees_one_state_whatever_is_committed_meanwhile(portal: Portal) -> None:
    portal.imported(page("A"))
    with portal.store.read() as state:
        everything = state.everything()
        portal.imported(page("B", category="Jauna"))
        portal.feeds("suspend")
        assert [release.title for release in state.newest_releases(everything, 9)] == ["A"]
        assert state.notices() == []
        assert state.selection(("jauna",)) is None
        assert state.everything() == everything
    with portal.store.read() as state:
        assert len(state.newest_releases(state.everything(), 9)) == 2
        assert len(state.notices()) == 1


@pytest.mark.parametrize("reads", [1, 2, 3, 4, 5])
def test_a_document_is_of_one_state_though_a_commit_falls_between_its_reads(
    portal: Portal, reads: int
) -> None:
    portal.imported(page("A"))
    before = portal.client().get("/releases.atom").data
    portal.environ["FEEDS_REVISION_TTL"] = "60"  # the request reads by one snapshot alone
    client = portal.client()
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
    assert portal.client().get("/releases.atom").data != before


def test_a_writer_waits_for_another(portal: Portal) -> None:
    inside, done = threading.Event(), threading.Event()

    def hold() -> None:
        with portal.store.change(START):
            inside.set()
            done.wait(120)

    thread = threading.Thread(target=hold)
    thread.start()
    inside.wait(120)
    threading.Timer(0.3, done.set).start()
    assert portal.feeds("suspend").code == 0
    assert done.is_set()
    thread.join()


def test_the_change_clock_never_stands_still_nor_goes_back(portal: Portal) -> None:
    first = suspend(portal.store, portal.settings, START)
    # A clock that was set back by an hour.
    second = resume(portal.store, portal.settings, START - timedelta(hours=1))
    third = suspend(portal.store, portal.settings, START + timedelta(hours=1))
    assert second.announced == first.announced + timedelta(seconds=1)
    assert third.announced == START + timedelta(hours=1)
    with portal.store.read() as state:
        assert state.everything().changed == state.head().instant == third.announced


def test_a_change_that_shows_nothing_takes_no_revision(portal: Portal) -> None:
    with portal.store.read() as state:
        before = state.head()
    with portal.store.change(START) as change:
        change.begin_import(START)
    with portal.store.read() as state:
        assert state.head() == before


def test_what_breaks_a_rule_of_the_schema_is_no_store_that_is_away(portal: Portal) -> None:
    notice = suspend(portal.store, portal.settings, START)
    with pytest.raises(IntegrityError), portal.store.change(START) as change:
        change.add_notice(notice)
    assert portal.feeds("status").code == 0


@pytest.mark.engines("postgresql", reason="SQLite's connections are not kept")
def test_a_reader_waits_for_a_connection_no_longer_than_for_a_store_that_is_away(
    portal: Portal,
) -> None:
    engine = open_engine(portal.url, connections=1)
    with (
        reading(engine),
        pytest.raises(StoreUnavailableError, match="all connections are in use"),
        reading(engine),
    ):
        pytest.fail("there were two connections")


@pytest.mark.engines("postgresql", reason="it can cancel a statement")
def test_a_statement_that_takes_too_long_is_a_store_that_is_away(portal: Portal) -> None:
    with (
        pytest.raises(StoreUnavailableError, match="statement timeout"),
        reading(portal.engine, seconds=0.1) as connection,
    ):
        connection.exec_driver_sql("SELECT pg_sleep(20)")


@pytest.mark.engines("postgresql", reason="it has read-only transactions")
def test_a_reader_on_postgresql_can_write_nothing(portal: Portal) -> None:
    with (
        pytest.raises(StoreUnavailableError, match="read-only transaction"),
        reading(portal.engine) as connection,
    ):
        connection.exec_driver_sql("DELETE FROM notice")


@pytest.mark.engines("postgresql", reason="its plan names sequential scans")
def test_no_read_of_a_poll_scans_a_table_on_postgresql(another: Callable[..., Portal]) -> None:
    portal = another(FEEDS_ENTRIES="2")
    portal.imported(*(page(f"R{n}", f"K{n % 3}") for n in range(9)))
    with reading(portal.engine) as connection:
        # So small a table is scanned sooner than looked up in, unless that is made expensive.
        for way in ("seqscan", "bitmapscan", "sort"):
            connection.exec_driver_sql(f"SET LOCAL enable_{way} = off")
        for name, statement in vars(queries).items():
            if name not in {
                "NEWEST", "PAGES", "NEWEST_PAGE", "RELEASE_AT", "CHANGED_PAGES", "COUNT_WITHDRAWN",
            }:  # fmt: skip
                continue
            text = statement.compile(
                portal.engine, compile_kwargs={"render_postcompile": True}
            ).string
            values = {
                "selection": 0, "limit": 5, "offset": 0, "first": 1, "last": 3, "path": "x",
                "since": 1, "most": 9,
            }  # fmt: skip
            steps = connection.exec_driver_sql(f"EXPLAIN {text}", values).scalars().all()
            assert not any("Seq Scan" in step or "Sort" in step for step in steps), steps
