"""The command ``feeds``: arguments in, operations, words out.

Exit code 0: done. 1: something was refused. 2: nothing could be done.
"""

import json
import os
import sys
from collections.abc import Callable
from contextlib import ExitStack
from datetime import UTC, datetime
from functools import wraps
from pathlib import Path
from typing import Concatenate, ParamSpec

import click
from sqlalchemy import Engine

from feeds.errors import FeedsError, NothingToDoError, RefusedError
from feeds.operations.import_ import Outcome, Result, Summary, import_paths
from feeds.operations.migrate import migrate as run_migrate
from feeds.operations.status import Status
from feeds.operations.status import status as read_status
from feeds.operations.suspend import amend as run_amend
from feeds.operations.suspend import resume as run_resume
from feeds.operations.suspend import suspend as run_suspend
from feeds.settings import Settings
from feeds.sources import SOURCES
from feeds.store import schema
from feeds.store.engine import database_path, open_engine

REFUSED = 1
NOTHING_DONE = 2

P = ParamSpec("P")


def main() -> None:
    """Run the command line; end the process with its exit code."""
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


def _fail(sentence: str, code: int) -> None:
    click.echo(f"feeds: {sentence}", err=True)
    sys.exit(code)


def _now() -> datetime:
    return datetime.now(UTC)


class _Instant(click.ParamType[datetime]):
    """An instant with its zone, such as ``2022-03-01T12:00:00+02:00``."""

    name = "INSTANT"

    def convert(
        self, value: str, param: click.Parameter | None, ctx: click.Context | None
    ) -> datetime:
        """Read RFC 3339 text."""
        del param, ctx
        try:
            instant = datetime.fromisoformat(value)
            if instant.tzinfo is not None:
                return instant.astimezone(UTC)
        except (ValueError, OverflowError):
            pass
        raise RefusedError(
            f"--since {value} is no instant with its zone: write it like 2022-03-01T12:00:00+02:00."
        )


def _with_store(
    command: Callable[Concatenate[Engine, Settings, P], None],
) -> Callable[P, None]:
    """Hand a command the checked store and the settings."""

    @wraps(command)
    def run(*args: P.args, **kwargs: P.kwargs) -> None:
        settings = Settings.read(os.environ)
        engine = open_engine(settings.database_url)
        schema.check(engine, database_path(settings.database_url))
        command(engine, settings, *args, **kwargs)

    return run


@click.group()
def commands() -> None:
    """Serve a press-release archive as feeds that end well."""


@commands.command()
def migrate() -> None:
    """Make the release store, or bring it up to this version and these settings."""
    settings = Settings.read(os.environ)
    done = run_migrate(settings, _now())
    path = database_path(settings.database_url)
    if done.before is None:
        click.echo(f"Made the release store {path} (schema {done.after}).")
    elif done.before != done.after:
        click.echo(f"Brought {path} from schema {done.before} to {done.after}.")
    else:
        click.echo(f"{path} has the schema of this version ({done.after}).")
    if done.settings_changed:
        click.echo("Settings or formats have changed: every document takes a new revision.")


