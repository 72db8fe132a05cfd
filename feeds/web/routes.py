"""Routes: from an address to the representation that stands there."""

from collections.abc import Callable, Sequence
from datetime import datetime
from functools import partial
from typing import TYPE_CHECKING

from flask import Blueprint, Response, abort, redirect, request
from werkzeug.datastructures import Headers
from werkzeug.wrappers import Response as WerkzeugResponse

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIEnvironment

from feeds.documents import build
from feeds.domain import Site
from feeds.errors import StoreError
from feeds.formats import FORMATS, Format
from feeds.store.read import READ_SECONDS, Reader
from feeds.urls import (
    ASSETS,
    FEED_ROUTES,
    PROBES,
    ROUTES,
    is_page_number,
    is_release_path,
    is_slug,
    selection_path,
)
from feeds.web.cache.cache import Cache, Make
from feeds.web.errors import sentence
from feeds.web.http.conditional import answer
from feeds.web.http.response import CachedResponse
from feeds.web.pages import pages
from feeds.web.pages.assets import assets
from feeds.web.redirects import Redirects, unknown_category


def _require(slugs: Sequence[str]) -> None:
    """Answer 404 where one of these cannot be the slug of a category."""
    for slug in slugs:
        if not is_slug(slug):
            abort(404, unknown_category(slug))


Find = Callable[[], WerkzeugResponse | None]
"""Finds what is to be answered where nothing is represented, if that is not 404."""


def blueprint(
    cache: Cache, elsewhere: Redirects, site: Site, clock: Callable[[], datetime]
) -> Blueprint:
    """Make the routes of the outside contract, but for those of the process itself."""
    routes = Blueprint("feeds", __name__)
    views = _Views(cache, elsewhere, site, clock)
    for form in FORMATS.values():
        for name, route in FEED_ROUTES.items():
            routes.add_url_rule(
                route.format(extension=form.extension),
                f"{name}_{form.extension}",
                getattr(views, name),
                defaults={"form": form},
            )
    for name, route in ROUTES.items():
        # The index answers without its slash, too: Werkzeug would redirect by the Host header.
        routes.add_url_rule(route, name, getattr(views, name), strict_slashes=route != "/")
    for name in ASSETS:
        routes.add_url_rule(
            f"/{name}", name.replace(".", "_"), views.asset, defaults={"name": name}
        )
    return routes


