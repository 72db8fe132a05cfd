"""Representations: bytes with a media type, their entity tag, content codings and freshness.

Feeds, archive documents, pages and static files are all served as this (RFC 9110 §3.2). Nothing
here knows what the bytes are.
"""

import gzip
import hashlib
from collections.abc import Callable, Hashable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cached_property

import brotli

FRESHNESS = timedelta(minutes=15)
LONG_FRESHNESS = timedelta(days=1)
LONG_FRESHNESS_AFTER = timedelta(days=28)
"""How long after the announcement of a suspension ``LONG_FRESHNESS`` begins to apply."""

_STALE_WHILE_REVALIDATE = timedelta(hours=1)
_STALE_IF_ERROR = timedelta(days=7)

_ALWAYS = (datetime.min.replace(tzinfo=UTC), datetime.max.replace(tzinfo=UTC))

CODINGS: dict[str, Callable[[bytes], bytes]] = {
    "br": lambda body: brotli.compress(body, quality=5),
    "gzip": lambda body: gzip.compress(body, 6, mtime=0),
}
"""The content codings offered, the preferred first. docs/performance.md explains the levels."""


@dataclass(frozen=True)
class Representation:
    """The bytes of one document and what HTTP says about them.

    ``changed`` is the instant of the last visible change, or None if only a new version of the
    service changes it. ``announced`` is the instant at which a running suspension was announced.
    ``alternative_type`` is a second media type for the same bytes. ``is_archive`` means that it
    rarely changes. ``parts`` are the parts of the store that it was made from: it is stale once
    one of them has changed. ``surrogate_keys`` are the keys by which a CDN may purge it.
    """

    body: bytes
    media_type: str
    changed: datetime | None = None
    announced: datetime | None = None
    alternative_type: str | None = None
    is_archive: bool = False
    parts: frozenset[Hashable] = frozenset()
    surrogate_keys: tuple[str, ...] = ()

    @cached_property
    def etag(self) -> str:
        """The weak entity tag, the same for every content coding and media type (rule 4)."""
        return f'W/"{hashlib.sha256(self.body).hexdigest()[:32]}"'

    def encoded(self, coding: str | None) -> bytes:
        """Return the body in a content coding of ``CODINGS``, or as it is for None (identity)."""
        return self.body if coding is None else CODINGS[coding](self.body)

    def cache_control(self, now: datetime) -> str:
        """Return the value of ``Cache-Control`` (RFC 9111 §5.2, RFC 5861)."""
        long_suspended = self.announced is not None and now >= self.announced + LONG_FRESHNESS_AFTER
        fresh = LONG_FRESHNESS if long_suspended or self.is_archive else FRESHNESS
        return (
            f"public, max-age={int(fresh.total_seconds())}, "
            f"stale-while-revalidate={int(_STALE_WHILE_REVALIDATE.total_seconds())}, "
            f"stale-if-error={int(_STALE_IF_ERROR.total_seconds())}"
        )

    def last_modified(self, now: datetime) -> datetime | None:
        """Return the instant of the last change, or None while it is in the future (rule 5)."""
        return self.changed if self.changed is not None and self.changed <= now else None

    def headers_valid(self, now: datetime) -> tuple[datetime, datetime]:
        """Return the half-open interval around ``now`` in which the headers stay the same."""
        instants = [self.changed, self.announced and self.announced + LONG_FRESHNESS_AFTER]
        past = [instant for instant in instants if instant is not None and instant <= now]
        future = [instant for instant in instants if instant is not None and instant > now]
        return max(past, default=_ALWAYS[0]), min(future, default=_ALWAYS[1])
