"""Feed readers that subscribed to the service, and then poll its frozen archive behind nginx."""

from datetime import UTC, datetime, timedelta
from typing import Any, cast
from urllib.parse import urlsplit

import feedparser
from reader import make_reader

from tests.freeze.hosts import serving
from tests.portal import Portal
from tests.readers import test_readers
from tests.readers.test_readers import SPARING, SUSPENSION, Newsboat, Sfeed, served_to

pytestmark = test_readers.pytestmark
portal = test_readers.portal

FEEDS = (
    *(f"releases.{form}" for form in ("atom", "rss", "json")),
    "categories/kultura.atom",
    "categories/izglitiba+kultura.rss",
)


def test_a_reader_sees_nothing_new_and_nothing_twice_in_the_frozen_archive(portal: Portal) -> None:
    assert portal.feeds("suspend").code == 0
    home = portal.folder / "sparing"
    home.mkdir()
    with served_to(portal, "newsboat", "sfeed_update", "curl") as address:
        feeds = [f"{address}/{feed}" for feed in FEEDS]
        newsboat = Newsboat(portal.folder, *(feed for feed in feeds if "json" not in feed))
        sfeeds = [Sfeed(portal.folder, feeds[0]), Sfeed(home, feeds[1], SPARING)]
        library = make_reader(str(portal.folder / "reader.db"))
        for feed in feeds:
            library.add_feed(feed)
        library.update_feeds()
        parsed = {feed: feedparser.parse(feed) for feed in feeds if "json" not in feed}
        shown = newsboat.poll()
        lines = [sfeed.poll() for sfeed in sfeeds]
        entries = {(entry.feed_url, entry.id, entry.updated) for entry in library.get_entries()}
    assert shown[0] == SUSPENSION
    assert all(feed.entries for feed in parsed.values())

    kept = portal.write("combined.txt", "/categories/izglitiba+kultura.rss")
    folder = portal.folder / "frozen"
    assert portal.feeds("freeze", folder, "--combined", kept).code == 0
    port = urlsplit(portal.address).port
    with serving("nginx", folder, portal.folder / "nginx", portal.folder, port):
        for poll in (1, 2):
            assert newsboat.poll() == shown
            assert [sfeed.poll() for sfeed in sfeeds] == lines
            # The library respects max-age, so each poll is two days after the last.
            later = datetime.now(UTC) + timedelta(days=2 * poll)
            cast("Any", library)._now = lambda later=later: later  # noqa: SLF001 - its own clock
            for result in library.update_feeds_iter():
                assert not isinstance(result.value, Exception), result
                assert result.value is None or (result.value.new, result.value.modified) == (0, 0)
            assert {feed.last_retrieved for feed in library.get_feeds()} == {later}
        for feed, before in parsed.items():
            after = feedparser.parse(feed, etag=before.etag, modified=before.get("modified"))
            # Entity tags are the host's own: each feed is fetched once more.
            assert after.status == 200
            assert [entry.id for entry in after.entries] == [entry.id for entry in before.entries]
            again = feedparser.parse(feed, etag=after.etag, modified=after.modified)
            assert again.status == 304
    assert newsboat.news == [len(shown), 0, 0]
    assert entries == {(entry.feed_url, entry.id, entry.updated) for entry in library.get_entries()}
    library.close()
