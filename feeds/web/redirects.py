"""What is answered where nothing stands any more: that it is gone, or where it stands now.

Asked only once nothing was found to be represented at an address; none of it is cached here.
"""

from collections.abc import Mapping, Sequence

from flask import abort, redirect
from werkzeug.wrappers import Response

from feeds.domain import Site
from feeds.store.read import READ_SECONDS, Reader
from feeds.text.plain import one_line
from feeds.urls import OLD_ADDRESS_LENGTH, normalize_old_address, selection_path

WITHDRAWN = "This release was withdrawn and is no longer shown."

_SHOWN = 100  # characters of a slug that is none

FRESH = "public, max-age=3600"
"""How long a redirect need not be asked for again: a browser that was told one for longer would
go in a circle once a category has been given its former name back."""


class Redirects:
    """Knows of what stood at an address and does no longer. Raises ``StoreError``."""

    def __init__(self, reader: Reader, site: Site) -> None:
        self._reader = reader
        self._site = site

    def release(self, path: str) -> None:
        """Answer 410 where the release at a path was withdrawn."""
        with self._reader.read() as snapshot:
            withdrawn = snapshot.is_withdrawn(path)
        if withdrawn:
            abort(410, WITHDRAWN)

    def categories(self, slugs: Sequence[str], rest: str) -> Response | None:
        """Answer 301 where categories were renamed; ``rest`` follows their slugs in the address."""
        with self._reader.read() as snapshot:
            present = snapshot.current_slugs(slugs)
        _require(slugs, present)
        if all(slug == now for slug, now in present.items()):
            return None
        return self.moved(f"{selection_path(sorted(set(present.values())))}{rest}")

    def canonical(self, slugs: Sequence[str], extension: str) -> Response:
        """Answer 301 with the one spelling of a combined feed, where all its categories are."""
        with self._reader.read() as snapshot:
            present = snapshot.current_slugs(slugs)
        _require(slugs, present)
        return self.moved(f"{selection_path(sorted(set(present.values())))}.{extension}")

    def address(self, path_info: str, query: str) -> Response | None:
        """Answer 301 at an old address, or raise 410 of a withdrawn release.

        Path and query are as WSGI has them.
        """
        sought = normalize_old_address(path_info.encode("latin-1"), query.encode("latin-1"))
        if len(sought) > OLD_ADDRESS_LENGTH:
            return None
        with self._reader.read(seconds=READ_SECONDS) as snapshot:
            found = snapshot.redirect(sought)
        if found is None:
            return None
        target, withdrawn = found
        if withdrawn:
            abort(410, WITHDRAWN)
        return self.moved(str(target))

    def moved(self, address: str) -> Response:
        """Answer 301 to another address of this service."""
        response = redirect(f"{self._site.base_url}{address}", 301)
        response.headers["Cache-Control"] = FRESH
        return response


def _require(slugs: Sequence[str], present: Mapping[str, str]) -> None:
    for slug in slugs:
        if slug not in present:
            abort(404, unknown_category(slug))


def unknown_category(slug: str) -> str:
    """Say that there is no category of this slug, as it was asked for."""
    return f"There is no category “{one_line(slug)[:_SHOWN]}”."
