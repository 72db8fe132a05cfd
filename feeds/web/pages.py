"""Pages for people: index, category and release, in the words of the portal."""

from flask import render_template

from feeds.assemble import document_url, page_url, release_url, selection_title
from feeds.documents import announced, surrogate_keys
from feeds.domain import Category, Link, Notice, Site
from feeds.formats import FORMATS
from feeds.representation import Representation
from feeds.store.reads import STORE, Snapshot
from feeds.words import words

_HTML = "text/html"


def index(snapshot: Snapshot, site: Site) -> Representation:
    """Make the index: the announcement, the categories, the newest releases, the feeds."""
    everything = snapshot.everything()
    return _page(
        "index.html",
        snapshot,
        site,
        surrogate_keys(()),
        feeds=_feeds(site, ()),
        categories=snapshot.categories(),
        releases=snapshot.newest(everything, site.entries),
    )


def category(snapshot: Snapshot, site: Site, slug: str) -> Representation | None:
    """Make the page of a category, or None where it is unknown."""
    selection = snapshot.selection((slug,))
    if selection is None:
        return None
    return _page(
        "category.html",
        snapshot,
        site,
        surrogate_keys(selection.categories),
        feeds=_feeds(site, selection.categories) + _feeds(site, ()),
        category=selection.categories[0],
        releases=snapshot.newest(selection, site.entries),
    )


def release(snapshot: Snapshot, site: Site, path: str) -> Representation | None:
    """Make the page of a release, or None where it is unknown."""
    found = snapshot.release(path)
    if found is None:
        return None
    feeds = [link for member in found.categories for link in _feeds(site, (member,))]
    return _page(
        "release.html",
        snapshot,
        site,
        surrogate_keys(found.categories),
        feeds=feeds + _feeds(site, ()),
        release=found,
        published=found.published.astimezone(site.zone),
    )


def _page(
    template: str, snapshot: Snapshot, site: Site, keys: tuple[str, ...], **values: object
) -> Representation:
    notices = snapshot.notices()
    running: Notice | None = next((notice for notice in notices if notice.running), None)
    said = words(site.language)
    since = ""
    if running is not None and running.since is not None:
        day = said.day_text(running.since.astimezone(site.zone).date())
        since = said.suspended_since.format(day=day)
    body = render_template(
        template,
        site=site,
        said=said,
        notice=running,
        since=since,
        document_url=lambda *categories: document_url(site, categories),
        page_url=lambda *categories: page_url(site, categories),
        release_url=lambda path: release_url(site, path),
        formats=FORMATS.values(),
        **values,
    )
    return Representation(
        body=body.encode(),
        media_type=_HTML,
        # A page shows names and notices beside its release: any change may be one of it.
        changed=snapshot.head().instant,
        announced=announced(notices),
        parts=frozenset([STORE]),
        keys=keys,
    )


def _feeds(site: Site, categories: tuple[Category, ...]) -> list[tuple[str, Link]]:
    """Return the feeds of a selection, for autodiscovery, with their titles."""
    title = selection_title(site, categories)
    return [
        (
            f"{title} ({form.name})",
            Link(
                "alternate", f"{document_url(site, categories)}.{form.extension}", form.media_type
            ),
        )
        for form in FORMATS.values()
    ]
