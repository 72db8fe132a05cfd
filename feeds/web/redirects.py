"""Responses for addresses at which nothing is represented any more: 301 and 410.

They are looked up only if no document has the address, and are not cached in the process.
"""

from collections.abc import Mapping, Sequence
from functools import partial

from flask import abort, redirect
from werkzeug.wrappers import Response

from feeds.domain import Site
from feeds.errors import StoreUnavailableError
from feeds.periods import Period
from feeds.store.read import Reader, Snapshot
from feeds.text.plain import one_line
from feeds.urls import (
    OLD_ADDRESS_LENGTH,
    is_own_address,
    normalize_old_address,
    period_path,
    permalink,
    selection_path,
)
from feeds.web.cache.revision import RevisionMonitor
from feeds.web.pages.periods import lists_day

WITHDRAWN = "This release was withdrawn and is no longer shown."

_SLUG_LENGTH = 100  # characters of an unknown slug that are quoted

# A category may get its former name back. A browser that caches redirects for longer would then go
# in a circle.
MOVED_CACHE_CONTROL = "public, max-age=3600"


class Redirects:
    """Looks up where renamed categories, withdrawn releases and old addresses redirect to.

    The methods return a response or None, or raise an ``HTTPException`` or ``StoreError``.
    """

    def __init__(self, reader: Reader, monitor: RevisionMonitor, site: Site) -> None:
        self._reader = reader
        self._monitor = monitor
        self._site = site

    def release(self, path: str) -> None:
        """Raise 410 if the release with this path was withdrawn."""
        if self._reader.run(lambda snapshot: snapshot.is_withdrawn(path)):
            abort(410, WITHDRAWN)

    def categories(self, slugs: Sequence[str], suffix: str) -> Response | None:
        """Redirect to the current slugs of these categories, sorted, if they are different.

        ``suffix`` follows the slugs in the path. Raises 404 if a category is unknown.
        """
        return self._renamed(slugs, self._current_slugs(slugs), suffix)

    def archive(self, slugs: Sequence[str], number: str, extension: str) -> Response | None:
        """Redirect an archive page of a category that was renamed or merged.

        The archive of a category that was merged is gone: its pages redirect to the other category.
        """
        current = self._current_slugs(slugs)
        merged = self._reader.run(Snapshot.merged_archives)
        if any(archive.slug in slugs for archive in merged):
            return self._redirect(f"{selection_path(sorted(current.values()))}{extension}")
        return self._renamed(slugs, current, f"/archive/{number}{extension}")

    def _current_slugs(self, slugs: Sequence[str]) -> dict[str, str]:
        current = self._reader.run(lambda snapshot: snapshot.current_slugs(slugs))
        for slug in slugs:
            if slug not in current:
                abort(404, unknown_category(slug))
        return current

    def _renamed(
        self, slugs: Sequence[str], current: Mapping[str, str], suffix: str
    ) -> Response | None:
        canonical = sorted(set(current.values()))
        if canonical == list(slugs):
            return None
        return self._redirect(f"{selection_path(canonical)}{suffix}")

    def period(self, slugs: Sequence[str], period: Period) -> Response | None:
        """Redirect a day whose releases the page of its month lists, or a former slug.

        A month has pages of its days while it has many releases.
        """
        if period.day and self._reader.run(partial(lists_day, self._site, slugs, period)):
            return self._redirect(period_path(slugs, period.month_of_day))
        return self.categories(slugs, f"/releases/{period}") if slugs else None

    def old_address(self, path_info: str, query: str) -> Response | None:
        """Redirect an old address; raise 410 if its target is a withdrawn release.

        Path and query are those of a WSGI environment.
        """
        if self._monitor.unavailable:
            raise StoreUnavailableError(self._monitor.unavailable)
        raw = path_info.encode("latin-1"), query.encode("latin-1")
        address, found_at = normalize_old_address(*raw), permalink(*raw)
        if len(address) > OLD_ADDRESS_LENGTH:
            return None
        # Without its tracking parameters it may be an address of this service.
        own = is_own_address(self._site.base_url, found_at)
        found = self._reader.run(
            lambda snapshot: snapshot.redirect(address, None if own else found_at)
        )
        if found is None:
            return None
        target, withdrawn = found
        if withdrawn:
            abort(410, WITHDRAWN)
        return self._redirect(str(target))

    def _redirect(self, path: str) -> Response:
        return moved(f"{self._site.base_url}{path}")


def moved(url: str) -> Response:
    """Return the redirect to a URL of this service."""
    response = redirect(url, 301)
    response.headers["Cache-Control"] = MOVED_CACHE_CONTROL
    return response


def unknown_category(slug: str) -> str:
    """Return the sentence for a slug that no category has."""
    return f"There is no category “{one_line(slug)[:_SLUG_LENGTH]}”."
