"""Bytes and a media type into a representation: validators, content codings, freshness.

What the bytes are is not known here: feeds, archive documents and pages are all served as this
(RFC 9110 §3.2).
"""

import gzip
import hashlib
from collections.abc import Callable, Hashable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cached_property

import brotli

FRESH = timedelta(minutes=15)
CALM = timedelta(days=1)
CALM_AFTER = timedelta(days=28)
"""From four weeks after the announcement of a suspension a day's freshness is enough."""

_STALE_WHILE_REVALIDATE = timedelta(hours=1)
_STALE_IF_ERROR = timedelta(days=7)

_EVER = (datetime.min.replace(tzinfo=UTC), datetime.max.replace(tzinfo=UTC))

CODINGS: dict[str, Callable[[bytes], bytes]] = {
    "br": lambda body: brotli.compress(body, quality=5),
    "gzip": lambda body: gzip.compress(body, 6, mtime=0),
}
"""The content codings offered, in the order of our preference; levels: docs/performance.md."""


@dataclass(frozen=True)
class Representation:
    """The bytes of one document with all that HTTP says of them.

    ``changed`` is the instant of the last visible change of what it shows, or None for what only
    a new version of the service changes; ``announced`` that of a running suspension.
    ``alternative`` is a second media type under which the same bytes may be asked for.
    ``archived`` tells that it will hardly ever change. ``parts`` are what it was made of: it has
    to be made anew once one of them has changed. ``keys`` are what a CDN may purge it by.
    """

    body: bytes
    media_type: str
    changed: datetime | None = None
    announced: datetime | None = None
    alternative: str | None = None
    archived: bool = False
    parts: frozenset[Hashable] = frozenset()
    keys: tuple[str, ...] = ()

    @cached_property
    def etag(self) -> str:
        """The weak entity tag, the same in every coding and media type (rule 4)."""
        return f'W/"{hashlib.sha256(self.body).hexdigest()[:32]}"'

    def coded(self, coding: str | None) -> bytes:
        """Return the body in a content coding of ``CODINGS``, or in identity."""
        return self.body if coding is None else CODINGS[coding](self.body)

    def cache_control(self, now: datetime) -> str:
        """Return how long caches and readers may go without asking again."""
        calm = self.announced is not None and now >= self.announced + CALM_AFTER
        seconds = int((CALM if calm or self.archived else FRESH).total_seconds())
        return (
            f"public, max-age={seconds}, "
            f"stale-while-revalidate={int(_STALE_WHILE_REVALIDATE.total_seconds())}, "
            f"stale-if-error={int(_STALE_IF_ERROR.total_seconds())}"
        )

    def last_modified(self, now: datetime) -> datetime | None:
        """Return the instant of the last change, or None while the clock is behind it (rule 5)."""
        return self.changed if self.changed is not None and self.changed <= now else None

    def steady(self, now: datetime) -> tuple[datetime, datetime]:
        """Return from when until before when the headers are those of ``now``."""
        turns = [self.changed, self.announced and self.announced + CALM_AFTER]
        past = [turn for turn in turns if turn is not None and turn <= now]
        ahead = [turn for turn in turns if turn is not None and turn > now]
        return max(past, default=_EVER[0]), min(ahead, default=_EVER[1])
