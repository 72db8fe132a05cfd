"""Routes: from an address to the representation that stands there."""

import re
from collections.abc import Callable
from datetime import UTC, datetime
from functools import partial
from importlib.resources import files
from typing import TYPE_CHECKING

from flask import Blueprint, Response, abort, request
from sqlalchemy import Engine
from werkzeug.datastructures import Headers
from werkzeug.exceptions import HTTPException, NotFound
from werkzeug.wrappers import Response as WerkzeugResponse

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIEnvironment

from feeds import documents
from feeds.domain import Site
from feeds.errors import StoreError
from feeds.formats import FORMATS, Format
from feeds.representation import Representation
from feeds.store.engine import READ_SECONDS
from feeds.store.reads import snapshot
from feeds.web import pages
from feeds.web.cache import Cache, Make
from feeds.web.conditionals import answer
from feeds.web.elsewhere import Elsewhere
from feeds.web.prepared import Prepared

MOST_COMBINED = 20
"""How many categories one feed may combine."""

_NUMBER = re.compile(r"[1-9][0-9]{0,8}")
_SLUG = re.compile(r"[a-z0-9-]{1,100}")
_PATH = re.compile(r"[0-9]{4}/[0-9]{2}/[0-9]{2}/[a-z0-9~-]{1,120}")


Find = Callable[[], WerkzeugResponse | None]
"""Finds what is to be answered where nothing is represented, if that is not 404."""


def _file(name: str) -> bytes:
    return files("feeds.web").joinpath("static", name).read_bytes()


def _static(body: bytes, media_type: str) -> Prepared:
    return Prepared(Representation(body, media_type), datetime.now(UTC))


_STATIC = {
    "robots.txt": _static(b"User-agent: *\nDisallow:\n", "text/plain"),
    "favicon.ico": _static(_file("favicon.ico"), "image/x-icon"),
    "style.css": _static(_file("style.css"), "text/css"),
}


def blueprint(
    cache: Cache, elsewhere: Elsewhere, site: Site, clock: Callable[[], datetime]
) -> Blueprint:
    """Make the routes of the outside contract, but for those of the process itself."""
    routes = Blueprint("feeds", __name__)
    views = _Views(cache, elsewhere, site, clock)
    for form in FORMATS.values():
        for rule, view in (
            (f"/releases.{form.extension}", views.releases),
            (f"/releases/archive/<number>.{form.extension}", views.archive),
            (f"/categories/<slugs>.{form.extension}", views.categories),
            (f"/categories/<slug>/archive/<number>.{form.extension}", views.category_archive),
        ):
            name = f"{view.__name__}_{form.extension}"
            routes.add_url_rule(rule, name, view, defaults={"form": form})
    # Below a path the slash may be missing: Werkzeug would build a redirect from the Host header.
    routes.add_url_rule("/", "index", views.index, strict_slashes=False)
    routes.add_url_rule("/categories/<slug>", "category", views.category)
    routes.add_url_rule("/releases/<path:path>", "release", views.release)
    for name in _STATIC:
        routes.add_url_rule(
            f"/{name}", name.replace(".", "_"), views.static, defaults={"name": name}
        )
    return routes


