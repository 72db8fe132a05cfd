"""Importing releases, or the export of a whole store."""

from __future__ import annotations

import io
import shutil
import sys
import tempfile
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import IO, TYPE_CHECKING

import click

from feeds.cli import progress
from feeds.cli.context import REFUSED, changing_store, contents, now, print_repaginated
from feeds.errors import NothingToDoError, RefusedError

if TYPE_CHECKING:
    from collections import Counter
    from collections.abc import Iterator

    from feeds.ingest.report import PassedOver, Report, Result
    from feeds.ingest.run import Run
    from feeds.settings import Settings
    from feeds.store import Store

STANDARD_OUTPUT = Path("-")

# The names in the registry of sources, which is not imported for `feeds --help`.
KINDS = ("feed", "jsonl", "vortal-page", "wordpress")


@click.command(name="import")
@click.argument("paths", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option(
    "--source",
    type=click.Choice(KINDS),
    help="The kind of the inputs. Default: detected for each input.",
)
@click.option("--dry-run", is_flag=True, help="Print what would happen and change nothing.")
@click.option(
    "--report",
    type=click.Path(path_type=Path, dir_okay=False, allow_dash=True),
    help="Write one line of JSON for each input to this new file (-: standard output).",
)
@click.option(
    "--post-type",
    "post_types",
    multiple=True,
    help="A type of posts in WordPress exports that are releases. Default: post.",
)
@click.option(
    "--taxonomy",
    "taxonomies",
    multiple=True,
    help="A taxonomy of WordPress exports whose terms are categories. Default: category.",
)
@changing_store
def import_(  # noqa: PLR0913 - each is an option
    store: Store,
    settings: Settings,
    *,
    paths: tuple[Path, ...],
    source: str | None,
    dry_run: bool,
    report: Path | None,
    post_types: tuple[str, ...],
    taxonomies: tuple[str, ...],
) -> None:
    """Import releases, or the export of a store.

    PATHS are files, folders or archives, or - for standard input.
    """
    from feeds.ingest.inputs import STANDARD_INPUT
    from feeds.ingest.run import import_paths
    from feeds.operations.export import is_export

    with ExitStack() as stack:
        spool = stack.enter_context(_spooled_input()) if STANDARD_INPUT in paths else None
        files = [spool if path == STANDARD_INPUT and spool else path for path in paths]
        if any(map(is_export, files)):
            if len(paths) > 1 or source or dry_run or report or post_types or taxonomies:
                raise RefusedError("Import the export of a store by itself and without options.")
            _import_export(store, settings, files[0])
            return
        if (post_types or taxonomies) and source not in {None, "wordpress"}:
            raise RefusedError(
                f"--post-type and --taxonomy are for WordPress exports: omit --source {source}."
            )
        run = import_paths(
            store,
            settings,
            paths,
            now,
            source=source,
            dry_run=dry_run,
            spool=spool,
            post_types=post_types,
            taxonomies=taxonomies,
        )
        file = stack.enter_context(_new_report(report)) if report else None
        _import_releases(run, file)


def _import_releases(run: Run, report: IO[str] | None) -> None:
    """Run an import and print what it does."""
    from feeds.ingest.report import Outcome

    # With the report on standard output, everything else is printed on standard error.
    err = report is sys.stdout
    for result in progress.reported(run):
        if report:
            report.write(result.as_json() + "\n")
        _print_result(result, err=err)
    _print_summary(run.report, dry_run=run.dry_run, err=err)
    if run.report.counts[Outcome.REFUSED]:
        sys.exit(REFUSED)


@contextmanager
def _spooled_input() -> Iterator[Path]:
    """Copy standard input to a temporary file: some of it is read twice."""
    with tempfile.NamedTemporaryFile(prefix="feeds-import-") as spool:
        try:
            shutil.copyfileobj(sys.stdin.buffer, spool)
            spool.flush()
        except OSError as error:
            raise NothingToDoError(f"Standard input cannot be read: {error.strerror}.") from None
        yield Path(spool.name)


@contextmanager
def _new_report(path: Path) -> Iterator[IO[str]]:
    if path == STANDARD_OUTPUT:
        if isinstance(sys.stdout, io.TextIOWrapper):
            sys.stdout.reconfigure(encoding="utf-8")
        yield sys.stdout
        return
    try:
        file = path.open("x", encoding="utf-8")
    except FileExistsError:
        raise NothingToDoError(f"{path} exists: name a new file.") from None
    except OSError as error:
        raise NothingToDoError(f"The report {path} cannot be written: {error.strerror}.") from None
    with file:
        yield file


def _passed_over(passed_over: PassedOver) -> Iterator[str]:
    """Yield which post types and taxonomies of WordPress exports were passed over."""
    types, taxonomies = passed_over.post_types, passed_over.taxonomies
    if types:
        number = types.total()
        posts = (
            "1 post of another type was" if number == 1 else f"{number} posts of other types were"
        )
        options = " ".join(f"--post-type {name}" for name in types)
        yield (
            f"{posts} passed over: {_with_numbers(types)}. To import such posts instead, "
            f"add {options}."
        )
    if taxonomies:
        yield (
            f"Taxonomies passed over: {_with_numbers(taxonomies)}. To use one for categories, "
            f"add --taxonomy {next(iter(taxonomies))}."
        )


def _with_numbers(numbers: Counter[str]) -> str:
    return ", ".join(f"{name} ({number})" for name, number in numbers.items())


def _import_export(store: Store, settings: Settings, path: Path) -> None:
    from feeds.operations.export import Loader

    loader = Loader(store, settings, path)
    for _ in progress.reported(loader):
        pass
    loaded = loader.loaded
    click.echo(f"Loaded the export of revision {loaded.revision}:")
    click.echo(f"{contents(loaded.counts)}.")
    if not loaded.current:
        click.echo("It was made with other settings or formats: run `feeds migrate`.")


def _print_result(result: Result, *, err: bool) -> None:
    """Print what an operator should look at: refusals, changes and remarks."""
    from feeds.ingest.report import Outcome

    if result.all_remarks or result.outcome in {Outcome.REFUSED, Outcome.CHANGED}:
        progress.clear()
    if result.outcome is Outcome.REFUSED:
        click.echo(f"{result.input}: refused: {result.reason}.", err=True)
    elif result.outcome is Outcome.CHANGED:
        click.echo(f"{result.input}: changed ({result.entry_id}).", err=err)
    for remark in result.all_remarks:
        click.echo(f"{result.input}: {remark}.", err=err)


def _print_summary(report: Report, *, dry_run: bool, err: bool) -> None:
    """Print what an import did, in numbers."""
    from feeds.ingest.report import Outcome, counted

    def line(text: str) -> None:
        click.echo(text, err=err)

    for banner, count in report.banners.most_common():
        pages = "page has" if count == 1 else "pages have"
        line(f"{count} {pages} the banner “{banner}”: to announce it, run `feeds suspend`.")
    for reason, count in report.skipped.most_common():
        line(f"{count} skipped: {reason}.")
    for remark, count in report.remarks.most_common():
        line(f"{count} with the remark: {remark}.")
    if report.dropped:
        releases = "1 release" if report.reduced == 1 else f"{report.reduced} releases"
        line(f"{counted(report.dropped)} dropped or mended in {releases}.")
    if report.withdrawn:
        again = "release that was withdrawn" if report.withdrawn == 1 else "withdrawn releases"
        line(f"{report.withdrawn} {again} came again: still not shown.")
    for sentence in _passed_over(report.passed_over):
        line(sentence)
    print_repaginated(report.repaginated, err=err)
    counts = ", ".join(f"{report.counts[outcome]} {outcome}" for outcome in Outcome)
    line(f"{'Would be: ' if dry_run else ''}{counts}.")
