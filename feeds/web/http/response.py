"""A representation made ready to be sent: whole answers, each of them composed once.

Everything that costs time (codings, headers) happens here at the first request that needs it; the
next takes what is there. Which answer a request gets is decided in ``conditionals``.
"""

import sys
from collections.abc import Callable
from datetime import UTC, datetime
from email.utils import format_datetime
from threading import Lock
from typing import NamedTuple

from feeds.documents.representation import Representation

EVERYWHERE = (
    ("X-Content-Type-Options", "nosniff"),
    ("Access-Control-Allow-Origin", "*"),
    ("Access-Control-Expose-Headers", "ETag"),
)
"""Headers of every answer, errors included."""

_POLICY = (
    "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self'; "
    "base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
)
BROWSED = (
    ("Content-Security-Policy", _POLICY),
    ("Referrer-Policy", "same-origin"),
)
"""Headers of what a browser shows: nothing but our own files, in nobody's frame."""

_IN_BROWSERS = frozenset(["text/html", "application/xml"])
_OVERHEAD = 4096  # bytes of headers and objects beside the bodies, measured and rounded up
_KEYS = 4  # times that the keys of a combined feed are there, its address and a header included


class Answer(NamedTuple):
    """A whole response."""

    status: str
    headers: list[tuple[str, str]]
    body: bytes


class ResponseSet:
    """The answers of a representation while the clock changes none of its headers.

    It does not refer to what it belongs to: in a circle, what the cache lets go would stay until
    Python next looks for garbage.
    """

    __slots__ = ("_answers", "begin", "end", "modified", "unchanged")

    def __init__(self, made_of: Representation, now: datetime) -> None:
        self.begin, self.end = made_of.headers_valid(now)
        self.modified = made_of.last_modified(now)
        headers = [*EVERYWHERE, ("ETag", made_of.etag)]
        if self.modified is not None:
            headers.append(("Last-Modified", http_date(self.modified)))
        headers.append(("Cache-Control", made_of.cache_control(now)))
        varies = "Accept, Accept-Encoding" if made_of.alternative_type else "Accept-Encoding"
        headers.append(("Vary", varies))
        if made_of.surrogate_keys:
            headers.append(("Surrogate-Key", " ".join(made_of.surrogate_keys)))
        self.unchanged = Answer("304 Not Modified", headers, b"")
        self._answers: dict[tuple[bool, bool, str | None], Answer] = {}

    def whole(
        self, prepared: "CachedResponse", *, head: bool, alternative: bool, coding: str | None
    ) -> Answer:
        """Return the 200 answer of its representation in a media type and a content coding."""
        key = (head, alternative, coding)
        found = self._answers.get(key)
        if found is None:
            found = self._answers[key] = self._compose(prepared, *key)
        return found

    def _compose(
        self, prepared: "CachedResponse", head: bool, alternative: bool, coding: str | None
    ) -> Answer:
        made_of = prepared.representation
        media_type = made_of.media_type
        if alternative and made_of.alternative_type:
            media_type = made_of.alternative_type
        body = prepared.coded(coding)
        headers = [*self.unchanged.headers, ("Content-Type", _with_charset(media_type))]
        if coding is not None:
            headers.append(("Content-Encoding", coding))
        headers.append(("Content-Length", str(len(body))))
        if media_type in _IN_BROWSERS:
            headers += BROWSED
        return Answer("200 OK", headers, b"" if head else body)


class CachedResponse:
    """A representation with its answers; ``grown`` is told when it has come to take more room."""

    __slots__ = ("_coded", "_grown", "_lock", "_period", "etag", "representation")

    def __init__(
        self,
        representation: Representation,
        now: datetime,
        grown: Callable[["CachedResponse"], None] | None = None,
    ) -> None:
        self.representation = representation
        self.etag = representation.etag
        self._grown = grown
        self._lock = Lock()
        self._coded: dict[str, bytes] = {}
        self._period = ResponseSet(representation, now)

    @property
    def size(self) -> int:
        """The room it takes, in bytes."""
        bodies = (self.representation.body, *self._coded.values())
        keys = sum(map(len, self.representation.surrogate_keys))
        return _OVERHEAD + _KEYS * keys + sum(map(sys.getsizeof, bodies))

    def period(self, now: datetime) -> ResponseSet:
        """Return the answers that hold now."""
        period = self._period
        if not period.begin <= now < period.end:
            period = self._period = ResponseSet(self.representation, now)
        return period

    def coded(self, coding: str | None) -> bytes:
        """Return the body in a coding, made once however many ask for it at a time."""
        if coding is None:
            return self.representation.body
        with self._lock:
            found = self._coded.get(coding)
            if found is None:
                found = self._coded[coding] = self.representation.encoded(coding)
                grown = self._grown
            else:
                grown = None
        if grown is not None:
            grown(self)
        return found


def http_date(instant: datetime) -> str:
    """Write an instant as an HTTP date (RFC 9110 §5.6.7)."""
    return format_datetime(instant.astimezone(UTC), usegmt=True)


def _with_charset(media_type: str) -> str:
    return media_type if media_type.startswith("image/") else f"{media_type}; charset=utf-8"
