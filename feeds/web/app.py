"""HTTP: routes, negotiation, conditionals and pages, as one Flask application.

Nothing here changes the store, and no address is ever taken from the request.
"""

from collections.abc import Callable
from contextlib import suppress
from datetime import datetime
from urllib.parse import urlsplit

from flask import Flask, Response, abort, request
from werkzeug.exceptions import HTTPException, MethodNotAllowed, NotFound
from werkzeug.wrappers import Response as WerkzeugResponse

from feeds.domain import Site
from feeds.errors import StoreError, StoreUnavailableError
from feeds.store.read import Reader
from feeds.web import routes
from feeds.web.cache.cache import Cache
from feeds.web.cache.fast_path import READING, FastPath
from feeds.web.errors import ErrorResponses
from feeds.web.http.conditional import ALLOWED, PREFLIGHT
from feeds.web.http.response import BROWSED, EVERYWHERE
from feeds.web.pages import pages
from feeds.web.redirects import Redirects


def build(  # noqa: PLR0913 - each is a part or a setting of its own
    reader: Reader,
    monitoring: Reader,
    site: Site,
    clock: Callable[[], datetime],
    *,
    cache_mb: int,
    revision_ttl: int,
) -> Flask:
    """Make the application; it is mounted at the path of the base URL.

    Requests read through ``reader``, the look at the store's revision through ``monitoring``.
    ``cache_mb`` bounds the finished representations that are kept; every ``revision_ttl`` seconds
    the process looks whether they are still those of the store.
    """
    cache = Cache(reader, monitoring, clock, size=cache_mb * 2**20, ttl=revision_ttl)
    app = Flask(__name__, static_folder=None, template_folder="pages/templates")
    # A redirect of Werkzeug's own would be built from the Host header.
    app.url_map.merge_slashes = False
    app.config["PROVIDE_AUTOMATIC_OPTIONS"] = False
    app.jinja_options = {"trim_blocks": True, "lstrip_blocks": True}
    prefix = urlsplit(site.base_url).path
    elsewhere = Redirects(reader, site)
    failures = ErrorResponses(site, cache)
    app.register_blueprint(
        routes.blueprint(cache, elsewhere, site, clock), url_prefix=prefix or None
    )
    # Probes ask the process itself, whatever the address of the service is.
    app.register_blueprint(routes.health(reader, cache))

    @app.errorhandler(HTTPException)
    def refused(error: HTTPException) -> WerkzeugResponse:
        if isinstance(error, NotFound) and request.method in READING:
            return _not_found(elsewhere, cache, failures, error)
        if isinstance(error, MethodNotAllowed):
            if request.method == "OPTIONS":
                response = Response(status=204, headers=list(PREFLIGHT))
                del response.headers["Content-Type"]  # of nothing
                return response
            error = MethodNotAllowed(
                ALLOWED.split(", "), f"This address answers {ALLOWED} and no other method."
            )
        return failures.failed(error)

    app.register_error_handler(StoreError, failures.away)
    app.before_request(_in_one_spelling)
    app.before_request(lambda: _with_query(elsewhere, cache))

    @app.after_request
    def everywhere(response: Response) -> Response:
        in_browsers = BROWSED if response.mimetype == pages.HTML else ()
        for name, value in (*EVERYWHERE, *in_browsers):
            response.headers[name] = value
        return response

    app.wsgi_app = FastPath(app.wsgi_app, cache, clock)  # type: ignore[method-assign]
    return app


def _in_one_spelling() -> None:
    """Refuse what Werkzeug would take for an address of ours and the cache for another one."""
    if request.environ["PATH_INFO"].startswith("//"):
        abort(404)


def _with_query(elsewhere: Redirects, cache: Cache) -> WerkzeugResponse | None:
    """Answer at an old address with a query; if it is none, the query says nothing.

    What is kept is served while the store is away, whatever the query.
    """
    query = request.environ.get("QUERY_STRING", "")
    asks = request.method in READING and request.blueprint != "health"
    if query and asks and not cache.away:
        with suppress(StoreError):
            return elsewhere.address(request.environ["PATH_INFO"], query)
    return None


def _not_found(
    elsewhere: Redirects, cache: Cache, failures: ErrorResponses, error: HTTPException
) -> WerkzeugResponse:
    """Answer at an old address where nothing else is."""
    if cache.away:
        return failures.away(StoreUnavailableError(cache.away))
    try:
        found = elsewhere.address(request.environ["PATH_INFO"], "")
    except StoreError as reason:
        return failures.away(reason)
    except HTTPException as gone:
        return failures.failed(gone)
    return found or failures.failed(error)
