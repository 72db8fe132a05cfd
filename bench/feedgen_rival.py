"""A rival: feedgen as in its documentation, from entries to an Atom document."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from feedgen.feed import FeedGenerator

from feeds.domain import Release


@dataclass(frozen=True, slots=True)
class PlainEntry:
    """What an ordinary feed contains of a release."""

    id: str
    title: str
    updated: datetime
    published: datetime
    link: str
    author: str
    category: str
    summary: str
    content: str


def entry(release: Release, base_url: str, author: str) -> PlainEntry:
    """Return the entry of a release."""
    return PlainEntry(
        id=release.entry_id,
        title=release.title,
        updated=release.updated,
        published=release.published,
        link=f"{base_url}/releases/{release.path}",
        author=", ".join(release.authors) or author,
        category=release.categories[0].name,
        summary=release.summary,
        content=release.body,
    )


def atom(feed_id: str, title: str, url: str, entries: Iterable[PlainEntry]) -> bytes:
    """Render an Atom document."""
    feed = FeedGenerator()
    feed.id(feed_id)
    feed.title(title)
    feed.link(href=url, rel="self")
    feed.language("lv")
    for one in entries:
        element = feed.add_entry(order="append")
        element.id(one.id)
        element.title(one.title)
        element.updated(one.updated)
        element.published(one.published)
        element.link(href=one.link)
        element.author({"name": one.author})
        element.category(term=one.category)
        element.summary(one.summary)
        element.content(one.content, type="html")
    document: bytes = feed.atom_str()
    return document
