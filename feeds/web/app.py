"""The HTTP service as one Flask application.

It does not change the store, and takes no URL from the request.
"""

from collections.abc import Callable
from contextlib import suppress
from datetime import datetime
from urllib.parse import urlsplit

from flask import Flask, Response, abort, request
from werkzeug.exceptions import HTTPException, MethodNotAllowed, NotFound
from werkzeug.wrappers import Response as WerkzeugResponse

from feeds.domain import Site
from feeds.errors import StoreError
from feeds.store.read import Reader
from feeds.urls import PROBES
from feeds.web import routes
from feeds.web.cache.cache import Cache
from feeds.web.cache.fast_path import RETRIEVAL_METHODS, FastPath
from feeds.web.cache.revision import RevisionMonitor
from feeds.web.errors import ErrorResponses
from feeds.web.http.conditional import ALLOWED_METHODS, OPTIONS_HEADERS
from feeds.web.http.response import BROWSER_HEADERS, COMMON_HEADERS
from feeds.web.pages import layout
from feeds.web.redirects import Redirects


def build(  # noqa: PLR0913 - each is a part or a setting of its own
    reader: Reader,
    monitoring: Reader,
    background: Reader,
    site: Site,
    clock: Callable[[], datetime],
    *,
    cache_mb: int,
    revision_ttl: int,
    threads: int,
    metrics: bool,
) -> Flask:
    """Return the application, with its routes below the path of the base URL.

    Requests read the store through ``reader``; its revision is checked through ``monitoring`` every
    ``revision_ttl`` seconds, and what has changed is rendered again through ``background``.
    ``cache_mb`` limits the size of the cache. ``threads`` answer requests. ``metrics`` adds figures
    for Prometheus.
    """
    monitor = RevisionMonitor(monitoring, revision_ttl)
    cache = Cache(reader, background, monitor, clock, size=cache_mb * 2**20, threads=threads)
    redirects = Redirects(reader, monitor, site)
    errors = ErrorResponses(site, cache)

    app = bare()
    # Werkzeug would make the URL of its redirect from the Host header.
    app.url_map.merge_slashes = False
    app.config["PROVIDE_AUTOMATIC_OPTIONS"] = False
    documents = routes.documents(reader, cache, redirects, site, clock)
    app.register_blueprint(documents, url_prefix=urlsplit(site.base_url).path or None)
    # Probes ask the process itself, whatever the base URL is.
    probes = routes.probes(reader, monitor)

    app.before_request(_refuse_double_slash)
    app.before_request(lambda: _redirect_with_query(redirects))
    app.after_request(_add_headers)
    app.register_error_handler(
        HTTPException, lambda error: _handle_http_error(redirects, errors, error)
    )
    app.register_error_handler(StoreError, errors.store_unavailable)
    if metrics:
        from feeds.web.metrics import Metrics, marked  # noqa: PLC0415 - most services have none

        figures = Metrics(reader, monitor, cache)
        probes.add_url_rule(PROBES[2], "metrics", figures.respond)
        answer = figures.measured(FastPath(marked(app.wsgi_app), cache))
    else:
        answer = FastPath(app.wsgi_app, cache)
    app.wsgi_app = answer  # type: ignore[assignment, method-assign]
    app.register_blueprint(probes)
    return app


def bare() -> Flask:
    """Return an application without routes, in whose context pages can be rendered."""
    app = Flask(__name__, static_folder=None, template_folder="pages/templates")
    app.jinja_options = {"trim_blocks": True, "lstrip_blocks": True}
    return app


def _refuse_double_slash() -> None:
    """Raise 404 for a path that Werkzeug routes like one with a single slash, unlike the cache."""
    if request.environ["PATH_INFO"].startswith("//"):
        abort(404)


def _redirect_with_query(redirects: Redirects) -> WerkzeugResponse | None:
    """Redirect an old address with a query; other queries are ignored.

    While the store is unavailable all of them are.
    """
    query = request.environ.get("QUERY_STRING", "")
    if query and request.method in RETRIEVAL_METHODS and request.blueprint != "probes":
        with suppress(StoreError):
            return redirects.old_address(request.environ["PATH_INFO"], query)
    return None


def _add_headers(response: Response) -> Response:
    for_browsers = BROWSER_HEADERS if response.mimetype == layout.HTML else ()
    for name, value in (*COMMON_HEADERS, *for_browsers):
        response.headers.setdefault(name, value)
    return response


def _handle_http_error(
    redirects: Redirects, errors: ErrorResponses, error: HTTPException
) -> WerkzeugResponse:
    """Return the response to OPTIONS, a redirect from an old address, or the error."""
    if isinstance(error, MethodNotAllowed):
        if request.method == "OPTIONS":
            response = Response(status=204, headers=list(OPTIONS_HEADERS))
            del response.headers["Content-Type"]  # there is no content
            return response
        sentence = f"This address answers {ALLOWED_METHODS} and no other method."
        return errors.http_error(MethodNotAllowed(ALLOWED_METHODS.split(", "), sentence))
    if isinstance(error, NotFound) and request.method in RETRIEVAL_METHODS:
        try:
            found = redirects.old_address(request.environ["PATH_INFO"], "")
        except StoreError as reason:
            return errors.store_unavailable(reason)
        except HTTPException as gone:
            return errors.http_error(gone)
        return found or errors.http_error(error)
    return errors.http_error(error)
