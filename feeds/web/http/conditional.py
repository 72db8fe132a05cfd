"""From a document and a request to the response that is sent, for every document and page.

Evaluates preconditions (RFC 9110 §13) and, through ``negotiation``, the client's preferences.
"""

import re
from datetime import datetime
from functools import lru_cache
from typing import TYPE_CHECKING

from werkzeug.http import parse_date

from feeds.documents.body import Body
from feeds.documents.codings import CODINGS
from feeds.documents.representation import Metadata
from feeds.web.http.negotiation import content_coding, prefers
from feeds.web.http.response import Response, not_modified, ok

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


def respond(metadata: Metadata, body: Body, environ: "WSGIEnvironment", now: datetime) -> Response:
    """Return the response to GET or HEAD with the headers of a WSGI environment (PEP 3333)."""
    if is_not_modified(metadata, environ, now):
        return not_modified(metadata, now)
    media_type = metadata.media_type
    alternative = metadata.alternative_type
    if alternative is not None and prefers(environ.get("HTTP_ACCEPT"), alternative, media_type):
        media_type = alternative
    coding = accepted_coding(environ)
    response = ok(metadata, body.encoded(coding), media_type, coding, now)
    if _is_unmodified(metadata.last_modified(now), environ):
        # The entity tag is another one, but the date is not later than the client's. curl would
        # keep the new tag and drop the body, and the client would never get the new document.
        headers = [header for header in response.headers if header[0] != "Last-Modified"]
        response = response._replace(headers=headers)
    return response if environ["REQUEST_METHOD"] == "GET" else response._replace(body=b"")


def accepted_coding(environ: "WSGIEnvironment") -> str | None:
    """Return the content coding that a request prefers, or None for identity."""
    return content_coding(environ.get("HTTP_ACCEPT_ENCODING"), _OFFERED)


def is_not_modified(metadata: Metadata, environ: "WSGIEnvironment", now: datetime) -> bool:
    """Return whether a client has the document with these metadata (RFC 9110 §13.2.2)."""
    # If-None-Match takes precedence over If-Modified-Since.
    if_none_match = environ.get("HTTP_IF_NONE_MATCH")
    if if_none_match is None:
        return _is_unmodified(metadata.last_modified(now), environ)
    return matches(if_none_match, metadata.etag)


def _is_unmodified(last_modified: datetime | None, environ: "WSGIEnvironment") -> bool:
    """Return whether the client's ``If-Modified-Since`` is not earlier than the last change."""
    since = environ.get("HTTP_IF_MODIFIED_SINCE")
    if since is None or last_modified is None:
        return False
    instant = parse_http_date(since)
    return instant is not None and last_modified <= instant


def is_conditional(environ: "WSGIEnvironment") -> bool:
    """Return whether a request has a precondition that may be answered 304."""
    return "HTTP_IF_NONE_MATCH" in environ or "HTTP_IF_MODIFIED_SINCE" in environ


def matches(if_none_match: str, etag: str) -> bool:
    """Return whether ``If-None-Match`` names an entity tag; compared weakly (RFC 9110 §8.8.3.2)."""
    if if_none_match == etag or if_none_match.strip() == "*":
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
