"""Everything that the service answers, without HTTP: one snapshot of the store, in small portions.

The work is cut into portions, of which each process takes one after the other. Portions and
answers come in an order that depends on the store alone.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import datetime
from http import HTTPStatus
from itertools import islice, product
from math import ceil
from typing import Final, NamedTuple, TypeVar
from urllib.parse import urlsplit

from feeds.documents import build, sitemap
from feeds.documents.body import Body, Rendering
from feeds.documents.build import CATEGORIES_ON_A_PAGE
from feeds.documents.representation import Document, Metadata, Representation
from feeds.domain import Site
from feeds.formats import FORMATS
from feeds.periods import Period
from feeds.store.read import Snapshot
from feeds.urls import (
    archive_path,
    is_for_programs,
    is_own_address,
    page_path,
    period_path,
    release_path,
    release_sitemap_url,
    selection_path,
    selection_sitemap_url,
    sitemap_index_url,
)
from feeds.web.http.response import BROWSER_HEADERS, COMMON_HEADERS, content_type, ok
from feeds.web.pages import layout, pages, periods
from feeds.web.pages.assets import assets
from feeds.web.redirects import WITHDRAWN, moved

T = TypeVar("T")

TEXT: Final = "text/plain; charset=utf-8"
NOTHING: Final = "There is nothing at this address."
NOT_KEPT: Final = (
    "This combined feed is not part of the frozen archive: subscribe to its categories one by one."
)

_Found = Iterator[tuple[str, Document | Representation | None]]
"""Paths below the base URL and what is represented there."""

_EXTENSIONS = ("", *(f".{extension}" for extension in FORMATS))
_PAGES = 4  # archive pages in a portion, each in every format
_RELEASES = 200  # release pages in a portion
_MOVED = 1000  # redirects and withdrawn addresses in a portion


class Answer(NamedTuple):
    """What the service answers to a GET for a path, which begins at the root of the host.

    ``path`` is percent-encoded and has a query if the address has one. The headers are those of the
    body without a content coding. ``metadata`` are those of a document, None for another answer.
    """

    path: str
    status: HTTPStatus
    headers: list[tuple[str, str]]
    body: Body
    metadata: Metadata | None


class Moved(NamedTuple):
    """An old address (path and query) and its target, a URL; None if that was withdrawn.

    A ``permalink`` has the same target with a trailing slash and with tracking parameters.
    """

    address: str
    url: str | None
    permalink: bool = False


class Portion(NamedTuple):
    """A portion of the work: ``kind`` is the name of a method of ``Answers``, or "moved"."""

    kind: str
    slugs: tuple[str, ...] = ()
    numbers: Sequence[int] = ()
    paths: tuple[str, ...] = ()
    moved: tuple[Moved, ...] = ()


def portions(snapshot: Snapshot, combined: Sequence[tuple[str, ...]]) -> Iterator[Portion]:
    """Yield all portions; ``combined`` are the slugs of the combined feeds to include."""
    yield Portion("index_and_assets")
    yield Portion("category_lists")
    yield Portion("sitemaps")
    for slugs in combined:
        yield Portion("feeds", slugs)
    for selection in (snapshot.everything(), *snapshot.categories()):
        slugs = tuple(category.slug for category in selection.categories)
        yield Portion("feeds", slugs)
        if slugs:
            yield Portion("category", slugs)
        newest = snapshot.newest_page(selection)
        for first in range(1, newest + 1, _PAGES):
            yield Portion("archive", slugs, range(first, min(first + _PAGES, newest + 1)))
        yield Portion("periods", slugs)
    for paths in _batches(snapshot.release_paths(), _RELEASES):
        yield Portion("releases", paths=paths)


def moved_portions(moved: Iterable[Moved]) -> Iterator[Portion]:
    """Yield portions of addresses at which nothing is represented any more: 301 and 410."""
    for batch in _batches(iter(moved), _MOVED):
        yield Portion("moved", moved=batch)


def moved_addresses(snapshot: Snapshot, site: Site) -> Iterator[Moved]:
    """Yield what has moved or is gone.

    These are withdrawn releases, old addresses, permalinks and archives of merged categories.
    """
    withdrawn = {release.path for release in snapshot.withdrawals()}
    root = urlsplit(site.base_url).path
    for path in sorted(withdrawn):
        yield Moved(root + release_path(path), None)
    redirects = dict(snapshot.redirects())
    for address, target in redirects.items():
        yield Moved(address, None if target.release in withdrawn else f"{site.base_url}{target}")
    for address, target in snapshot.permalinks():
        # Without tracking parameters a permalink may be an address of this service.
        if address not in redirects and not is_own_address(site.base_url, address):
            url = None if target.release in withdrawn else f"{site.base_url}{target}"
            yield Moved(address, url, permalink=True)
    for archive in snapshot.merged_archives():
        for number, extension in product(range(1, archive.pages + 1), _EXTENSIONS):
            address = f"{root}{selection_path([archive.slug])}/archive/{number}{extension}"
            yield Moved(address, f"{site.base_url}{selection_path([archive.current])}{extension}")


def renamed(snapshot: Snapshot) -> Iterator[tuple[str, str]]:
    """Yield each former slug of a category with its current one."""
    for current, formers in snapshot.former_slugs().items():
        for former in formers:
            yield former, current


def renamed_addresses(snapshot: Snapshot, site: Site) -> Iterator[Moved]:
    """Yield the addresses of everything that a renamed category has, with its former slugs."""
    merged = {archive.slug for archive in snapshot.merged_archives()}
    for former, current in renamed(snapshot):
        selection = None if former in merged else snapshot.selection((current,))
        newest = snapshot.newest_page(selection) if selection else 0
        archive = (f"/archive/{number}" for number in range(1, newest + 1))
        everything = snapshot.selection((current,))
        dates = periods.all_periods(site, everything, snapshot) if everything else ()
        for below in (
            *(f"{suffix}{extension}" for suffix in ("", *archive) for extension in _EXTENSIONS),
            *(f"/releases/{period}" for period in dates),
        ):
            url = f"{site.base_url}/categories/{current}{below}"
            yield Moved(f"{site.root}/categories/{former}{below}", url)


class Answers:
    """The answers of a snapshot; Flask's application context must be active."""

    def __init__(self, snapshot: Snapshot, site: Site, now: datetime) -> None:
        self._snapshot = snapshot
        self._site = site
        self._now = now
        self._root = urlsplit(site.base_url).path

    def of(self, portion: Portion) -> Iterator[Answer]:
        """Yield the answers of a portion."""
        if portion.kind == "moved":
            for address, url, _ in portion.moved:
                yield self.redirect(address, url) if url else self.gone(address)
            return
        find: Callable[[Portion], _Found] = getattr(self, f"_{portion.kind}")
        for path, found in find(portion):
            if found is not None:
                yield self._answer(path, found)

    def redirect(self, address: str, url: str) -> Answer:
        """Return the redirect from an address to a URL."""
        response = moved(url)
        headers = [*response.headers.items(), *COMMON_HEADERS, *BROWSER_HEADERS]
        body = Body(Rendering(response.get_data()), None)
        return Answer(address, HTTPStatus.MOVED_PERMANENTLY, headers, body, None)

    def gone(self, address: str) -> Answer:
        """Return the answer for a withdrawn release."""
        for_programs = is_for_programs(address.partition("?")[0])
        return self.error(address, HTTPStatus.GONE, WITHDRAWN if for_programs else "")

    def error(self, address: str, status: HTTPStatus, sentence: str = "") -> Answer:
        """Return an error: one line of text if there is a ``sentence``, otherwise a page."""
        if sentence:
            content, media_type = f"{sentence}\n".encode(), TEXT
        else:
            page = pages.error(self._site, status, self._snapshot.notices())
            content, media_type = page.body, content_type(layout.HTML)
        headers = [
            ("Content-Type", media_type),
            ("Content-Length", str(len(content))),
            *COMMON_HEADERS,
            *(() if sentence else BROWSER_HEADERS),
        ]
        return Answer(address, status, headers, Body(Rendering(content), None), None)

    def _index_and_assets(self, _portion: Portion) -> _Found:
        yield "/", pages.index(self._site, self._snapshot, chooser=False)
        yield "/feeds.opml", build.feed_list(self._site, self._snapshot)
        for name, asset in assets(self._site).items():
            yield f"/{name}", asset

    def _category_lists(self, _portion: Portion) -> _Found:
        last = max(1, ceil(self._snapshot.count_categories() / CATEGORIES_ON_A_PAGE))
        for number in range(1, last + 1):
            page = pages.category_list(self._site, number, "", (), self._snapshot, chooser=False)
            yield f"/categories/list/{number}", page

    def _sitemaps(self, _portion: Portion) -> _Found:
        site, snapshot = self._site, self._snapshot
        yield self._below(sitemap_index_url(site)), sitemap.index(site, snapshot)
        for number in range(1, snapshot.count_selection_sitemaps() + 1):
            path = self._below(selection_sitemap_url(site, number))
            yield path, sitemap.selections(site, number, snapshot)
        for number_or_newest in (*snapshot.release_sitemaps(), None):
            path = self._below(release_sitemap_url(site, number_or_newest))
            yield path, sitemap.releases(site, number_or_newest, snapshot)

    def _below(self, url: str) -> str:
        return url.removeprefix(self._site.base_url)

    def _feeds(self, portion: Portion) -> _Found:
        for form in FORMATS.values():
            yield (
                f"{selection_path(portion.slugs)}.{form.extension}",
                build.subscription(self._site, portion.slugs, form, self._snapshot),
            )

    def _category(self, portion: Portion) -> _Found:
        (slug,) = portion.slugs
        yield page_path(portion.slugs), pages.category(self._site, slug, self._snapshot)

    def _archive(self, portion: Portion) -> _Found:
        for number in portion.numbers:
            path = archive_path(portion.slugs, number)
            yield path, pages.archive(self._site, portion.slugs, number, self._snapshot)
            for form in FORMATS.values():
                document = build.archive(self._site, portion.slugs, number, form, self._snapshot)
                yield f"{path}.{form.extension}", document

    def _periods(self, portion: Portion) -> _Found:
        for period in self._all_periods(portion.slugs):
            path = period_path(portion.slugs, period)
            yield path, periods.page(self._site, portion.slugs, period, self._snapshot)

    def _all_periods(self, slugs: Sequence[str]) -> Iterator[Period]:
        selection = self._snapshot.selection(slugs)
        return periods.all_periods(self._site, selection, self._snapshot) if selection else iter(())

    def _releases(self, portion: Portion) -> _Found:
        for path in portion.paths:
            yield release_path(path), pages.release(self._site, path, self._snapshot)

    def _answer(self, path: str, found: Document | Representation) -> Answer:
        metadata = found.metadata
        rendering = found.render(None) if isinstance(found, Document) else Rendering(found.body)
        body = Body(rendering, None)
        response = ok(metadata, body.content(), metadata.media_type, None, self._now)
        return Answer(self._root + path, HTTPStatus.OK, response.headers, body, metadata)


def _batches(items: Iterator[T], size: int) -> Iterator[tuple[T, ...]]:
    while batch := tuple(islice(items, size)):
        yield batch
