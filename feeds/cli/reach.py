"""Who has heard of an announcement: ``feeds reach``."""

from __future__ import annotations

import json
import shlex
from contextlib import ExitStack
from pathlib import Path
from typing import IO, TYPE_CHECKING

import click

from feeds.cli.context import with_store
from feeds.errors import NothingToDoError

if TYPE_CHECKING:
    from feeds.domain import Site
    from feeds.operations.reach.in_vain import InVain
    from feeds.operations.reach.pollers import Counts
    from feeds.operations.reach.reach import Reach
    from feeds.settings import Settings
    from feeds.store import Store

_MOST_FEEDS = 50


@click.command()
@click.argument("logs", metavar="LOG...", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
@click.option(
    "--combined",
    type=click.Path(path_type=Path),
    help="Write the addresses of the combined feeds that were asked for to a new file.",
)
@with_store
def reach(
    store: Store,
    settings: Settings,
    *,
    logs: tuple[Path, ...],
    as_json: bool,
    combined: Path | None,
) -> None:
    """Count who has heard of an announcement, and what is asked for in vain.

    LOG is an access log of nginx, Apache or gunicorn, also compressed with gzip, or - for standard
    input.
    """
    from feeds.cli.progress import reported
    from feeds.operations.reach import reach as operations

    with ExitStack() as stack:
        file = stack.enter_context(_new_file(combined)) if combined else None
        found = operations.reach(store, settings, logs, reported)
        if file:
            file.writelines(f"{feed}\n" for feed in found.combined)
    if as_json:
        click.echo(json.dumps(found.as_json(), indent=2))
    else:
        _print(found, settings.site)


def _new_file(path: Path) -> IO[str]:
    try:
        return path.open("x", encoding="utf-8")
    except FileExistsError:
        raise NothingToDoError(f"{path} exists: name a new file.") from None
    except OSError as error:
        raise NothingToDoError(f"{path} cannot be written: {error.strerror}.") from None


def _print(found: Reach, site: Site) -> None:
    _print_announcement(found, site)
    _print_logs(found)
    _print_total(found)
    heard = found.announcement is not None
    click.echo(
        "These are estimates: people who share an address and a program count as one poller, and a "
        "poller whose address or version changes counts as several."
    )
    if found.readers:
        click.echo("By reader:")
    for name, counts in found.readers.items():
        subscribers = found.subscribers.get(name)
        declares = f"; declares {subscribers:,} subscribers" if subscribers is not None else ""
        click.echo(f"  {name}: {_counts(counts, heard=heard)}{declares}")
    if found.feeds:
        click.echo("By feed:")
    for feed, counts in list(found.feeds.items())[:_MOST_FEEDS]:
        click.echo(f"  {feed}: {_counts(counts, heard=heard)}")
    if len(found.feeds) > _MOST_FEEDS:
        click.echo(f"  {len(found.feeds) - _MOST_FEEDS:,} more with fewer pollers: see --json.")
    if found.unlisted:
        click.echo(f"  {found.unlisted:,} requests for further feeds, which are not told apart.")
    _print_in_vain(found)


def _print_announcement(found: Reach, site: Site) -> None:
    if found.announcement is None:
        click.echo(
            "Nothing was announced, so there is no before and since: all requests count together."
        )
        return
    notice = found.announcement.notice
    click.echo(f"Announced {site.local(notice.announced)}: {notice.title} ({notice.entry_id})")
    click.echo(
        f"Feeds answered after {site.local(found.announcement.certain)} are certain to hold it."
    )


def _print_logs(found: Reach) -> None:
    days = ", ".join(
        str(first) if first == last else f"{first} to {last}" for first, last in found.days
    )
    click.echo(f"The logs cover {days or 'no days that count'}.")
    outside = f", {found.outside:,} too old to count" if found.outside else ""
    click.echo(f"Lines: {found.lines:,}, {found.others:,} of another form{outside}.")


def _print_total(found: Reach) -> None:
    total = found.total
    if found.announcement is None:
        click.echo(f"Pollers that asked for feeds: {total.pollers:,}.")
    else:
        click.echo(
            f"Pollers that asked for feeds: {total.pollers:,} ({total.before:,} in the 28 days "
            f"before the announcement, {total.since:,} since)."
        )
        click.echo(f"  {total.heard:,} have heard: a feed that they got holds the notice.")
        click.echo(f"  {total.not_certain:,} have asked since, but perhaps got an older document.")
        click.echo(f"  {total.not_back:,} have not come back since.")


def _counts(counts: Counts, *, heard: bool) -> str:
    pollers = f"{counts.pollers:,} {'poller' if counts.pollers == 1 else 'pollers'}"
    if not heard:
        return pollers
    return (
        f"{pollers}: {counts.heard:,} heard, {counts.not_certain:,} not certain, "
        f"{counts.not_back:,} not back"
    )


def _print_in_vain(found: Reach) -> None:
    if not found.in_vain:
        return
    low = f" (each count may be too low by {found.missing:,})" if found.missing else ""
    click.echo(f"Asked for in vain, the most frequent first{low}:")
    for address in found.in_vain:
        click.echo(f"  {address.requests:,} × {address.address} ({address.status}){_mend(address)}")


def _mend(address: InVain) -> str:
    if address.mended:
        return ": redirected by now"
    if address.target is None:
        return ""
    return f"\n    feeds address add {shlex.quote(address.address)} {address.target}"
