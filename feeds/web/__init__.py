"""HTTP: routes, negotiation, conditionals and pages, as one Flask application.

Nothing here changes the store, and no address is ever taken from the request.
"""

from collections.abc import Callable
from datetime import datetime
from urllib.parse import urlsplit

from flask import Flask, Response, request
from sqlalchemy import Engine
from werkzeug.exceptions import HTTPException, MethodNotAllowed
from werkzeug.wrappers import Response as WerkzeugResponse

from feeds.domain import Site
from feeds.errors import StoreError
from feeds.web import routes
from feeds.web.conditionals import ALLOWED, EVERYWHERE, PREFLIGHT


def build(engine: Engine, site: Site, clock: Callable[[], datetime]) -> Flask:
    """Make the application; it is mounted at the path of the base URL."""
    app = Flask(__name__, static_folder=None)
    # A redirect of Werkzeug's own would be built from the Host header.
    app.url_map.merge_slashes = False
    app.url_map.strict_slashes = False
    app.config["PROVIDE_AUTOMATIC_OPTIONS"] = False
    app.jinja_options = {"trim_blocks": True, "lstrip_blocks": True}
    prefix = urlsplit(site.base_url).path
    app.register_blueprint(routes.blueprint(engine, site, clock), url_prefix=prefix or None)
    # Probes ask the process itself, whatever the address of the service is.
    app.register_blueprint(routes.health(engine))

    @app.errorhandler(HTTPException)
    def failed(error: HTTPException) -> WerkzeugResponse:
        if isinstance(error, MethodNotAllowed):
            if request.method == "OPTIONS":
                return Response(status=204, headers=list(PREFLIGHT))
            error = MethodNotAllowed(
                ALLOWED.split(", "), f"This address answers {ALLOWED} and no other method."
            )
        return routes.failed(error)

    app.register_error_handler(StoreError, routes.away)

    @app.after_request
    def everywhere(response: Response) -> Response:
        for name, value in EVERYWHERE:
            response.headers[name] = value
        return response

    return app