class _Views:
    """What each route answers."""

    def __init__(
        self, cache: Cache, elsewhere: Elsewhere, site: Site, clock: Callable[[], datetime]
    ) -> None:
        self._cache = cache
        self._elsewhere = elsewhere
        self._site = site
        self._clock = clock

    def releases(self, form: Format) -> WerkzeugResponse:
        return self._subscription((), form)

    def categories(self, slugs: str, form: Format) -> WerkzeugResponse:
        named = slugs.split("+")
        canonical = sorted(set(named))
        if not all(_SLUG.fullmatch(slug) for slug in named):
            abort(404, "There is no such category.")
        if len(canonical) > MOST_COMBINED:
            abort(404, f"A feed combines at most {MOST_COMBINED} categories.")
        if named != canonical:
            return self._elsewhere.canonical(canonical, form.extension)
        return self._subscription(tuple(named), form)

    def archive(self, number: str, form: Format) -> WerkzeugResponse:
        return self._archive((), number, form)

    def category_archive(self, slug: str, number: str, form: Format) -> WerkzeugResponse:
        if not _SLUG.fullmatch(slug):
            abort(404, "There is no such category.")
        return self._archive((slug,), number, form)

    def index(self) -> WerkzeugResponse:
        return self._served(
            lambda state: pages.index(state, self._site),
            "index",
            partial(self._elsewhere.categories, (), ""),
        )

    def category(self, slug: str) -> WerkzeugResponse:
        if not _SLUG.fullmatch(slug):
            abort(404, "There is no such category.")
        return self._served(
            lambda state: pages.category(state, self._site, slug),
            "category",
            partial(self._elsewhere.categories, [slug], ""),
        )

    def release(self, path: str) -> WerkzeugResponse:
        if not _PATH.fullmatch(path):
            abort(404, "There is no such release.")
        return self._served(
            lambda state: pages.release(state, self._site, path),
            "release",
            partial(self._elsewhere.release, path),
        )

    def static(self, name: str) -> Response:
        return self._respond(_STATIC[name])

    def _subscription(self, slugs: tuple[str, ...], form: Format) -> WerkzeugResponse:
        return self._served(
            lambda state: documents.subscription(state, self._site, slugs, form),
            "category",
            partial(self._elsewhere.categories, slugs, f".{form.extension}"),
        )

    def _archive(self, slugs: tuple[str, ...], number: str, form: Format) -> WerkzeugResponse:
        if not _NUMBER.fullmatch(number):
            abort(404, "There is no such archive document.")
        return self._served(
            lambda state: documents.archive(state, self._site, slugs, int(number), form),
            "archive document",
            partial(self._elsewhere.categories, slugs, f"/archive/{number}.{form.extension}"),
        )

    def _served(self, make: Make, what: str, elsewhere: Find) -> WerkzeugResponse:
        prepared = self._cache.get(request.environ["PATH_INFO"], make)
        if prepared is not None:
            return self._respond(prepared)
        return elsewhere() or abort(404, f"There is no such {what}.")

    def _respond(self, prepared: Prepared) -> Response:
        answered = answer(prepared, request.environ, self._clock())
        return _Whole([answered.body], answered.status, answered.headers)


class _Whole(Response):
    """A response whose headers are final: Werkzeug would take some of a 304's away."""

    default_mimetype = None

    def get_wsgi_headers(self, environ: "WSGIEnvironment") -> Headers:  # noqa: ARG002 - Werkzeug's signature
        return self.headers


def health(engine: Engine, cache: Cache) -> Blueprint:
    """Make the routes that tell of the process: it lives; it can serve."""
    routes = Blueprint("health", __name__)

    @routes.get("/healthz")
    def healthz() -> Response:
        return _sentence("The process lives.", 200)

    @routes.get("/readyz")
    def readyz() -> Response:
        if cache.away:
            return _sentence(cache.away, 503)
        try:
            with snapshot(engine, seconds=READ_SECONDS) as state:
                state.head()
        except StoreError as error:
            return _sentence(str(error), 503)
        return _sentence("The service can serve.", 200)

    return routes


def failed(error: HTTPException) -> WerkzeugResponse:
    """Answer an HTTP error in one sentence of plain text."""
    response = error.get_response()
    unknown = error.description == NotFound.description
    sentence = "There is nothing at this address." if unknown else error.description
    response.set_data(f"{sentence}\n")
    response.content_type = "text/plain; charset=utf-8"
    return response


def away(error: StoreError) -> Response:
    """Answer for a store that is away: the reason, and when to ask again."""
    response = _sentence(str(error), 503)
    response.headers["Retry-After"] = "30"
    return response


def _sentence(text: str, status: int) -> Response:
    response = Response(f"{text}\n", status, content_type="text/plain; charset=utf-8")
    response.headers["Cache-Control"] = "no-store"
    return response
