"""A WSGI layer (PEP 3333) in front of Flask that answers from the cache.

Flask answers the other requests with the same code; ``tests/web/test_polls.py`` compares the two.
"""

from collections.abc import Callable, Iterable
from datetime import datetime
from typing import TYPE_CHECKING

from feeds.web.cache.cache import Cache
from feeds.web.http.conditional import respond

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

RETRIEVAL_METHODS = frozenset(["GET", "HEAD"])


class FastPath:
    """Answers GET and HEAD for each path with a fresh response in the cache."""

    def __init__(
        self, application: "WSGIApplication", cache: Cache, clock: Callable[[], datetime]
    ) -> None:
        self.application = application
        self._cache = cache
        self._clock = clock

    def __call__(
        self, environ: "WSGIEnvironment", start_response: "StartResponse"
    ) -> Iterable[bytes]:
        """Answer a request."""
        if environ["REQUEST_METHOD"] in RETRIEVAL_METHODS:
            cached = self._cache.fresh(environ["PATH_INFO"])
            # With a query it may be an old address that redirects.
            if cached is not None and not environ.get("QUERY_STRING"):
                response = respond(cached, environ, self._clock())
                # The server may change the list.
                start_response(response.status, response.headers.copy())
                return [response.body]
        return self.application(environ, start_response)