class _Views:
    """What each route answers."""

    def __init__(
        self, cache: Cache, elsewhere: Redirects, site: Site, clock: Callable[[], datetime]
    ) -> None:
        self._cache = cache
        self._elsewhere = elsewhere
        self._site = site
        self._clock = clock
        self.assets = assets(site, clock())

    def feed(self, form: Format) -> WerkzeugResponse:
        return self._subscription((), form)

    def category_feed(self, slugs: str, form: Format) -> WerkzeugResponse:
        named = slugs.split("+")
        canonical = sorted(set(named))
        _require(named)
        if len(canonical) > build.MOST_COMBINED:
            abort(404, build.TOO_MANY)
        if named != canonical:
            return self._elsewhere.canonical(canonical, form.extension)
        return self._subscription(tuple(named), form)

    def archive_document(self, number: str, form: Format) -> WerkzeugResponse:
        return self._archive((), number, form)

    def category_archive_document(self, slug: str, number: str, form: Format) -> WerkzeugResponse:
        if "+" in slug:
            abort(404, "A combined feed has no archive documents.")
        _require([slug])
        return self._archive((slug,), number, form)

    def index(self) -> WerkzeugResponse:
        return self._served(
            lambda snapshot: pages.index(snapshot, self._site),
            "index",
            partial(self._elsewhere.categories, (), ""),
        )

    def category(self, slug: str) -> WerkzeugResponse:
        _require([slug])
        return self._served(
            lambda snapshot: pages.category(snapshot, self._site, slug),
            "category",
            partial(self._elsewhere.categories, [slug], ""),
        )

    def release(self, path: str) -> WerkzeugResponse:
        if not is_release_path(path):
            abort(404, "There is no such release.")
        return self._served(
            lambda snapshot: pages.release(snapshot, self._site, path),
            "release",
            partial(self._elsewhere.release, path),
        )

    def archive_page(self, number: str) -> WerkzeugResponse:
        return self._archive_page((), number)

    def category_archive_page(self, slug: str, number: str) -> WerkzeugResponse:
        _require([slug])
        return self._archive_page((slug,), number)

    def _archive_page(self, slugs: Sequence[str], number: str) -> WerkzeugResponse:
        if not is_page_number(number):
            abort(404, "There is no such archive page.")
        return self._served(
            lambda snapshot: pages.archive(snapshot, self._site, slugs, int(number)),
            "archive page",
            partial(self._elsewhere.categories, slugs, f"/archive/{number}"),
        )

    def chooser(self) -> WerkzeugResponse:
        """Lead from the ticked categories of a form to their feed."""
        slugs = sorted(set(request.args.getlist("category")))
        _require(slugs)
        if len(slugs) > build.MOST_COMBINED:
            abort(404, build.TOO_MANY)
        extension = request.args.get("format", next(iter(FORMATS)))
        if extension not in FORMATS:
            abort(404)
        feed = f"{selection_path(slugs)}.{extension}"
        # By path: our own policy lets a form lead nowhere but to the origin that it was seen at.
        response = redirect(f"{self._site.root}{feed if slugs else '/#categories'}", 303)
        response.headers["Cache-Control"] = "no-store"
        return response

    def opml(self) -> WerkzeugResponse:
        return self._served(
            lambda snapshot: build.feed_list(snapshot, self._site), "list", lambda: None
        )

    def asset(self, name: str) -> Response:
        return self._respond(self.assets[name])

    def _subscription(self, slugs: tuple[str, ...], form: Format) -> WerkzeugResponse:
        return self._served(
            lambda snapshot: build.subscription(snapshot, self._site, slugs, form),
            "category",
            partial(self._elsewhere.categories, slugs, f".{form.extension}"),
        )

    def _archive(self, slugs: tuple[str, ...], number: str, form: Format) -> WerkzeugResponse:
        if not is_page_number(number):
            abort(404, "There is no such archive document.")
        return self._served(
            lambda snapshot: build.archive(snapshot, self._site, slugs, int(number), form),
            "archive document",
            partial(self._elsewhere.categories, slugs, f"/archive/{number}.{form.extension}"),
        )

    def _served(self, make: Make, what: str, elsewhere: Find) -> WerkzeugResponse:
        prepared = self._cache.get(request.environ["PATH_INFO"], make)
        if prepared is not None:
            return self._respond(prepared)
        return elsewhere() or abort(404, f"There is no such {what}.")

    def _respond(self, prepared: CachedResponse) -> Response:
        answered = answer(prepared, request.environ, self._clock())
        return _Whole([answered.body], answered.status, answered.headers)


class _Whole(Response):
    """A response whose headers are final: Werkzeug would take some of a 304's away."""

    default_mimetype = None

    def get_wsgi_headers(self, environ: "WSGIEnvironment") -> Headers:  # noqa: ARG002 - Werkzeug's signature
        return self.headers


def health(reader: Reader, cache: Cache) -> Blueprint:
    """Make the routes that tell of the process: it lives; it can serve."""
    routes = Blueprint("health", __name__)

    @routes.get(PROBES[0])
    def healthz() -> Response:
        return sentence("The process lives.", 200)

    @routes.get(PROBES[1])
    def readyz() -> Response:
        if cache.away:
            return sentence(cache.away, 503)
        try:
            with reader.read(seconds=READ_SECONDS) as snapshot:
                snapshot.head()
        except StoreError as error:
            return sentence(str(error), 503)
        return sentence("The service can serve.", 200)

    return routes
