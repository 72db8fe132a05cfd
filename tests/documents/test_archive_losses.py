"""Archive documents after withdrawals: no address is lost, and every change has a date."""

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest

from feeds.ingest.run import import_paths
from feeds.operations.suspend import resume, suspend
from tests.archives import SIZE, archives, bring, read, title
from tests.portal import START, Portal

pytestmark = pytest.mark.engines("sqlite", reason="test_archive_invariants loses releases on both")

LATER = datetime.now(UTC) + timedelta(days=1)  # commands use the real clock


@pytest.fixture
def small(another: Callable[..., Portal]) -> Callable[..., Portal]:
    """Return a factory of portals with archive pages of three releases."""
    return lambda *days: bring(another(FEEDS_ENTRIES=str(SIZE)), *days)


def withdraw(portal: Portal, *days: int) -> None:
    for path, title_ in portal.sql("SELECT path, title FROM release"):
        if title_ in set(map(title, days)):
            assert portal.feeds("withdraw", path).code == 0


def stated(portal: Portal, name: str, published: datetime, now: datetime, *labels: str) -> None:
    """Import one release that is recognised by its id, so that its date may change."""
    line = {
        "id": f"urn:x-portal:{name}",
        "title": name,
        "body": "Teksts.",
        "published": published.isoformat(),
        "categories": labels,
    }
    path = portal.write(f"{name}.jsonl", json.dumps(line))
    list(import_paths(portal.store, portal.settings, [path], lambda: now))


def test_a_release_newer_than_all_others_does_not_enter_the_archive(
    small: Callable[..., Portal],
) -> None:
    portal = small(0, 1, 9)
    client = portal.client(lambda: LATER)
    withdraw(portal, 9)
    was = read(client, "/releases/archive/1.atom")
    # Older than the withdrawn release at the end of the page.
    bring(portal, 5, now=START + timedelta(hours=1))
    now = read(client, "/releases/archive/1.atom")
    assert (now.titles, now.body) == (was.titles, was.body) == ([title(1), title(0)], was.body)
    assert read(client, "/releases.atom").titles == [title(5), title(1), title(0)]
    # The restored release is newer than the ones added meanwhile.
    (path,) = (
        path for path, name in portal.sql("SELECT path, title FROM release") if name == title(9)
    )
    assert portal.feeds("restore", path).code == 0
    assert read(client, "/releases/archive/1.atom").titles == was.titles
    assert read(client, "/releases.atom").titles == [title(9), title(5), title(1)]


@pytest.mark.slow
def test_pages_that_lost_releases_keep_their_addresses_when_repaginated(
    small: Callable[..., Portal],
) -> None:
    portal = small(*range(100, 118))
    client = portal.client(lambda: LATER)
    assert len(archives(client, "/releases.atom")) == 6
    withdraw(portal, *range(103, 115))
    ran = bring(portal, *range(10), now=START + timedelta(hours=1))
    fresh = ran.client(lambda: LATER)
    pages = archives(fresh, "/releases.atom")
    assert len(pages) >= 6
    held = [name for document in pages for name in document.titles]
    assert len(held) == len(set(held))
    left = {*range(10), *range(100, 103), *range(115, 118)}
    assert {*held, *read(fresh, "/releases.atom").titles} == set(map(title, left))
    for document in pages:
        address = document.links["self"]
        assert read(client, address).body == document.body


def test_a_notice_within_the_interval_of_the_newest_page_changes_that_page(
    small: Callable[..., Portal],
) -> None:
    portal = small()
    for name, hours in (("A", -48), ("B", -24), ("C", 3)):
        stated(portal, name, START + timedelta(hours=hours), START)
    stated(portal, "C", START - timedelta(hours=9), START + timedelta(minutes=1))
    client = portal.client(lambda: LATER)
    was = read(client, "/releases/archive/1.atom")
    suspend(portal.store, portal.settings, START + timedelta(hours=1))
    assert read(client, "/releases/archive/1.atom") == was
    resume(portal.store, portal.settings, START + timedelta(hours=2))
    now = read(portal.client(lambda: LATER), "/releases/archive/1.atom")
    assert read(client, "/releases/archive/1.atom") == now
    assert len(now.titles) == len(was.titles) + 2
    assert now.headers["Last-Modified"] != was.headers["Last-Modified"]


@pytest.mark.engines("sqlite", "postgresql", reason="the store gives revisions")
def test_a_category_added_to_a_withdrawn_release_takes_a_revision(
    small: Callable[..., Portal],
) -> None:
    portal = small()
    stated(portal, "A", START - timedelta(days=2), START, "Kultūra")
    (path,) = (path for (path,) in portal.sql("SELECT path FROM release"))
    assert portal.feeds("withdraw", path).code == 0
    client = portal.client(lambda: LATER)
    was = client.get("/")
    stated(portal, "A", START - timedelta(days=2), LATER, "Jauna")
    for now in (client.get("/"), portal.client(lambda: LATER).get("/")):
        assert "/categories/jauna" in now.text
        assert now.headers["Last-Modified"] != was.headers["Last-Modified"]
    empty = client.get("/categories/jauna.atom")
    stated(portal, "B", START - timedelta(days=1), LATER, "Jauna")
    since = {"If-Modified-Since": empty.headers["Last-Modified"]}
    after = portal.client(lambda: LATER + timedelta(days=1))
    assert after.get("/categories/jauna.atom", headers=since).status_code == 200
