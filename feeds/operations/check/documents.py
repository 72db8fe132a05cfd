"""Feed documents, made from the store and looked at as readers would."""

import random
import re
from bisect import bisect_right
from collections.abc import Iterator
from itertools import accumulate
from typing import NamedTuple
from urllib.parse import unquote_to_bytes

from feeds.documents import build
from feeds.domain import ListedRelease, Site
from feeds.errors import StoreError
from feeds.formats import FORMATS
from feeds.operations.check.document import (
    CORRECTION,
    Expected,
    Instants,
    dead_links,
    differences,
    read,
)
from feeds.store import Store
from feeds.store.read import Snapshot
from feeds.urls import (
    ASSETS,
    archive_path,
    normalize_old_address,
    parse_target,
    permalink,
    selection_path,
)

_REPORT = (
    "Import the release again, or withdraw it; if that does not help, report it as a defect of "
    "this service."
)

_ARCHIVE = re.compile(r"(?P<selection>.*)/archive/(?P<number>[1-9][0-9]{0,8})(?:\.[a-z]+)?")
_PERIOD = re.compile(
    r"(?:/categories/(?P<slug>[^/]+))?/releases/(?P<period>[0-9]{4}(?:/[0-9]{2}){0,2})"
)
_FILES = frozenset(["/", "/feeds.opml", *(f"/{name}" for name in ASSETS)])


class _Place(NamedTuple):
    """A document: the slugs of its selection, the number of its archive page or 0, its format."""

    slugs: tuple[str, ...]
    number: int
    extension: str

    @property
    def path(self) -> str:
        path = archive_path(self.slugs, self.number) if self.number else selection_path(self.slugs)
        return f"{path}.{self.extension}"


class Documents:
    """All feed documents of the store but combined ones, or ``sample`` random ones."""

    def __init__(self, store: Store, site: Site, sample: int | None = None) -> None:
        self._store = store
        self._site = site
        with store.read() as snapshot:
            selections = [snapshot.everything(), *snapshot.categories()]
            self._slugs = [tuple(one.slug for one in found.categories) for found in selections]
            sizes = [1 + snapshot.newest_page(found) for found in selections]
        self._ends = list(accumulate(size * len(FORMATS) for size in sizes))
        everything = range(self._ends[-1])
        self._chosen = (
            everything
            if sample is None or sample >= len(everything)
            else sorted(random.sample(everything, sample))
        )

    def __len__(self) -> int:
        """Return the number of documents that are looked at."""
        return len(self._chosen)

    def faults(self) -> Iterator[str]:
        """Yield what is wrong with each document, each with what to do."""
        for chosen in self._chosen:
            place = self._place(chosen)
            # A snapshot for each: a long one would keep the store from clearing old states.
            with self._store.read() as snapshot:
                try:
                    found = list(_faults(self._site, snapshot, place))
                except StoreError as error:
                    found = [f"it cannot be made: {str(error).rstrip('.')}. {_REPORT}"]
            yield from (f"{place.path}: {fault}" for fault in found)

    def _place(self, chosen: int) -> _Place:
        selection = bisect_right(self._ends, chosen)
        before = self._ends[selection - 1] if selection else 0
        number, form = divmod(chosen - before, len(FORMATS))
        return _Place(self._slugs[selection], number, list(FORMATS)[form])


def _faults(site: Site, snapshot: Snapshot, place: _Place) -> Iterator[str]:
    form = FORMATS[place.extension]
    if place.number:
        document = build.archive(site, place.slugs, place.number, form, snapshot)
    else:
        document = build.subscription(site, place.slugs, form, snapshot)
    if document is None:  # its category was renamed meanwhile, or the store's check names the gap
        return
    seen = read(place.extension, document.render(None).content())
    expected, paths = _expected(site, snapshot, place)
    for fault in (*seen.faults, *differences(seen, expected)):
        yield f"{fault}. {_REPORT}"
    for fault, is_of_entry in dead_links(
        seen, site.base_url, lambda below: _leads_somewhere(site, snapshot, below, paths)
    ):
        advice = f"{CORRECTION}." if is_of_entry else _REPORT
        yield f"{fault}. {advice}"


