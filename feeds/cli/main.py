"""The command ``feeds``: arguments in, operations, words out.

Exit code 0: done. 1: something was refused. 2: nothing could be done.
"""

import io
import json
import os
import sys
from contextlib import ExitStack
from datetime import datetime
from pathlib import Path

import click

from feeds.cli import life as cli_life
from feeds.cli import progress
from feeds.cli.arguments import InstantParamType
from feeds.cli.context import now, print_repaginated, with_store
from feeds.domain import Site
from feeds.errors import FeedsError, NothingToDoError, RefusedError
from feeds.ingest.inputs import shown
from feeds.ingest.run import Outcome, Result, Summary, import_paths
from feeds.ingest.sources import SOURCES
from feeds.operations.backup import backup as run_backup
from feeds.operations.export import Load, export_to, is_export
from feeds.operations.export import export as export_lines
from feeds.operations.migrate import migrate as run_migrate
from feeds.operations.status import Status
from feeds.operations.status import status as read_status
from feeds.operations.suspend import amend as run_amend
from feeds.operations.suspend import resume as run_resume
from feeds.operations.suspend import suspend as run_suspend
from feeds.settings import Settings, misnamed
from feeds.store import Store

REFUSED = 1
NOTHING_DONE = 2


def main() -> None:
    """Run the command line; end the process with its exit code."""
    for stream in (sys.stdout, sys.stderr):
        # What a terminal cannot show is no reason to fail.
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")
    try:
        commands.main(standalone_mode=False)
    except click.Abort:
        _fail("Interrupted: run the command again to finish.", NOTHING_DONE)
    except click.ClickException as error:
        error.show()
        sys.exit(NOTHING_DONE)
    except RefusedError as error:
        _fail(str(error), REFUSED)
    except FeedsError as error:
        _fail(str(error), NOTHING_DONE)
    except OSError as error:
        # What standard output did not take must not be tried again at the end.
        sys.stdout = io.StringIO()
        _fail(f"It could not go on: {error.strerror}.", NOTHING_DONE)


def _fail(sentence: str, code: int) -> None:
    click.echo(f"feeds: {sentence}", err=True)
    sys.exit(code)


@click.group()
@click.version_option(package_name="release-feeds", message="%(package)s %(version)s")
@click.pass_context
def commands(context: click.Context) -> None:
    """Serve a press-release archive as feeds that end well."""
    if context.invoked_subcommand != "serve":  # which warns by itself
        for warning in misnamed(os.environ):
            click.echo(f"feeds: {warning}", err=True)


for _command in (cli_life.withdraw, cli_life.restore, cli_life.categories, cli_life.address):
    commands.add_command(_command)


@commands.command()
def migrate() -> None:
    """Make the release store, or bring it up to this version and these settings."""
    settings = Settings.read(os.environ)
    done = run_migrate(settings, now())
    store = Store(settings.database_url).name
    if done.before is None:
        click.echo(f"Made the release store {store} (schema {done.after}).")
    elif done.before != done.after:
        click.echo(f"Brought {store} from schema {done.before} to {done.after}.")
    else:
        click.echo(f"{store} has the schema of this version ({done.after}).")
    if done.settings_changed:
        click.echo("Settings or formats have changed: every document takes a new revision.")


@commands.command(name="import")
@click.argument("paths", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option(
    "--source",
    type=click.Choice(sorted(SOURCES)),
    help="The kind of the inputs; default: what each looks like.",
)
@click.option("--dry-run", is_flag=True, help="Say what would happen and change nothing.")
@click.option(
    "--report",
    type=click.Path(path_type=Path, dir_okay=False),
    help="Write one JSON line an input to this new file.",
)
@with_store
def import_(  # noqa: PLR0913 - each is an option
    store: Store,
    settings: Settings,
    *,
    paths: tuple[Path, ...],
    source: str | None,
    dry_run: bool,
    report: Path | None,
) -> None:
    """Import releases from files, folders and archives, or the export of a whole store."""
    if any(map(is_export, paths)):
        if len(paths) > 1 or source or dry_run or report:
            raise RefusedError("The export of a store is imported by itself and without options.")
        _take_over(Load(store, settings, paths[0]))
        return
    results = import_paths(store, settings, paths, now, source=source, dry_run=dry_run)
    summary = Summary()
    with ExitStack() as stack:
        try:
            file = report and stack.enter_context(report.open("x", encoding="utf-8"))
        except FileExistsError:
            raise NothingToDoError(f"{report} exists: name a new file.") from None
        except OSError as error:
            raise NothingToDoError(
                f"The report {report} cannot be written: {error.strerror}."
            ) from None
        for result in progress.told(results, results.inputs):
            summary.note(result)
            if file:
                file.write(result.as_json() + "\n")
            _say(result)
    for banner, count in summary.banners.most_common():
        pages = "page carries" if count == 1 else "pages carry"
        click.echo(f"{count} {pages} the banner “{banner}”: to announce it, run `feeds suspend`.")
    print_repaginated(results.repaginated)
    counts = ", ".join(f"{summary.counts[outcome]} {outcome}" for outcome in Outcome)
    click.echo(f"{'Would be: ' if dry_run else ''}{counts}.")
    if summary.counts[Outcome.REFUSED]:
        sys.exit(REFUSED)


def _take_over(load: Load) -> None:
    for _ in progress.told(load, load):
        pass
    taken = load.taken
    releases, notices = taken.counts["release"], taken.counts["notice"]
    categories = taken.counts["selection"] - 1
    click.echo(f"Taken over, as it was at revision {taken.revision}:")
    click.echo(f"{releases} releases, {categories} categories, {notices} notices.")
    if not taken.current:
        click.echo("It was made with other settings or formats: run `feeds migrate`.")


@commands.command()
@click.argument("file", required=False, type=click.Path(dir_okay=False, allow_dash=True))
@with_store
def export(store: Store, settings: Settings, file: str | None) -> None:
    """Write the whole store as JSON Lines, to FILE or to standard output."""
    del settings
    if file and file != "-":
        export_to(store, Path(file))
        return
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(encoding="utf-8", newline="\n")
    sys.stdout.writelines(f"{line}\n" for line in export_lines(store))
    sys.stdout.flush()


@commands.command()
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False))
@with_store
def backup(store: Store, settings: Settings, file: Path) -> None:
    """Make a consistent copy of a SQLite store, while it is in use."""
    del settings
    run_backup(store, file)
    click.echo(f"Copied to {shown(file)}.")


