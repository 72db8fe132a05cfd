"""One representation and one request into the answer: the only implementation of it.

Knows validators, codings, freshness and CORS (RFC 9110, RFC 9111), but not what is represented
nor the framework: every document and page is answered here.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import format_datetime, parsedate_to_datetime

from feeds.representation import CODINGS, Representation
from feeds.web.negotiation import coding, prefers

ALLOWED = "GET, HEAD, OPTIONS"

EVERYWHERE = (
    ("X-Content-Type-Options", "nosniff"),
    ("Access-Control-Allow-Origin", "*"),
    ("Access-Control-Expose-Headers", "ETag"),
)
"""Headers of every answer, errors included."""

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


@dataclass(frozen=True, slots=True)
class Answer:
    """A whole response."""

    status: int
    headers: list[tuple[str, str]]
    body: bytes


def answer(
    representation: Representation, method: str, request: Mapping[str, str], now: datetime
) -> Answer:
    """Answer GET or HEAD. ``request`` maps a header's lower-case name to its value."""
    headers = list(EVERYWHERE)
    headers.append(("ETag", representation.etag))
    modified = representation.last_modified(now)
    if modified is not None:
        headers.append(("Last-Modified", http_date(modified)))
    headers.append(("Cache-Control", representation.cache_control(now)))
    varies = "Accept, Accept-Encoding" if representation.alternative else "Accept-Encoding"
    headers.append(("Vary", varies))
    if _is_unchanged(representation.etag, modified, request):
        return Answer(304, headers, b"")
    media_type = representation.media_type
    alternative = representation.alternative
    if alternative and prefers(request.get("accept"), alternative, media_type):
        media_type = alternative
    headers.append(("Content-Type", _with_charset(media_type)))
    chosen = coding(request.get("accept-encoding"), tuple(CODINGS))
    body = representation.coded(chosen)
    if chosen is not None:
        headers.append(("Content-Encoding", chosen))
    headers.append(("Content-Length", str(len(body))))
    return Answer(200, headers, b"" if method == "HEAD" else body)


def http_date(instant: datetime) -> str:
    """Write an instant as an HTTP date (RFC 9110 §5.6.7)."""
    return format_datetime(instant.astimezone(UTC), usegmt=True)


def _with_charset(media_type: str) -> str:
    return media_type if media_type.startswith("image/") else f"{media_type}; charset=utf-8"


def _is_unchanged(etag: str, modified: datetime | None, request: Mapping[str, str]) -> bool:
    """Evaluate the preconditions: If-None-Match, if sent, decides alone (RFC 9110 §13.2.2)."""
    none_match = request.get("if-none-match")
    if none_match is not None:
        return names(none_match, etag)
    since = http_instant(request.get("if-modified-since", ""))
    return modified is not None and since is not None and modified <= since


def names(header: str, etag: str) -> bool:
    """Whether ``If-None-Match`` names the entity tag, compared weakly (RFC 9110 §8.8.3.2)."""
    if header.strip() == "*":
        return True
    opaque = etag.removeprefix("W/").strip('"')
    return any(
        _SUFFIX.sub("", match[1] if match[1] is not None else match[2]) == opaque
        for match in _TAG.finditer(header)
    )


def http_instant(text: str) -> datetime | None:
    """Read an HTTP date in any of its three forms; None where it is none of them."""
    if not _DATE.fullmatch(text.strip()):
        return None
    try:
        instant = parsedate_to_datetime(text)
        return instant.replace(tzinfo=UTC) if instant.tzinfo is None else instant.astimezone(UTC)
    except (ValueError, OverflowError, TypeError, IndexError):
        return None
