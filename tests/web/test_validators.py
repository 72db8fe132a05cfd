"""Validators come from the store: a poll that is answered 304 renders nothing (rule 4)."""

import threading
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest

from tests.portal import Portal, page
from tests.web.helpers import RENDERING, statements

ADDRESSES = (
    "/releases.atom",
    "/releases.rss",
    "/categories/kultura.json",
    "/categories/kultura+sports.atom",
    "/releases/archive/1.rss",
    "/categories/kultura/archive/1.atom",
    "/feeds.opml",
    "/sitemap.xml",
    "/sitemap/pages/1.xml",
    "/sitemap/releases/1.xml",
    "/sitemap/releases/newest.xml",
)
CONDITIONS = {"If-None-Match": "ETag", "If-Modified-Since": "Last-Modified"}


@pytest.fixture
def archived(another: Callable[..., Portal]) -> Portal:
    """Return a portal with archive pages whose service checks the store once a minute."""
    portal = another(FEEDS_ENTRIES="2", FEEDS_REVISION_TTL="60")
    # Enough of them for a numbered sitemap of releases.
    portal.imported(*(page(f"K{n}", "Kultūra") for n in range(42)), page("S", "Sports"))
    assert portal.feeds("suspend").code == 0
    return portal


def tomorrow() -> datetime:
    """Return a time at which no change is in the future any more."""
    return datetime.now(UTC).replace(microsecond=0) + timedelta(days=1)


@pytest.mark.parametrize("condition", CONDITIONS)
def test_a_304_in_a_process_just_started_takes_one_statement(
    archived: Portal, condition: str
) -> None:
    full = {address: archived.client(tomorrow).get(address) for address in ADDRESSES}
    client = archived.client(tomorrow)
    client.get("/readyz")
    for address, was in full.items():
        value = was.headers[CONDITIONS[condition]]
        with statements(archived) as run:
            response = client.get(address, headers={condition: value})
        assert response.status_code == 304
        # All header fields but those of the content and of its display in a browser.
        content = {
            "Content-Type",
            "Content-Length",
            "Content-Disposition",
            "Content-Security-Policy",
            "Referrer-Policy",
        }
        assert dict(response.headers) == {
            name: value for name, value in was.headers if name not in content
        }
        mine = [one for one in run if one.thread is threading.current_thread()]
        settings = (
            "BEGIN",
            "SET LOCAL",
            "SELECT change_token.revision",
            "SELECT pg_is_in_recovery()",
        )
        (statement,) = [one for one in mine if not one.startswith(settings)]
        assert RENDERING not in statement
        # From now on it takes none.
        with statements(archived) as run:
            assert client.get(address, headers={condition: value}).status_code == 304
        assert not [one for one in run if one.thread is threading.current_thread()]


def test_tags_survive_a_back_up_and_an_export(
    archived: Portal, another: Callable[..., Portal]
) -> None:
    tags = {address: archived.client().get(address).headers["ETag"] for address in ADDRESSES}
    export = archived.folder / "export"
    assert archived.feeds("export", export).code == 0
    copy = another(FEEDS_ENTRIES="2")
    assert copy.feeds("import", export).code == 0
    client = copy.client()
    for address, tag in tags.items():
        assert client.get(address, headers={"If-None-Match": tag}).status_code == 304


def test_the_tag_of_the_list_of_feeds_changes_with_the_list_alone(archived: Portal) -> None:
    def tag() -> str | None:
        return archived.client().get("/feeds.opml").headers["ETag"]

    before = tag()
    assert archived.feeds("resume").code == 0
    archived.imported(page("X", "Sports"))
    assert tag() == before
    assert archived.feeds("categories", "rename", "sports", "Sporta ziņas").code == 0
    renamed = tag()
    assert renamed != before
    archived.imported(page("Y", "Jauna"))
    assert tag() not in {before, renamed}
