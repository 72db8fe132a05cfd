"""The composition root, which creates the WSGI application."""

import os
import sys
from collections.abc import Callable
from datetime import UTC, datetime
from functools import partial

from flask import Flask

import feeds.formats._feedgen  # noqa: F401 - imported at start, not by the first request
from feeds.documents.version import settings_digest
from feeds.errors import StoreUnavailableError
from feeds.operations.migrate import require_same_store, require_usable
from feeds.settings import Settings
from feeds.store.read import Reader, Servers
from feeds.web.app import build

# A thread that renders keeps the interpreter for this long while others have polls to answer, each
# of which needs it several times. Python's default is ten times as long.
_SWITCH_SECONDS = 0.0005


def _now() -> datetime:
    return datetime.now(UTC)


def create_app(settings: Settings | None = None, clock: Callable[[], datetime] = _now) -> Flask:
    """Create the WSGI application, with settings from the environment if none are given.

    Raises ``SettingsError``. The store may be unavailable now: it is checked when it answers,
    before anything is served.
    """
    settings = settings or Settings.read(os.environ)
    sys.setswitchinterval(_SWITCH_SECONDS)
    servers = _servers(settings)
    return build(
        Reader(servers, connections=settings.threads, keep=True),
        Reader(servers, connections=1),
        Reader(servers, connections=1, keep=True),
        settings.site,
        clock,
        cache_mb=settings.cache_mb,
        revision_ttl=settings.revision_ttl,
        threads=settings.threads,
        metrics=settings.metrics,
    )


def _servers(settings: Settings) -> Servers:
    return Servers(settings.read_database_url, partial(require_usable, settings))


def check(settings: Settings) -> list[str]:
    """Check that the store can be served with these settings; return warnings.

    Raises ``StoreError`` or ``SettingsError``. A store that does not answer causes a warning.
    """
    warnings = []
    try:
        head = Reader(_servers(settings)).check()
    except StoreUnavailableError as error:
        warnings.append(f"{error} The service waits for it and answers 503 meanwhile.")
    else:
        require_same_store(settings, settings.database_url, head)
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
