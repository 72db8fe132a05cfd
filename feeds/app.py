"""The composition root, which creates the WSGI application."""

import os
import sys
from collections.abc import Callable
from datetime import UTC, datetime

from flask import Flask

import feeds.formats._feedgen  # noqa: F401 - imported at start, not by the first request
from feeds.documents.version import settings_digest
from feeds.operations.migrate import require_authority, require_page_size
from feeds.settings import Settings
from feeds.store import Store
from feeds.store.read import Reader
from feeds.web.app import build

# A thread that renders keeps the interpreter for this long while others have polls to answer, each
# of which needs it several times. Python's default is ten times as long.
_SWITCH_SECONDS = 0.0005


def _now() -> datetime:
    return datetime.now(UTC)


def create_app(settings: Settings | None = None, clock: Callable[[], datetime] = _now) -> Flask:
    """Create the WSGI application, with settings from the environment if none are given.

    Raises ``SettingsError``. The store is opened at each request, so it may be unavailable now.
    """
    settings = settings or Settings.read(os.environ)
    sys.setswitchinterval(_SWITCH_SECONDS)
    return build(
        # While the database server hangs, one thread remains to answer from the cache.
        Reader(settings.database_url, connections=max(1, settings.threads - 1)),
        Reader(settings.database_url, connections=1),
        Reader(settings.database_url, connections=1),
        settings.site,
        clock,
        cache_mb=settings.cache_mb,
        revision_ttl=settings.revision_ttl,
        threads=settings.threads,
    )


def check(settings: Settings) -> list[str]:
    """Check that the store can be served with these settings; return warnings.

    Raises ``StoreError`` or ``SettingsError``.
    """
    store = Store(settings.database_url)
    store.check()
    with store.read() as snapshot:
        head = snapshot.head()
        require_authority(settings, snapshot.everything())
    require_page_size(settings, head)
    warnings = []
    if head.settings_digest != settings_digest(settings.site):
        warnings.append(
            "Settings or formats have changed since the last `feeds migrate`: run it again."
        )
    catalogue = settings.site.words.catalogue
    if catalogue.missing:
        first, *others = catalogue.missing
        warnings.append(
            f"FEEDS_CATALOGUE lacks “{first}” and {len(others)} other texts of this version, "
            "which are shown in English."
        )
    if ineffective := [text for text in catalogue.ineffective if text not in catalogue.missing]:
        first, *others = ineffective
        warnings.append(
            f"FEEDS_CATALOGUE has “{first}” and {len(others)} other texts without effect: they "
            "have no translation, or are not texts of this version."
        )
    return warnings
