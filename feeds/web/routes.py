"""Views: from a URL to the representation that is served there."""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from functools import partial
from typing import TYPE_CHECKING

from flask import Blueprint, Response, abort, redirect, request
from werkzeug.datastructures import Headers
from werkzeug.wrappers import Response as WerkzeugResponse

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIEnvironment

from feeds.documents import build, sitemap
from feeds.documents.body import Body, Rendering
from feeds.domain import Site
from feeds.errors import StoreError
from feeds.formats import FORMATS, Format
from feeds.periods import Period
from feeds.store.read import Reader, Snapshot
from feeds.text.plain import one_line
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
from feeds.web.cache.cache import Cache
from feeds.web.cache.memory import Source
from feeds.web.cache.revision import RevisionMonitor
from feeds.web.errors import plain_text
from feeds.web.http.conditional import accepted_coding, respond
from feeds.web.http.response import Response as HttpResponse
from feeds.web.pages import pages, periods
from feeds.web.pages.assets import assets
from feeds.web.redirects import Redirects, unknown_category

_Find = Callable[[], WerkzeugResponse | None]
"""Looks for a redirect where nothing is represented."""

_PERIODS = ("year", "month", "day")


def _require_slugs(slugs: Sequence[str]) -> None:
    """Raise 404 if one of these cannot be the slug of a category."""
    for slug in slugs:
        if not is_slug(slug):
            abort(404, unknown_category(slug))


def _selected() -> list[str]:
    """Return the slugs of the categories that are selected in the chooser's form, sorted.

    Raises 404 for what cannot be a slug, or for more slugs than a feed can combine.
    """
    slugs = sorted(set(request.args.getlist("category")))
    _require_slugs(slugs)
    if len(slugs) > build.MOST_COMBINED:
        abort(404, build.TOO_MANY)
    return slugs


def documents(
    reader: Reader, cache: Cache, redirects: Redirects, site: Site, clock: Callable[[], datetime]
) -> Blueprint:
    """Return the routes of documents, pages and files."""
    routes = Blueprint("feeds", __name__)
    views = _Views(reader, cache, redirects, site, clock)
    for form in FORMATS.values():
        for name, route in FEED_ROUTES.items():
            routes.add_url_rule(
                route.format(extension=form.extension),
                f"{name}_{form.extension}",
                getattr(views, name),
                defaults={"form": form},
            )
    for name, route in ROUTES.items():
        # The index is also served without its slash: Werkzeug would redirect to the Host header.
        routes.add_url_rule(route, name, getattr(views, name), strict_slashes=route != "/")
    for name in ASSETS:
        routes.add_url_rule(
            f"/{name}", name.replace(".", "_"), views.asset, defaults={"name": name}
        )
    return routes