@commands.command(name="import")
@click.argument("paths", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option(
    "--source",
    type=click.Choice(sorted(SOURCES)),
    default="vortal-page",
    show_default=True,
    help="The kind of input.",
)
@click.option("--dry-run", is_flag=True, help="Say what would happen and change nothing.")
@click.option(
    "--report",
    type=click.Path(path_type=Path, dir_okay=False),
    help="Write one JSON line an input to this new file.",
)
@_with_store
def import_(  # noqa: PLR0913 - each is an option
    engine: Engine,
    settings: Settings,
    *,
    paths: tuple[Path, ...],
    source: str,
    dry_run: bool,
    report: Path | None,
) -> None:
    """Import releases from files and folders."""
    results = import_paths(engine, settings, paths, _now, source=source, dry_run=dry_run)
    summary = Summary()
    with ExitStack() as stack:
        try:
            file = report and stack.enter_context(report.open("x", encoding="utf-8"))
        except OSError as error:
            raise NothingToDoError(
                f"The report {report} cannot be written: {error.strerror}. Name a new file."
            ) from None
        for result in results:
            summary.note(result)
            if file:
                file.write(result.as_json() + "\n")
            _say(result)
    for banner, count in summary.banners.most_common():
        pages = "page carries" if count == 1 else "pages carry"
        click.echo(f"{count} {pages} the banner “{banner}”: to announce it, run `feeds suspend`.")
    counts = ", ".join(f"{summary.counts[outcome]} {outcome}" for outcome in Outcome)
    click.echo(f"{'Would be: ' if dry_run else ''}{counts}.")
    if summary.counts[Outcome.REFUSED]:
        sys.exit(REFUSED)


def _say(result: Result) -> None:
    """Print what an operator should look at: refusals, edits and remarks."""
    if result.outcome is Outcome.REFUSED:
        click.echo(f"{result.input}: refused: {result.reason}.", err=True)
    elif result.outcome is Outcome.CHANGED:
        click.echo(f"{result.input}: changed ({result.entry_id}).")
    for remark in result.remarks:
        click.echo(f"{result.input}: {remark}.")


@commands.command()
@click.option("--since", type=_Instant(), help="When it began, with its zone; default: now.")
@click.option("--title", help="The title of the last entry.")
@click.option("--text", help="Its text: plain, paragraphs parted by blank lines.")
@click.option("--amend", is_flag=True, help="Change the words of the running suspension.")
@_with_store
def suspend(  # noqa: PLR0913 - each is an option
    engine: Engine,
    settings: Settings,
    *,
    since: datetime | None,
    title: str | None,
    text: str | None,
    amend: bool,
) -> None:
    """Announce in every feed that the publication is suspended."""
    if not amend:
        notice = run_suspend(engine, settings, _now(), since=since, title=title, text=text)
        click.echo(f"Suspended: every feed now begins with {notice.entry_id}.")
        return
    if since is not None or not (title or text):
        raise RefusedError("--amend takes --title or --text, or both, and no --since.")
    notice = run_amend(engine, _now(), title=title, text=text)
    click.echo(f"Amended {notice.entry_id}.")


@commands.command()
@click.option("--text", help="The text of the entry that announces it.")
@_with_store
def resume(engine: Engine, settings: Settings, text: str | None) -> None:
    """Lift the suspension and announce it in every feed."""
    notice = run_resume(engine, settings, _now(), text=text)
    click.echo(f"Resumed: announced as {notice.entry_id}.")


@commands.command()
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
@_with_store
def status(engine: Engine, settings: Settings, as_json: bool) -> None:
    """Tell the state of the publication, its counts and its last import."""
    found = read_status(engine, settings)
    if as_json:
        click.echo(json.dumps(found.as_json(), ensure_ascii=False, indent=2))
    else:
        _print_status(found)


def _print_status(found: Status) -> None:
    notice = found.notice
    if notice is None:
        click.echo("Active: no suspension is announced.")
    else:
        click.echo(f"Suspended since {notice.since}, announced {notice.announced}:")
        click.echo(f"  {notice.title} ({notice.entry_id})")
    click.echo(f"Releases: {found.releases}. Categories: {len(found.categories)}.")
    for selection in found.categories:
        category = selection.categories[0]
        click.echo(f"  {category.name} ({category.slug}): {selection.count}")
    last = found.last_import
    if last is None:
        click.echo("Last import: none.")
    else:
        end = f"finished {last.finished}" if last.finished else "was interrupted: run it again"
        counts = ", ".join(f"{getattr(last, outcome)} {outcome}" for outcome in Outcome)
        click.echo(f"Last import: begun {last.started}, {end}; {counts}.")
    click.echo(f"Revision {found.head.revision}, of {found.head.instant}.")
    if not found.current:
        click.echo("Settings or formats have changed since: run `feeds migrate`.")


@commands.command()
def serve() -> None:
    """Serve the feeds under gunicorn, as ``gunicorn wsgi:app`` does."""
    Settings.read(os.environ)
    arguments = ["-c", "python:feeds.gunicorn_conf", "feeds.app:create_app()"]
    os.execv(sys.executable, [sys.executable, "-m", "gunicorn", *arguments])  # noqa: S606 - no shell is wanted
