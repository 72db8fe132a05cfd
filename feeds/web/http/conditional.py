"""From a cached response and a request to the response that is sent, for every document and page.

Evaluates preconditions (RFC 9110 §13) and, through ``negotiation``, the client's preferences.
"""

import re
from datetime import datetime
from functools import lru_cache
from typing import TYPE_CHECKING

from werkzeug.http import parse_date

from feeds.documents.representation import CODINGS
from feeds.web.http.negotiation import content_coding, prefers
from feeds.web.http.response import CachedResponse, Response

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIEnvironment

ALLOWED_METHODS = "GET, HEAD, OPTIONS"

OPTIONS_HEADERS = (
    ("Allow", ALLOWED_METHODS),
    ("Access-Control-Allow-Methods", ALLOWED_METHODS),
    ("Access-Control-Allow-Headers", "If-None-Match, If-Modified-Since"),
    ("Access-Control-Max-Age", "86400"),
)

# An entity tag in quotes, or one whose quotes a client lost. Takes time linear in the header.
_ETAG = re.compile(r'"([^"]*)"|([^\s",]+)')
# Appended to the entity tags of others by proxies that compress.
_CODING_SUFFIX = re.compile(r"[-;](?:gzip|br|zstd)$")

_OFFERED = tuple(CODINGS)


def respond(cached: CachedResponse, environ: "WSGIEnvironment", now: datetime) -> Response:
    """Return the response to GET or HEAD with the headers of a WSGI environment (PEP 3333)."""
    responses = cached.responses(now)
    last_modified = responses.last_modified
    # If-None-Match takes precedence over If-Modified-Since (RFC 9110 §13.2.2).
    if_none_match = environ.get("HTTP_IF_NONE_MATCH")
    if if_none_match is None:
        is_unchanged = _is_unmodified(last_modified, environ)
    else:
        is_unchanged = if_none_match == cached.etag or matches(if_none_match, cached.etag)
    if is_unchanged:
        return responses.not_modified
    media_type = cached.representation.media_type
    alternative = cached.representation.alternative_type
    if alternative is not None and prefers(environ.get("HTTP_ACCEPT"), alternative, media_type):
        media_type = alternative
    coding = content_coding(environ.get("HTTP_ACCEPT_ENCODING"), _OFFERED)
    response = responses.ok(cached, media_type, coding)
    if _is_unmodified(last_modified, environ):
        # The entity tag is another one, but the date is not later than the client's. curl would
        # keep the new tag and drop the body, and the client would never get the new document.
        headers = [header for header in response.headers if header[0] != "Last-Modified"]
        response = response._replace(headers=headers)
    return response if environ["REQUEST_METHOD"] == "GET" else response._replace(body=b"")


def _is_unmodified(last_modified: datetime | None, environ: "WSGIEnvironment") -> bool:
    """Return whether the client's ``If-Modified-Since`` is not earlier than the last change."""
    since = environ.get("HTTP_IF_MODIFIED_SINCE")
    if since is None or last_modified is None:
        return False
    instant = parse_http_date(since)
    return instant is not None and last_modified <= instant


def matches(if_none_match: str, etag: str) -> bool:
    """Return whether ``If-None-Match`` names an entity tag; compared weakly (RFC 9110 §8.8.3.2)."""
    if if_none_match.strip() == "*":
        return True
    opaque = etag.removeprefix("W/").strip('"')
    return any(
        _CODING_SUFFIX.sub("", match[1] if match[1] is not None else match[2]) == opaque
        for match in _ETAG.finditer(if_none_match)
    )


@lru_cache(maxsize=256)
def parse_http_date(text: str) -> datetime | None:
    """Parse an HTTP date (RFC 9110 §5.6.7); return None if it is not one."""
    try:
        return parse_date(text)
    except OverflowError:  # an offset from UTC with very many digits
        return None
