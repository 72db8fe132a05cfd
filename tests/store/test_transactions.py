import sqlite3
import threading
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy.engine import make_url
from sqlalchemy.exc import IntegrityError

from feeds.errors import StoreUnavailableError
from feeds.operations.suspend import resume, suspend
from feeds.store.engine import one_for_each_host, open_engine, reading
from feeds.store.read import queries, sitemaps
from tests.databases import closed_connections
from tests.listeners import listening
from tests.portal import START, Portal, page


@pytest.mark.engines("sqlite", reason="its plan names sorts and scans")
def test_no_read_of_a_poll_sorts_or_scans(another: Callable[..., Portal]) -> None:
    portal = another(FEEDS_ENTRIES="2")
    portal.imported(*(page(f"R{n}", f"K{n % 3}") for n in range(9)))
    portal.feeds("suspend")
    seen: list[tuple[str, Any]] = []
    store = portal.store
    with (
        listening("before_cursor_execute", lambda *call: seen.append((call[2], call[3]))),
        store.read() as state,
    ):
        for slugs in ((), ("k0",), ("k0", "k1")):
            selection = state.selection(slugs)
            assert selection
            assert state.newest_listed(selection, 50)
            assert state.newest_headlines(selection, 50)
            state.newest_page(selection)
        everything = state.everything()
        for number in (1, 2, 4):
            found = state.page((), number)
            assert found
            archived = found[1]
            assert len(state.releases(state.page_listed(everything, archived))) == 2
            assert len(state.page_headlines(everything, archived)) == 2
        assert state.neighbours(everything, state.newest_headlines(everything, 2)[1])[0]
        assert state.head()
        assert state.changed_parts(state.head().revision - 1)
        assert state.release("2010/05/04/r0")
        assert state.redirect("/old", "/old") is None
        assert state.release_sitemap(1) is None
        newest = state.release_sitemap(None)
        assert newest
        assert len(state.sitemap_releases(newest)) == 9
    with sqlite3.connect(portal.file) as database:
        for statement, parameters in seen:
            if not statement.startswith("SELECT"):
                continue
            steps = [
                row[3] for row in database.execute(f"EXPLAIN QUERY PLAN {statement}", parameters)
            ]
            # A combined feed merges keys: as many of each category as it shows releases.
            if "UNION" not in statement:
                assert not any("TEMP B-TREE" in step for step in steps), (statement, steps)
            # There are one head and a handful of notices. The rest are keys that were read.
            scanned = {step.split()[1] for step in steps if step.startswith("SCAN")}
            keys = {"listed", "merged", "newest_0", "newest_1", "owners"}
            assert scanned <= {"head", "notice"} | keys, (statement, steps)
    database.close()


@pytest.mark.engines("sqlite", reason="its plan names the index")
def test_withdrawn_releases_are_found_by_a_partial_index(portal: Portal) -> None:
    with reading(portal.engine) as connection:
        for statement in (queries.WITHDRAWALS, queries.COUNT_WITHDRAWN):
            text = statement.compile(portal.engine).string
            ((*_, step),) = connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {text}").all()
            assert "INDEX ix_release_withdrawn" in step


def test_a_snapshot_does_not_change_when_others_commit(portal: Portal) -> None:
    portal.imported(page("A"))
    with portal.store.read() as state:
        everything = state.everything()
        portal.imported(page("B", category="Jauna"))
        portal.feeds("suspend")
        assert [release.title for release in state.newest_headlines(everything, 9)] == ["A"]
        assert state.notices() == []
        assert state.selection(("jauna",)) is None
        assert state.everything() == everything
    with portal.store.read() as state:
        assert len(state.newest_headlines(state.everything(), 9)) == 2
        assert len(state.notices()) == 1


@pytest.mark.engines("postgresql", reason="on SQLite every read transaction is a snapshot")
def test_connections_of_a_pool_only_take_snapshots(portal: Portal) -> None:
    engine = open_engine(portal.url, connections=1)
    for _ in range(2):
        with reading(engine) as connection:
            for setting, value in (("isolation", "repeatable read"), ("read_only", "on")):
                found = connection.exec_driver_sql(f"SHOW transaction_{setting}").scalar()
                assert found == value
    engine.dispose()


@pytest.mark.engines("postgresql", reason="connections to a file are not closed by others")
def test_a_closed_connection_of_a_pool_is_replaced(portal: Portal) -> None:
    engine = open_engine(portal.url, connections=1)
    with closed_connections() as close:
        for _ in range(2):
            with reading(engine) as connection:
                assert connection.exec_driver_sql("SELECT 1").scalar() == 1
            close()


