"""Responses, composed from the metadata of a document and from its body."""

from datetime import datetime
from functools import lru_cache
from typing import NamedTuple

from werkzeug.http import http_date

from feeds.documents.representation import STALE_CACHE_CONTROL, Metadata

COMMON_HEADERS = (
    ("X-Content-Type-Options", "nosniff"),
    ("Access-Control-Allow-Origin", "*"),
    ("Access-Control-Expose-Headers", "ETag"),
)
"""Headers of every response, also of errors."""


def _browser_headers(pictures: str) -> tuple[tuple[str, str], ...]:
    policy = (
        f"default-src 'none'; style-src 'self'; script-src 'self'; img-src {pictures}; "
        "base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
    )
    return (("Content-Security-Policy", policy), ("Referrer-Policy", "same-origin"))


BROWSER_HEADERS = _browser_headers("'self'")
"""Headers of a document that a browser shows: it loads only our files and is not framed."""

PICTURE_HEADERS = _browser_headers("'self' https: http:")
"""Headers of a page that shows pictures of other hosts."""

_BROWSER_TYPES = frozenset(["text/html", "application/xml"])


class Response(NamedTuple):
    """A complete response."""

    status: str
    headers: list[tuple[str, str]]
    body: bytes


def not_modified(metadata: Metadata, now: datetime, *, stale: bool = False) -> Response:
    """Return the response 304; ``stale`` means that the document will soon be another."""
    cache_control = STALE_CACHE_CONTROL if stale else metadata.cache_control(now)
    return Response("304 Not Modified", _headers(metadata, now, cache_control), b"")


def ok(
    metadata: Metadata, body: bytes, media_type: str, coding: str | None, now: datetime
) -> Response:
    """Return the response 200 in a media type, with the body in a content coding."""
    headers = _headers(metadata, now, metadata.cache_control(now))
    headers.append(("Content-Type", content_type(media_type)))
    if coding is not None:
        headers.append(("Content-Encoding", coding))
    headers.append(("Content-Length", str(len(body))))
    if metadata.file_name:
        headers.append(("Content-Disposition", attachment(metadata.file_name)))
    if media_type in _BROWSER_TYPES:
        headers += PICTURE_HEADERS if metadata.shows_pictures else BROWSER_HEADERS
    return Response("200 OK", headers, body)


def attachment(file_name: str) -> str:
    """Return the value of ``Content-Disposition`` with which a browser saves a file (RFC 6266)."""
    return f'attachment; filename="{file_name}"'


def content_type(media_type: str) -> str:
    """Return the value of ``Content-Type``; everything that is text is in UTF-8."""
    return media_type if media_type.startswith("image/") else f"{media_type}; charset=utf-8"


def _headers(metadata: Metadata, now: datetime, cache_control: str) -> list[tuple[str, str]]:
    headers = [*COMMON_HEADERS, ("ETag", metadata.etag)]
    last_modified = metadata.last_modified(now)
    if last_modified is not None:
        headers.append(("Last-Modified", _http_date(last_modified)))
    headers.append(("Cache-Control", cache_control))
    vary = "Accept, Accept-Encoding" if metadata.alternative_type else "Accept-Encoding"
    headers.append(("Vary", vary))
    if metadata.surrogate_keys:
        headers.append(("Surrogate-Key", metadata.surrogate_keys))
    return headers


@lru_cache(maxsize=1024)  # most documents have one of a few instants
def _http_date(instant: datetime) -> str:
    return http_date(instant)
