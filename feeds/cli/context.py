"""What every command is given that works on the store: the settings, the store, the instant."""

import os
from collections.abc import Callable
from datetime import UTC, datetime
from functools import wraps
from typing import Concatenate, ParamSpec

import click

from feeds.operations.migrate import require_authority
from feeds.settings import Settings
from feeds.store import Store
from feeds.store.write.archive_pages import Repaginated

P = ParamSpec("P")


def now() -> datetime:
    """Return the instant at which a command is run."""
    return datetime.now(UTC)


def with_store(
    command: Callable[Concatenate[Store, Settings, P], None],
) -> Callable[P, None]:
    """Hand a command the checked store and the settings."""

    @wraps(command)
    def run(*args: P.args, **kwargs: P.kwargs) -> None:
        settings = Settings.read(os.environ)
        store = Store(settings.database_url)
        store.check()
        with store.read() as snapshot:
            require_authority(settings, snapshot.everything())
        command(store, settings, *args, **kwargs)

    return run


def print_repaginated(repaginated: tuple[Repaginated, ...]) -> None:
    """Tell which archive pages were cut anew."""
    for cut in repaginated:
        of = f"“{cut.name}”" if cut.name else "all releases"
        click.echo(f"The archive pages of {of} were cut anew from page {cut.number} on.")
