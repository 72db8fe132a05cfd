"""The store as a whole: migrate, status, export, backup and backup-restore."""

from __future__ import annotations

import io
import json
import os
import shutil
import sys
import tempfile
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

import click

from feeds.cli.context import contents, counted, now, with_store

if TYPE_CHECKING:
    from feeds.domain import Site
    from feeds.operations.migrate import Migrated
    from feeds.operations.status import Status
    from feeds.settings import Settings
    from feeds.store import Store

_MOST_HOSTS = 10
_PERMANENT = {
    "authority": "the publisher's domain name",
    "authority_year": "a year on whose 1 January the publisher held it",
    "timezone": "the portal's time zone",
    "entries": "the number of releases in an archive page",
}


@click.command()
@click.option("--dry-run", is_flag=True, help="Print what would happen and change nothing.")
@click.option("--existing", is_flag=True, help="Create no store; refuse if there is none.")
def migrate(*, dry_run: bool, existing: bool) -> None:
    """Create the store, or update it after a deployment."""
    from feeds.cli import journal
    from feeds.operations import migrate as operations
    from feeds.settings import Settings, variable
    from feeds.store import Store

    environ = dict(os.environ)
    is_new = _is_new(environ)
    if is_new and existing:
        Store(Settings.read(environ).database_url).check()
    asked = _ask_permanent(environ) if is_new else []
    settings = Settings.read(environ, new_store=is_new)
    result = (operations.foretell if dry_run else operations.migrate)(settings, now())
    _print_migrated(result, settings, dry_run=dry_run)
    if asked and not dry_run:
        click.echo("Set these for the service and for every other command:")
        for name in asked:
            click.echo(f"  {variable(name)}={environ[variable(name)]}")
    if result.revision is not None:
        journal.record(Store(settings.database_url).name, result.revision)


def _print_migrated(result: Migrated, settings: Settings, *, dry_run: bool) -> None:
    from feeds.store import Store

    store = Store(settings.database_url).name
    if result.before is None:
        click.echo(f"{_would(dry_run, 'Created')} the store {store} (schema {result.after}).")
        click.echo(
            f"Permanent: the authority {settings.authority} of {settings.authority_year}, the zone "
            f"{settings.timezone.key}, {settings.entries} releases in an archive page."
        )
    elif result.before != result.after:
        done = _would(dry_run, "Upgraded")
        click.echo(f"{done} the store {store} from schema {result.before} to {result.after}.")
    else:
        click.echo(f"The store {store} has the current schema ({result.after}).")
    for warning in result.warnings:
        click.echo(f"feeds: {warning}", err=True)
    if result.changes:
        click.echo(f"Every document {'would have' if dry_run else 'has'} a new revision:")
    for change in result.changes:
        click.echo(f"  {change}")
    if dry_run and result.before == result.after and not result.changes:
        click.echo("Nothing would be changed.")


def _would(dry_run: bool, done: str) -> str:
    """Return what was done (`Created`) or would be (`Would create`)."""
    return f"Would {done.removesuffix('d').lower()}" if dry_run else done


def _is_new(environ: dict[str, str]) -> bool:
    """Return whether the store does not exist; if nobody knows, the migration will say why."""
    from feeds.errors import StoreError
    from feeds.settings import read_setting, with_files
    from feeds.store import Store

    with suppress(ValueError, StoreError):
        url = read_setting(with_files(environ, []), "database_url")
        return Store(str(url)).found_schema() is None
    return False