@pytest.mark.parametrize("reads", [1, 2, 3, 4, 5])
def test_a_document_is_made_from_one_state_when_others_commit_between_its_reads(
    portal: Portal, reads: int
) -> None:
    portal.imported(page("A"))
    before = portal.client().get("/releases.atom").data
    portal.environ["FEEDS_REVISION_TTL"] = "60"  # so the request opens one snapshot only
    client = portal.client()
    left = reads

    def commit(*_: Any) -> None:
        nonlocal left
        left -= 1
        if left == 0:
            portal.feeds("suspend")
            portal.feeds("import", portal.write("0000.txt", page("A", body="Labots.")))

    # The first read fixes the snapshot, so the commit comes after at least one read.
    with listening("after_cursor_execute", commit):
        left += 1
        during = client.get("/releases.atom").data
    assert left <= 0
    assert during == before
    assert portal.client().get("/releases.atom").data != before


def test_a_writer_waits_for_another_writer(portal: Portal) -> None:
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


def test_the_change_clock_always_advances(portal: Portal) -> None:
    first = suspend(portal.store, portal.settings, START)
    # The system clock was set back by an hour.
    second = resume(portal.store, portal.settings, START - timedelta(hours=1))
    third = suspend(portal.store, portal.settings, START + timedelta(hours=1))
    assert second.announced == first.announced + timedelta(seconds=1)
    assert third.announced == START + timedelta(hours=1)
    with portal.store.read() as state:
        assert state.everything().changed == state.head().instant == third.announced


def test_an_invisible_change_takes_no_revision(portal: Portal) -> None:
    with portal.store.read() as state:
        before = state.head()
    with portal.store.change(START) as change:
        change.begin_import(START)
    with portal.store.read() as state:
        assert state.head() == before


def test_a_violated_constraint_does_not_mean_an_unavailable_store(portal: Portal) -> None:
    notice = suspend(portal.store, portal.settings, START)
    with pytest.raises(IntegrityError), portal.store.change(START) as change:
        change.add_notice(notice)
    assert portal.feeds("status").code == 0


@pytest.mark.slow
@pytest.mark.engines("postgresql", reason="SQLite has no connection pool")
def test_a_reader_that_gets_no_connection_raises_an_error(
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
def test_a_statement_that_takes_too_long_raises_an_error(portal: Portal) -> None:
    with (
        pytest.raises(StoreUnavailableError, match="statement timeout"),
        reading(portal.engine, seconds=0.1) as connection,
    ):
        connection.exec_driver_sql("SELECT pg_sleep(20)")


@pytest.mark.engines("postgresql", reason="it has read-only transactions")
def test_a_reader_on_postgresql_cannot_write(portal: Portal) -> None:
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
        # PostgreSQL scans small tables unless that is made expensive.
        for way in ("seqscan", "bitmapscan", "sort"):
            connection.exec_driver_sql(f"SET LOCAL enable_{way} = off")
        of_sitemaps = {f"{name} of sitemaps": one for name, one in vars(sitemaps).items()}
        for name, statement in (vars(queries) | of_sitemaps).items():
            if name not in {
                "NEWEST", "PAGES", "NEWEST_PAGE", "RELEASE_AT", "CHANGED_PAGES", "COUNT_WITHDRAWN",
                "NUMBERED of sitemaps", "NEWEST of sitemaps", "RELEASES of sitemaps",
            }:  # fmt: skip
                continue
            compiled = statement.compile(portal.engine, compile_kwargs={"render_postcompile": True})
            values = compiled.params | {
                "selection": 0, "limit": 5, "offset": 0, "first": 1, "last": 3, "path": "x",
                "since": 1, "most": 9, "slug": "x", "number": 1, "after": 0, "after_rank": 0,
                "until": 9, "until_rank": 0,
            }  # fmt: skip
            steps = connection.exec_driver_sql(f"EXPLAIN {compiled}", values).scalars().all()
            if name in {"PAGES", "NUMBERED of sitemaps", "NEWEST of sitemaps"}:
                # There are one head and a handful of notices.
                steps = [
                    step for step in steps if "on head" not in step and "on notice" not in step
                ]
            assert not any("Seq Scan" in step or "Sort" in step for step in steps), steps


ONE = "postgresql+psycopg://me:secret@/feeds?host=a"
TWO = [
    "postgresql+psycopg://me:secret@/feeds?host=a&port=5433&sslmode=require",
    "postgresql+psycopg://me:secret@/feeds?host=b&port=5434&sslmode=require",
]


@pytest.mark.parametrize(
    ("url", "servers"),
    [
        ("sqlite:///feeds.db", ["sqlite:///feeds.db"]),
        (ONE, [ONE]),
        (f"{ONE},b", [ONE, ONE.replace("=a", "=b")]),
        (f"{ONE},b&port=5433,5434&sslmode=require", TWO),
        (f"{ONE}:5433&host=b:5434&sslmode=require", TWO),
        (
            "postgresql+psycopg://me@a,b:5433/feeds",
            [f"postgresql+psycopg://me@/feeds?host={host}&port=5433" for host in "ab"],
        ),
    ],
)
def test_a_url_names_its_servers_as_in_libpq_or_sqlalchemy(url: str, servers: list[str]) -> None:
    assert list(map(make_url, one_for_each_host(url))) == list(map(make_url, servers))
