"""The composition root: the only file that knows every part."""

import os
from collections.abc import Callable
from datetime import UTC, datetime

from flask import Flask

from feeds.documents import settings_digest
from feeds.operations.migrate import require_window
from feeds.settings import Settings
from feeds.store import schema
from feeds.store.engine import database_path, open_engine
from feeds.store.reads import snapshot
from feeds.web import build


def _now() -> datetime:
    return datetime.now(UTC)


def create_app(settings: Settings | None = None, clock: Callable[[], datetime] = _now) -> Flask:
    """Make the WSGI application, from the environment unless settings are given.

    Raises ``SettingsError``. The store is opened at each request, so that it may be away now.
    """
    settings = settings or Settings.read(os.environ)
    return build(open_engine(settings.database_url), settings.site, clock)


def check(settings: Settings) -> list[str]:
    """Check that the store can be served with these settings; return warnings.

    Raises ``StoreError`` or ``SettingsError`` with what to do.
    """
    engine = open_engine(settings.database_url)
    schema.check(engine, database_path(settings.database_url))
    with snapshot(engine) as state:
        head = state.head()
    require_window(settings, head)
    if head.settings_digest != settings_digest(settings.site):
        return ["Settings or formats have changed since the last `feeds migrate`: run it now."]
    return []
