"""A replica that lags, and a failover that loses a change: which states are served, and which not.

The servers are real. Two applications stand for the workers of a service.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from flask.testing import FlaskClient

from tests.databases import closed_connections
from tests.portal import Portal, page
from tests.replication import Cluster, Node, address_of, replication
from tests.web.helpers import wait_until

pytestmark = pytest.mark.slow


@pytest.fixture
def cluster() -> Iterator[Cluster]:
    """Yield a primary with one replica."""
    with closed_connections(), replication(1) as made:
        yield made


class Portals:
    """One portal in a cluster, seen from each of its servers."""

    def __init__(self, folder: Path, cluster: Cluster) -> None:
        self.folder = folder
        self.address = cluster.primary.new_address()
        self.primary = self.on(cluster.primary).made()
        self.cluster = cluster

    def on(self, *nodes: Node, ttl: int = 1) -> Portal:
        address = address_of(self.address, *nodes)
        return Portal(self.folder, address, FEEDS_REVISION_TTL=str(ttl))

    def workers(self) -> list[FlaskClient]:
        """Return two workers that ask the primary, and the replica if it does not answer.

        One checks the revision once a second, the other at each request.
        """
        nodes = (self.cluster.primary, *self.cluster.replicas)
        return [self.on(*nodes, ttl=ttl).client() for ttl in (1, 0)]


@contextmanager
def lost(portals: Portals, *titles: str) -> Iterator[Node]:
    """Import releases that the replica does not receive; yield the replica."""
    (replica,) = portals.cluster.replicas
    portals.cluster.catch_up()
    replica.cut()
    portals.primary.imported(*(page(title, "Sports") for title in titles))
    yield replica


def show(workers: list[FlaskClient], address: str, title: str) -> Callable[[], bool]:
    """Return a condition: every worker shows a release at an address."""
    return lambda: all(f"<title>{title}</title>" in one.get(address).text for one in workers)


def test_a_replica_that_lags_serves_only_what_has_not_changed(
    tmp_path: Path, cluster: Cluster
) -> None:
    portals = Portals(tmp_path, cluster)
    portals.primary.imported(page("A", "Kultūra"), page("B", "Sports"))
    workers = portals.workers()
    for worker in workers:
        worker.get("/releases.atom")
    with lost(portals, "C"):
        wait_until(show(workers, "/releases.atom", "C"))
        cluster.primary.kill()
        for worker in workers:
            # Made from the replica, since nothing in it has changed.
            wait_until(lambda one=worker: one.get("/categories/kultura.rss").status_code == 200)  # type: ignore[misc]
            assert worker.get("/readyz").status_code == 200
            # In memory.
            assert "<title>C</title>" in worker.get("/releases.atom").text
            # The replica lacks the change; a category that it lacks may exist.
            for address in ("/releases.rss", "/categories/sports.json", "/categories/new.atom"):
                assert worker.get(address).status_code == 503
        # A process that has not seen the change serves what the replica has.
        (fresh, _) = portals.workers()
        assert "<title>C</title>" not in fresh.get("/releases.rss").text


@pytest.mark.parametrize("later", [1, 3], ids=["the same number", "a longer history"])
def test_after_a_failover_that_lost_a_change_only_the_new_history_is_served(
    tmp_path: Path, cluster: Cluster, later: int
) -> None:
    portals = Portals(tmp_path, cluster)
    portals.primary.imported(page("A", "Kultūra"), page("B", "Sports"))
    workers = portals.workers()
    kultura = [worker.get("/categories/kultura.atom").headers["ETag"] for worker in workers]
    tags: list[str] = []
    with lost(portals, "Lost") as replica:
        wait_until(show(workers, "/releases.atom", "Lost"))
        tags = [worker.get("/releases.atom").headers["ETag"] for worker in workers]
        revision = portals.primary.sql("SELECT revision FROM head")
        cluster.primary.kill()
        replica.promote()
        new = portals.on(replica)
        for number in range(later):
            new.imported(page(f"New {number}", "Sports"))
        assert (portals.on(replica).sql("SELECT revision FROM head") == revision) == (later == 1)
        wait_until(show(workers, "/releases.atom", f"New {later - 1}"))
        for worker, tag, same in zip(workers, tags, kultura, strict=True):
            for address in ("/releases.atom", "/categories/sports.rss", "/"):
                assert "Lost" not in worker.get(address, headers={"If-None-Match": tag}).text
            unchanged = {"If-None-Match": same}
            assert worker.get("/categories/kultura.atom", headers=unchanged).status_code == 304
        # The old primary comes back. What it has is not served again.
        cluster.primary.start()
        replica.kill()
        for worker in workers:
            wait_until(lambda one=worker: one.get("/readyz").status_code == 503)  # type: ignore[misc]
            assert f"<title>New {later - 1}</title>" in worker.get("/releases.atom").text
            assert worker.get("/categories/sports.json").status_code == 503
        cluster.primary.kill()


def test_a_store_that_has_forgotten_the_known_change_is_compared(
    tmp_path: Path, cluster: Cluster
) -> None:
    portals = Portals(tmp_path, cluster)
    portals.primary.imported(page("A", "Kultūra"), page("B", "Sports"))
    worker, _ = portals.workers()
    kultura = worker.get("/categories/kultura.atom").headers["ETag"]
    portals.primary.imported(page("C", "Sports"))
    portals.primary.sql("DELETE FROM change_token WHERE revision < (SELECT revision FROM head)")
    wait_until(show([worker], "/releases.atom", "C"))
    response = worker.get("/categories/kultura.atom", headers={"If-None-Match": kultura})
    assert response.status_code == 304