def _say(result: Result) -> None:
    """Print what an operator should look at: refusals, edits and remarks."""
    if result.remarks or result.outcome in {Outcome.REFUSED, Outcome.CHANGED}:
        progress.clear()
    if result.outcome is Outcome.REFUSED:
        click.echo(f"{result.input}: refused: {result.reason}.", err=True)
    elif result.outcome is Outcome.CHANGED:
        click.echo(f"{result.input}: changed ({result.entry_id}).")
    for remark in result.remarks:
        click.echo(f"{result.input}: {remark}.")


@commands.command()
@click.option(
    "--since", type=InstantParamType(), help="When it began, with its zone; default: now."
)
@click.option("--title", help="The title of the last entry.")
@click.option("--text", help="Its text: plain, paragraphs parted by blank lines.")
@click.option("--amend", is_flag=True, help="Change the words of the running suspension.")
@with_store
def suspend(  # noqa: PLR0913 - each is an option
    store: Store,
    settings: Settings,
    *,
    since: datetime | None,
    title: str | None,
    text: str | None,
    amend: bool,
) -> None:
    """Announce in every feed that the publication is suspended."""
    if not amend:
        notice = run_suspend(store, settings, now(), since=since, title=title, text=text)
        click.echo(f"Suspended: every feed now begins with {notice.entry_id}.")
        return
    if since is not None or (title is None and text is None):
        raise RefusedError("--amend takes --title or --text, or both, and no --since.")
    notice = run_amend(store, now(), title=title, text=text)
    click.echo(f"Amended {notice.entry_id}.")


@commands.command()
@click.option("--text", help="The text of the entry that announces it.")
@with_store
def resume(store: Store, settings: Settings, text: str | None) -> None:
    """Lift the suspension and announce it in every feed."""
    notice = run_resume(store, settings, now(), text=text)
    click.echo(f"Resumed: announced as {notice.entry_id}.")


@commands.command()
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
@with_store
def status(store: Store, settings: Settings, as_json: bool) -> None:
    """Tell the state of the publication, its counts and its last import."""
    found = read_status(store, settings)
    if as_json:
        click.echo(json.dumps(found.as_json(), indent=2))
    else:
        _print_status(found, settings.site)


def _print_status(found: Status, site: Site) -> None:
    notice = found.notice
    if notice is None:
        click.echo("Active: no suspension is announced.")
    else:
        since = site.local(notice.since) if notice.since else ""
        click.echo(f"Suspended since {since}, announced {site.local(notice.announced)}:")
        click.echo(f"  {notice.title} ({notice.entry_id})")
    shown = f"{found.releases} shown, {found.withdrawn} withdrawn"
    click.echo(f"Releases: {shown}. Categories: {len(found.categories)}.")
    for selection in found.categories:
        category = selection.categories[0]
        click.echo(f"  {category.name} ({category.slug}): {selection.count}")
    last = found.last_import
    if last is None:
        click.echo("Last import: none.")
    else:
        end = "was interrupted: run it again"
        if last.finished:
            end = f"finished {site.local(last.finished)}"
        counts = ", ".join(f"{getattr(last, outcome)} {outcome}" for outcome in Outcome)
        click.echo(f"Last import: begun {site.local(last.started)}, {end}; {counts}.")
    click.echo(f"Revision {found.head.revision}, of {site.local(found.head.instant)}.")
    if not found.current:
        click.echo("Settings or formats have changed since: run `feeds migrate`.")


@commands.command()
def serve() -> None:
    """Serve the feeds under gunicorn, as ``gunicorn wsgi:app`` does."""
    Settings.read(os.environ)
    arguments = ["-c", "python:feeds.gunicorn_conf", "feeds.app:create_app()"]
    os.execv(sys.executable, [sys.executable, "-m", "gunicorn", *arguments])  # noqa: S606 - no shell is wanted
