"""What every command is given that works on the store: the settings, the store, the instant."""

import os
from collections.abc import Callable
from datetime import UTC, datetime
from functools import wraps
from typing import Concatenate, ParamSpec

import click
from sqlalchemy import Engine

from feeds.operations.migrate import require_authority
from feeds.settings import Settings
from feeds.store.engine import open_engine
from feeds.store.read.snapshot import snapshot
from feeds.store.schema import version
from feeds.store.write.archive_pages import Recut

P = ParamSpec("P")


def now() -> datetime:
    """Return the instant at which a command is run."""
    return datetime.now(UTC)


def with_store(
    command: Callable[Concatenate[Engine, Settings, P], None],
) -> Callable[P, None]:
    """Hand a command the checked store and the settings."""

    @wraps(command)
    def run(*args: P.args, **kwargs: P.kwargs) -> None:
        settings = Settings.read(os.environ)
        engine = open_engine(settings.database_url)
        version.check(engine)
        with snapshot(engine) as state:
            require_authority(settings, state.everything())
        command(engine, settings, *args, **kwargs)

    return run


def say_recut(recut: tuple[Recut, ...]) -> None:
    """Tell which archive pages were cut anew."""
    for cut in recut:
        of = f"“{cut.name}”" if cut.name else "all releases"
        click.echo(f"The archive pages of {of} were cut anew from page {cut.number} on.")
