"""What the commands share: the current time, the checked store and the settings."""

from __future__ import annotations

import os
from datetime import UTC, datetime
from functools import wraps
from typing import TYPE_CHECKING, Concatenate, ParamSpec

import click

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from feeds.settings import Settings
    from feeds.store import Store
    from feeds.store.write.archive_pages import Repaginated

P = ParamSpec("P")

REFUSED = 1
NOTHING_DONE = 2
"""Exit codes; 0 means success."""


def now() -> datetime:
    """Return the current time in UTC."""
    return datetime.now(UTC)


def with_store(command: Callable[Concatenate[Store, Settings, P], None]) -> Callable[P, None]:
    """Pass the store and the settings to a command, after checking that they fit each other."""

    @wraps(command)
    def run(*args: P.args, **kwargs: P.kwargs) -> None:
        from feeds.operations.migrate import require_authority
        from feeds.settings import Settings
        from feeds.store import Store

        settings = Settings.read(os.environ)
        store = Store(settings.database_url)
        store.check()
        with store.read() as snapshot:
            require_authority(settings, snapshot.everything())
        command(store, settings, *args, **kwargs)

    return run


def print_repaginated(repaginated: Iterable[Repaginated]) -> None:
    """Print which archive pages were repaginated."""
    for pages in repaginated:
        of = f"“{pages.name}”" if pages.name else "all releases"
        click.echo(f"The archive pages of {of} were repaginated from page {pages.number} on.")
