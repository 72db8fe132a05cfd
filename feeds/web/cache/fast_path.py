"""A WSGI layer (PEP 3333) in front of Flask that answers from memory.

Flask answers the other requests with the same code; ``tests/web/test_polls.py`` compares the two.
"""

from collections.abc import Iterable
from typing import TYPE_CHECKING

from feeds.web.cache.cache import Cache

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

RETRIEVAL_METHODS = frozenset(["GET", "HEAD"])


class FastPath:
    """Answers GET and HEAD for each document that the cache knows and can answer for."""

    def __init__(self, application: "WSGIApplication", cache: Cache) -> None:
        self.application = application
        self._cache = cache

    def __call__(
        self, environ: "WSGIEnvironment", start_response: "StartResponse"
    ) -> Iterable[bytes]:
        """Answer a request."""
        if environ["REQUEST_METHOD"] in RETRIEVAL_METHODS:
            self._cache.on_request()
            # With a query it may be an old address that redirects.
            if not environ.get("QUERY_STRING"):
                response = self._cache.remembered(environ)
                if response is not None:
                    start_response(response.status, response.headers)
                    return [response.body]
        return self.application(environ, start_response)
