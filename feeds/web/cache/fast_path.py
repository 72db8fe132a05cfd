"""FastPath ahead of the framework: what is kept and current is answered without it.

A thin WSGI layer (PEP 3333). What it does not answer goes on to Flask, which gives the same
answer from the same code: ``tests/web/test_polls.py`` compares the two.
"""

from collections.abc import Callable, Iterable
from datetime import datetime
from typing import TYPE_CHECKING

from feeds.web.cache.cache import Cache
from feeds.web.http.conditional import answer

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment


READING = frozenset(["GET", "HEAD"])
"""The methods that ask for what stands at an address."""


class FastPath:
    """Answers GET and HEAD of every address whose representation is kept and current."""

    def __init__(
        self, behind: "WSGIApplication", cache: Cache, clock: Callable[[], datetime]
    ) -> None:
        self.behind = behind
        self._cache = cache
        self._clock = clock

    def __call__(
        self, environ: "WSGIEnvironment", start_response: "StartResponse"
    ) -> Iterable[bytes]:
        """Answer a request."""
        if environ["REQUEST_METHOD"] in READING:
            prepared = self._cache.current(environ["PATH_INFO"])
            # With a query it may be an old address: who knows these is behind.
            if prepared is not None and not environ.get("QUERY_STRING"):
                answered = answer(prepared, environ, self._clock())
                # The server may change the list.
                start_response(answered.status, answered.headers.copy())
                return [answered.body]
        return self.behind(environ, start_response)
