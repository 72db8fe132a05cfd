"""What the commands share: the current time, the checked store and the settings."""

from __future__ import annotations

import os
from datetime import UTC, datetime, timedelta
from functools import wraps
from typing import TYPE_CHECKING, Concatenate, ParamSpec

import click

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from feeds.settings import Settings
    from feeds.store import Store
    from feeds.store.write.archive_pages import Repaginated

P = ParamSpec("P")

REFUSED = 1
NOTHING_DONE = 2
"""Exit codes; 0 means success."""

CLOCK_TOLERANCE = timedelta(seconds=60)
"""How far the last change may be in the future: each of several commands in a second adds one."""


def now() -> datetime:
    """Return the current time in UTC."""
    return datetime.now(UTC)


def with_store(command: Callable[Concatenate[Store, Settings, P], None]) -> Callable[P, None]:
    """Pass the store and the settings to a command, after checking that they fit each other."""
    return _with_store(command, changes=False)


def changing_store(command: Callable[Concatenate[Store, Settings, P], None]) -> Callable[P, None]:
    """Do the same for a command that changes the store, which needs the zone of the store."""
    return _with_store(command, changes=True)


def _with_store(
    command: Callable[Concatenate[Store, Settings, P], None], *, changes: bool
) -> Callable[P, None]:
    @wraps(command)
    def run(*args: P.args, **kwargs: P.kwargs) -> None:
        from feeds.cli import journal
        from feeds.errors import SettingsError
        from feeds.operations.migrate import (
            language_warning,
            require_authority,
            require_same_store,
            require_timezone,
        )
        from feeds.settings import Settings
        from feeds.store import Store

        settings = Settings.read(os.environ)
        store = Store(settings.database_url)
        store.check()
        with store.read() as snapshot:
            require_authority(settings, snapshot.everything())
            head = snapshot.head()
        if changes:
            require_timezone(settings, head)
            if warning := language_warning(settings, head):
                click.echo(f"feeds: {warning}", err=True)
        try:
            require_same_store(settings, settings.read_database_url, head)
        except SettingsError as error:  # not an error: for a moment a replica may lag
            click.echo(f"feeds: {error}", err=True)
        last_change = head.instant
        if last_change > now() + CLOCK_TOLERANCE:
            click.echo(
                "feeds: The last change of the release store is dated "
                f"{settings.site.local(last_change)}, which is in the future. Changes are dated "
                "after it until then: check the clock of this machine.",
                err=True,
            )
        try:
            command(store, settings, *args, **kwargs)
        finally:  # also of an import that was interrupted, or refused something
            if store.changed is not None:
                journal.record(store.name, store.changed)

    return run


def contents(counts: Mapping[str, int]) -> str:
    """Return what an export has, by the number of rows in each table."""
    return ", ".join(
        (
            counted(counts["release"], "release", "releases"),
            counted(counts["selection"] - 1, "category", "categories"),
            counted(counts["notice"], "notice", "notices"),
        )
    )


def counted(number: int, one: str, many: str) -> str:
    """Return a number with the singular or the plural of what is counted."""
    return f"{number:,} {one if number == 1 else many}"


def print_repaginated(repaginated: Iterable[Repaginated], *, err: bool = False) -> None:
    """Print which archive pages were repaginated."""
    for pages in repaginated:
        of = f"“{pages.name}”" if pages.name else "all releases"
        click.echo(
            f"The archive pages of {of} were repaginated from page {pages.number} on.", err=err
        )
