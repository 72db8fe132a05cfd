"""Archive documents (RFC 5005): the whole archive is reachable, and addresses never move."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from itertools import product

import pytest

from feeds.ingest.run import import_paths
from feeds.operations.suspend import resume, suspend
from tests.archives import BASE, SIZE, archives, bring, dated, read, title
from tests.portal import START, Portal, page

pytestmark = pytest.mark.engines("sqlite", reason="test_archive_invariants reads pages on both")


@pytest.fixture
def small(another: Callable[..., Portal]) -> Callable[..., Portal]:
    """Return a factory of portals with archive pages of three releases."""
    return lambda *days: bring(another(FEEDS_ENTRIES=str(SIZE)), *days)


@pytest.fixture(scope="module")
def eight(shared: Callable[..., Portal]) -> Portal:
    """Return a portal of eight releases, of which no test changes anything."""
    return bring(shared(FEEDS_ENTRIES=str(SIZE)), *range(8))


@pytest.mark.parametrize("form", ["atom", "rss", "json"])
@pytest.mark.parametrize("feed", ["/releases", "/categories/kultura"])
def test_an_archive_document_links_to_its_neighbours(eight: Portal, feed: str, form: str) -> None:
    client = eight.client()
    current = read(client, f"{feed}.{form}")
    assert current.links["prev-archive"] == f"{BASE}{feed}/archive/2.{form}"
    assert current.links["self"] == f"{BASE}{feed}.{form}"
    assert not current.archive
    newest = read(client, current.links["prev-archive"])
    oldest = read(client, newest.links["prev-archive"])
    for document, number in ((newest, 2), (oldest, 1)):
        assert document.archive
        assert not document.complete
        assert document.links["self"] == f"{BASE}{feed}/archive/{number}.{form}"
        assert document.links["current"] == f"{BASE}{feed}.{form}"
        assert document.headers["Cache-Control"].startswith("public, max-age=86400, ")
        assert "immutable" not in document.headers["Cache-Control"]
    assert "next-archive" not in newest.links
    assert oldest.links["next-archive"] == f"{BASE}{feed}/archive/2.{form}"
    assert "prev-archive" not in oldest.links
    assert oldest.titles == [title(2), title(1), title(0)]
    assert newest.titles == [title(5), title(4), title(3)]


@pytest.mark.parametrize("number", ["0", "3", "01", "-1", "1e1", "x", "9" * 30, "%D9%A1"])
@pytest.mark.parametrize("feed", ["/releases", "/categories/kultura"])
def test_a_missing_archive_page_is_404_with_a_sentence(
    eight: Portal, feed: str, number: str
) -> None:
    response = eight.client().get(f"{feed}/archive/{number}.atom")
    assert (response.status_code, response.text) == (404, "There is no such archive document.\n")


def test_combined_feeds_and_unknown_categories_have_no_archive(
    small: Callable[..., Portal],
) -> None:
    portal = small(*range(4))
    bring(portal, *range(4, 8), category="Sports")
    client = portal.client()
    assert client.get("/categories/kultura/archive/1.atom").status_code == 200
    for feed in ("/categories/kultura+sports", "/categories/none", "/categories/%00"):
        assert client.get(f"{feed}/archive/1.atom").status_code == 404
    assert "prev-archive" not in read(client, "/categories/kultura+sports.atom").links


@pytest.mark.parametrize("count", range(3 * SIZE + 2))
def test_the_whole_archive_is_reached_from_the_feed_at_every_size(
    small: Callable[..., Portal], count: int
) -> None:
    client = small(*range(count)).client()
    feeds = ("/releases", "/categories/kultura") if count else ("/releases",)
    for feed, form in product(feeds, ("atom", "rss", "json")):
        current = read(client, f"{feed}.{form}")
        pages = archives(client, f"{feed}.{form}")
        assert current.complete == (count <= SIZE)
        assert [len(document.titles) for document in pages] == [SIZE] * (count // SIZE)
        held = [name for document in pages for name in document.titles]
        assert len(held) == len(set(held))
        assert {*held, *current.titles} == {title(day) for day in range(count)}


def test_a_page_of_more_than_four_times_its_size_is_repaginated_and_reported(
    small: Callable[..., Portal],
) -> None:
    portal = small(*range(100, 109))
    client = portal.client()
    kept = read(client, "/releases/archive/1.atom")
    # The second page then holds twelve releases, exactly four times its size.
    paths = [
        portal.write(f"x{n}.txt", page(f"Starp {n:02}", "Kultūra", f"2010-04-14 12:00:{n:02}"))
        for n in range(9)
    ]
    assert "repaginated" not in portal.feeds("import", *paths).out
    assert len(read(client, "/releases/archive/2.atom").titles) == 12
    ran = portal.feeds(
        "import", portal.write("y.txt", page("Par daudz", "Kultūra", "2010-04-14 12:01:00"))
    )
    assert "The archive pages of all releases were repaginated from page 2 on." in ran.out
    assert "The archive pages of “Kultūra” were repaginated from page 2 on." in ran.out
    assert read(client, "/releases/archive/1.atom") == kept
    pages = archives(client, "/releases.atom")
    assert [len(document.titles) for document in pages] == [3] * 6
    held = [name for document in pages for name in document.titles]
    assert len({*held, *read(client, "/releases.atom").titles}) == 19


def test_a_lifted_notice_appears_in_the_archive_page_of_its_interval(
    small: Callable[..., Portal],
) -> None:
    portal = small(*range(4))
    suspend(portal.store, portal.settings, START)
    resume(portal.store, portal.settings, START + timedelta(days=2))
    client = portal.client()
    assert len(archives(client, "/releases.atom")) == 1
    later = [
        portal.write(f"l{n}.txt", page(f"Vēlāk {n}", "Kultūra", f"2025-01-0{n} 12:00:00"))
        for n in range(1, 6)
    ]
    portal.feeds("import", *later)
    newest, second, oldest = archives(client, "/releases.atom")
    assert second.titles == [
        "Vēlāk 2",
        "Vēlāk 1",
        "Vortāla darbība atsākta.",
        "Vortāla darbība pārtraukta uz nenoteiktu laiku.",
        title(3),
    ]
    assert newest.titles == ["Vēlāk 5", "Vēlāk 4", "Vēlāk 3"]
    assert oldest.titles == [title(2), title(1), title(0)]


def test_archive_pages_missing_after_an_interrupted_import_are_made_by_the_next(
    small: Callable[..., Portal],
) -> None:
    portal = small()
    paths = [portal.write(f"{day}.txt", dated(day)) for day in range(450)]
    results = import_paths(portal.store, portal.settings, paths, lambda: START)
    for _ in results:
        break
    del results
    client = portal.client()
    assert not archives(client, "/releases.atom")
    assert portal.feeds("import", portal.folder / "pages").code == 0
    assert len(archives(client, "/releases.atom")) == 150


def test_a_new_spelling_of_a_category_changes_every_page_that_names_it(
    small: Callable[..., Portal],
) -> None:
    portal = small()
    bring(portal, 0, 1, 2, category="Sports")
    bring(portal, 3, 4, 5, category="Vide")
    client = portal.client(lambda: datetime.now(UTC) + timedelta(hours=1))
    before = {n: read(client, f"/releases/archive/{n}.atom") for n in (1, 2)}
    bring(portal, 6, category="Vide")
    assert read(client, "/releases/archive/2.atom").links.get("next-archive") is None
    bring(portal, 7, category="Vidē")
    after = {n: read(client, f"/releases/archive/{n}.atom") for n in (1, 2)}
    assert after[1] == before[1]
    assert after[2].headers["Last-Modified"] != before[2].headers["Last-Modified"]
    assert "Vidē".encode() in after[2].body


def test_a_feed_reads_its_archive_by_ranges_only(small: Callable[..., Portal]) -> None:
    client = small(*range(20)).client()
    for form in ("atom", "rss", "json"):
        tags = [document.headers["ETag"] for document in archives(client, f"/releases.{form}")]
        assert len(set(tags)) == 6
        for number, tag in zip(range(6, 0, -1), tags, strict=True):
            response = client.get(
                f"/releases/archive/{number}.{form}", headers={"If-None-Match": tag}
            )
            assert response.status_code == 304