def _ask_permanent(environ: dict[str, str]) -> list[str]:
    """Ask for what a new store keeps permanently and is not set, if there is a terminal."""
    from feeds.settings import PERMANENT, Settings, example, read_setting, variable

    missing = [name for name in PERMANENT if not environ.get(variable(name), "").strip()]
    if not missing or not (sys.stdin.isatty() and sys.stderr.isatty()):
        return []
    # If another setting is wrong, the answers would have been given for nothing.
    Settings.read(environ | {variable(name): example(name) for name in missing})

    def checked(text: str) -> str:
        try:
            read_setting({variable(name): text}, name)
        except ValueError as error:
            raise click.BadParameter(str(error)) from None
        return text

    click.echo("A store keeps these settings permanently (docs/settings.md).", err=True)
    for name in missing:
        environ[variable(name)] = click.prompt(
            f"{variable(name)}, {_PERMANENT[name]}, such as {example(name)}",
            value_proc=checked,
            err=True,
        )
    return missing


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
        rows = operations.write_export(operations.export(store), Path(file))
        click.echo(f"Exported {contents(rows)}.")
        return
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(encoding="utf-8", newline="\n")
    counts = operations.write(operations.export(store), sys.stdout)
    sys.stdout.flush()
    click.echo(f"Exported {contents(counts)}.", err=True)


@click.command()
@click.argument("path", type=click.Path(path_type=Path, allow_dash=True))
@click.option(
    "--keep-daily",
    type=click.IntRange(min=1),
    help="PATH is a folder: keep the newest back-up of each of that many days.",
)
@click.option(
    "--keep-weekly",
    type=click.IntRange(min=1),
    help="PATH is a folder: keep the newest back-up of each of that many weeks.",
)
@with_store
def backup(
    store: Store, settings: Settings, path: Path, keep_daily: int | None, keep_weekly: int | None
) -> None:
    """Back up a store that is in use to a new file, a folder, or standard output (-).

    The back-up is a copy of a SQLite file, or the export of a PostgreSQL database.
    """
    from feeds.ingest.inputs import printable
    from feeds.operations import backup as operations

    if keep_daily or keep_weekly:
        if path == Path("-"):
            raise click.UsageError("--keep-daily and --keep-weekly need a folder.")
        keep = operations.Keep(keep_daily or 0, keep_weekly or 0)
        made, removed = operations.backup_into(store, settings, path, keep, now())
        click.echo(f"Copied to {printable(made)}.")
        for old in removed:
            click.echo(f"Removed {printable(old)}.")
        return
    if path == Path("-"):
        with tempfile.TemporaryDirectory(prefix="feeds-backup-") as folder:
            operations.backup(store, Path(folder, "store"))
            with Path(folder, "store").open("rb") as copy:
                shutil.copyfileobj(copy, sys.stdout.buffer)
        return
    operations.backup(store, path)
    click.echo(f"Copied to {printable(path)}.")


@click.command("backup-restore")
@click.argument("file", type=click.Path(path_type=Path))
def backup_restore(file: Path) -> None:
    """Put a back-up in place of the store, also while the service runs.

    FILE is a copy of a SQLite store or an export, for a store of either engine. What the store had
    is kept in a file.
    """
    from feeds.cli import journal
    from feeds.ingest.inputs import printable
    from feeds.operations import backup_restore as operations
    from feeds.operations.backup_differences import differences
    from feeds.settings import Settings
    from feeds.store import Store

    settings = Settings.read(os.environ)
    store = Store(settings.database_url)
    restored = operations.restore_backup(store, settings, file, now())
    head, releases = restored.after.head, restored.after.releases
    journal.record(store.name, head.revision)
    withdrawn = sum(not shown for _, shown in releases.values())
    click.echo(
        f"Restored {printable(file)}: {counted(len(releases), 'release', 'releases')}"
        f"{f' ({withdrawn:,} withdrawn)' if withdrawn else ''}, newest change "
        f"{settings.site.local(head.instant)} (revision {head.revision})."
    )
    if restored.kept is None:
        click.echo("There was no store before.")
    elif restored.before is None:
        click.echo(
            f"The former store, which cannot be read, is kept in {printable(restored.kept)}."
        )
    elif restored.before.empty:
        click.echo(f"The former store, which was empty, is kept in {printable(restored.kept)}.")
    else:
        click.echo(f"The former store is kept in {printable(restored.kept)}. Compared with it:")
        sentences = list(differences(restored.before, restored.after, settings.site))
        same = "Releases, categories, notices, imports and old addresses are the same."
        for sentence in sentences or [same]:
            click.echo(f"  {sentence}")
    if not restored.current:
        click.echo("It was made with other settings or formats: run `feeds migrate`.")
