"""Suspending the publication and resuming it."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

import click

from feeds.cli.context import changing_store, now
from feeds.errors import RefusedError

if TYPE_CHECKING:
    from feeds.settings import Settings
    from feeds.store import Store


class InstantParamType(click.ParamType[datetime]):
    """A date and time with a UTC offset (RFC 3339), such as ``2022-03-01T12:00:00+02:00``."""

    name = "INSTANT"

    def convert(
        self, value: str, param: click.Parameter | None, ctx: click.Context | None
    ) -> datetime:
        """Return the instant in UTC; raise ``RefusedError`` if it is not one."""
        try:
            instant = datetime.fromisoformat(value)
            if instant.tzinfo is not None:
                return instant.astimezone(UTC)
        except (ValueError, OverflowError):
            pass
        raise RefusedError(
            f"--since {value} is not a date and time with a UTC offset: "
            "write it like 2022-03-01T12:00:00+02:00."
        )


@click.command()
@click.option(
    "--since",
    type=InstantParamType(),
    help="When the suspension began, with a UTC offset. Default: now.",
)
@click.option("--title", help="The title of the notice.")
@click.option("--text", help="Its text: plain, with blank lines between paragraphs.")
@click.option(
    "--amend",
    is_flag=True,
    help="Change the title or text of the current notice. sfeed shows one with another title as "
    "another notice.",
)
@changing_store
def suspend(  # noqa: PLR0913 - each is an option
    store: Store,
    settings: Settings,
    *,
    since: datetime | None,
    title: str | None,
    text: str | None,
    amend: bool,
) -> None:
    """Announce in every feed that publication is suspended."""
    from feeds.operations import suspend as operations

    if not amend:
        notice = operations.suspend(store, settings, now(), since=since, title=title, text=text)
        click.echo(f"Suspended: every feed now begins with {notice.entry_id}.")
        return
    if since is not None or (title is None and text is None):
        raise RefusedError("--amend needs --title or --text or both, and does not allow --since.")
    notice = operations.amend(store, now(), title=title, text=text)
    click.echo(f"Amended {notice.entry_id}.")


@click.command()
@click.option("--text", help="The text of the notice.")
@changing_store
def resume(store: Store, settings: Settings, text: str | None) -> None:
    """End the suspension and announce it in every feed."""
    from feeds.operations import suspend as operations

    notice = operations.resume(store, settings, now(), text=text)
    click.echo(f"Resumed: every feed now begins with {notice.entry_id}.")
