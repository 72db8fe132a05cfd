"""A store on several servers: which of them is read, and what happens if one does not answer."""

from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

import pytest

from feeds.app import check
from feeds.errors import StoreBehindError, StoreError, StoreUnavailableError
from feeds.operations.migrate import require_usable
from feeds.store import read
from feeds.store.read import Reader, Servers, Snapshot
from tests.databases import closed_connections
from tests.portal import Portal, page
from tests.replication import Cluster, Node, address_of
from tests.web.helpers import wait_until

pytestmark = pytest.mark.slow


def count(snapshot: Snapshot) -> int:
    """Return the number of releases, which differs between the servers."""
    return snapshot.everything().count


@pytest.fixture
def portal(tmp_path: Path, cluster: Cluster) -> Iterator[Portal]:
    """Yield a portal with one release on the first replica, two on the other and three in all."""
    portal = Portal(tmp_path, cluster.primary.new_address()).made()
    for title, node in zip("ABC", (*cluster.replicas, None), strict=True):
        portal.imported(page(title))
        if node:
            node.catch_up(cluster.primary)
            node.pause()
    with closed_connections():
        yield portal


@pytest.fixture
def nodes(cluster: Cluster) -> tuple[Node, Node, Node]:
    """Return the servers in the order in which they are read, the primary last."""
    first, second = cluster.replicas
    return first, second, cluster.primary


@pytest.fixture
def reader(portal: Portal, nodes: tuple[Node, Node, Node]) -> Reader:
    return Reader(Servers(address_of(portal.url, *nodes)), connections=1)


@pytest.mark.parametrize("fault", [Node.kill, Node.freeze])
def test_a_server_that_does_not_answer_is_replaced_by_the_next(
    fault: Callable[[Node], None],
    reader: Reader,
    nodes: tuple[Node, Node, Node],
    caplog: pytest.LogCaptureFixture,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    first, second, third = nodes
    assert reader.run(count) == 1
    fault(first)
    assert [reader.run(count) for _ in range(3)] == [2, 2, 2]
    (record,) = caplog.records
    assert record.getMessage().startswith(f"{first.data} is used last for 30 seconds: The release")
    monkeypatch.setattr(read, "_ASIDE_SECONDS", 0.1)
    fault(second)
    assert reader.run(count) == 3
    fault(third)
    with pytest.raises(StoreUnavailableError, match="The release store does not answer: "):
        reader.run(count)
    second.start() if fault is Node.kill else second.thaw()
    wait_until(lambda: _answers(reader))


def _answers(reader: Reader) -> bool:
    try:
        return reader.run(count) > 0
    except StoreUnavailableError:
        return False


def test_a_server_that_stops_during_a_snapshot_is_replaced_by_the_next(
    reader: Reader, nodes: tuple[Node, Node, Node]
) -> None:
    counts = []

    def use(snapshot: Snapshot) -> int:
        counts.append(count(snapshot))
        if counts == [1]:
            nodes[0].freeze()
        return count(snapshot)

    assert reader.run(use) == 2
    assert counts == [1, 2]


def test_connecting_to_a_server_that_hangs_is_limited(
    portal: Portal, nodes: tuple[Node, Node, Node]
) -> None:
    reader = Reader(Servers(address_of(portal.url, nodes[0])), connections=1)
    nodes[0].freeze()
    with pytest.raises(StoreUnavailableError, match=r"no answer within 2 s\."):
        reader.run(count)


def test_a_snapshot_that_a_replica_cancels_is_opened_on_the_next(
    portal: Portal, reader: Reader, nodes: tuple[Node, Node, Node]
) -> None:
    first, _, primary = nodes
    first.run("ALTER SYSTEM SET max_standby_streaming_delay = 0", "SELECT pg_reload_conf()")
    first.resume()
    first.catch_up(primary)
    counts = []

    def use(snapshot: Snapshot) -> int:
        counts.append(count(snapshot))
        if counts == [3]:
            primary.run("BEGIN; LOCK TABLE selection; COMMIT", address=portal.url)
            while True:
                count(snapshot)
        return counts[-1]

    assert reader.run(use) == 2


def test_a_server_that_is_behind_is_skipped_once(
    reader: Reader, nodes: tuple[Node, Node, Node]
) -> None:
    counts = []

    def use(snapshot: Snapshot, wanted: int) -> int:
        counts.append(count(snapshot))
        if counts[-1] < wanted:
            raise StoreBehindError("It is behind.")
        return counts[-1]

    assert [reader.run(partial(use, wanted=3)) for _ in range(2)] == [3, 3]
    assert counts == [1, 2, 3, 1, 2, 3]
    nodes[2].kill()
    for _ in range(2):
        with pytest.raises(StoreBehindError):
            reader.run(partial(use, wanted=3))
    assert reader.run(partial(use, wanted=2)) == 2


def test_a_server_whose_store_must_not_be_served_is_not_read(
    tmp_path: Path, cluster: Cluster
) -> None:
    first, second = cluster.replicas
    portal = Portal(tmp_path, cluster.primary.new_address()).empty()
    cluster.catch_up()
    first.pause()
    assert portal.feeds("migrate").code == 0
    second.catch_up(cluster.primary)
    second_only = address_of(portal.url, second)
    with closed_connections():
        assert Reader(Servers(address_of(portal.url, first, second))).run(count) == 0
        portal.environ["FEEDS_AUTHORITY"] = "other.example"
        reader = Reader(Servers(second_only, partial(require_usable, portal.settings)))
        for _ in range(2):
            with pytest.raises(StoreError, match=r"FEEDS_AUTHORITY=other\.example and"):
                reader.run(count)


def test_a_replica_is_enough_unless_something_has_to_be_written(
    tmp_path: Path, cluster: Cluster
) -> None:
    replica = cluster.replicas[0]
    portal = Portal(tmp_path, cluster.primary.new_address()).made()
    cluster.catch_up()
    portal.environ["FEEDS_DATABASE_URL"] = address_of(portal.url, replica)
    ran = portal.feeds("migrate")
    assert (ran.code, ran.err) == (0, "")
    assert "has the current schema" in ran.out
    assert portal.feeds("status").code == 0
    portal.environ["FEEDS_TITLE"] = "Cits"
    ran = portal.feeds("migrate")
    assert (ran.code, ran.out) == (2, "")
    assert ran.err.startswith("feeds: The release store does not answer: cannot execute ")
    # As docs/operating.md shows: libpq finds the primary.
    url = address_of(portal.url, replica, cluster.primary)
    portal.environ["FEEDS_DATABASE_URL"] = f"{url}&target_session_attrs=read-write"
    assert portal.feeds("migrate").code == 0
    # The service starts without the primary.
    replica.catch_up(cluster.primary)
    portal.environ["FEEDS_READ_DATABASE_URL"] = address_of(portal.url, cluster.primary, replica)
    cluster.primary.kill()
    assert check(portal.settings) == []
