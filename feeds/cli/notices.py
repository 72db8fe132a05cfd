"""Suspending the publication, resuming it, and the notices that announce this."""

from __future__ import annotations

from datetime import UTC, datetime
from textwrap import indent
from typing import TYPE_CHECKING

import click

from feeds.cli.context import changing_store, now, with_store
from feeds.errors import RefusedError

if TYPE_CHECKING:
    from zoneinfo import ZoneInfo

    from feeds.domain import Notice, Site
    from feeds.settings import Settings
    from feeds.store import Store


@click.command()
@click.option(
    "--since",
    metavar="INSTANT",
    help="When the suspension began: a date, a date and time in the portal's time zone, or one "
    "with a UTC offset. Default: now.",
)
@click.option("--title", help="The title of the notice.")
@click.option("--text", help="Its text: plain, with blank lines between paragraphs.")
@click.option(
    "--amend",
    is_flag=True,
    help="Change the title, the text or the start date of the current notice. sfeed shows one with "
    "another title as another notice.",
)
@click.option("--dry-run", is_flag=True, help="Print the notice and change nothing.")
@changing_store
def suspend(  # noqa: PLR0913 - each is an option
    store: Store,
    settings: Settings,
    *,
    since: str | None,
    title: str | None,
    text: str | None,
    amend: bool,
    dry_run: bool,
) -> None:
    """Announce in every feed that publication is suspended."""
    from feeds.operations import suspend as operations

    site = settings.site
    start = None if since is None else _instant(since, site.zone)
    if not amend:
        notice = operations.suspend(
            store, settings, now(), since=start, title=title, text=text, dry_run=dry_run
        )
        done = (
            "Would be suspended: every feed would begin"
            if dry_run
            else "Suspended: every feed now begins"
        )
        click.echo(f"{done} with {notice.entry_id}.")
        _print_entry(store, site, notice)
        if dry_run:
            click.echo(
                "Nothing was changed. The id and the dates will be those of the announcement."
            )
        return
    if since is title is text is None:
        raise RefusedError("--amend needs --title, --text or --since.")
    amendment = operations.amend(
        store, settings, now(), since=start, title=title, text=text, dry_run=dry_run
    )
    done = "Would amend" if dry_run else "Amended"
    if amendment.before == amendment.after:
        done = "Unchanged:"
    click.echo(f"{done} {amendment.after.entry_id}.")
    _print_entry(store, site, amendment.after)
    _print_moved_start(site, amendment.before.since, amendment.after.since)
    if dry_run:
        click.echo("Nothing was changed.")


def _instant(stated: str, zone: ZoneInfo) -> datetime:
    """Return an instant in its zone; a date is its midnight, and a time without offset is local."""
    try:
        found = datetime.fromisoformat(stated.strip().upper())
        found = found if found.tzinfo else found.replace(tzinfo=zone)
        found.astimezone(UTC)  # which may be before the year 1
    except (ValueError, OverflowError):
        raise RefusedError(
            f"--since {stated!r} is not a date or a time: write it like 2022-03-01, "
            "2022-03-01T12:00 or 2022-03-01T12:00:00+02:00."
        ) from None
    return found


def _print_entry(store: Store, site: Site, notice: Notice) -> None:
    """Print a notice as readers see it, and in how many documents."""
    from feeds.documents.assemble import notice_text
    from feeds.formats import FORMATS

    with store.read() as snapshot:
        feeds = 1 + snapshot.count_categories()
    click.echo(f"  Title: {notice.title}")
    click.echo(f"  Published: {site.local(notice.announced)}")
    if notice.updated != notice.announced:
        click.echo(f"  Updated: {site.local(notice.updated)}")
    if notice.since:
        click.echo(f"  Suspended since: {site.local(notice.since)}")
    click.echo(
        f"  Documents: {feeds * len(FORMATS):,} ({feeds:,} {'feed' if feeds == 1 else 'feeds'} in "
        f"{len(FORMATS)} formats), and all combined feeds"
    )
    click.echo("  Text:")
    click.echo(indent(notice_text(site, notice), "    "))


def _print_moved_start(site: Site, before: datetime | None, after: datetime | None) -> None:
    """Print what may be imported after the start date of a suspension was amended."""
    if before is None or after is None or before == after:
        return
    if before < after:
        click.echo(
            f"Releases dated until {site.local(after)} can be imported; before, those after "
            f"{site.local(before)} were refused."
        )
    else:
        click.echo(
            f"Releases dated after {site.local(after)} are refused; before, those until "
            f"{site.local(before)} could be imported."
        )


@click.command()
@click.option("--text", help="The text of the notice.")
@changing_store
def resume(store: Store, settings: Settings, text: str | None) -> None:
    """End the suspension and announce it in every feed."""
    from feeds.operations import suspend as operations

    notice = operations.resume(store, settings, now(), text=text)
    click.echo(f"Resumed: every feed now begins with {notice.entry_id}.")
    _print_entry(store, settings.site, notice)
    click.echo(
        "Readers see it at their next poll, which may be a day from now; the notice of the "
        "suspension stays below it. Releases of any date can be imported again."
    )


@click.group(invoke_without_command=True)
@click.pass_context
def notices(context: click.Context) -> None:
    """List the notices, or retract one that was a mistake."""
    if context.invoked_subcommand is None:
        _list()


@with_store
def _list(store: Store, settings: Settings) -> None:
    from feeds.operations import notices as operations

    found = operations.notices(store)
    if not found:
        click.echo("Notices: none.")
    for notice in found:
        dates = _dates(settings.site, notice)
        click.echo(f"{_state(notice)}: {notice.title} ({notice.entry_id}), {dates}")


def _state(notice: Notice) -> str:
    if notice.retracted:
        return "retracted"
    if notice.running:
        return "running"
    return "lifted" if notice.lifted else "announced"


def _dates(site: Site, notice: Notice) -> str:
    instants = {
        "since": notice.since,
        "announced": notice.announced,
        "amended": notice.updated if notice.updated != notice.announced else None,
        "lifted": notice.lifted,
        "retracted": notice.retracted,
    }
    return ", ".join(f"{name} {site.local(one)}" for name, one in instants.items() if one)


@notices.command()
@click.argument("entry_id", metavar="ID")
@changing_store
def retract(store: Store, settings: Settings, entry_id: str) -> None:
    """Take the notice ID out of every document; a suspension together with its resumption."""
    from feeds.operations import notices as operations

    retracted = operations.retract(store, settings, now(), entry_id)
    if not retracted:
        click.echo(f"{entry_id} was already retracted.")
        return
    for notice in retracted:
        click.echo(f"{notice.entry_id} is retracted; no document contains it any more.")
    click.echo("Readers who have fetched it keep it.")
    if retracted[0].running:
        click.echo("Publication is not suspended: releases of any date can be imported.")
