"""The responses of a representation, each composed once.

Content codings and headers are made for the first request that needs them and then reused. Which
response a request gets is decided in ``conditional``.
"""

import sys
from collections.abc import Callable
from datetime import datetime
from threading import Lock
from typing import NamedTuple

from werkzeug.http import http_date

from feeds.documents.representation import Representation

COMMON_HEADERS = (
    ("X-Content-Type-Options", "nosniff"),
    ("Access-Control-Allow-Origin", "*"),
    ("Access-Control-Expose-Headers", "ETag"),
)
"""Headers of every response, also of errors."""

_POLICY = (
    "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self'; "
    "base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
)
BROWSER_HEADERS = (
    ("Content-Security-Policy", _POLICY),
    ("Referrer-Policy", "same-origin"),
)
"""Headers of a document that a browser shows: it loads only our files and is not framed."""

_BROWSER_TYPES = frozenset(["text/html", "application/xml"])
_OVERHEAD = 4096  # bytes of headers and objects without the bodies, measured and rounded up
_KEY_COPIES = 4  # of the surrogate keys of a combined feed, which its path and a header repeat


class Response(NamedTuple):
    """A complete response."""

    status: str
    headers: list[tuple[str, str]]
    body: bytes


class ResponseSet:
    """The responses of a representation while the clock does not change their headers.

    It does not refer to its ``CachedResponse``: in a reference cycle, what the cache removes would
    stay in memory until the next garbage collection.
    """

    __slots__ = ("_ok", "last_modified", "not_modified", "valid_from", "valid_until")

    def __init__(self, representation: Representation, now: datetime) -> None:
        self.valid_from, self.valid_until = representation.headers_valid(now)
        self.last_modified = representation.last_modified(now)
        headers = [*COMMON_HEADERS, ("ETag", representation.etag)]
        if self.last_modified is not None:
            headers.append(("Last-Modified", http_date(self.last_modified)))
        headers.append(("Cache-Control", representation.cache_control(now)))
        vary = "Accept, Accept-Encoding" if representation.alternative_type else "Accept-Encoding"
        headers.append(("Vary", vary))
        if representation.surrogate_keys:
            headers.append(("Surrogate-Key", " ".join(representation.surrogate_keys)))
        self.not_modified = Response("304 Not Modified", headers, b"")
        self._ok: dict[tuple[str, str | None], Response] = {}

    def ok(self, cached: "CachedResponse", media_type: str, coding: str | None) -> Response:
        """Return the 200 response in a media type and a content coding."""
        key = (media_type, coding)
        response = self._ok.get(key)
        if response is None:
            response = self._ok[key] = self._compose(cached, media_type, coding)
        return response

    def _compose(self, cached: "CachedResponse", media_type: str, coding: str | None) -> Response:
        body = cached.encoded(coding)
        charset = "" if media_type.startswith("image/") else "; charset=utf-8"
        headers = [*self.not_modified.headers, ("Content-Type", media_type + charset)]
        if coding is not None:
            headers.append(("Content-Encoding", coding))
        headers.append(("Content-Length", str(len(body))))
        if media_type in _BROWSER_TYPES:
            headers += BROWSER_HEADERS
        return Response("200 OK", headers, body)


class CachedResponse:
    """A representation with its responses; ``on_growth`` is called when ``size`` has grown."""

    __slots__ = ("_encoded", "_lock", "_on_growth", "_responses", "etag", "representation")

    def __init__(
        self,
        representation: Representation,
        now: datetime,
        on_growth: Callable[["CachedResponse"], None] | None = None,
    ) -> None:
        self.representation = representation
        self.etag = representation.etag
        self._on_growth = on_growth
        self._lock = Lock()
        self._encoded: dict[str, bytes] = {}
        self._responses = ResponseSet(representation, now)

    @property
    def size(self) -> int:
        """The memory that it takes, in bytes."""
        bodies = (self.representation.body, *self._encoded.values())
        keys = sum(map(len, self.representation.surrogate_keys))
        return _OVERHEAD + _KEY_COPIES * keys + sum(map(sys.getsizeof, bodies))

    def responses(self, now: datetime) -> ResponseSet:
        """Return the responses that are valid now."""
        responses = self._responses
        if not responses.valid_from <= now < responses.valid_until:
            responses = self._responses = ResponseSet(self.representation, now)
        return responses

    def encoded(self, coding: str | None) -> bytes:
        """Return the body in a content coding, made once however many threads ask for it."""
        if coding is None:
            return self.representation.body
        with self._lock:
            body = self._encoded.get(coding)
            if body is not None:
                return body
            body = self._encoded[coding] = self.representation.encoded(coding)
        if self._on_growth is not None:
            self._on_growth(self)
        return body
