"""Representations: bytes with a media type, their entity tag, content codings and freshness.

Feeds, archive documents, pages and static files are all served as this (RFC 9110 §3.2). Nothing
here knows what the bytes are.
"""

import hashlib
import json
from collections.abc import Callable, Hashable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import lru_cache

from feeds.documents.body import Body, Rendering

FRESHNESS = timedelta(minutes=15)
LONG_FRESHNESS = timedelta(days=1)
LONG_FRESHNESS_AFTER = timedelta(days=28)
"""How long after the announcement of a suspension ``LONG_FRESHNESS`` begins to apply."""

STALE_FRESHNESS = timedelta(seconds=30)
"""Freshness of a response that says that the client's document is still served (rule 6)."""

_STALE_WHILE_REVALIDATE = timedelta(hours=1)
_STALE_IF_ERROR = timedelta(days=7)


@dataclass(frozen=True, slots=True)
class Metadata:
    """What HTTP says about one document, without its bytes (RFC 9110 §8).

    ``etag`` is the weak entity tag, the same for every content coding and media type (rule 4).
    ``changed`` is the instant of the last visible change, or None if only a new version of the
    service changes it. ``announced`` is the instant at which a running suspension was announced.
    ``alternative_type`` is a second media type for the same bytes. ``is_archive`` means that it
    rarely changes. ``parts`` are the parts of the store that the document is made from: it is stale
    once one of them has changed. ``surrogate_keys`` are the keys by which a CDN may purge it,
    separated by spaces. ``shows_pictures`` means that it contains pictures of other hosts.
    ``file_name`` is the name under which a browser saves it instead of showing it, if it should.
    """

    etag: str
    media_type: str
    changed: datetime | None = None
    announced: datetime | None = None
    alternative_type: str | None = None
    is_archive: bool = False
    parts: tuple[Hashable, ...] = ()
    surrogate_keys: str = ""
    shows_pictures: bool = False
    file_name: str = ""

    def cache_control(self, now: datetime) -> str:
        """Return the value of ``Cache-Control`` (RFC 9111 §5.2, RFC 5861)."""
        long_suspended = self.announced is not None and now >= self.announced + LONG_FRESHNESS_AFTER
        return _cache_control(LONG_FRESHNESS if long_suspended or self.is_archive else FRESHNESS)

    def last_modified(self, now: datetime) -> datetime | None:
        """Return the instant of the last change, or None while it is in the future (rule 5)."""
        return self.changed if self.changed is not None and self.changed <= now else None


@dataclass(frozen=True, slots=True)
class Document:
    """A document whose metadata are known before its bytes.

    ``render`` makes these. It is given the body of the previous document, if that is known.
    ``previous`` returns the metadata of the document before the last change, with the last revision
    of the store at which they were current; it is None if no client may keep that document.
    ``in_other_formats`` has what returns the same document in other formats, by the
    extension of their paths.
    """

    metadata: Metadata
    render: Callable[[Body | None], Rendering]
    previous: Callable[[], tuple[Metadata, int]] | None = None
    in_other_formats: Mapping[str, Callable[[], "Document"]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Representation:
    """The bytes of one document and what HTTP says about them."""

    metadata: Metadata
    body: bytes


@lru_cache(maxsize=4)
def _cache_control(fresh: timedelta) -> str:
    return (
        f"public, max-age={int(fresh.total_seconds())}, "
        f"stale-while-revalidate={int(_STALE_WHILE_REVALIDATE.total_seconds())}, "
        f"stale-if-error={int(_STALE_IF_ERROR.total_seconds())}"
    )


STALE_CACHE_CONTROL = (
    f"public, max-age={int(STALE_FRESHNESS.total_seconds())}, "
    f"stale-if-error={int(_STALE_IF_ERROR.total_seconds())}"
)
"""Without ``stale-while-revalidate``, by which a cache would serve the previous document longer."""


def longest_use(fresh: timedelta) -> timedelta:
    """Return how long a cache may at most serve a document that is fresh for some time."""
    return fresh + _STALE_WHILE_REVALIDATE + _STALE_IF_ERROR


def entity_tag(*values: object) -> str:
    """Return the weak entity tag of a document whose bytes depend on these values alone."""
    return _weak(json.dumps(values).encode())


def entity_tag_of(body: bytes) -> str:
    """Return a weak entity tag made from the bytes themselves."""
    return _weak(body)


def _weak(identifying: bytes) -> str:
    return f'W/"{hashlib.sha256(identifying).hexdigest()[:32]}"'
