"""One prepared representation and one request into the answer: the only implementation of it.

Knows preconditions (RFC 9110 §13) and, through ``negotiation``, preferences, but not what is
represented nor the framework: every document and page is answered here, whichever way the request
came.
"""

import re
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from functools import lru_cache
from typing import TYPE_CHECKING

from feeds.documents.representation import CODINGS
from feeds.web.http.negotiation import coding, prefers
from feeds.web.http.response import Answer, CachedResponse

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIEnvironment

ALLOWED = "GET, HEAD, OPTIONS"

PREFLIGHT = (
    ("Allow", ALLOWED),
    ("Access-Control-Allow-Methods", ALLOWED),
    ("Access-Control-Allow-Headers", "If-None-Match, If-Modified-Since"),
    ("Access-Control-Max-Age", "86400"),
)

# A tag in quotes, or one whose quotes a client lost; read in time linear in the header.
_TAG = re.compile(r'"([^"]*)"|([^\s",]+)')
# What proxies that compress append to the tags of others.
_SUFFIX = re.compile(r"[-;](?:gzip|br|zstd)$")
# The three forms of RFC 9110 §5.6.7 have this much in common.
_DATE = re.compile(r"[A-Z][a-z]{2,8},? .*\d\d:\d\d:\d\d.*")

_OFFERED = tuple(CODINGS)


def answer(prepared: CachedResponse, environ: "WSGIEnvironment", now: datetime) -> Answer:
    """Answer GET or HEAD, as the headers in a WSGI environment (PEP 3333) ask."""
    period = prepared.period(now)
    if _is_unchanged(prepared.etag, period.modified, environ):
        return period.unchanged
    made_of = prepared.representation
    alternative = made_of.alternative_type is not None and prefers(
        environ.get("HTTP_ACCEPT"), made_of.alternative_type, made_of.media_type
    )
    answered = period.whole(
        prepared,
        head=environ["REQUEST_METHOD"] == "HEAD",
        alternative=alternative,
        coding=coding(environ.get("HTTP_ACCEPT_ENCODING"), _OFFERED),
    )
    if _is_unmodified(period.modified, environ):
        # The tag told that it has changed. Of a body that is no later than the date that it sent
        # with the tag curl keeps the new tag alone, and would never have what it stands for.
        headers = [header for header in answered.headers if header[0] != "Last-Modified"]
        return answered._replace(headers=headers)
    return answered


def _is_unchanged(etag: str, modified: datetime | None, environ: "WSGIEnvironment") -> bool:
    """Evaluate the preconditions: If-None-Match, if sent, decides alone (RFC 9110 §13.2.2)."""
    none_match = environ.get("HTTP_IF_NONE_MATCH")
    if none_match is not None:
        return none_match == etag or names(none_match, etag)
    return _is_unmodified(modified, environ)


def _is_unmodified(modified: datetime | None, environ: "WSGIEnvironment") -> bool:
    """Whether the date that a client sent is no earlier than that of the last change."""
    since = environ.get("HTTP_IF_MODIFIED_SINCE")
    if since is None or modified is None:
        return False
    instant = http_instant(since)
    return instant is not None and modified <= instant


def names(header: str, etag: str) -> bool:
    """Whether ``If-None-Match`` names the entity tag, compared weakly (RFC 9110 §8.8.3.2)."""
    if header.strip() == "*":
        return True
    opaque = etag.removeprefix("W/").strip('"')
    return any(
        _SUFFIX.sub("", match[1] if match[1] is not None else match[2]) == opaque
        for match in _TAG.finditer(header)
    )


@lru_cache(maxsize=256)
def http_instant(text: str) -> datetime | None:
    """Read an HTTP date in any of its three forms; None where it is none of them."""
    if not _DATE.fullmatch(text.strip()):
        return None
    try:
        instant = parsedate_to_datetime(text)
        return instant.replace(tzinfo=UTC) if instant.tzinfo is None else instant.astimezone(UTC)
    except (ValueError, OverflowError, TypeError, IndexError):
        return None