def _expected(site: Site, snapshot: Snapshot, place: _Place) -> tuple[Expected, frozenset[str]]:
    """Return what the store has for a document, and the paths of its releases."""
    listed: list[ListedRelease]
    if place.number:
        found = snapshot.page(place.slugs, place.number)
        listed = snapshot.page_listed(*found) if found else []
    else:
        selection = snapshot.selection(place.slugs)
        listed = snapshot.newest_listed(selection, site.entries) if selection else []
    stored = snapshot.releases(listed)
    releases = [stored[one.id] for one in listed]
    ids = [one.entry_id if place.extension == "atom" else one.permanent_id for one in releases]
    instants: list[Instants] = [(one.published, one.updated) for one in releases]
    notices = {
        one.entry_id: (one.announced, one.updated)
        for one in snapshot.notices()
        if not (place.number and one.running)  # archive documents do not mention it
    }
    running = None if place.number else snapshot.running_suspension()
    expected = Expected(
        address=site.base_url + place.path,
        releases=dict(zip(ids, instants, strict=True)),
        notices=notices,
        running=running.entry_id if running else None,
    )
    return expected, frozenset(one.path for one in releases)


def _leads_somewhere(site: Site, snapshot: Snapshot, below: str, known: frozenset[str]) -> bool:
    """Return whether a link below the base URL is alive; releases at ``known`` paths exist."""
    path, _, query = below.partition("#")[0].partition("?")
    return _exists(snapshot, path or "/", known) or _is_moved(site, snapshot, path, query)


def _is_moved(site: Site, snapshot: Snapshot, path: str, query: str) -> bool:
    """Return whether the service redirects an address below its base URL."""
    raw = unquote_to_bytes(site.root + path), query.encode()
    found = snapshot.redirect(normalize_old_address(*raw), permalink(*raw))
    return found is not None and not found[1]


def _exists(snapshot: Snapshot, path: str, known: frozenset[str]) -> bool:
    """Return whether the service has something at a path below its base URL."""
    if path in _FILES:
        return True
    if found := _PERIOD.fullmatch(path):
        slugs = _current(snapshot, found["slug"])
        return slugs is not None and _lists(snapshot, slugs, found["period"])
    number = 0
    if archive := _ARCHIVE.fullmatch(path):
        number = int(archive["number"])
        path = f"{archive['selection']}.atom"
    target = parse_target("", path)
    if target is None:
        return False
    if target.release is not None:
        return target.release in known or snapshot.release(target.release) is not None
    return _has_feed(snapshot, target.slug, number)


def _has_feed(snapshot: Snapshot, slug: str | None, number: int) -> bool:
    """Return whether a category, or all releases, has a feed, or an archive page if numbered."""
    slugs = _current(snapshot, slug)
    if slugs is None:
        return False
    # The archive of a category that was merged redirects to the feed of the other.
    merged = any(archive.slug == slug for archive in snapshot.merged_archives())
    if number and not merged:
        return snapshot.page(slugs, number) is not None
    return snapshot.selection(slugs) is not None


def _current(snapshot: Snapshot, slug: str | None) -> list[str] | None:
    """Return the current slug of a category in a list, empty without one; None if unknown."""
    if not slug:
        return []
    return list(snapshot.current_slugs([slug]).values()) or None


def _lists(snapshot: Snapshot, slugs: list[str], period: str) -> bool:
    """Return whether a selection has releases of a year, or of a month or that of a day."""
    selection = snapshot.selection(slugs)
    return selection is not None and any(
        period in (str(month.year), str(month)) or period.startswith(f"{month}/")
        for month in snapshot.months(selection)
    )