class _Views:
    """The view functions, named as their routes in ``feeds.urls``."""

    def __init__(
        self,
        reader: Reader,
        cache: Cache,
        redirects: Redirects,
        site: Site,
        clock: Callable[[], datetime],
    ) -> None:
        self._reader = reader
        self._cache = cache
        self._redirects = redirects
        self._site = site
        self._clock = clock
        self._assets = {
            name: (asset.metadata, Body(Rendering(asset.body), None))
            for name, asset in assets(site).items()
        }

    def feed(self, form: Format) -> WerkzeugResponse:
        return self._subscription((), form)

    def category_feed(self, slugs: str, form: Format) -> WerkzeugResponse:
        requested = slugs.split("+")
        canonical = sorted(set(requested))
        _require_slugs(requested)
        if len(canonical) > build.MOST_COMBINED:
            abort(404, build.TOO_MANY)
        if requested != canonical:
            find = partial(self._redirects.categories, requested, f".{form.extension}")
            return _redirected(find, "category")
        return self._subscription(tuple(canonical), form)

    def archive_document(self, number: str, form: Format) -> WerkzeugResponse:
        return self._archive_document((), number, form)

    def category_archive_document(self, slug: str, number: str, form: Format) -> WerkzeugResponse:
        if "+" in slug:
            abort(404, "A combined feed has no archive documents.")
        _require_slugs([slug])
        return self._archive_document((slug,), number, form)

    def index(self) -> WerkzeugResponse:
        return self._serve(partial(pages.index, self._site), "index")

    def category(self, slug: str) -> WerkzeugResponse:
        _require_slugs([slug])
        return self._serve(
            partial(pages.category, self._site, slug),
            "category",
            partial(self._redirects.categories, [slug], ""),
        )

    def category_list(self, number: str) -> WerkzeugResponse:
        kind = "page of the list of categories"
        if not is_page_number(number):
            abort(404, f"There is no such {kind}.")
        text, selected = one_line(request.args.get("name", "")), _selected()
        source = partial(pages.category_list, self._site, int(number), text, selected)
        if not text and not selected:
            return self._serve(source, kind)
        # Not cached: clients can request any number of texts and combinations.
        page = self._reader.run(source)
        if page is None:
            abort(404, f"There is no such {kind}.")
        body = Body(Rendering(page.body), accepted_coding(request.environ))
        return _sent(respond(page.metadata, body, request.environ, self._clock()))

    def release(self, path: str) -> WerkzeugResponse:
        if not is_release_path(path):
            abort(404, "There is no such release.")
        return self._serve(
            partial(pages.release, self._site, path),
            "release",
            partial(self._redirects.release, path),
        )

    def year(self, **parts: str) -> WerkzeugResponse:
        return self._period((), parts)

    month = day = year

    def category_year(self, slug: str, **parts: str) -> WerkzeugResponse:
        _require_slugs([slug])
        return self._period((slug,), parts)

    category_month = category_day = category_year

    def archive_page(self, number: str) -> WerkzeugResponse:
        return self._archive_page((), number)

    def category_archive_page(self, slug: str, number: str) -> WerkzeugResponse:
        _require_slugs([slug])
        return self._archive_page((slug,), number)

    def chooser(self) -> WerkzeugResponse:
        """Redirect from the selected categories of the form to their feed."""
        slugs = _selected()
        extension = request.args.get("format", next(iter(FORMATS)))
        if extension not in FORMATS:
            abort(404)
        feed = f"{selection_path(slugs)}.{extension}"
        # A path, not a URL: our Content-Security-Policy lets a form redirect only to the origin of
        # its page, which may be another name of this host.
        response = redirect(f"{self._site.root}{feed if slugs else '/#categories'}", 303)
        response.headers["Cache-Control"] = "no-store"
        return response

    def opml(self) -> WerkzeugResponse:
        return self._serve(partial(build.feed_list, self._site), "list")

    def sitemap_index(self) -> WerkzeugResponse:
        return self._serve(partial(sitemap.index, self._site), "sitemap")

    def selection_sitemap(self, number: str) -> WerkzeugResponse:
        if not is_page_number(number):
            abort(404, "There is no such sitemap.")
        return self._serve(partial(sitemap.selections, self._site, int(number)), "sitemap")

    def release_sitemap(self, number: str) -> WerkzeugResponse:
        if not is_page_number(number):
            abort(404, "There is no such sitemap.")
        return self._serve(partial(sitemap.releases, self._site, int(number)), "sitemap")

    def newest_sitemap(self) -> WerkzeugResponse:
        return self._serve(partial(sitemap.releases, self._site, None), "sitemap")

    def asset(self, name: str) -> Response:
        metadata, body = self._assets[name]
        return _sent(respond(metadata, body, request.environ, self._clock()))

    def _subscription(self, slugs: tuple[str, ...], form: Format) -> WerkzeugResponse:
        return self._serve(
            partial(build.subscription, self._site, slugs, form),
            "category",
            partial(self._redirects.categories, slugs, f".{form.extension}"),
        )

    def _archive_document(
        self, slugs: tuple[str, ...], number: str, form: Format
    ) -> WerkzeugResponse:
        if not is_page_number(number):
            abort(404, "There is no such archive document.")
        return self._serve(
            partial(build.archive, self._site, slugs, int(number), form),
            "archive document",
            partial(self._redirects.archive, slugs, number, f".{form.extension}"),
        )

    def _archive_page(self, slugs: tuple[str, ...], number: str) -> WerkzeugResponse:
        if not is_page_number(number):
            abort(404, "There is no such archive page.")
        return self._serve(
            partial(pages.archive, self._site, slugs, int(number)),
            "archive page",
            partial(self._redirects.archive, slugs, number, ""),
        )

    def _period(self, slugs: tuple[str, ...], parts: Mapping[str, str]) -> WerkzeugResponse:
        kind = "list of releases"
        period = Period.parse("/".join(parts[name] for name in _PERIODS if name in parts))
        if period is None:
            abort(404, f"There is no such {kind}.")
        return self._serve(
            partial(periods.page, self._site, slugs, period),
            kind,
            partial(self._redirects.period, slugs, period),
        )

    def _serve(self, source: Source, kind: str, find: _Find = lambda: None) -> WerkzeugResponse:
        response = self._cache.response(request.environ, source)
        return _sent(response) if response is not None else _redirected(find, kind)


def _sent(response: HttpResponse) -> Response:
    return _CompleteResponse([response.body], response.status, response.headers)


def _redirected(find: _Find, kind: str) -> WerkzeugResponse:
    """Return the redirect where nothing is represented; raise 404 if there is none."""
    return find() or abort(404, f"There is no such {kind}.")


class _CompleteResponse(Response):
    """A response whose headers are sent as they are: Werkzeug would remove some from a 304."""

    default_mimetype = None

    def get_wsgi_headers(self, environ: "WSGIEnvironment") -> Headers:  # noqa: ARG002 - Werkzeug's signature
        return self.headers


def probes(reader: Reader, monitor: RevisionMonitor) -> Blueprint:
    """Return the routes that say whether the process is alive and whether it can serve."""
    routes = Blueprint("probes", __name__)

    @routes.get(PROBES[0])
    def healthz() -> Response:
        return plain_text("The process is alive.", 200)

    @routes.get(PROBES[1])
    def readyz() -> Response:
        if monitor.unavailable:
            return plain_text(monitor.unavailable, 503)
        try:
            reader.run(Snapshot.head)
        except StoreError as error:
            return plain_text(str(error), 503)
        return plain_text("The service can serve.", 200)

    return routes
