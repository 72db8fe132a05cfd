"""The store as a whole: migrate, status, export and backup."""

from __future__ import annotations

import io
import json
import os
import shutil
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

import click

from feeds.cli.context import now, with_store

if TYPE_CHECKING:
    from feeds.domain import Site
    from feeds.operations.status import Status
    from feeds.settings import Settings
    from feeds.store import Store

_MOST_HOSTS = 10


@click.command()
def migrate() -> None:
    """Create the store, or update it after a deployment."""
    from feeds.cli import journal
    from feeds.operations import migrate as operations
    from feeds.settings import Settings
    from feeds.store import Store

    settings = Settings.read(os.environ)
    result = operations.migrate(settings, now())
    store = Store(settings.database_url).name
    if result.before is None:
        click.echo(f"Created the store {store} (schema {result.after}).")
    elif result.before != result.after:
        click.echo(f"Upgraded the store {store} from schema {result.before} to {result.after}.")
    else:
        click.echo(f"The store {store} has the current schema ({result.after}).")
    if result.warning:
        click.echo(f"feeds: {result.warning}", err=True)
    if result.settings_changed:
        click.echo("Settings or formats have changed: every document has a new revision.")
    if result.revision is not None:
        journal.record(result.revision)


@click.command()
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
@with_store
def status(store: Store, settings: Settings, as_json: bool) -> None:
    """Print the state, the counts, the hosts of pictures and attachments, and the last import."""
    from feeds.operations import status as operations

    found = operations.status(store, settings)
    if as_json:
        click.echo(json.dumps(found.as_json(), indent=2))
    else:
        _print_status(found, settings.site)


def _print_status(found: Status, site: Site) -> None:
    from feeds.ingest.report import Outcome

    notice = found.notice
    if notice is None:
        click.echo("Active: publication is not suspended.")
    else:
        since = site.local(notice.since) if notice.since else ""
        click.echo(f"Suspended since {since}, announced {site.local(notice.announced)}:")
        click.echo(f"  {notice.title} ({notice.entry_id})")
    shown = f"{found.releases} shown, {found.withdrawn} withdrawn"
    click.echo(f"Releases: {shown}. Categories: {len(found.categories)}.")
    for selection in found.categories:
        category = selection.categories[0]
        click.echo(f"  {category.name} ({category.slug}): {selection.count}")
    click.echo(f"Pictures and attachments: {_on_hosts(found.media_hosts)}.")
    last = found.last_import
    if last is None:
        click.echo("Last import: none.")
    else:
        end = "interrupted: run it again"
        if last.finished:
            end = f"finished {site.local(last.finished)}"
        counts = ", ".join(f"{getattr(last, name)} {name}" for name in Outcome)
        click.echo(f"Last import: started {site.local(last.started)}, {end}; {counts}.")
    click.echo(f"Newest change: {site.local(found.head.instant)} (revision {found.head.revision}).")
    if not found.current:
        click.echo("Settings or formats have changed since: run `feeds migrate`.")


def _on_hosts(counts: dict[str, int]) -> str:
    """Return how many pictures and attachments lie on each of the largest hosts, in words."""
    hosts = [f"{count:,} on {host}" for host, count in counts.items()]
    if len(hosts) > _MOST_HOSTS + 1:
        others = list(counts.values())[_MOST_HOSTS:]
        hosts[_MOST_HOSTS:] = [f"{sum(others):,} on {len(others):,} other hosts"]
    return ", ".join(hosts) or "none"


@click.command()
@click.argument("file", required=False, type=click.Path(dir_okay=False, allow_dash=True))
@with_store
def export(store: Store, settings: Settings, file: str | None) -> None:
    """Export the whole store as JSON Lines.

    The export is written to the new file FILE, or to standard output if FILE is omitted or `-`.
    """
    from feeds.operations import export as operations

    if file and file != "-":
        operations.export_to(store, Path(file))
        return
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(encoding="utf-8", newline="\n")
    sys.stdout.writelines(f"{line}\n" for line in operations.export(store))
    sys.stdout.flush()


@click.command()
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False, allow_dash=True))
@with_store
def backup(store: Store, settings: Settings, file: Path) -> None:
    """Copy a SQLite store that is in use to the new file FILE, or to standard output (-)."""
    from feeds.ingest.inputs import printable
    from feeds.operations import backup as operations

    if file == Path("-"):
        with tempfile.TemporaryDirectory(prefix="feeds-backup-") as folder:
            operations.backup(store, Path(folder, "store.db"))
            with Path(folder, "store.db").open("rb") as copy:
                shutil.copyfileobj(copy, sys.stdout.buffer)
        return
    operations.backup(store, file)
    click.echo(f"Copied to {printable(file)}.")
