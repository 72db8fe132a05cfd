"""Sitemaps (sitemaps.org): which pages there are, for crawlers, and when they last changed.

Each has at most 50,000 URLs and is far smaller than 50 MB.
"""

from collections.abc import Callable, Iterable
from datetime import datetime
from functools import partial
from math import ceil

from lxml import etree

from feeds.documents.body import Body, Rendering
from feeds.documents.build import (
    CATEGORIES_ON_A_PAGE,
    has_recorded_settings,
    last_changed,
    surrogate_keys,
    tag_settings,
    writable_values,
)
from feeds.documents.representation import Document, Metadata, entity_tag
from feeds.domain import Site
from feeds.formats.instants import rfc3339
from feeds.store.read import WHOLE_STORE, Part, Snapshot
from feeds.store.read.sitemaps import ReleaseSitemap
from feeds.urls import (
    archive_path,
    category_list_url,
    page_path,
    period_path,
    release_sitemap_url,
    release_url,
    selection_sitemap_url,
)

_NAMESPACE = "http://www.sitemaps.org/schemas/sitemap/0.9"

_Listed = tuple[str, datetime | None]
"""A URL and the instant of its last change; None if that is not known."""


def index(site: Site, snapshot: Snapshot) -> Document:
    """Return the index of all sitemaps."""
    return _of_whole_store(site, snapshot, partial(_sitemaps, site, snapshot), "sitemapindex")


def _sitemaps(site: Site, snapshot: Snapshot) -> Iterable[_Listed]:
    for number, changed in enumerate(snapshot.selection_sitemaps(), 1):
        yield selection_sitemap_url(site, number), changed
    for number, changed in snapshot.release_sitemaps().items():
        yield release_sitemap_url(site, number), changed
    newest = snapshot.release_sitemap(None)
    if newest is not None:
        yield release_sitemap_url(site, None), newest.releases_changed


def selections(site: Site, number: int, snapshot: Snapshot) -> Document | None:
    """Return a sitemap of the pages of selections, or None if there is none with this number."""
    if number > snapshot.count_selection_sitemaps():
        return None
    listed = partial(_selection_pages, site, number, snapshot)
    return _of_whole_store(site, snapshot, listed, "urlset")


def _selection_pages(site: Site, number: int, snapshot: Snapshot) -> Iterable[_Listed]:
    for slug, period, page, changed in snapshot.selection_pages(number):
        slugs = [slug] if slug else []
        if period:
            path = period_path(slugs, period)
        else:
            path = archive_path(slugs, page) if page else page_path(slugs)
        yield site.base_url + path, changed
    if number == 1:
        last = max(1, ceil(snapshot.count_categories() / CATEGORIES_ON_A_PAGE))
        # A page of the list changes with the numbers of releases, whose changes have no date.
        yield from ((category_list_url(site, page), None) for page in range(1, last + 1))


def releases(site: Site, number: int | None, snapshot: Snapshot) -> Document | None:
    """Return a sitemap of releases, or None if there is none with this number, or it is empty.

    Without a number it is that of the newest releases.
    """
    found = snapshot.release_sitemap(number)
    if found is None:
        return None
    parts = found.parts if has_recorded_settings(snapshot, site) else (WHOLE_STORE,)
    return _document(
        site,
        snapshot,
        partial(_releases, site, found, snapshot),
        "urlset",
        tokens=found.tokens,
        parts=parts,
        changed=found.changed,
    )


def _releases(site: Site, sitemap: ReleaseSitemap, snapshot: Snapshot) -> Iterable[_Listed]:
    for path, updated in snapshot.sitemap_releases(sitemap):
        yield release_url(site, path), updated


def _of_whole_store(
    site: Site, snapshot: Snapshot, listed: Callable[[], Iterable[_Listed]], root: str
) -> Document:
    """Return a sitemap that any change may change, because it dates the page of all releases."""
    head = snapshot.head()
    return _document(
        site,
        snapshot,
        listed,
        root,
        tokens=(head.token,),
        parts=(WHOLE_STORE,),
        changed=head.instant,
    )


def _document(  # noqa: PLR0913 - what differs between the sitemaps
    site: Site,
    snapshot: Snapshot,
    listed: Callable[[], Iterable[_Listed]],
    root: str,
    *,
    tokens: tuple[int | None, ...],
    parts: tuple[Part, ...],
    changed: datetime,
) -> Document:
    metadata = Metadata(
        etag=entity_tag(root, parts, tokens, *tag_settings(snapshot, site)),
        media_type="application/xml",
        changed=last_changed(snapshot, site, changed),
        announced=snapshot.head().announced,
        parts=parts,
        surrogate_keys=surrogate_keys(()),
    )

    def render(_previous: Body | None) -> Rendering:
        with writable_values():
            return Rendering(_xml(root, listed()))

    return Document(metadata, render)


def _xml(root: str, listed: Iterable[_Listed]) -> bytes:
    document = etree.Element(f"{{{_NAMESPACE}}}{root}", nsmap={None: _NAMESPACE})
    element = "url" if root == "urlset" else "sitemap"
    for url, changed in listed:
        entry = etree.SubElement(document, f"{{{_NAMESPACE}}}{element}")
        etree.SubElement(entry, f"{{{_NAMESPACE}}}loc").text = url
        if changed is not None:
            etree.SubElement(entry, f"{{{_NAMESPACE}}}lastmod").text = rfc3339(changed)
    body: bytes = etree.tostring(document, encoding="utf-8", xml_declaration=True)
    return body
